//! What the server has said lately. Active tokens and others are kept apart, each within its own bounds.

use super::{Active, Bounds, Moment, Said};
use crate::identity::Digest;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of answers that are kept, whatever their number.
const BYTES: u64 = 64 * 1024 * 1024;
/// What parsed JSON takes, in bytes for each byte of text, counted rather high.
const TREE: usize = 4;

/// The answers.
pub(super) struct Memory {
    bounds: Bounds,
    active: Cache<Digest, Kept, Weight>,
    /// When each is forgotten.
    inactive: Cache<Digest, Duration>,
}

#[derive(Clone)]
struct Kept {
    active: Arc<Active>,
    until: Duration,
}

#[derive(Clone)]
struct Weight {
    /// What bounds the number.
    least: u64,
}

impl Weighter<Digest, Kept> for Weight {
    fn weight(&self, _: &Digest, kept: &Kept) -> u64 {
        let bytes = size_of::<Active>() + kept.active.bytes.saturating_mul(TREE);
        (bytes as u64).max(self.least)
    }
}

impl Memory {
    pub fn new(bounds: Bounds) -> Self {
        let entries = usize::try_from(bounds.entries).unwrap_or(usize::MAX);
        let least = (BYTES / u64::from(bounds.entries).max(1)).max(1);
        let room = least.saturating_mul(bounds.entries.into());
        Self {
            bounds,
            active: Cache::with_weighter(entries, room, Weight { least }),
            inactive: Cache::new(entries),
        }
    }

    /// What was said of the token, unless its time is over.
    pub fn find(&self, token: &Digest, at: Moment) -> Option<Said> {
        if let Some(Kept { active, until }) = self.active.get(token) {
            if at.now < until && !active.has_expired(at.time) {
                return Some(Said::Active(active));
            }
            self.active.remove(token);
        }
        let until = self.inactive.get(token)?;
        if at.now < until {
            return Some(Said::Inactive);
        }
        self.inactive.remove(token);
        None
    }

    /// Keeps what was said of a token when it was asked about at that time.
    pub fn keep(&self, token: Digest, said: &Said, asked: Duration) {
        match said {
            Said::Active(active) => {
                self.inactive.remove(&token);
                if !self.bounds.max_ttl.is_zero() {
                    let until = asked.saturating_add(self.bounds.max_ttl);
                    let active = active.clone();
                    self.active.insert(token, Kept { active, until });
                }
            }
            Said::Inactive => {
                self.active.remove(&token);
                if !self.bounds.negative_ttl.is_zero() {
                    let until = asked.saturating_add(self.bounds.negative_ttl);
                    self.inactive.insert(token, until);
                }
            }
        }
    }

    /// How many active tokens are kept, and how many others.
    pub fn len(&self) -> (usize, usize) {
        (self.active.len(), self.inactive.len())
    }
}
