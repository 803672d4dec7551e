//! Metrics of introspection, taken from the introspectors when somebody scrapes.
//!
//! Labels are bounded: endpoints come from the configuration, results from fixed lists.

use crate::identity::introspection::Status;
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, IntGaugeVec, Opts};

/// The metrics of these introspectors. Several of one endpoint are one: what they say is added.
pub(super) fn gather(introspectors: &[Status]) -> Vec<MetricFamily> {
    let families = Introspections::new();
    introspectors.iter().for_each(|one| families.add(one));
    let Introspections {
        questions,
        lookups,
        opened,
        in_flight,
        entries,
    } = &families;
    let all: [&dyn Collector; 5] = [questions, lookups, opened, in_flight, entries];
    let families = all.iter().flat_map(|one| one.collect());
    // A family without a series has nothing to say, and cannot be written.
    families
        .filter(|family| !family.get_metric().is_empty())
        .collect()
}

struct Introspections {
    questions: IntCounterVec,
    lookups: IntCounterVec,
    opened: IntCounterVec,
    in_flight: IntGaugeVec,
    entries: IntGaugeVec,
}

impl Introspections {
    fn new() -> Self {
        const SOUND: &str = "a metric's name and labels are constants in a sound form";
        let counters = |name: &str, help: &str, labels: &[&str]| {
            IntCounterVec::new(Opts::new(name, help), labels).expect(SOUND)
        };
        let gauges = |name: &str, help: &str, labels: &[&str]| {
            IntGaugeVec::new(Opts::new(name, help), labels).expect(SOUND)
        };
        Self {
            questions: counters(
                "gateway_introspections_total",
                "Questions about tokens, by what came of them.",
                &["endpoint", "result"],
            ),
            lookups: counters(
                "gateway_introspection_lookups_total",
                "Tokens that were looked up, by where that ended: at a remembered answer or at a question.",
                &["endpoint", "result"],
            ),
            opened: counters(
                "gateway_introspection_open_total",
                "Requests that went on unchecked while an endpoint could not be asked.",
                &["endpoint"],
            ),
            in_flight: gauges(
                "gateway_introspections_in_flight",
                "Questions about tokens that are asked or wait for their turn.",
                &["endpoint"],
            ),
            entries: gauges(
                "gateway_introspection_entries",
                "Answers that are remembered, of active tokens and of others.",
                &["endpoint", "state"],
            ),
        }
    }

    fn add(&self, of: &Status) {
        let endpoint = &*of.endpoint;
        for (result, count) in of.results {
            let labels = [endpoint, result];
            self.questions.with_label_values(&labels).inc_by(count);
        }
        for (result, count) in of.lookups {
            let labels = [endpoint, result];
            self.lookups.with_label_values(&labels).inc_by(count);
        }
        self.opened.with_label_values(&[endpoint]).inc_by(of.opened);
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let in_flight = self.in_flight.with_label_values(&[endpoint]);
        in_flight.add(number(of.in_flight));
        for (state, count) in [("active", of.active), ("inactive", of.inactive)] {
            let entries = self.entries.with_label_values(&[endpoint, state]);
            entries.add(number(count));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::identity::introspection::{Lookup, Outage};
    use prometheus::TextEncoder;

    fn status(endpoint: &str, active: usize) -> Status {
        let mut results = Outage::LABELS.map(|label| (label, 0));
        results[0].1 = 2;
        Status {
            endpoint: endpoint.to_owned(),
            active,
            inactive: 1,
            in_flight: 3,
            results,
            lookups: Lookup::ALL.map(|(_, label)| (label, 4)),
            opened: 5,
            error: None,
        }
    }

    #[test]
    fn introspectors_of_one_endpoint_are_one() {
        let all = [status("a", 7), status("a", 8), status("b", 9)];
        let text = TextEncoder::new().encode_to_string(&gather(&all)).unwrap();
        for line in [
            r#"gateway_introspections_total{endpoint="a",result="active"} 4"#,
            r#"gateway_introspections_total{endpoint="a",result="rejected"} 0"#,
            r#"gateway_introspection_lookups_total{endpoint="b",result="joined"} 4"#,
            r#"gateway_introspection_open_total{endpoint="a"} 10"#,
            r#"gateway_introspections_in_flight{endpoint="b"} 3"#,
            r#"gateway_introspection_entries{endpoint="a",state="active"} 15"#,
            r#"gateway_introspection_entries{endpoint="b",state="inactive"} 1"#,
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
    }
}
