//! A client's certificate, as the handshake verified it.

use sha2::{Digest as _, Sha256};

/// The certificate that a client has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    fingerprint: [u8; 32],
}

impl Certificate {
    /// The certificate in this DER.
    #[must_use]
    pub fn new(der: Vec<u8>) -> Self {
        let fingerprint = Sha256::digest(&der).into();
        Self { der, fingerprint }
    }

    /// The certificate's DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the DER, as in `x5t#S256` (RFC 8705 §3.1).
    #[must_use]
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }
}
