#![allow(clippy::unwrap_used, reason = "a test may panic")]
use super::*;
use crate::identity::Digest;
use crate::identity::egress::{Answer, EgressError};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

mod answers;
mod endpoint;
mod memory;
mod questions;

/// Seconds since 1970 at which the tests begin.
const START: u64 = 1_800_000_000;

/// So many seconds into a test.
fn at(seconds: u64) -> Moment {
    Moment {
        now: Duration::from_secs(seconds),
        time: SystemTime::UNIX_EPOCH + Duration::from_secs(START + seconds),
    }
}

fn settings() -> Settings {
    Settings {
        endpoint: Address::new("https://auth.example/introspect", false).unwrap(),
        trust: Trust::default(),
        client: Client {
            id: "gateway".into(),
            proof: Proof::Basic("secret".into()),
        },
        hint: None,
        timeout: Duration::from_secs(3),
        cache: Bounds {
            max_ttl: Duration::from_secs(300),
            negative_ttl: Duration::from_secs(10),
            entries: 1000,
        },
    }
}

fn ok(body: &Value) -> Result<Answer, EgressError> {
    status(200, body.to_string())
}

fn status(status: u16, body: impl Into<bytes::Bytes>) -> Result<Answer, EgressError> {
    Ok(Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.into(),
    })
}

type Say = dyn Fn(&str) -> Result<Answer, EgressError> + Send + Sync;

/// A server that says what a test wants, once it is let.
struct Script {
    say: Box<Say>,
    calls: AtomicUsize,
    under_way: AtomicUsize,
    most: AtomicUsize,
    let_through: Semaphore,
}

impl Script {
    /// Answers at once.
    fn new(say: impl Fn(&str) -> Result<Answer, EgressError> + Send + Sync + 'static) -> Arc<Self> {
        let script = Self::silent(say);
        script.let_through.add_permits(Semaphore::MAX_PERMITS / 2);
        script
    }

    /// Answers as many times as it gets permits.
    fn silent(
        say: impl Fn(&str) -> Result<Answer, EgressError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            say: Box::new(say),
            calls: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            let_through: Semaphore::new(0),
        })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl Ask for Script {
    async fn ask(&self, token: &str) -> Result<Answer, EgressError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(under_way, Ordering::SeqCst);
        self.let_through.acquire().await.unwrap().forget();
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        (self.say)(token)
    }
}

/// A word for what comes of a look-up.
async fn look_up(introspector: &Arc<Introspector>, token: &str, at: Moment) -> &'static str {
    let said = match introspector.look_up(token, Digest::of(token.as_bytes()), at) {
        Looked::Remembered(said) => Ok(said),
        Looked::Waits(later) => later.await,
    };
    word(&said)
}

fn word(said: &Result<Said, Outage>) -> &'static str {
    match said {
        Ok(Said::Active(_)) => "active",
        Ok(Said::Inactive) => "inactive",
        Err(outage) => outage.label(),
    }
}

/// Of what is counted, what has happened.
fn counted<const N: usize>(counts: [(&'static str, u64); N]) -> Vec<(&'static str, u64)> {
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}
