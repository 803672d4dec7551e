//! API keys to consumers: only SHA-256 digests are held, and looked up by digest.
//!
//! A look-up by digest takes time that depends on the digest alone, which nobody can steer towards a stored one without
//! breaking SHA-256; the full comparison is in constant time on top.

use super::Consumer;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::time::SystemTime;
use subtle::ConstantTimeEq;

/// SHA-256 of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a key as it is presented.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        Self(Sha256::digest(key).into())
    }

    /// A digest that was computed elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The first eight bytes: enough to tell keys apart in counters.
    #[must_use]
    pub fn short(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        [a, b, c, d, e, f, g, h]
    }
}

impl std::hash::Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.short());
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digest(…)")
    }
}

/// A stored key.
#[derive(Debug, Clone)]
pub struct KeyEntry {
    /// Who owns it.
    pub consumer: Arc<Consumer>,
    /// When it ends.
    pub expires: Option<SystemTime>,
}

/// What a presented key is.
#[derive(Debug)]
pub enum Verdict<'a> {
    /// A consumer's, and in force.
    Valid(&'a Arc<Consumer>),
    /// A consumer's, but past its end.
    Expired(&'a Arc<Consumer>),
    /// Nobody's.
    Unknown,
}

/// Every consumer's keys.
#[derive(Debug, Default)]
pub struct Keys {
    entries: HashMap<Digest, KeyEntry, BuildHasherDefault<DigestHasher>>,
}

impl Keys {
    /// Adds a key.
    ///
    /// # Errors
    /// Gives back the consumer who owns the same key already.
    pub fn insert(&mut self, digest: Digest, entry: KeyEntry) -> Result<(), Arc<Consumer>> {
        match self.entries.get(&digest) {
            Some(owner) => Err(owner.consumer.clone()),
            None => {
                self.entries.insert(digest, entry);
                Ok(())
            }
        }
    }

    /// Whose a presented key is at `now`.
    #[must_use]
    pub fn find(&self, digest: &Digest, now: SystemTime) -> Verdict<'_> {
        match self.entries.get_key_value(digest) {
            Some((stored, entry)) if bool::from(stored.0.ct_eq(&digest.0)) => match entry.expires {
                Some(end) if end <= now => Verdict::Expired(&entry.consumer),
                _ => Verdict::Valid(&entry.consumer),
            },
            _ => Verdict::Unknown,
        }
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// A digest is as good a hash as any: its first bytes are taken as they are.
#[derive(Debug, Default)]
pub struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for (shift, byte) in bytes.iter().enumerate().take(8) {
            self.0 |= u64::from(*byte) << (shift * 8);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use std::time::Duration;

    fn consumer(name: &str) -> Arc<Consumer> {
        Arc::new(Consumer::new(name, vec![], indexmap::IndexMap::new()).unwrap())
    }

    fn entry(name: &str, expires: Option<SystemTime>) -> KeyEntry {
        KeyEntry {
            consumer: consumer(name),
            expires,
        }
    }

    #[test]
    fn finds_the_owner_and_no_other() {
        let mut keys = Keys::default();
        keys.insert(Digest::of(b"alice-1"), entry("alice", None))
            .unwrap();
        keys.insert(Digest::of(b"bob-1"), entry("bob", None))
            .unwrap();
        let now = SystemTime::now();
        assert!(
            matches!(keys.find(&Digest::of(b"alice-1"), now), Verdict::Valid(c) if c.name() == "alice")
        );
        assert!(matches!(
            keys.find(&Digest::of(b"alice-2"), now),
            Verdict::Unknown
        ));
        assert!(matches!(keys.find(&Digest::of(b""), now), Verdict::Unknown));
    }

    #[test]
    fn a_key_ends_at_its_end() {
        let mut keys = Keys::default();
        let end = SystemTime::now();
        keys.insert(Digest::of(b"k"), entry("alice", Some(end)))
            .unwrap();
        let find = |now| matches!(keys.find(&Digest::of(b"k"), now), Verdict::Valid(_));
        assert!(find(end - Duration::from_nanos(1)));
        assert!(!find(end));
    }

    #[test]
    fn one_key_has_one_owner() {
        let mut keys = Keys::default();
        keys.insert(Digest::of(b"k"), entry("alice", None)).unwrap();
        assert_eq!(
            keys.insert(Digest::of(b"k"), entry("bob", None))
                .unwrap_err()
                .name(),
            "alice"
        );
    }

    #[test]
    fn debug_shows_no_digest() {
        assert_eq!(format!("{:?}", Digest::of(b"secret")), "Digest(…)");
    }
}
