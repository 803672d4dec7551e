//! Credentials to consumers.
//!
//! A [`Consumer`] owns credentials and is what an auth plugin finds; limits, logs and metrics see the same one.

mod consumer;
pub mod egress;
pub mod jwk;
pub mod jwks;
mod keys;
mod lasting;

pub use consumer::Consumer;
pub use keys::{Digest, KeyEntry, Keys, Verdict};
pub use lasting::Lasting;
