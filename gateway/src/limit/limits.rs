//! The limiters of a running gateway: a reload finds those again whose quota it kept.

use std::sync::{Arc, Weak};

use hashbrown::HashMap;
use parking_lot::Mutex;

use super::{Concurrency, Limiter, Quota, Stats};

/// Limiters by the place in the configuration that declares them. It keeps only what somebody else holds: counters
/// outlive a reload because the old configuration is held until the new one is compiled.
#[derive(Debug)]
pub struct Limits {
    max_keys: usize,
    limiters: Mutex<HashMap<(String, Quota), Weak<Limiter>>>,
    concurrencies: Mutex<HashMap<(String, u64), Weak<Concurrency>>>,
}

/// Room for so many keys in each limiter: about 65 MB when it is used up, and 500 MB when all of them are busy under sliding windows.
impl Default for Limits {
    fn default() -> Self {
        Self::new(1_000_000)
    }
}

impl Limits {
    /// Limiters with room for `max_keys` keys each.
    pub fn new(max_keys: usize) -> Self {
        Self {
            max_keys,
            limiters: Mutex::default(),
            concurrencies: Mutex::default(),
        }
    }

    /// The limiter that `scope` declares with this quota.
    pub fn limiter(&self, scope: &str, quota: Quota) -> Arc<Limiter> {
        shared(&self.limiters, (scope.to_owned(), quota), || {
            Arc::new(Limiter::new(quota, self.max_keys))
        })
    }

    /// The limit on requests at one time that `scope` declares.
    pub fn concurrency(&self, scope: &str, limit: u64) -> Arc<Concurrency> {
        shared(&self.concurrencies, (scope.to_owned(), limit), || {
            Concurrency::new(limit)
        })
    }

    /// What all limiters hold together, for metrics.
    pub fn stats(&self) -> Stats {
        let limiters: Vec<Arc<Limiter>> = self
            .limiters
            .lock()
            .values()
            .filter_map(Weak::upgrade)
            .collect();
        limiters.iter().map(|limiter| limiter.stats()).fold(
            Stats {
                keys: 0,
                evictions: 0,
            },
            |sum, one| Stats {
                keys: sum.keys + one.keys,
                evictions: sum.evictions + one.evictions,
            },
        )
    }
}

fn shared<K: Eq + std::hash::Hash, V>(
    known: &Mutex<HashMap<K, Weak<V>>>,
    key: K,
    make: impl FnOnce() -> Arc<V>,
) -> Arc<V> {
    let mut known = known.lock();
    if let Some(found) = known.get(&key).and_then(Weak::upgrade) {
        return found;
    }
    known.retain(|_, held| held.strong_count() > 0);
    let made = make();
    known.insert(key, Arc::downgrade(&made));
    made
}
