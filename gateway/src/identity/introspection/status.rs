//! What an introspector says of itself, for the admin listener and the metrics.

use super::Outage;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The state of an introspector at one time.
#[derive(Debug, Clone)]
pub struct Status {
    /// Where it asks.
    pub endpoint: String,
    /// Active tokens that it remembers.
    pub active: usize,
    /// Tokens that it remembers as not active.
    pub inactive: usize,
    /// Questions under way.
    pub in_flight: usize,
    /// All questions, by what came of them.
    pub results: [(&'static str, u64); Outage::LABELS.len()],
    /// All look-ups, by where they ended.
    pub lookups: [(&'static str, u64); Lookup::ALL.len()],
    /// Requests that went on although nobody could tell about their tokens.
    pub opened: u64,
    /// Why the last question had no answer, where it had none, and how long ago that was.
    pub error: Option<(String, Duration)>,
}

/// Where a look-up ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// At a token that is known to be active.
    Hit,
    /// At a token that is known not to be.
    NegativeHit,
    /// At a question that was under way already.
    Joined,
    /// At a question of its own.
    Miss,
}

impl Lookup {
    /// Each with its label.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Hit, "hit"),
        (Self::NegativeHit, "negative_hit"),
        (Self::Joined, "joined"),
        (Self::Miss, "miss"),
    ];
}

/// What is counted.
#[derive(Debug, Default)]
pub(super) struct Counts {
    results: [AtomicU64; Outage::LABELS.len()],
    lookups: [AtomicU64; Lookup::ALL.len()],
    pub opened: AtomicU64,
}

impl Counts {
    pub fn result(&self, label: &'static str) {
        let place = Outage::LABELS.iter().position(|known| *known == label);
        if let Some(count) = place.and_then(|place| self.results.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn lookup(&self, ended: Lookup) {
        self.lookups[ended as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub fn results(&self) -> [(&'static str, u64); Outage::LABELS.len()] {
        let count = |place: usize| self.results[place].load(Ordering::Relaxed);
        std::array::from_fn(|place| (Outage::LABELS[place], count(place)))
    }

    pub fn lookups(&self) -> [(&'static str, u64); Lookup::ALL.len()] {
        Lookup::ALL.map(|(ended, label)| {
            let count = self.lookups[ended as usize].load(Ordering::Relaxed);
            (label, count)
        })
    }
}
