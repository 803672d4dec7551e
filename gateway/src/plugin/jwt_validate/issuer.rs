//! An issuer: what its tokens have to be like, and the keys they are checked with.

use crate::identity::jwk::{Algorithm, KeySet};
use crate::identity::jwks::KeySource;
use crate::identity::token::Rules;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use std::sync::Arc;

/// Whose tokens are accepted.
pub struct Issuer {
    /// What the tokens have to be like.
    pub rules: Rules,
    /// What they are checked with.
    pub keys: Keys,
}

/// Where the keys come from.
pub enum Keys {
    /// From the configuration.
    Fixed(Arc<KeySet>),
    /// From the issuer.
    Fetched(Arc<KeySource>),
}

impl Keys {
    /// The keys there are; `None` when none could be had for too long.
    pub fn now(&self) -> Option<Arc<KeySet>> {
        match self {
            Self::Fixed(keys) => Some(keys.clone()),
            Self::Fetched(source) => source.keys(),
        }
    }

    /// Whether a key that is not there may come to be.
    pub fn are_fetched(&self) -> bool {
        matches!(self, Self::Fetched(_))
    }

    /// Ends when the key of this name is there, or need not be waited for.
    pub fn after_fetch(&self, kid: &str) -> BoxFuture<'static, ()> {
        match self {
            Self::Fixed(_) => std::future::ready(()).boxed(),
            Self::Fetched(source) => source.missing(kid).map(|_| ()).boxed(),
        }
    }
}

impl Issuer {
    /// The issuer and its keys, as they are now, for people.
    pub fn state(&self) -> Vec<String> {
        let issuer = &self.rules.issuer;
        let key =
            |kid: Option<&str>, kind: &str, algorithms: &mut dyn Iterator<Item = Algorithm>| {
                let algorithms: Vec<_> = algorithms.map(Algorithm::name).collect();
                let kid = kid.map_or_else(|| "without kid".to_owned(), |kid| format!("{kid:?}"));
                format!("key {kid} of {issuer}: {kind}, {}", algorithms.join(" "))
            };
        match &self.keys {
            Keys::Fixed(keys) => {
                let keys = keys.keys().iter();
                keys.map(|one| key(one.kid(), one.kind(), &mut one.algorithms()))
                    .collect()
            }
            Keys::Fetched(source) => {
                let status = source.status();
                let place = status.found.as_ref().unwrap_or(&status.configured);
                let mut lines = vec![match (status.age, &status.error) {
                    (Some(age), None) => {
                        format!("keys of {issuer}: from {place}, {} s ago", age.as_secs())
                    }
                    (Some(age), Some(error)) => {
                        format!(
                            "keys of {issuer}: from {place}, {} s ago; since then: {error}",
                            age.as_secs()
                        )
                    }
                    (None, Some(error)) => format!("keys of {issuer}: none from {place}: {error}"),
                    (None, None) => format!("keys of {issuer}: none from {place} yet"),
                }];
                let keys = status.keys.iter();
                lines.extend(keys.map(|one| {
                    key(
                        one.kid.as_deref(),
                        one.kind,
                        &mut one.algorithms.iter().copied(),
                    )
                }));
                let skipped = status.skipped.iter();
                lines.extend(skipped.map(|why| format!("left out of the keys of {issuer}: {why}")));
                lines
            }
        }
    }
}
