//! What clients have to show: a certificate of a trusted authority (RFC 5280 §6), not revoked (§6.3).

use super::provider;
use crate::domain::Mistake;
use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The check of clients' certificates in the handshake.
#[derive(Debug)]
pub struct Clients {
    verifier: Arc<dyn ClientCertVerifier>,
    digest: [u8; 32],
}

impl Clients {
    /// Takes certificates that one of `authorities` has made; refuses clients without one where it is `required`. With
    /// revocation lists, each certificate below the authority has to be looked up in a list that is not out of date.
    ///
    /// # Errors
    /// When there is no authority, or one of them or a list cannot be read.
    pub fn new(
        required: bool,
        authorities: Vec<CertificateDer<'static>>,
        revoked: Vec<CertificateRevocationListDer<'static>>,
    ) -> Result<Self, Mistake> {
        let digest = digest(required, &authorities, &revoked);
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority).map_err(|error| {
                Mistake::new(
                    format!("a certificate in `ca` is not that of an authority: {error}"),
                    "name the certificates of those who make the clients' certificates",
                )
            })?;
        }
        let mut builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider().clone())
                .with_crls(revoked)
                .enforce_revocation_expiration();
        if !required {
            builder = builder.allow_unauthenticated();
        }
        let verifier = builder.build().map_err(|error| {
            Mistake::new(
                format!("clients' certificates cannot be checked: {error}"),
                "name at least one authority in `ca`, and lists of version 2 in `crl` (RFC 5280 §5)",
            )
        })?;
        Ok(Self { verifier, digest })
    }

    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    pub(super) fn into_verifier(self) -> Arc<dyn ClientCertVerifier> {
        self.verifier
    }
}

fn digest(
    required: bool,
    authorities: &[CertificateDer<'_>],
    revoked: &[CertificateRevocationListDer<'_>],
) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(bytes.len().to_be_bytes());
        hasher.update(bytes);
    };
    add(&[u8::from(required)]);
    add(&authorities.len().to_be_bytes());
    authorities.iter().for_each(|der| add(der));
    revoked.iter().for_each(|der| add(der));
    hasher.finalize().into()
}
