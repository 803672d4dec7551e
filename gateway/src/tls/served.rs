//! A certificate that a listener shows, with its key.

use crate::domain::Mistake;
use crate::domain::tls::Identity;
use crate::identity::certificate::{CertificateError, Name, names, read};

/// A certificate with its chain and its key, and the names it is good for.
#[derive(Debug)]
pub struct Served {
    identity: Identity,
    names: Box<[Name]>,
}

impl Served {
    /// The certificate at the front of the chain, with the names in it.
    ///
    /// # Errors
    /// When its alternative names cannot be read.
    pub fn new(identity: Identity) -> Result<Self, Mistake> {
        let names = match identity.chain().first() {
            None => Err(CertificateError::Empty),
            Some(leaf) => read(leaf.der()).and_then(|leaf| names(&leaf)),
        };
        let names = names.map_err(|error| {
            let help = "look at it with: openssl x509 -text -in FILE";
            Mistake::new(error.to_string(), help)
        })?;
        Ok(Self { identity, names })
    }

    /// Whether the certificate is good for a host, which may be an address.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        self.names.iter().any(|name| name.covers(host))
    }

    /// The names it is good for.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }
}
