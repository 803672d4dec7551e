//! Watches a gateway: reads a suite, runs its checks at their intervals, keeps the board, tells the log and the
//! webhooks.

mod plan;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::alert::{Alert, Event, Removed};
use super::board::{About, Board, Recorded, Row, SuiteFacts, View, reason_word};
use super::schedule::{self, Ended, Planned, Schedule};
use super::state::Damping;
use super::webhook::{Courier, Webhook};
use super::{Mistakes, Outcome, SetupFailure, State, Target, units};
use plan::Plan;

/// What to watch and how.
#[derive(Clone)]
pub struct Settings {
    /// The suite's file.
    pub suite: PathBuf,
    /// Where it runs.
    pub target: Target,
    /// From the beginning of one run of a check to the beginning of the next, where the suite doesn't ask for more.
    pub every: Duration,
    /// Whether checks run that spend a limit or write.
    pub intrusive: bool,
    /// The ids of the checks to run; all where there are none.
    pub only: Vec<String>,
    /// How eager alerts are.
    pub damping: Damping,
}

/// Why there is nothing to watch.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The suite says what no suite may say.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
    /// It can't run.
    #[error(transparent)]
    Setup(#[from] SetupFailure),
    /// A check was asked for that must not run.
    #[error("the check {id:?} is intrusive ({why}): allow it with --intrusive")]
    Intrusive {
        /// Its id.
        id: String,
        /// What makes it so.
        why: String,
    },
    /// No check is left.
    #[error("there is nothing to run: {0}")]
    Nothing(&'static str),
}

/// A gateway that is watched, until this is dropped.
#[derive(Debug)]
pub struct Watch {
    settings: Settings,
    board: Arc<Board>,
    couriers: Arc<[Courier]>,
    epoch: tokio::time::Instant,
    schedule: Option<Schedule>,
}

impl Watch {
    /// Begins.
    ///
    /// # Errors
    /// When the suite can't be run.
    pub fn start(settings: Settings, webhooks: Vec<Webhook>) -> Result<Self, LoadError> {
        let plan = Plan::load(&settings, Some(settings.every))?;
        let board = Arc::new(Board::new(plan.facts, plan.checks, settings.damping));
        let couriers = webhooks
            .into_iter()
            .map(|webhook| Courier::start(webhook, board.clone()))
            .collect();
        let mut watch = Self {
            settings,
            board,
            couriers,
            epoch: tokio::time::Instant::now(),
            schedule: None,
        };
        watch.note();
        watch.run(plan.runs, watch.epoch);
        Ok(watch)
    }

    /// What is known.
    pub fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// How many alerts wait to be sent.
    pub fn alerts_waiting(&self) -> usize {
        self.couriers.iter().map(Courier::waiting).sum()
    }

    /// Reads the suite again. One that can't be run changes nothing but is told.
    ///
    /// # Errors
    /// When it can't be run.
    pub fn reload(&mut self) -> Result<(), LoadError> {
        let plan = match Plan::load(&self.settings, Some(self.settings.every)) {
            Ok(plan) => plan,
            Err(error) => {
                tracing::error!(
                    event = "reload-failed", %error,
                    "the suite could not be read again; the one before stays in force"
                );
                self.board.refuse(error.to_string());
                return Err(error);
            }
        };
        self.schedule = None;
        let gone = self.board.replace(plan.facts, plan.checks);
        let suite = self.board.suite();
        for row in gone {
            announce(
                &row,
                Event::Removed(Removed::Removed),
                &suite,
                &self.couriers,
            );
        }
        tracing::info!(
            event = "reloaded",
            checks = plan.runs.len(),
            "the suite was read again"
        );
        self.note();
        self.run(plan.runs, tokio::time::Instant::now());
        Ok(())
    }

    /// Logs what whoever runs the suite should know.
    fn note(&self) {
        for note in self.board.suite().notes {
            tracing::warn!(event = "note", "{note}");
        }
    }

    fn run(&mut self, plan: Vec<Planned<Outcome>>, from: tokio::time::Instant) {
        let (board, couriers) = (self.board.clone(), self.couriers.clone());
        let schedule = Schedule::start(plan, self.epoch, from, move |id, ended, took| {
            let outcome = outcome(ended, took);
            let now = Instant::now();
            if let Some(recorded) = board.record(id, outcome, Timestamp::now(), now) {
                tell(&recorded, &board, &couriers);
            }
        });
        self.schedule = Some(schedule);
    }
}

/// Runs each check once.
///
/// # Errors
/// When the suite can't be run.
pub async fn once(settings: &Settings) -> Result<View, LoadError> {
    let plan = Plan::load(settings, None)?;
    let board = Board::new(plan.facts, plan.checks, settings.damping);
    for (id, ended, took) in schedule::once(plan.runs).await {
        let outcome = outcome(ended, took);
        board.record(&id, outcome, Timestamp::now(), Instant::now());
    }
    Ok(board.view())
}

/// Reads a duration as suites and configurations write it: `500ms`, `30s`, `5m`, `1h`.
///
/// # Errors
/// When it isn't one.
pub fn duration(text: &str) -> Result<Duration, String> {
    units::duration(text).ok_or_else(|| "write a duration as in 500ms, 30s, 5m or 1h".to_owned())
}

fn outcome(ended: Ended<Outcome>, took: Duration) -> Outcome {
    let (reason, message) = match ended {
        Ended::Done(outcome) => return outcome,
        Ended::Overdue => (
            Some(super::Reason::Timeout),
            "broken off at the end of its time",
        ),
        Ended::Panicked => (
            None,
            "the check itself failed; this is a fault of gatecheck",
        ),
    };
    Outcome {
        state: State::Bad,
        reason,
        message: message.to_owned(),
        step: None,
        took,
        insecure: false,
    }
}

/// Logs a run and what it changed, and sends alerts.
fn tell(recorded: &Recorded, board: &Board, couriers: &[Courier]) {
    let row = &recorded.row;
    let Some(latest) = &row.latest else { return };
    let (check, outcome) = (&*row.about.id, &latest.outcome);
    let (state, reason) = (outcome.state.word(), reason_word(outcome));
    let step = outcome.step.map(|step| step + 1);
    let took_ms = u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX);
    match outcome.state {
        State::Good => tracing::info!(event = "run", check, state, took_ms, "the check is good"),
        _ => tracing::warn!(
            event = "run",
            check,
            state,
            reason,
            step,
            took_ms,
            detail = outcome.message,
            "the check is {state}"
        ),
    }
    if let Some(from) = recorded.from {
        tracing::info!(
            event = "transition",
            check,
            from = from.word(),
            to = state,
            reason,
            step,
            "the check went from {from} to {state}"
        );
    }
    if let Some(change) = recorded.change {
        announce(row, Event::Change(change), &board.suite(), couriers);
    }
}

fn announce(row: &Row, event: Event, suite: &SuiteFacts, couriers: &[Courier]) {
    let Some(alert) = Alert::of(row, event, &suite.url, &suite.name) else {
        return;
    };
    tracing::warn!(
        event = "alert", change = %event, check = &*alert.check, state = alert.state.word(),
        "{}", alert.summary
    );
    for courier in couriers {
        courier.take(alert.clone());
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("suite", &self.suite)
            .field("every", &self.every)
            .field("intrusive", &self.intrusive)
            .field("only", &self.only)
            .finish_non_exhaustive()
    }
}
