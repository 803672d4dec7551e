//! Asks the authorization server about tokens (RFC 7662), and remembers for a while what it says.
//!
//! One question per token is under way at a time, whoever waits for it. Tokens are not kept: answers are found by the
//! token's SHA-256 digest. What was confirmed and what was not are remembered apart, so that nobody drives confirmed
//! tokens out with invented ones. An answer that cannot be used is no answer: it says neither yes nor no.

mod answer;
mod ask;
mod introspector;
mod memory;
mod outage;
mod status;

pub use answer::{Active, Rules};
pub use ask::{Ask, Client, Endpoint, Proof};
pub use introspector::Introspector;
pub use outage::Outage;
pub use status::{Lookup, Status};

use super::egress::{Address, Trust};
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Whom to ask, as whom, and how long to remember. Those who ask with the same settings share what is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Where to ask.
    pub endpoint: Address,
    /// Whom to trust when asking.
    pub trust: Trust,
    /// As whom to ask.
    pub client: Client,
    /// What kind of token it is (RFC 7662 §2.1: `token_type_hint`).
    pub hint: Option<Box<str>>,
    /// From the first wish to ask to the end of the answer.
    pub timeout: Duration,
    /// How long to remember, and how much.
    pub cache: Bounds,
}

/// How long answers are remembered, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// The longest time for a token that is active; the token's own end comes first. Zero: not at all.
    pub max_ttl: Duration,
    /// The time for a token that is not. Zero: not at all.
    pub negative_ttl: Duration,
    /// How many of each kind.
    pub entries: u32,
}

/// When a request came.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Monotonic, since an epoch of the process.
    pub now: Duration,
    /// By the clock on the wall.
    pub time: SystemTime,
}

impl Moment {
    /// So much later.
    #[must_use]
    pub fn after(self, passed: Duration) -> Self {
        Self {
            now: self.now.saturating_add(passed),
            time: self.time.checked_add(passed).unwrap_or(self.time),
        }
    }
}

/// What the server says of a token.
#[derive(Debug, Clone)]
pub enum Said {
    /// It is active, and this is what is known of it.
    Active(Arc<Active>),
    /// It is not, or the server does not know it; it does not say which (RFC 7662 §2.2).
    Inactive,
}

/// What is known of a token without asking.
pub enum Looked {
    /// The server has said it before.
    Remembered(Said),
    /// It has to be asked.
    Waits(BoxFuture<'static, Result<Said, Outage>>),
}

#[cfg(test)]
mod tests;
