//! How long an answer may be used, as it says itself (RFC 9111 §4.2.1, §5.2.2, §5.3).

use http::HeaderMap;
use http::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderName};
use std::time::{Duration, SystemTime};

/// The longest that is believed (RFC 9111 §1.2.2).
const LONGEST: u64 = 1 << 31;

/// The time that is left at `now`: `s-maxage`, else `max-age`, else `Expires`, less the `Age`. Zero where the answer
/// is not to be kept, or says something that cannot be read; `None` where it says nothing.
#[must_use]
pub fn lifetime(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let directives = directives(headers);
    let named = |name: &str| directives.iter().find(|(one, _)| one == name);
    if named("no-store").is_some() || named("no-cache").is_some() {
        return Some(Duration::ZERO);
    }
    let seconds = named("s-maxage").or_else(|| named("max-age"));
    let total = match seconds {
        Some((_, value)) => Duration::from_secs(seconds_of(value).unwrap_or(0)),
        None => expires(headers, now)?,
    };
    Some(total.saturating_sub(age(headers)))
}

fn directives(headers: &HeaderMap) -> Vec<(String, String)> {
    let lines = headers.get_all(CACHE_CONTROL).into_iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let parts = lines.flat_map(|line| line.split(','));
    let pairs = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    let clean = |(name, value): (&str, &str)| {
        let value = value.trim().trim_matches('"').to_owned();
        (name.trim().to_ascii_lowercase(), value)
    };
    pairs.map(clean).collect()
}

/// Delta-seconds; more than can be held is the longest.
fn seconds_of(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(LONGEST).min(LONGEST))
}

fn expires(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let end = headers.get(EXPIRES)?;
    let time = |value: &http::HeaderValue| httpdate::parse_http_date(value.to_str().ok()?).ok();
    let from = headers.get(DATE).and_then(time).unwrap_or(now);
    // An end that cannot be read is in the past (§5.3).
    let left = time(end).and_then(|end| end.duration_since(from).ok());
    Some(left.unwrap_or_default())
}

fn age(headers: &HeaderMap) -> Duration {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    Duration::from_secs(
        text(AGE)
            .and_then(|age| seconds_of(age.trim()))
            .unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn left(lines: &[(HeaderName, &'static str)]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, http::HeaderValue::from_static(value));
        }
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        lifetime(&headers, now).map(|left| left.as_secs())
    }

    #[test]
    fn the_answer_says_how_long_it_lives() {
        assert_eq!(left(&[]), None);
        assert_eq!(left(&[(CACHE_CONTROL, "public")]), None);
        assert_eq!(left(&[(CACHE_CONTROL, "public, Max-Age=60")]), Some(60));
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=\"60\"")]), Some(60));
        let both = (CACHE_CONTROL, "max-age=60, s-maxage=90");
        assert_eq!(left(std::slice::from_ref(&both)), Some(90));
        assert_eq!(left(&[both.clone(), (AGE, "30")]), Some(60));
        assert_eq!(left(&[both, (AGE, "100")]), Some(0));
        let never = (CACHE_CONTROL, "max-age=60, no-store");
        assert_eq!(left(&[never]), Some(0));
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=soon")]), Some(0));
        let long = (CACHE_CONTROL, "max-age=99999999999999999999");
        assert_eq!(left(&[long]), Some(LONGEST));
    }

    #[test]
    fn an_end_counts_from_the_date_of_the_answer() {
        let end = (EXPIRES, "Sun, 06 Nov 1994 08:50:37 GMT");
        assert_eq!(left(std::slice::from_ref(&end)), Some(60));
        let date = (DATE, "Sun, 06 Nov 1994 08:50:07 GMT");
        assert_eq!(left(&[end.clone(), date]), Some(30));
        let age = (CACHE_CONTROL, "max-age=5");
        assert_eq!(left(&[end, age]), Some(5));
        assert_eq!(left(&[(EXPIRES, "0")]), Some(0));
        assert_eq!(left(&[(EXPIRES, "Sun, 06 Nov 1994 08:48:37 GMT")]), Some(0));
    }
}
