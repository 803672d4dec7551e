//! Credentials to consumers.
//!
//! A [`Consumer`] owns credentials and is what an auth plugin finds; limits, logs and metrics see the same one.

pub mod certificate;
mod consumer;
mod keys;

pub use certificate::{Certificate, CertificateError, Name};
pub use consumer::Consumer;
pub use keys::{Digest, KeyEntry, Keys, Verdict};
