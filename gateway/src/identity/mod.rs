//! Credentials to consumers.
//!
//! A [`Consumer`] owns credentials and is what an auth plugin finds; limits, logs and metrics see the same one.

mod consumer;
pub mod jwk;
mod keys;

pub use consumer::Consumer;
pub use keys::{Digest, KeyEntry, Keys, Verdict};
