//! Counters: how much of what was allowed is used.
//!
//! A [`Limiter`] holds one quota and a counter for each key that used it. [`decide`] looks at several limiters and
//! counts in all of them or in none. Time comes from the caller, as a monotonic [`Duration`] since some fixed start.

mod bucket;
mod concurrency;
mod decide;
mod key;
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
use rule::Rule;
use shard::Shard;
use sliding::Window;

/// How much may be used in how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What may be used in one window; with `burst`, what flows back in one window.
    pub limit: u64,
    /// The length of the window.
    pub window: Duration,
    /// Without it: a sliding window, never more than `limit` in any `window`. With it: a token bucket of this size.
    pub burst: Option<u64>,
}

/// A quota that could never be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuotaError {
    /// The limit is zero or above 2³²-1.
    #[error("a limit has to be between 1 and 4294967295")]
    Limit,
    /// The burst is zero or above 2³²-1.
    #[error("a burst has to be between 1 and 4294967295")]
    Burst,
    /// The window is zero or above 366 days.
    #[error("a window has to be longer than nothing and at most 366 days")]
    Window,
}

/// One quota and the counters of its keys, shared by threads.
///
/// A key costs about 50 bytes; under a sliding window, 16 more for each of its requests that still counts, of which
/// at most 1024 are told apart. When it is full, what has ended goes first, then of a few keys the one that has used
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
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

impl Limiter {
    /// Counters under `quota` for at most about `max_keys` keys.
    pub fn new(quota: Quota, max_keys: usize) -> Result<Self, QuotaError> {
        let limit = u32::try_from(quota.limit)
            .ok()
            .filter(|&limit| limit > 0)
            .ok_or(QuotaError::Limit)?;
        if quota.window.is_zero() || quota.window > LONGEST {
            return Err(QuotaError::Window);
        }
        let rule = match quota.burst {
            None => Rule::Window(Window::new(limit, nanos(quota.window))),
            Some(burst) => {
                let burst = u32::try_from(burst)
                    .ok()
                    .filter(|&burst| burst > 0)
                    .ok_or(QuotaError::Burst)?;
                Rule::Bucket(Bucket::new(limit, nanos(quota.window), burst))
            }
        };
        let shards = (max_keys / SHARDS).clamp(1, SHARDS).next_power_of_two();
        let room = max_keys.div_ceil(shards).max(1);
        let shards = (0..shards).map(|_| Mutex::new(Shard::new(room))).collect();
        Ok(Self {
            quota,
            rule,
            shards,
            evictions: AtomicU64::new(0),
        })
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
