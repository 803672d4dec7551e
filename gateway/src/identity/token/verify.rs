//! A token that is believed, and what it takes to become one.

use super::date::Validity;
use super::{Fault, Rules, Unverified, confirmation};
use crate::identity::Claims;
use crate::identity::jwk::{KeyId, KeySet};
use std::sync::Arc;
use std::time::SystemTime;

/// A token whose signature and claims have been checked. Whether it is still valid, and whether it is shown by who may
/// show it, is asked anew for each request: [`Verified::holds`].
#[derive(Debug, Clone)]
pub struct Verified {
    claims: Arc<Claims>,
    key: KeyId,
    validity: Validity,
    bound: Option<confirmation::Thumbprint>,
}

/// Checks a token of the issuer that `rules` are for: its header, its signature, its claims, in this order, so that
/// nobody without a key learns what would be accepted.
///
/// # Errors
/// The first thing that is wrong. [`Fault::Key`] where none of the keys has the token's name and algorithm.
pub fn verify(
    token: Unverified<'_>,
    rules: &Rules,
    keys: &KeySet,
    now: SystemTime,
) -> Result<Verified, Fault> {
    rules.check_header(&token.header)?;
    let algorithm = token.header.algorithm;
    let mut candidates = keys
        .candidates(token.header.kid.as_deref(), algorithm)
        .peekable();
    if candidates.peek().is_none() {
        return Err(Fault::Key);
    }
    let signer = candidates.find(|key| key.verify(algorithm, token.signed, &token.signature));
    let signer = signer.ok_or(Fault::Signature)?;
    let validity = rules.check_claims(&token.claims, now)?;
    let bound = confirmation::bound_to(&token.claims)?;
    Ok(Verified {
        claims: Arc::new(Claims::new(token.claims)),
        key: signer.id(),
        validity,
        bound,
    })
}

impl Verified {
    /// What the token says.
    #[must_use]
    pub fn claims(&self) -> &Arc<Claims> {
        &self.claims
    }

    /// The key that checked it.
    #[must_use]
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// Whether the token may be used now, by who shows this certificate, if any: its SHA-256 digest.
    ///
    /// # Errors
    /// When its time has not come or is over, or it is bound to another certificate.
    pub fn holds(&self, now: SystemTime, certificate: Option<&[u8; 32]>) -> Result<(), Fault> {
        self.validity.holds(now)?;
        confirmation::holds(self.bound.as_ref(), certificate)
    }
}
