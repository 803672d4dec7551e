//! When an alert is worth somebody's attention: flap damping, a pure state machine with the clock as an argument.
//!
//! Page and metrics show each run as it ended. Alerts are damped: a state is told once it has lasted for some runs, a
//! check that keeps changing is told once, as flapping, until it has settled, and what stays wrong is told again from
//! time to time.

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::State;

/// How many runs are looked at for flapping.
pub const FLAP_WINDOW: usize = 20;
/// How many changes of state among them make a check flap: three outages.
pub const FLAP_CHANGES: usize = 6;
/// How many runs alike end it.
pub const SETTLED_AFTER: usize = 10;

/// How eager alerts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damping {
    /// The number of runs that a state has to last before it is told as trouble.
    pub raise_after: NonZeroUsize,
    /// The number of runs that a better state has to last before it is told.
    pub recover_after: NonZeroUsize,
    /// After how long trouble that lasts is told again; none: never.
    pub remind_every: Option<Duration>,
}

/// What is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Trouble where there was none.
    Raised,
    /// From degraded to bad.
    Worsened,
    /// From bad to degraded.
    Eased,
    /// The trouble is over.
    Recovered,
    /// The state keeps changing; nothing further is told until it has settled.
    Flapping,
    /// The state has stopped changing; it may be any.
    Settled,
    /// The trouble goes on.
    Reminder,
}

/// What alerts have told about one check, and what they need to know for the next.
#[derive(Clone, Debug)]
pub struct Track {
    told: State,
    flapping: bool,
    /// When trouble was told last; none while there is none.
    told_at: Option<Instant>,
    /// The states of the last runs, the latest at the end.
    recent: VecDeque<State>,
}

impl Track {
    /// A check that nothing was told about: it is taken to be good.
    pub fn new() -> Self {
        Self {
            told: State::Good,
            flapping: false,
            told_at: None,
            recent: VecDeque::new(),
        }
    }

    /// The state that alerts have told last.
    pub fn told(&self) -> State {
        self.told
    }

    /// Whether the check flaps.
    pub fn flapping(&self) -> bool {
        self.flapping
    }

    /// Whether somebody was told of trouble and not yet of its end.
    pub fn open(&self) -> bool {
        self.flapping || self.told != State::Good
    }

    /// Takes the state that a run came to, at `now`, and says what is worth telling.
    pub fn observe(&mut self, state: State, damping: &Damping, now: Instant) -> Option<Change> {
        self.recent.push_back(state);
        let wanted = damping.raise_after.max(damping.recover_after).get();
        while self.recent.len() > wanted.max(FLAP_WINDOW) {
            self.recent.pop_front();
        }
        let change = if self.flapping {
            self.settle(state)
        } else if self.changes() >= FLAP_CHANGES {
            self.flapping = true;
            Some(Change::Flapping)
        } else {
            self.follow(damping)
        };
        let change = change.or_else(|| self.reminder(damping, now));
        if change.is_some() {
            self.told_at = self.open().then_some(now);
        }
        change
    }

    /// Ends the flapping once the last runs were alike. What was before is forgotten, or it would begin again at once.
    fn settle(&mut self, state: State) -> Option<Change> {
        let alike = self.last(SETTLED_AFTER)?.all(|recent| recent == state);
        if !alike {
            return None;
        }
        self.recent
            .drain(..self.recent.len().saturating_sub(SETTLED_AFTER));
        self.flapping = false;
        self.told = state;
        Some(Change::Settled)
    }

    /// Tells a worse state when each of the last runs was at least as bad, and a better one when none was worse.
    fn follow(&mut self, damping: &Damping) -> Option<Change> {
        let least = self.last(damping.raise_after.get()).and_then(Iterator::min);
        let most = self
            .last(damping.recover_after.get())
            .and_then(Iterator::max);
        let change = match (self.told, least, most) {
            (State::Good, Some(least), _) if least > State::Good => (Change::Raised, least),
            (State::Degraded, Some(State::Bad), _) => (Change::Worsened, State::Bad),
            (State::Bad, _, Some(State::Degraded)) => (Change::Eased, State::Degraded),
            (State::Bad | State::Degraded, _, Some(State::Good)) => {
                (Change::Recovered, State::Good)
            }
            _ => return None,
        };
        self.told = change.1;
        Some(change.0)
    }

    fn reminder(&self, damping: &Damping, now: Instant) -> Option<Change> {
        let (told_at, every) = (self.told_at?, damping.remind_every?);
        (now.saturating_duration_since(told_at) >= every).then_some(Change::Reminder)
    }

    /// The last `count` states; none while there were fewer.
    fn last(&self, count: usize) -> Option<impl Iterator<Item = State>> {
        let skipped = self.recent.len().checked_sub(count)?;
        Some(self.recent.iter().skip(skipped).copied())
    }

    /// How often the state changed among the runs that are looked at.
    fn changes(&self) -> usize {
        let skipped = self.recent.len().saturating_sub(FLAP_WINDOW);
        let window = self.recent.iter().skip(skipped);
        let next = self.recent.iter().skip(skipped + 1);
        window.zip(next).filter(|(one, next)| one != next).count()
    }
}

impl Default for Track {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raised => "raised",
            Self::Worsened => "worsened",
            Self::Eased => "eased",
            Self::Recovered => "recovered",
            Self::Flapping => "flapping",
            Self::Settled => "settled",
            Self::Reminder => "reminder",
        })
    }
}

#[cfg(test)]
mod tests;
