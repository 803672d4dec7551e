//! From the bytes of a token to claims that may be relied on: JSON Web Tokens (RFC 7519) signed in the compact form
//! (RFC 7515 §7.1), read as strictly as RFC 8725 asks for.
//!
//! Everything here is a function of the bytes, the keys and a moment that the caller gives. What a token says is not
//! looked at before its form is sound, and nothing it says is believed before a key of its issuer has checked it: only
//! `iss`, which chooses that issuer, and the header, which chooses among its keys.

mod compact;
pub(super) mod confirmation;
pub(super) mod date;
mod fault;
mod header;
mod remembered;
mod rules;
mod verify;

pub use compact::{MAX_BYTES, Unverified};
pub use fault::Fault;
pub use header::Header;
pub use remembered::{Known, Remembered, Scope};
pub use rules::{Rules, Typ};
pub use verify::{Verified, verify};

#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
