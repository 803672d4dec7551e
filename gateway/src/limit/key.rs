//! Who is counted, as 128 bits that nobody outside can aim at.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

/// A keyed hash (SipHash, with keys drawn when the process starts) of what a limit is keyed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u64; 2]);

static KEYED: LazyLock<[RandomState; 2]> =
    LazyLock::new(|| [RandomState::new(), RandomState::new()]);

impl Key {
    /// The key of these parts; `["ab", "c"]` and `["a", "bc"]` differ.
    pub fn new(parts: &[&[u8]]) -> Self {
        Self([0, 1].map(|half| {
            let mut hasher = KEYED[half].build_hasher();
            for part in parts {
                hasher.write_usize(part.len());
                hasher.write(part);
            }
            hasher.finish()
        }))
    }

    /// Bits to spread keys inside a table.
    pub(super) fn table_bits(self) -> u64 {
        self.0[0]
    }

    /// Bits to spread keys over shards.
    pub(super) fn shard_bits(self) -> usize {
        // Truncation is meant: any bits will do.
        self.0[1] as usize
    }
}
