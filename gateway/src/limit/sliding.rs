//! A true sliding window: never more than the limit within any window, whatever the arrival pattern.
//!
//! Every admitted request is remembered with its moment until its window has passed. Up to a limit of 1024 this is
//! exact; above it, requests are put together in at most about 1024 marks whose moments are rounded up, so that they
//! count a little longer than they had to, never shorter. When many keys are busy at once and memory runs short, the
//! same is done more coarsely.

use std::collections::VecDeque;

/// How many marks tell the requests of one key apart, and how many when memory is short.
const MARKS: u64 = 1024;
const FEW_MARKS: u64 = 16;

/// The rule of a window, for all keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    limit: u64,
    /// Nanoseconds.
    window: u64,
    /// Moments are rounded up to multiples of this many nanoseconds.
    grain: u64,
    /// The same when memory is short.
    coarse_grain: u64,
}

/// What one key has used. Most keys are seen once: those need nothing beyond this.
#[derive(Clone, Debug)]
pub(super) enum Log {
    One(Mark),
    Many(Box<Marks>),
}

#[derive(Clone, Debug)]
pub(super) struct Marks {
    /// Oldest first.
    marks: VecDeque<Mark>,
    used: u64,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    at: u64,
    cost: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self::One(Mark::default())
    }
}

impl Window {
    /// `limit` in any `window` nanoseconds.
    pub(super) fn new(limit: u64, window: u64) -> Self {
        let of = |marks| {
            if limit <= marks {
                1
            } else {
                window.div_ceil(marks)
            }
        };
        Self {
            limit,
            window,
            grain: of(MARKS),
            coarse_grain: of(FEW_MARKS),
        }
    }

    /// What is left at `now`.
    pub(super) fn remaining(&self, log: &Log, now: u64) -> u64 {
        self.limit - self.used(log, now)
    }

    /// Nanoseconds until `cost` can be used: zero now, `None` never.
    pub(super) fn wait(&self, log: &Log, now: u64, cost: u64) -> Option<u64> {
        let mut missing = cost.saturating_sub(self.remaining(log, now));
        if cost > self.limit {
            return None;
        }
        let mut wait = 0;
        for mark in self.live(log, now) {
            if missing == 0 {
                break;
            }
            wait = mark.at + self.window - now;
            missing = missing.saturating_sub(mark.cost);
        }
        Some(wait)
    }

    /// Nanoseconds until the oldest use no longer counts; zero when there is none.
    pub(super) fn reset(&self, log: &Log, now: u64) -> u64 {
        self.live(log, now)
            .next()
            .map_or(0, |mark| mark.at + self.window - now)
    }

    /// Remembers `cost`, which [`Self::wait`] has said can be used; coarsely when memory is `short`.
    pub(super) fn take(&self, log: &mut Log, now: u64, cost: u64, short: bool) {
        let grain = if short { self.coarse_grain } else { self.grain };
        let mark = Mark {
            at: now.next_multiple_of(grain),
            cost,
        };
        if self.reset(log, now) == 0 {
            *log = Log::One(mark);
            return;
        }
        match log {
            Log::One(one) if one.at >= mark.at => one.cost += cost,
            Log::One(one) => {
                let used = one.cost + cost;
                *log = Log::Many(Box::new(Marks {
                    marks: VecDeque::from([*one, mark]),
                    used,
                }));
            }
            Log::Many(many) => {
                while let Some(&oldest) = many
                    .marks
                    .front()
                    .filter(|oldest| self.has_passed(**oldest, now))
                {
                    many.marks.pop_front();
                    many.used -= oldest.cost;
                }
                many.used += cost;
                match many.marks.back_mut() {
                    Some(last) if last.at >= mark.at => last.cost += cost,
                    _ => many.push(mark, self.limit),
                }
            }
        }
    }

    fn used(&self, log: &Log, now: u64) -> u64 {
        match log {
            Log::One(one) if self.has_passed(*one, now) => 0,
            Log::One(one) => one.cost,
            Log::Many(many) => {
                let passed = many
                    .marks
                    .iter()
                    .take_while(|mark| self.has_passed(**mark, now));
                many.used - passed.map(|mark| mark.cost).sum::<u64>()
            }
        }
    }

    /// What still counts, oldest first.
    fn live<'a>(&'a self, log: &'a Log, now: u64) -> impl Iterator<Item = Mark> + 'a {
        let (one, many) = match log {
            Log::One(one) => (Some(*one), None),
            Log::Many(many) => (None, Some(many.marks.iter().copied())),
        };
        let marks = one.into_iter().chain(many.into_iter().flatten());
        marks.skip_while(move |mark| self.has_passed(*mark, now))
    }

    fn has_passed(&self, mark: Mark, now: u64) -> bool {
        mark.cost == 0 || mark.at.saturating_add(self.window) <= now
    }
}

impl Log {
    /// How many marks it holds outside itself.
    pub(super) fn marks(&self) -> usize {
        match self {
            Self::One(_) => 0,
            Self::Many(many) => many.marks.len(),
        }
    }

    /// The moment of the youngest mark.
    pub(super) fn last(&self) -> u64 {
        match self {
            Self::One(one) => one.at,
            Self::Many(many) => many.marks.back().map_or(0, |last| last.at),
        }
    }
}

impl Marks {
    /// Room grows by half, and never beyond what the limit can fill.
    fn push(&mut self, mark: Mark, limit: u64) {
        let len = self.marks.len();
        if len == self.marks.capacity() {
            let most = limit.min(MARKS) as usize + 1;
            self.marks
                .reserve_exact((len / 2).clamp(2, most.saturating_sub(len).max(2)));
        }
        self.marks.push_back(mark);
    }
}
