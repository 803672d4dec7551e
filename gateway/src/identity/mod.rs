//! Credentials to consumers.
//!
//! A [`Consumer`] owns credentials and is what an auth plugin finds; limits, logs and metrics see the same one.

pub mod certificate;
mod certificates;
mod claims;
mod consumer;
mod consumers;
pub mod egress;
pub mod introspection;
pub mod jwk;
pub mod jwks;
mod keys;
mod lasting;
pub mod passwords;
pub mod token;

pub use certificate::{Certificate, CertificateError, Name};
pub use certificates::{CertificateMatch, Certificates, Owner};
pub use claims::Claims;
pub use consumer::{Consumer, NameError};
pub use consumers::{Consumers, TokenMatch};
pub use keys::{Digest, KeyEntry, Keys, Verdict};
pub use lasting::Lasting;
