//! What became of a check.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// What became of one run of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Good or not.
    pub state: State,
    /// Why not.
    pub reason: Option<Reason>,
    /// Why not, for people; without secrets. Empty where all is good.
    pub message: String,
    /// The step that it is about, counted from 0.
    pub step: Option<usize>,
    /// How long it took.
    pub took: Duration,
    /// Whether anybody's certificate was believed.
    pub insecure: bool,
}

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Everything held.
    Good,
    /// It held too slowly, or what did not hold is not grave.
    Degraded,
    /// Something did not hold.
    Bad,
}

/// Why a check is not good, in a word: few enough to be a label of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// A credential of the check is not there, or not what it should be.
    Credential,
    /// Nobody answers at the address, or it has none.
    Connect,
    /// The TLS handshake failed, or the certificate is not believed.
    Tls,
    /// The time was over.
    Timeout,
    /// The connection ended before the answer did.
    Closed,
    /// What came is not HTTP.
    Garbage,
    /// Another status, or the wrong number of answers with it.
    Status,
    /// A header is not as it should be.
    Header,
    /// The body is not, or is too long.
    Body,
    /// It took too long, without being over time.
    Slow,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// In a word.
    pub reason: Reason,
    /// For people; may have secrets in it until it is redacted.
    pub message: String,
}

impl Outcome {
    /// Everything held.
    pub(super) fn good() -> Self {
        Self {
            state: State::Good,
            reason: None,
            message: String::new(),
            step: None,
            took: Duration::ZERO,
            insecure: false,
        }
    }

    pub(super) fn failed(state: State, step: usize, failure: Failure) -> Self {
        Self {
            state,
            reason: Some(failure.reason),
            message: failure.message,
            step: Some(step),
            ..Self::good()
        }
    }

    /// This, or what is worse; the first of equals.
    pub(super) fn or(self, state: State, step: usize, failure: Failure) -> Self {
        match self.state < state {
            true => Self::failed(state, step, failure),
            false => self,
        }
    }
}

impl State {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::Good, Self::Degraded, Self::Bad];

    /// Its word in metrics, logs and pages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Degraded => "degraded",
            Self::Bad => "bad",
        }
    }
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Credential,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Closed,
        Self::Garbage,
        Self::Status,
        Self::Header,
        Self::Body,
        Self::Slow,
    ];

    /// Its word in metrics, logs and pages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Garbage => "garbage",
            Self::Status => "status",
            Self::Header => "header",
            Self::Body => "body",
            Self::Slow => "slow",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Failure {
    pub(super) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }

    /// With the request that it is about.
    pub(super) fn of(self, called: &str) -> Self {
        Self {
            message: format!("{called}: {}", self.message),
            ..self
        }
    }
}
