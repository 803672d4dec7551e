//! Metrics of key sets, taken from the sources when somebody scrapes.
//!
//! Labels are bounded: issuers come from the configuration, results from a fixed list.

use crate::identity::jwks::Status;
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec, Opts};
use std::time::Duration;

/// The metrics of these sources. Several sources of one issuer are one: counts are added, of ages the highest counts.
pub(super) fn gather(sources: &[Status]) -> Vec<MetricFamily> {
    let families = KeySets::new();
    sources.iter().for_each(|source| families.add(source));
    let KeySets {
        keys,
        age,
        attempted,
        fetches,
        unknown_kids,
    } = &families;
    let all: [&dyn Collector; 5] = [keys, age, attempted, fetches, unknown_kids];
    let families = all.iter().flat_map(|one| one.collect());
    // A family without a series has nothing to say, and cannot be written.
    families
        .filter(|family| !family.get_metric().is_empty())
        .collect()
}

struct KeySets {
    keys: IntGaugeVec,
    age: GaugeVec,
    attempted: GaugeVec,
    fetches: IntCounterVec,
    unknown_kids: IntCounterVec,
}

impl KeySets {
    fn new() -> Self {
        const SOUND: &str = "a metric's name and labels are constants in a sound form";
        let ages = |name: &str, help: &str| {
            GaugeVec::new(Opts::new(name, help), &["issuer"]).expect(SOUND)
        };
        let counters = |name: &str, help: &str, labels: &[&str]| {
            IntCounterVec::new(Opts::new(name, help), labels).expect(SOUND)
        };
        let keys = Opts::new("gateway_jwks_keys", "Keys of an issuer that are in use.");
        Self {
            keys: IntGaugeVec::new(keys, &["issuer"]).expect(SOUND),
            age: ages(
                "gateway_jwks_key_age_seconds",
                "Time since an issuer's keys were last fetched.",
            ),
            attempted: ages(
                "gateway_jwks_last_attempt_seconds",
                "Time since a fetch of an issuer's keys last began, whatever came of it.",
            ),
            fetches: counters(
                "gateway_jwks_fetches_total",
                "Fetches of an issuer's keys, by result.",
                &["issuer", "result"],
            ),
            unknown_kids: counters(
                "gateway_jwks_unknown_kids_total",
                "Tokens that named a key which the issuer's key set does not have.",
                &["issuer"],
            ),
        }
    }

    fn add(&self, source: &Status) {
        let issuer = &*source.issuer;
        let keys = i64::try_from(source.keys.len()).unwrap_or(i64::MAX);
        self.keys.with_label_values(&[issuer]).add(keys);
        raise(&self.age, issuer, source.age);
        raise(&self.attempted, issuer, source.attempted);
        for (result, count) in source.fetches {
            let labels = [issuer, result];
            self.fetches.with_label_values(&labels).inc_by(count);
        }
        let unknown = self.unknown_kids.with_label_values(&[issuer]);
        unknown.inc_by(source.unknown_kids);
    }
}

/// Nothing is said where nothing has happened yet.
fn raise(gauges: &GaugeVec, issuer: &str, age: Option<Duration>) {
    if let Some(age) = age {
        let gauge = gauges.with_label_values(&[issuer]);
        gauge.set(gauge.get().max(age.as_secs_f64()));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use prometheus::TextEncoder;

    fn status(issuer: &str, age: Option<u64>, unknown_kids: u64) -> Status {
        let mut fetches = crate::identity::jwks::FetchError::LABELS.map(|label| (label, 0));
        fetches[0].1 = 2;
        Status {
            issuer: issuer.into(),
            configured: String::new(),
            found: None,
            keys: vec![],
            skipped: vec![],
            age: age.map(Duration::from_secs),
            attempted: None,
            next: None,
            error: None,
            failures: 0,
            fetches,
            unknown_kids,
        }
    }

    #[test]
    fn sources_of_one_issuer_are_one() {
        let sources = [
            status("a", Some(5), 1),
            status("a", Some(3), 2),
            status("b", None, 0),
        ];
        let text = TextEncoder::new().encode_to_string(&gather(&sources));
        let text = text.unwrap();
        for line in [
            r#"gateway_jwks_key_age_seconds{issuer="a"} 5"#,
            r#"gateway_jwks_unknown_kids_total{issuer="a"} 3"#,
            r#"gateway_jwks_unknown_kids_total{issuer="b"} 0"#,
            r#"gateway_jwks_fetches_total{issuer="a",result="success"} 4"#,
            r#"gateway_jwks_fetches_total{issuer="a",result="timeout"} 0"#,
            r#"gateway_jwks_keys{issuer="b"} 0"#,
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
        assert!(!text.contains(r#"key_age_seconds{issuer="b"}"#), "{text}");
        assert!(!text.contains("last_attempt"), "{text}");
    }
}
