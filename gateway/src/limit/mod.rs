//! Counters: how much of what was allowed is used.
//!
//! A [`Limiter`] holds one quota and a counter for each key that used it. [`decide`] looks at several limiters and
//! counts in all of them or in none. Time comes from the caller, as a monotonic [`Duration`] since some fixed start.

mod bucket;
mod concurrency;
mod decide;
mod key;
mod limits;
mod rule;
mod shard;
mod sliding;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use bucket::Bucket;
pub use concurrency::{Concurrency, Permit};
pub use decide::{Check, Decision, Decisions, decide};
pub use key::Key;
pub use limits::Limits;
use rule::Rule;
use shard::Shard;
use sliding::Window;

/// How much may be used in how long. Of a `limit` or `burst` of zero nothing ever passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    /// What may be used in one window; with `burst`, what flows back in one window.
    pub limit: u64,
    /// The length of the window.
    pub window: Duration,
    /// Without it: a sliding window, never more than `limit` in any `window`. With it: a token bucket of this size.
    pub burst: Option<u64>,
}

/// One quota and the counters of its keys, shared by threads.
///
/// A key costs about 65 bytes; under a sliding window, 16 more for each of its requests that still counts, of which
/// at most 1024 are told apart, and 16 while keys have more than 8 on average. When it is full, what has ended goes first, then of a few keys the one that has used
/// least, so that a flood of new keys can't wash an exhausted one clean.
#[derive(Debug)]
pub struct Limiter {
    quota: Quota,
    rule: Rule,
    shards: Box<[Mutex<Shard>]>,
    evictions: AtomicU64,
}

/// What a limiter holds, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Keys that are counted now; those that ended may stay until new ones come.
    pub keys: usize,
    /// Keys forgotten before their time, because there was no room.
    pub evictions: u64,
}

const SHARDS: usize = 64;

impl Limiter {
    /// Counters under `quota` for at most about `max_keys` keys.
    pub fn new(quota: Quota, max_keys: usize) -> Self {
        let window = nanos(quota.window).max(1);
        let rule = match quota.burst {
            None => Rule::Window(Window::new(quota.limit, window)),
            Some(burst) => Rule::Bucket(Bucket::new(quota.limit, window, burst)),
        };
        let shards = (max_keys / SHARDS).clamp(1, SHARDS).next_power_of_two();
        let room = max_keys.div_ceil(shards).max(1);
        let shards = (0..shards).map(|_| Mutex::new(Shard::new(room))).collect();
        Self {
            quota,
            rule,
            shards,
            evictions: AtomicU64::new(0),
        }
    }

    /// The quota.
    pub fn quota(&self) -> Quota {
        self.quota
    }

    /// The key of these parts, see [`Key::new`].
    pub fn key(&self, parts: &[&[u8]]) -> Key {
        Key::new(parts)
    }

    /// How many keys there are and how many were forgotten. Takes each shard's lock for a moment.
    pub fn stats(&self) -> Stats {
        let keys = self.shards.iter().map(|shard| shard.lock().len()).sum();
        Stats {
            keys,
            evictions: self.evictions.load(Ordering::Relaxed),
        }
    }

    fn shard_of(&self, key: Key) -> usize {
        // A power of two; the table inside the shard uses the key's other half.
        key.shard_bits() & (self.shards.len() - 1)
    }
}

/// Nanoseconds since the caller's start, or of a window. A hundred years of them leave room to add to.
fn nanos(time: Duration) -> u64 {
    const MOST: u64 = u64::MAX / 4;
    u64::try_from(time.as_nanos()).map_or(MOST, |nanos| nanos.min(MOST))
}

#[cfg(test)]
mod tests;
