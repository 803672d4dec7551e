//! The two algorithms behind one face. A key that is not counted yet has a fresh cell.

use super::bucket::{Bucket, FullAt};
use super::shard::Cell;
use super::sliding::{Log, Window};

/// How a limiter counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    Window(Window),
    Bucket(Bucket),
}

impl Rule {
    pub(super) fn fresh(&self) -> Cell {
        match self {
            Self::Window(_) => Cell::Log(Log::default()),
            Self::Bucket(_) => Cell::FullAt(FullAt::default()),
        }
    }

    /// What can be used at `now`.
    pub(super) fn remaining(&self, cell: &Cell, now: u64) -> u64 {
        match (self, cell) {
            (Self::Window(window), Cell::Log(log)) => window.remaining(log, now),
            (Self::Bucket(bucket), Cell::FullAt(full_at)) => bucket.remaining(*full_at, now),
            _ => unreachable!("{MIXED}"),
        }
    }

    /// Nanoseconds until `cost` can be used: zero now, `None` never.
    pub(super) fn wait(&self, cell: &Cell, now: u64, cost: u64) -> Option<u64> {
        match (self, cell) {
            (Self::Window(window), Cell::Log(log)) => window.wait(log, now, cost),
            (Self::Bucket(bucket), Cell::FullAt(full_at)) => bucket.wait(*full_at, now, cost),
            _ => unreachable!("{MIXED}"),
        }
    }

    /// Nanoseconds until more can be used; zero when all can.
    pub(super) fn reset(&self, cell: &Cell, now: u64) -> u64 {
        match (self, cell) {
            (Self::Window(window), Cell::Log(log)) => window.reset(log, now),
            (Self::Bucket(bucket), Cell::FullAt(full_at)) => bucket.reset(*full_at, now),
            _ => unreachable!("{MIXED}"),
        }
    }

    /// Uses `cost`, which [`Self::wait`] has said is there; remembers it coarsely when memory is `short`.
    pub(super) fn take(&self, cell: &mut Cell, now: u64, cost: u64, short: bool) {
        match (self, cell) {
            (Self::Window(window), Cell::Log(log)) => window.take(log, now, cost, short),
            (Self::Bucket(bucket), Cell::FullAt(full_at)) => {
                *full_at = bucket.take(*full_at, now, cost)
            }
            _ => unreachable!("{MIXED}"),
        }
    }

    /// Whether the cell is as good as fresh.
    pub(super) fn has_ended(&self, cell: &Cell, now: u64) -> bool {
        self.reset(cell, now) == 0
    }

    /// Something that is the greater, the later the cell ends.
    pub(super) fn ends(&self, cell: &Cell) -> u128 {
        match cell {
            Cell::Log(log) => log.last().into(),
            Cell::FullAt(full_at) => full_at.get(),
        }
    }
}

const MIXED: &str = "a limiter's cells are made by its own rule";
