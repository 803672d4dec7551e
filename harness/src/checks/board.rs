//! What is known of each check: the one place that the scheduler writes to, and that page, metrics and alerts are made
//! from.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;

use super::state::{Change, Damping, Track};
use super::{Outcome, State};

/// How many runs the page shows of each check.
pub const HISTORY: usize = 60;

/// Upper bounds of the histogram of durations, in seconds.
pub const BUCKETS: [f64; 12] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// What is fixed about a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its id.
    pub id: Arc<str>,
    /// What it finds out, in a sentence.
    pub title: String,
    /// The file and line of the configuration that it comes from.
    pub source: Option<String>,
    /// How often it runs; none: once.
    pub every: Option<Duration>,
    /// Whether it spends a limit or writes.
    pub intrusive: bool,
    /// Why it doesn't run; none: it does.
    pub skipped: Option<String>,
}

/// A check and what became of its runs.
#[derive(Clone, Debug)]
pub struct Row {
    /// The check.
    pub about: About,
    /// How the last run ended.
    pub latest: Option<Latest>,
    /// The states of the last runs, the latest at the end.
    pub history: VecDeque<State>,
    /// What alerts have told.
    pub track: Track,
    /// How many runs ended how.
    pub tally: BTreeMap<Kind, u64>,
    /// Their durations.
    pub durations: Durations,
}

/// How a run ended, and since when runs end like that.
#[derive(Clone, Debug)]
pub struct Latest {
    /// How it ended.
    pub outcome: Outcome,
    /// When it ended.
    pub at: Timestamp,
    /// When the check came into this state.
    pub since: Timestamp,
    /// How many runs it is in this state.
    pub runs: u64,
}

/// What runs are counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// The state.
    pub state: State,
    /// The reason; empty where it is good.
    pub reason: &'static str,
    /// The number of the step, from 1; none where no step is to blame.
    pub step: Option<usize>,
}

/// A histogram; each bucket counts its own, not those below.
#[derive(Clone, Debug, Default)]
pub struct Durations {
    /// One count for each of [`BUCKETS`].
    pub buckets: [u64; BUCKETS.len()],
    /// The number of runs.
    pub count: u64,
    /// Their sum, in seconds.
    pub sum: f64,
}

/// What is known of the suite.
#[derive(Clone, Debug)]
pub struct SuiteFacts {
    /// Its file.
    pub name: String,
    /// The gateway, as far as it may be shown.
    pub url: String,
    /// Whether the certificates of anybody are believed.
    pub insecure: bool,
    /// When it was read.
    pub loaded_at: Timestamp,
    /// What whoever runs it should know.
    pub notes: Vec<String>,
    /// Why the last attempt to read it again failed; the one before it is in force.
    pub error: Option<String>,
}

/// Everything at one moment.
#[derive(Clone, Debug)]
pub struct View {
    /// The suite.
    pub suite: SuiteFacts,
    /// When watching began.
    pub started_at: Timestamp,
    /// The checks, in the order of the suite.
    pub rows: Vec<Row>,
    /// Reloads by whether they succeeded.
    pub reloads: BTreeMap<&'static str, u64>,
    /// Deliveries of alerts by result.
    pub alerts: BTreeMap<&'static str, u64>,
}

/// What a run changed.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The check as it stands now.
    pub row: Row,
    /// The state before, where it was another; none before the first run.
    pub from: Option<State>,
    /// What is worth telling.
    pub change: Option<Change>,
}

/// The board.
#[derive(Debug)]
pub struct Board {
    damping: Damping,
    view: Mutex<View>,
}

impl Board {
    /// A board without any run yet.
    pub fn new(suite: SuiteFacts, checks: Vec<About>, damping: Damping) -> Self {
        let view = View {
            started_at: suite.loaded_at,
            suite,
            rows: checks.into_iter().map(Row::new).collect(),
            reloads: BTreeMap::from([("success", 0), ("failure", 0)]),
            alerts: ["sent", "failed", "dropped"]
                .map(|result| (result, 0))
                .into(),
        };
        Self {
            damping,
            view: Mutex::new(view),
        }
    }

    /// Takes a run that ended; none where the check is no longer there.
    pub fn record(
        &self,
        id: &str,
        outcome: Outcome,
        at: Timestamp,
        now: Instant,
    ) -> Option<Recorded> {
        let mut view = self.view.lock();
        let row = view.rows.iter_mut().find(|row| *row.about.id == *id)?;
        let before = row.latest.as_ref().map(|latest| latest.outcome.state);
        let change = row.track.observe(outcome.state, &self.damping, now);
        row.take(outcome, at);
        let state = row.state();
        Some(Recorded {
            row: row.clone(),
            from: before.filter(|before| Some(*before) != state),
            change,
        })
    }

    /// Puts another suite in force. Checks that keep their id keep what is known of them; those that are gone with an
    /// alert open are returned.
    pub fn replace(&self, suite: SuiteFacts, checks: Vec<About>) -> Vec<Row> {
        let mut view = self.view.lock();
        view.suite = suite;
        *view.reloads.entry("success").or_default() += 1;
        let rows = std::mem::take(&mut view.rows);
        let mut known: HashMap<_, _> = rows
            .into_iter()
            .map(|row| (row.about.id.clone(), row))
            .collect();
        view.rows = checks
            .into_iter()
            .map(|about| {
                let runs = about.skipped.is_none();
                match runs.then(|| known.remove(&about.id)).flatten() {
                    Some(row) => Row { about, ..row },
                    None => Row::new(about),
                }
            })
            .collect();
        let mut gone: Vec<_> = known.into_values().filter(|row| row.track.open()).collect();
        gone.sort_by(|one, other| one.about.id.cmp(&other.about.id));
        gone
    }

    /// The suite could not be read again.
    pub fn refuse(&self, error: String) {
        let mut view = self.view.lock();
        view.suite.error = Some(error);
        *view.reloads.entry("failure").or_default() += 1;
    }

    /// Counts what became of an alert: `sent`, `failed` or `dropped`.
    pub fn delivered(&self, result: &'static str) {
        *self.view.lock().alerts.entry(result).or_default() += 1;
    }

    /// What is known of the suite.
    pub fn suite(&self) -> SuiteFacts {
        self.view.lock().suite.clone()
    }

    /// Everything as it is now.
    pub fn view(&self) -> View {
        self.view.lock().clone()
    }
}

impl View {
    /// The worst state of the checks that ran; none before any did.
    pub fn state(&self) -> Option<State> {
        self.running().filter_map(Row::state).max()
    }

    /// The checks that run.
    pub fn running(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.about.skipped.is_none())
    }

    /// How many of the checks are in this state.
    pub fn count(&self, state: State) -> usize {
        self.running()
            .filter(|row| row.state() == Some(state))
            .count()
    }

    /// The checks that should have run by `now` and didn't: none, unless this program or its machine is stuck.
    pub fn stalled(&self, now: Timestamp) -> Vec<&str> {
        let stalled = |row: &&Row| {
            let Some(every) = row.about.every else {
                return false;
            };
            let last = row.latest.as_ref().map_or(self.suite.loaded_at, |latest| {
                latest.at.max(self.suite.loaded_at)
            });
            // The first run may begin an interval late, and any may take one.
            let patience = every * 3;
            now.duration_since(last).unsigned_abs() > patience && now > last
        };
        let rows = self.running().filter(stalled);
        rows.map(|row| &*row.about.id).collect()
    }
}

impl Row {
    fn new(about: About) -> Self {
        Self {
            about,
            latest: None,
            history: VecDeque::new(),
            track: Track::new(),
            tally: BTreeMap::new(),
            durations: Durations::default(),
        }
    }

    /// How the last run ended; none before the first, and where it doesn't run.
    pub fn state(&self) -> Option<State> {
        let latest = self
            .latest
            .as_ref()
            .filter(|_| self.about.skipped.is_none());
        latest.map(|latest| latest.outcome.state)
    }

    fn take(&mut self, outcome: Outcome, at: Timestamp) {
        self.history.push_back(outcome.state);
        while self.history.len() > HISTORY {
            self.history.pop_front();
        }
        *self.tally.entry(Kind::of(&outcome)).or_default() += 1;
        self.durations.add(outcome.took);
        let same = self
            .latest
            .take()
            .filter(|latest| latest.outcome.state == outcome.state);
        let (since, runs) = same.map_or((at, 0), |latest| (latest.since, latest.runs));
        self.latest = Some(Latest {
            outcome,
            at,
            since,
            runs: runs + 1,
        });
    }
}

impl Kind {
    /// What a run is counted by.
    pub fn of(outcome: &Outcome) -> Self {
        Self {
            state: outcome.state,
            reason: reason_word(outcome),
            step: outcome.step.map(|step| step + 1),
        }
    }
}

/// Why a run was not good, in a word; empty where it was. Without a reason of the gateway's it is a fault of this
/// program.
pub fn reason_word(outcome: &Outcome) -> &'static str {
    match (outcome.state, outcome.reason) {
        (State::Good, _) => "",
        (_, Some(reason)) => reason.word(),
        (_, None) => "internal",
    }
}

impl Durations {
    fn add(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        if let Some(bucket) = BUCKETS.iter().position(|bound| seconds <= *bound) {
            self.buckets[bucket] += 1;
        }
        self.count += 1;
        self.sum += seconds;
    }
}

#[cfg(test)]
mod tests;
