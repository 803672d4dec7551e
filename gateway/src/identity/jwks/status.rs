//! What a key source says of itself, for the admin listener, metrics and `explain`.

use super::fetch::FetchError;
use crate::identity::jwk::{Algorithm, VerifyingKey};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The state of a key source at one time.
#[derive(Debug, Clone)]
pub struct Status {
    /// The issuer as configured.
    pub issuer: Arc<str>,
    /// The address as configured.
    pub configured: String,
    /// Where the keys were found last.
    pub found: Option<String>,
    /// The keys in use; none before the first fetch, and none once they are too old.
    pub keys: Vec<KeyStatus>,
    /// Keys of the document that are left out, each with the reason.
    pub skipped: Vec<String>,
    /// Since the last fetch that brought keys.
    pub age: Option<Duration>,
    /// Since the last fetch began, whatever came of it.
    pub attempted: Option<Duration>,
    /// Until the next fetch; none while one is under way.
    pub next: Option<Duration>,
    /// Why the last fetch failed, where it did.
    pub error: Option<String>,
    /// Fetches that failed since the last that didn't.
    pub failures: u64,
    /// All fetches, by result.
    pub fetches: [(&'static str, u64); FetchError::LABELS.len()],
    /// Tokens that named a key which isn't there.
    pub unknown_kids: u64,
}

/// One key in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStatus {
    /// Its name.
    pub kid: Option<String>,
    /// Its type and curve.
    pub kind: &'static str,
    /// What it may check.
    pub algorithms: Vec<Algorithm>,
}

impl KeyStatus {
    pub(super) fn of(key: &VerifyingKey) -> Self {
        Self {
            kid: key.kid().map(str::to_owned),
            kind: key.kind(),
            algorithms: key.algorithms().collect(),
        }
    }
}

/// Counts of fetches by result.
#[derive(Debug, Default)]
pub(super) struct Fetches([AtomicU64; FetchError::LABELS.len()]);

impl Fetches {
    pub fn note(&self, result: &'static str) {
        let place = FetchError::LABELS.iter().position(|label| *label == result);
        if let Some(count) = place.and_then(|place| self.0.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn counts(&self) -> [(&'static str, u64); FetchError::LABELS.len()] {
        let count = |place: usize| self.0[place].load(Ordering::Relaxed);
        std::array::from_fn(|place| (FetchError::LABELS[place], count(place)))
    }
}
