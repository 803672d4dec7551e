//! A bounded table of counters behind one lock.
//!
//! The counters lie in a vector, so that a hand can go round them: each new key drops a few that have ended, and when
//! there is no room, of a handful the one that has used least. Nothing else has to clean up.

use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashTable;

use super::Rule;
use super::bucket::FullAt;
use super::key::Key;
use super::sliding::Log;

/// How many counters the hand looks at for a new key, and how many when one of them has to go.
const SWEEP: usize = 4;
const SAMPLE: usize = 8;
/// How many marks a key may have on average before memory is short.
const MARKS_A_KEY: usize = 8;

#[derive(Debug)]
pub(super) struct Shard {
    /// Places in `counters`.
    table: HashTable<u32>,
    counters: Vec<Counter>,
    room: usize,
    /// Marks of all the windows' logs.
    marks: usize,
    hand: usize,
    /// The latest moment seen: threads read the clock before they get the lock, so moments come out of order.
    latest: u64,
}

#[derive(Debug)]
struct Counter {
    key: Key,
    cell: Cell,
}

/// What one key has used, in the form of its limiter's rule.
#[derive(Debug)]
pub(super) enum Cell {
    Log(Log),
    FullAt(FullAt),
}

impl Cell {
    fn marks(&self) -> usize {
        match self {
            Self::Log(log) => log.marks(),
            Self::FullAt(_) => 0,
        }
    }
}

impl Shard {
    /// Room for so many keys.
    pub(super) fn new(room: usize) -> Self {
        Self {
            table: HashTable::new(),
            counters: Vec::new(),
            room,
            marks: 0,
            hand: 0,
            latest: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.counters.len()
    }

    /// Bytes of one counter, without what a window's log holds beyond its first request.
    #[cfg(test)]
    pub(super) const fn counter_size() -> usize {
        size_of::<Counter>()
    }

    #[cfg(test)]
    pub(super) fn marks(&self) -> usize {
        assert_eq!(
            self.marks,
            self.counters
                .iter()
                .map(|counter| counter.cell.marks())
                .sum::<usize>()
        );
        self.marks
    }

    pub(super) fn latest(&self) -> u64 {
        self.latest
    }

    pub(super) fn advance(&mut self, now: u64) {
        self.latest = self.latest.max(now);
    }

    pub(super) fn cell(&self, key: Key) -> Option<&Cell> {
        let at = *self.table.find(key.table_bits(), |&at| {
            self.counters[at as usize].key == key
        })?;
        Some(&self.counters[at as usize].cell)
    }

    /// Uses `cost` of `key`'s quota, which its rule has said is there.
    pub(super) fn take(
        &mut self,
        key: Key,
        rule: &Rule,
        now: u64,
        cost: u64,
        evictions: &AtomicU64,
    ) {
        let short = self.marks >= self.room * MARKS_A_KEY;
        let cell = self.cell_mut(key, rule, now, evictions);
        let before = cell.marks();
        rule.take(cell, now, cost, short);
        let after = cell.marks();
        self.marks = self.marks + after - before;
    }

    /// The counter of `key`, made when there is none. Counts in `evictions` when another one had to go for it.
    fn cell_mut(&mut self, key: Key, rule: &Rule, now: u64, evictions: &AtomicU64) -> &mut Cell {
        let known = self.table.find(key.table_bits(), |&at| {
            self.counters[at as usize].key == key
        });
        let at = match known {
            Some(&at) => at as usize,
            None => {
                if self.make_room(rule, now) {
                    evictions.fetch_add(1, Ordering::Relaxed);
                }
                self.insert(key, rule.fresh())
            }
        };
        &mut self.counters[at].cell
    }

    fn insert(&mut self, key: Key, cell: Cell) -> usize {
        let at = self.counters.len();
        if at == self.counters.capacity() {
            // By a quarter instead of twofold: unused room is what most of a million keys would cost.
            self.counters.reserve_exact((at / 4).max(4));
        }
        self.counters.push(Counter { key, cell });
        let place = u32::try_from(at).expect("a shard's room is far below 2³²");
        let counters = &self.counters;
        self.table.insert_unique(key.table_bits(), place, |&at| {
            counters[at as usize].key.table_bits()
        });
        at
    }

    /// Drops what has ended within reach of the hand; true when a counter that still counts had to go.
    fn make_room(&mut self, rule: &Rule, now: u64) -> bool {
        let full = self.counters.len() >= self.room;
        let reach = if full { SAMPLE } else { SWEEP }.min(self.counters.len());
        let mut victim: Option<((u64, u128), usize)> = None;
        for _ in 0..reach {
            if self.hand >= self.counters.len() {
                self.hand = 0;
            }
            let Some(counter) = self.counters.get(self.hand) else {
                break;
            };
            if rule.has_ended(&counter.cell, now) {
                self.remove(self.hand);
                continue;
            }
            // Among those that have used the same, the youngest: a flood washes itself away.
            let merit = (rule.remaining(&counter.cell, now), rule.ends(&counter.cell));
            if victim.is_none_or(|(best, _)| merit > best) {
                victim = Some((merit, self.hand));
            }
            self.hand += 1;
        }
        match victim {
            Some((_, at)) if self.counters.len() >= self.room => {
                self.remove(at);
                true
            }
            _ => false,
        }
    }

    /// The last counter takes the place of the one that goes.
    fn remove(&mut self, at: usize) {
        let gone = self.counters[at].key;
        let last = self.counters.len() - 1;
        let moved = self.counters[last].key;
        let entry = self
            .table
            .find_entry(gone.table_bits(), |&place| place as usize == at);
        entry.expect("every counter is in the table").remove();
        if at != last {
            let place = self
                .table
                .find_mut(moved.table_bits(), |&place| place as usize == last);
            *place.expect("every counter is in the table") =
                u32::try_from(at).expect("a shard's room is far below 2³²");
        }
        self.marks -= self.counters.swap_remove(at).cell.marks();
    }
}
