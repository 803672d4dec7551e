//! Credentials to consumers.
//!
//! A [`Consumer`] owns credentials and is what an auth plugin finds; limits, logs and metrics see the same one.

mod certificate;
mod claims;
mod consumer;
mod consumers;
pub mod egress;
pub mod jwk;
pub mod jwks;
mod keys;
mod lasting;
pub mod token;

pub use certificate::Certificate;
pub use claims::Claims;
pub use consumer::{Consumer, NameError};
pub use consumers::{Consumers, TokenMatch};
pub use keys::{Digest, KeyEntry, Keys, Verdict};
pub use lasting::Lasting;
