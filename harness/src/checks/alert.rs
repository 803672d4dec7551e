//! What an alert says: one JSON document for each change that is worth telling.

use std::sync::Arc;

use serde::Serialize;

use super::State;
use super::board::{Kind, Row};
use super::state::Change;

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// The version of this document's form.
    pub version: u32,
    /// What happened.
    pub event: Event,
    /// `firing` while somebody should look, `resolved` once the trouble is over.
    pub status: Status,
    /// All of it in a line.
    pub summary: String,
    /// The check's id.
    pub check: Arc<str>,
    /// What the check finds out.
    pub title: String,
    /// The file and line of the configuration that it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The state now.
    pub state: State,
    /// Whether the state keeps changing.
    pub flapping: bool,
    /// Why it is not good, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The number of the step that is to blame, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// What was expected and what came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Since when the check is in this state.
    pub since: String,
    /// When the run ended that this tells of.
    pub at: String,
    /// The gateway.
    pub url: String,
    /// The suite's file.
    pub suite: String,
}

/// What an alert tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", untagged)]
pub enum Event {
    /// A change of the check.
    Change(Change),
    /// The check is no longer in the suite, or no longer runs.
    Removed(Removed),
}

/// The one word for [`Event::Removed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Removed {
    /// `removed`.
    Removed,
}

/// Whether somebody should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// There is trouble.
    Firing,
    /// It is over.
    Resolved,
}

impl Alert {
    /// The version of the form.
    pub const VERSION: u32 = 1;

    /// What there is to tell of a check; none where it never ran.
    pub fn of(row: &Row, event: Event, url: &str, suite: &str) -> Option<Self> {
        let latest = row.latest.as_ref()?;
        let outcome = &latest.outcome;
        let gone = matches!(event, Event::Removed(_));
        let status = match row.track.open() && !gone {
            true => Status::Firing,
            false => Status::Resolved,
        };
        let kind = Kind::of(outcome);
        let troubled = kind.state != State::Good;
        let check = row.about.id.clone();
        let why = match troubled {
            true => format!(" ({})", kind.reason),
            false => String::new(),
        };
        Some(Self {
            version: Self::VERSION,
            summary: format!("{check} {event}: {}{why}", outcome.state),
            event,
            status,
            check,
            title: row.about.title.clone(),
            source: row.about.source.clone(),
            state: outcome.state,
            flapping: row.track.flapping(),
            reason: troubled.then_some(kind.reason),
            step: kind.step.filter(|_| troubled),
            message: Some(outcome.message.clone()).filter(|_| troubled),
            since: format!("{:.3}", latest.since),
            at: format!("{:.3}", latest.at),
            url: url.to_owned(),
            suite: suite.to_owned(),
        })
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Change(change) => change.fmt(f),
            Self::Removed(_) => f.write_str("removed"),
        }
    }
}
