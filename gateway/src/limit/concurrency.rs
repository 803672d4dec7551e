//! How many requests of one key may be under way at once.

use std::sync::Arc;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use parking_lot::Mutex;

use super::key::Key;

/// Counts what is under way. It holds no more keys than there are requests under way.
#[derive(Debug)]
pub struct Concurrency {
    limit: u64,
    held: Box<[Mutex<HashMap<Key, u64>>]>,
}

/// A place that is given back when this is dropped.
#[derive(Debug)]
#[must_use = "the place is given back as soon as this is dropped"]
pub struct Permit {
    from: Arc<Concurrency>,
    key: Key,
}

/// A power of two.
const SHARDS: usize = 64;

impl Concurrency {
    /// At most `limit` at once for each key.
    pub fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self {
            limit,
            held: (0..SHARDS).map(|_| Mutex::default()).collect(),
        })
    }

    /// The limit.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The key of these parts, see [`Key::new`].
    pub fn key(&self, parts: &[&[u8]]) -> Key {
        Key::new(parts)
    }

    /// A place for one more request of `key`; `None` when all are taken.
    pub fn acquire(self: &Arc<Self>, key: Key) -> Option<Permit> {
        let mut held = self.shard(key).lock();
        let count = held.entry(key).or_insert(0);
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Permit {
            from: Arc::clone(self),
            key,
        })
    }

    /// How many places of `key` are taken.
    pub fn held(&self, key: Key) -> u64 {
        self.shard(key).lock().get(&key).copied().unwrap_or(0)
    }

    fn shard(&self, key: Key) -> &Mutex<HashMap<Key, u64>> {
        &self.held[key.shard_bits() & (SHARDS - 1)]
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.from.shard(self.key).lock().entry(self.key) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}
