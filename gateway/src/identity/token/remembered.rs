//! Tokens that have been verified, by their SHA-256 digests, so that a token is checked once and not with each request.
//!
//! Only what was verified is remembered, so that nobody fills the memory without keys. The tokens themselves are not
//! kept. Whoever finds one asks again whether it is still valid, for this certificate, under a key that is still there;
//! what decided about it besides is in its [`Scope`].

use super::Verified;
use crate::identity::Digest;
use http::{HeaderName, HeaderValue};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::hash::Hash;
use std::sync::Arc;

/// Bytes that are kept, as far as they can be counted.
const BYTES: u64 = 64 * 1024 * 1024;
/// Tokens that are kept.
const ENTRIES: u64 = 100_000;

/// What decides about a token besides itself, its keys and the time: the configuration of who remembers it. Another
/// configuration finds nothing of what this one has verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope(u128);

impl Scope {
    /// The scope of these parts, none of which can be taken for another.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        let digest = hasher.finalize();
        let (first, _) = digest
            .split_first_chunk()
            .expect("SHA-256 has more than 16 bytes");
        Self(u128::from_be_bytes(*first))
    }
}

/// A verified token and what follows from it alone.
#[derive(Debug)]
pub struct Known {
    /// The token.
    pub verified: Verified,
    /// Its issuer's place in the configuration.
    pub issuer: usize,
    /// Its claims that are told upstream.
    pub fields: Arc<[(HeaderName, HeaderValue)]>,
    /// Whether its scope reaches as far as it has to.
    pub suffices: bool,
}

/// The tokens.
#[derive(Debug)]
pub struct Remembered(Cache<(Scope, Digest), Arc<Known>, Weight>);

impl Default for Remembered {
    fn default() -> Self {
        Self::new(ENTRIES, BYTES)
    }
}

impl Remembered {
    /// Room for so many tokens and so many bytes, whichever is reached first; what was not asked for lately goes.
    #[must_use]
    pub fn new(entries: u64, bytes: u64) -> Self {
        let least = bytes / entries.max(1);
        let items = usize::try_from(entries).unwrap_or(usize::MAX).min(1024);
        Self(Cache::with_weighter(items, bytes, Weight { least }))
    }

    /// The token of this digest, as it was verified for `scope`.
    #[must_use]
    pub fn find(&self, scope: Scope, token: Digest) -> Option<Arc<Known>> {
        self.0.get(&(scope, token))
    }

    /// Keeps a token.
    pub fn keep(&self, scope: Scope, token: Digest, known: Arc<Known>) {
        self.0.insert((scope, token), known);
    }

    /// Drops a token.
    pub fn forget(&self, scope: Scope, token: Digest) {
        self.0.remove(&(scope, token));
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a token takes, counted low in no case by much: the tree of its claims, and its headers.
#[derive(Debug, Clone)]
struct Weight {
    /// What bounds the number of tokens.
    least: u64,
}

impl Weighter<(Scope, Digest), Arc<Known>> for Weight {
    fn weight(&self, _: &(Scope, Digest), known: &Arc<Known>) -> u64 {
        let claims = known
            .verified
            .claims()
            .iter()
            .map(|(name, value)| name.len() + size(value));
        let fields = known
            .fields
            .iter()
            .map(|(name, value)| 2 * size_of_val(name) + value.len());
        let all = size_of::<Known>() + 256 + claims.sum::<usize>() + fields.sum::<usize>();
        (all as u64).max(self.least)
    }
}

/// A member of an object takes its name, a hash and a place in a table besides.
const MEMBER: usize = 64;

fn size(value: &Value) -> usize {
    let held = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(name, value)| MEMBER + name.len() + size(value))
                .sum()
        }
        _ => 0,
    };
    MEMBER + size_of::<Value>() + held
}
