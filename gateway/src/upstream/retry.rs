//! When a failed try is followed by another one, after which wait, and how many may be under way.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use rand::{Rng, RngExt};

use crate::domain::Mistake;
use crate::domain::pattern::Methods;

/// How a try failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RetryCause {
    /// No connection was made: the target can't have seen the request.
    Connect,
    /// The try took too long.
    Timeout,
    /// The connection ended before the response's head.
    Reset,
    /// The target answered with this status.
    Status(StatusCode),
}

/// As in a configuration's `retries.on`.
impl fmt::Display for RetryCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("connect"),
            Self::Timeout => f.write_str("timeout"),
            Self::Reset => f.write_str("reset"),
            Self::Status(status) => write!(f, "{}", status.as_str()),
        }
    }
}

/// Which failed tries are followed by another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Further tries after the first; 0 switches retries off.
    pub attempts: u32,
    /// After these failures.
    pub on: Vec<RetryCause>,
    /// For these methods.
    pub methods: Methods,
    /// With this wait before.
    pub backoff: Backoff,
}

/// Once more after a refused or lost connection, for the idempotent methods (RFC 9110 §9.2.2).
impl Default for RetryPolicy {
    fn default() -> Self {
        let methods = Methods::new(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
        Self {
            attempts: 1,
            on: vec![RetryCause::Connect, RetryCause::Reset],
            methods: methods.expect("these are methods"),
            backoff: Backoff::default(),
        }
    }
}

impl RetryPolicy {
    /// Whether a request with `method`, after `retries` retries, may be tried again.
    pub fn allows(&self, cause: RetryCause, method: &Method, retries: u32) -> bool {
        // Where no connection was made nobody has seen the request, so trying again repeats nothing.
        let repeats_nothing = cause == RetryCause::Connect || self.methods.contains(method);
        retries < self.attempts && self.on.contains(&cause) && repeats_nothing
    }

    /// How long to wait before the retry number `retries` (0 is the first), at least the `retry_after` that the target
    /// asked for. `None` when that wouldn't end within `left`, what remains of the total time.
    pub fn wait(
        &self,
        retries: u32,
        retry_after: Option<Duration>,
        left: Duration,
        rng: &mut impl Rng,
    ) -> Option<Duration> {
        let wait = self
            .backoff
            .wait(retries, rng)
            .max(retry_after.unwrap_or_default());
        (wait < left).then_some(wait)
    }
}

/// Full jitter: a random wait between nothing and min(`max`, `base`·2ⁿ).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    max: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(25),
            max: Duration::from_millis(250),
        }
    }
}

impl Backoff {
    /// Waits that grow from `base` to `max`.
    pub fn new(base: Duration, max: Duration) -> Result<Self, Mistake> {
        if base > max {
            let what =
                format!("the backoff begins with {base:?}, which is above its maximum of {max:?}");
            return Err(Mistake::new(what, "let `base` be at most `max`"));
        }
        Ok(Self { base, max })
    }

    /// The wait before the retry number `retries`, where 0 is the first.
    pub fn wait(&self, retries: u32, rng: &mut impl Rng) -> Duration {
        let ceiling = self
            .base
            .saturating_mul(2_u32.saturating_pow(retries))
            .min(self.max);
        ceiling.mul_f64(rng.random_range(0.0..=1.0))
    }
}

/// The wait of a `Retry-After` field (RFC 9110 §10.2.3): seconds, or a date that is compared with `now`.
pub fn parse_retry_after(value: &[u8], now: SystemTime) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim_ascii();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()?;
    let date = SystemTime::try_from(date).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// How many retries of a service may be under way at once, so that retries can't make an outage worse.
#[derive(Debug)]
pub struct RetryBudget {
    percent: u32,
    min: u32,
    under_way: AtomicU64,
}

/// A retry under way; it no longer counts when this is dropped.
#[derive(Debug)]
#[must_use = "the retry no longer counts as soon as this is dropped"]
pub struct RetryPermit(Arc<RetryBudget>);

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new(20, 3)
    }
}

impl RetryBudget {
    /// `percent` of the service's active requests, and never less than `min`.
    pub fn new(percent: u32, min: u32) -> Self {
        Self {
            percent,
            min,
            under_way: AtomicU64::new(0),
        }
    }

    /// Leave for one more retry while the service has `active` requests.
    pub fn acquire(self: &Arc<Self>, active: usize) -> Option<RetryPermit> {
        let share = (active as u64).saturating_mul(self.percent.into()) / 100;
        let most = share.max(self.min.into());
        let more = |under_way: u64| (under_way < most).then_some(under_way + 1);
        let taken = self
            .under_way
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.is_ok().then(|| RetryPermit(Arc::clone(self)))
    }

    /// Retries under way.
    pub fn under_way(&self) -> u64 {
        self.under_way.load(Ordering::Relaxed)
    }
}

impl Drop for RetryPermit {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
