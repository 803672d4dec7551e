//! A certificate that a listener shows, with its key.

use super::provider;
use crate::domain::Mistake;
use crate::identity::certificate::{Name, names, read};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;

/// A certificate with its chain and its key, and the names it is good for.
#[derive(Debug)]
pub struct Served {
    key: Arc<CertifiedKey>,
    names: Box<[Name]>,
}

impl Served {
    /// The certificate at the front of `chain`, with the key that fits it.
    ///
    /// # Errors
    /// When it cannot be read, the key is of no known kind, or is that of another certificate.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, Mistake> {
        let Some(leaf) = chain.first() else {
            return Err(Mistake::new(
                "there is no certificate",
                "name a PEM file with the certificate and, behind it, those that lead to its authority",
            ));
        };
        let unreadable = |error: crate::identity::CertificateError| {
            Mistake::new(error.to_string(), "name a PEM file with an X.509 certificate")
        };
        let names = names(&read(leaf).map_err(unreadable)?).map_err(unreadable)?;
        let key = CertifiedKey::from_der(chain, key, provider()).map_err(of_key)?;
        Ok(Self {
            key: Arc::new(key),
            names,
        })
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

    pub(super) fn key(&self) -> &Arc<CertifiedKey> {
        &self.key
    }

    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.key.cert
    }
}

fn of_key(error: Error) -> Mistake {
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Mistake::new(
            "the key is not that of the certificate",
            "name the key with which the certificate was made; the server's own certificate stands first in its file",
        ),
        error => Mistake::new(
            format!("the key cannot be used: {error}"),
            "use an RSA key of 2048 bits or more, an ECDSA key on P-256, P-384 or P-521, or an Ed25519 key",
        ),
    }
}
