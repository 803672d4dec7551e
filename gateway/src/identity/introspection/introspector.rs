//! One introspector: the questions that are under way, and what is remembered of those that were.

use super::ask::Ask;
use super::memory::Memory;
use super::status::{Counts, Lookup, Status};
use super::{Looked, Moment, Outage, Said, Settings, answer};
use crate::identity::Digest;
use crate::identity::egress::EgressError;
use futures::FutureExt as _;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

/// Questions that the server gets at a time; others wait for their turn, within the timeout.
const AT_A_TIME: usize = 64;
/// Questions that are asked or wait for their turn. Beyond, nobody waits: a flood of invented tokens would fill the memory.
const OPEN: usize = 1024;
/// The log tells of the same kind of trouble about this often.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// Knows what one server says of tokens.
pub struct Introspector {
    settings: Settings,
    server: Arc<dyn Ask>,
    memory: Memory,
    open: Mutex<HashMap<Digest, Pending>>,
    turns: Semaphore,
    counts: Counts,
    trouble: Mutex<Trouble>,
}

/// What becomes of a question: nothing until it is answered.
type Pending = watch::Receiver<Option<Result<Said, Outage>>>;

/// Since when, and what, the server does not answer.
#[derive(Default)]
struct Trouble {
    last: Option<(Outage, Instant)>,
    told: HashMap<&'static str, Instant>,
}

impl Introspector {
    /// Remembers nothing yet, and asks nothing before somebody wants to know.
    #[must_use]
    pub fn new(settings: Settings, server: Arc<dyn Ask>) -> Arc<Self> {
        Arc::new(Self {
            memory: Memory::new(settings.cache),
            settings,
            server,
            open: Mutex::default(),
            turns: Semaphore::new(AT_A_TIME),
            counts: Counts::default(),
            trouble: Mutex::default(),
        })
    }

    /// What the server says of a token with this digest: what is remembered, or else what it is about to say. Whoever stops waiting does
    /// not take the answer from others. To wait takes a Tokio runtime.
    #[must_use]
    pub fn look_up(self: &Arc<Self>, token: &str, digest: Digest, at: Moment) -> Looked {
        if let Some(said) = self.remembered(&digest, at) {
            return Looked::Remembered(said);
        }
        let (introspector, token) = (self.clone(), token.to_owned());
        Looked::Waits(async move { introspector.learn(digest, token, at).await }.boxed())
    }

    /// Counts a request that goes on although nobody can tell about its token.
    pub fn note_opened(&self) {
        self.counts.opened.fetch_add(1, Ordering::Relaxed);
    }

    /// What it says of itself.
    #[must_use]
    pub fn status(&self) -> Status {
        let (active, inactive) = self.memory.len();
        let error = self.trouble.lock().last.clone();
        Status {
            endpoint: self.settings.endpoint.to_string(),
            active,
            inactive,
            in_flight: self.open.lock().len(),
            results: self.counts.results(),
            lookups: self.counts.lookups(),
            opened: self.counts.opened.load(Ordering::Relaxed),
            error: error.map(|(outage, since)| (outage.to_string(), since.elapsed())),
        }
    }

    /// The settings it was made with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn remembered(&self, token: &Digest, at: Moment) -> Option<Said> {
        let said = self.memory.find(token, at)?;
        self.counts.lookup(match said {
            Said::Active(_) => Lookup::Hit,
            Said::Inactive => Lookup::NegativeHit,
        });
        Some(said)
    }

    async fn learn(
        self: Arc<Self>,
        digest: Digest,
        token: String,
        at: Moment,
    ) -> Result<Said, Outage> {
        let begun = Instant::now();
        let mut pending = match self.join(digest, token, at) {
            Joined::Said(said) => return Ok(said),
            Joined::Pending(pending) => pending,
            Joined::Busy => {
                self.counts.result(Outage::Busy.label());
                self.bear(&Outage::Busy);
                return Err(Outage::Busy);
            }
        };
        let answered = pending.wait_for(Option::is_some).await;
        let answered = answered.ok().and_then(|answered| answered.clone());
        match answered.unwrap_or(Err(Outage::Lost))? {
            // The end may have come while others waited.
            Said::Active(active) if active.has_expired(at.after(begun.elapsed()).time) => {
                Ok(Said::Inactive)
            }
            said => Ok(said),
        }
    }

    /// The question that is under way, or a new one; unless the answer came this moment.
    fn join(self: &Arc<Self>, digest: Digest, token: String, at: Moment) -> Joined {
        let mut open = self.open.lock();
        if let Some(pending) = open.get(&digest) {
            self.counts.lookup(Lookup::Joined);
            return Joined::Pending(pending.clone());
        }
        if let Some(said) = self.remembered(&digest, at) {
            return Joined::Said(said);
        }
        if open.len() >= OPEN {
            return Joined::Busy;
        }
        self.counts.lookup(Lookup::Miss);
        let (tell, pending) = watch::channel(None);
        open.insert(digest, pending.clone());
        let question = Question {
            of: self.clone(),
            digest,
        };
        // A task of its own: it goes on for the others when the first one leaves.
        tokio::spawn(async move {
            let answered = question.of.ask(digest, &token, at).await;
            drop(question);
            tell.send_replace(Some(answered));
        });
        Joined::Pending(pending)
    }

    async fn ask(&self, digest: Digest, token: &str, at: Moment) -> Result<Said, Outage> {
        let begun = Instant::now();
        let time = self.settings.timeout;
        let asking = async {
            let turn = self.turns.acquire().await;
            let _turn = turn.map_err(|_| Outage::Lost)?;
            answer::read(&self.server.ask(token).await?)
        };
        let answered = tokio::time::timeout(time, asking).await;
        let answered = answered.unwrap_or(Err(EgressError::Timeout(time).into()));
        let answered = answered.map(|active| match active {
            Some(active) if !active.has_expired(at.after(begun.elapsed()).time) => {
                Said::Active(Arc::new(active))
            }
            _ => Said::Inactive,
        });
        self.counts.result(match &answered {
            Ok(Said::Active(_)) => "active",
            Ok(Said::Inactive) => "inactive",
            Err(outage) => outage.label(),
        });
        match &answered {
            Ok(said) => {
                // From the question on: what is revoked after it is not known from the answer.
                self.memory.keep(digest, said, at.now);
                self.trouble.lock().last = None;
            }
            Err(outage) => self.bear(outage),
        }
        answered
    }

    /// Tells the log now and then, and the status always.
    fn bear(&self, outage: &Outage) {
        let now = Instant::now();
        let mut trouble = self.trouble.lock();
        trouble.last = Some((outage.clone(), now));
        let told = trouble.told.entry(outage.label());
        match told {
            std::collections::hash_map::Entry::Occupied(mut last) => {
                if now.duration_since(*last.get()) < TELL_EVERY {
                    return;
                }
                last.insert(now);
            }
            std::collections::hash_map::Entry::Vacant(none) => {
                none.insert(now);
            }
        }
        drop(trouble);
        let endpoint = &self.settings.endpoint;
        if outage.is_misconfiguration() {
            let client = &self.settings.client;
            tracing::error!(%endpoint, ?client, "the introspection endpoint {outage}: look at clientId, clientSecret and clientAuth");
        } else {
            tracing::warn!(%endpoint, "the introspection endpoint fails: {outage}");
        }
    }
}

/// How a look-up goes on.
enum Joined {
    Said(Said),
    Pending(Pending),
    Busy,
}

/// A question that is open, until this is dropped: also when asking ends in a panic.
struct Question {
    of: Arc<Introspector>,
    digest: Digest,
}

impl Drop for Question {
    fn drop(&mut self) {
        self.of.open.lock().remove(&self.digest);
    }
}

impl fmt::Debug for Introspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Introspector({})", self.settings.endpoint)
    }
}
