//! Dates in claims: NumericDate (RFC 7519 §2), seconds since 1970 as a JSON number, with or without a fraction.

use super::Fault;
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second of the year 9999. What lies behind is a mistake, or milliseconds taken for seconds.
const LATEST: f64 = 253_402_300_799.0;

/// The claim of that name as a time since 1970, or `None` where there is none.
pub(in crate::identity) fn date(
    claims: &Map<String, Value>,
    name: &str,
) -> Result<Option<Duration>, Fault> {
    let number = match claims.get(name) {
        None => return Ok(None),
        Some(Value::Number(number)) => number,
        Some(_) => return Err(Fault::Date),
    };
    if let Some(seconds) = number.as_u64() {
        let within = seconds <= LATEST as u64;
        return within
            .then(|| Some(Duration::from_secs(seconds)))
            .ok_or(Fault::Date);
    }
    let seconds = number.as_f64().filter(|n| (0.0..=LATEST).contains(n));
    let seconds = seconds.ok_or(Fault::Date)?;
    Duration::try_from_secs_f64(seconds)
        .map(Some)
        .map_err(|_| Fault::Date)
}

/// A moment as a time since 1970; what lies before is taken for 1970, where no token is valid yet.
pub(in crate::identity) fn since_1970(moment: SystemTime) -> Duration {
    moment.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// From when to when a token is valid, leeway included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    /// The first moment.
    pub start: Duration,
    /// The first moment when it is no longer valid.
    pub end: Duration,
}

impl Validity {
    pub(super) fn holds(&self, now: SystemTime) -> Result<(), Fault> {
        let now = since_1970(now);
        if now >= self.end {
            return Err(Fault::Expired);
        }
        if now < self.start {
            return Err(Fault::Early);
        }
        Ok(())
    }
}
