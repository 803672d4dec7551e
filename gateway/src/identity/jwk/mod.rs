//! Keys that check signatures of tokens: JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037), PEM and secrets.
//!
//! A key is made once, when it is loaded, for every algorithm it allows; a check parses nothing. What a key may be used
//! for is decided here and nowhere else: its type, its curve, its size, its `use`, its `key_ops` and its `alg`.

mod algorithm;
mod key;
mod members;
mod pem;
mod public;
mod set;
pub(super) mod strict;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use key::{KeyError, KeyId, VerifyingKey};
pub use set::{KeySet, KeySetError, MAX_BYTES, SkippedKey};

#[cfg(test)]
mod tests;
