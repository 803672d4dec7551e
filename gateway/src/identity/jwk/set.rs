//! A key set (RFC 7517 §5): strict on the document, forgiving on single keys.

use super::key::{KeyError, KeyId, VerifyingKey};
use super::{Algorithm, strict};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Bytes of the largest document that is read.
pub const MAX_BYTES: usize = 1024 * 1024;
/// Keys of the largest set.
const MAX_KEYS: usize = 1000;
/// Keys that are tried for one token, at most: each costs a signature check.
const MAX_CANDIDATES: usize = 16;

/// Keys by their names.
#[derive(Debug, Default)]
pub struct KeySet {
    all: Vec<Arc<VerifyingKey>>,
    named: HashMap<Box<str>, Vec<Arc<VerifyingKey>>>,
    /// What is tried when nothing has the name that a token gives.
    otherwise: Vec<Arc<VerifyingKey>>,
}

/// Why a document is no key set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Longer than [`MAX_BYTES`].
    #[error("the key set has {0} bytes, and 1 MiB is the most that is read")]
    Large(usize),
    /// Not JSON, or a member's name comes twice.
    #[error("the key set is no sound JSON: {0}")]
    Json(String),
    /// JSON of another shape.
    #[error("a key set is an object with an array `keys` (RFC 7517 §5)")]
    Shape,
    /// More keys than are read.
    #[error("the key set has {0} keys, and 1000 are the most that are read")]
    Many(usize),
}

/// A key of a set that is left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedKey {
    /// Its place in `keys`, from 0.
    pub place: usize,
    /// Its name, where it has one.
    pub kid: Option<String>,
    /// Why it is left out.
    pub reason: KeyError,
}

impl KeySet {
    /// The keys of a document, and those of its keys that cannot check signatures here.
    ///
    /// # Errors
    /// When the document is no key set. A set without any usable key is one.
    pub fn parse(document: &[u8]) -> Result<(Self, Vec<SkippedKey>), KeySetError> {
        if document.len() > MAX_BYTES {
            return Err(KeySetError::Large(document.len()));
        }
        let value = strict::parse(document).map_err(|e| KeySetError::Json(e.to_string()))?;
        let keys = value.as_object().and_then(|members| members.get("keys"));
        let keys = keys.and_then(|keys| keys.as_array());
        let keys = keys.ok_or(KeySetError::Shape)?;
        if keys.len() > MAX_KEYS {
            return Err(KeySetError::Many(keys.len()));
        }
        let (mut usable, mut skipped) = (vec![], vec![]);
        for (place, jwk) in keys.iter().enumerate() {
            match VerifyingKey::from_published(jwk) {
                Ok(key) => usable.push(Arc::new(key)),
                Err(reason) => {
                    let kid = jwk.get("kid").and_then(|kid| kid.as_str());
                    let kid = kid.map(str::to_owned);
                    skipped.push(SkippedKey { place, kid, reason });
                }
            }
        }
        Ok((Self::new(usable), skipped))
    }

    /// The keys of a configuration. One without a name is tried whatever name a token gives: a PEM file has none.
    #[must_use]
    pub fn fixed(keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        let mut set = Self::new(keys.into_iter().map(Arc::new).collect());
        let nameless = set.all.iter().filter(|key| key.kid().is_none());
        set.otherwise = nameless.cloned().collect();
        set
    }

    fn new(all: Vec<Arc<VerifyingKey>>) -> Self {
        let mut named: HashMap<Box<str>, Vec<_>> = HashMap::new();
        for key in &all {
            if let Some(kid) = key.kid() {
                named.entry(kid.into()).or_default().push(key.clone());
            }
        }
        let otherwise = vec![];
        Self {
            all,
            named,
            otherwise,
        }
    }

    /// The keys that may have made a token's signature: those of its `kid`, or all where it gives none; 16 at most.
    pub fn candidates(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &Arc<VerifyingKey>> {
        let keys = match kid {
            None => &self.all,
            Some(kid) => self.named.get(kid).unwrap_or(&self.otherwise),
        };
        let keys = keys.iter().filter(move |key| key.allows(algorithm));
        keys.take(MAX_CANDIDATES)
    }

    /// Whether a key is called `kid`, or might be.
    #[must_use]
    pub fn knows(&self, kid: &str) -> bool {
        self.named.contains_key(kid) || !self.otherwise.is_empty()
    }

    /// Whether that key is in it, the same and for the same.
    #[must_use]
    pub fn contains(&self, id: KeyId) -> bool {
        self.all.iter().any(|key| key.id() == id)
    }

    /// Every key, in the order of the document.
    #[must_use]
    pub fn keys(&self) -> &[Arc<VerifyingKey>] {
        &self.all
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

impl fmt::Display for SkippedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kid {
            Some(kid) => write!(f, "keys[{}] ({kid:?}): {}", self.place, self.reason),
            None => write!(f, "keys[{}]: {}", self.place, self.reason),
        }
    }
}
