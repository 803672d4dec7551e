//! What clients have to show: a certificate of a trusted authority (RFC 5280 §6), not revoked (§6.3).

use super::{add, provider};
use crate::domain::Mistake;
use crate::domain::tls::{RevocationList, Roots};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
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
    /// revocation lists, each certificate below the authority has to be looked up in a list that is not out of date:
    /// whether a certificate was revoked that no such list is about, nobody knows.
    ///
    /// # Errors
    /// When a list cannot be used.
    pub fn new(
        required: bool,
        authorities: &Roots,
        revoked: Vec<RevocationList>,
    ) -> Result<Self, Mistake> {
        let digest = digest(required, authorities, &revoked);
        let mut builder = WebPkiClientVerifier::builder_with_provider(
            authorities.store().clone(),
            provider().clone(),
        )
        .with_crls(revoked)
        .enforce_revocation_expiration();
        if !required {
            builder = builder.allow_unauthenticated();
        }
        let verifier = builder.build().map_err(|error| {
            Mistake::new(
                format!("a list of revoked certificates cannot be used: {error}"),
                "make a complete CRL of version 2, of all reasons (RFC 5280 §5)",
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

fn digest(required: bool, authorities: &Roots, revoked: &[RevocationList]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    add(&mut hasher, &[u8::from(required)]);
    let authorities = authorities.certificates();
    add(&mut hasher, &authorities.len().to_be_bytes());
    for authority in authorities {
        add(&mut hasher, authority.der());
    }
    for list in revoked {
        add(&mut hasher, list);
    }
    hasher.finalize().into()
}
