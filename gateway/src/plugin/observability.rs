//! `observability`: a header's value in the access log and, from a declared set, in the metrics.
//!
//! The set is `values` and what `route-by-header` on the same route looks for; any other value is counted as `other` and
//! its absence as `none`, so a client cannot make labels.

use super::chain::Phases;
use super::edits::Header;
use super::exchange::{Exchange, Observed};
use super::registry::{Compile, Plugin};
use super::route_by_header::RouteByHeader;
use super::{Flow, OnRequest, Request};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// A header's value in log and metrics.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The header.
    include_header: String,
    /// Values that may become a metric's label, besides those of route-by-header.
    #[serde(default)]
    #[schemars(length(max = 32))]
    values: Vec<String>,
}

/// The longest value that the log keeps, in bytes.
const LONGEST: usize = 128;

/// The compiled form.
pub struct Observability {
    header: Header,
    label: Arc<str>,
    values: Box<[Arc<str>]>,
    other: Arc<str>,
    none: Arc<str>,
}

impl Plugin for Observability {
    const NAME: &'static str = "observability";
    const SUMMARY: &'static str = "A header's value in the access log and in the metrics.";
    type Config = Config;

    fn compile(
        config: Config,
        compile: &mut Compile<'_, '_>,
        phases: &mut Phases,
    ) -> Option<String> {
        let header = compile.header("includeHeader", &config.include_header)?;
        let mut values: Vec<Arc<str>> = config
            .values
            .iter()
            .map(|value| value.as_str().into())
            .collect();
        let canaries = compile
            .siblings
            .iter()
            .filter(|(name, _)| *name == RouteByHeader::NAME);
        for (_, canary) in canaries {
            let same = canary["header"]
                .as_str()
                .is_some_and(|name| name.eq_ignore_ascii_case(&config.include_header));
            if let (true, Some(value)) = (same, canary["value"].as_str()) {
                values.push(value.into());
            }
        }
        values.sort();
        values.dedup();
        phases.request(Arc::new(Self {
            label: header.name.as_str().into(),
            header,
            values: values.into(),
            other: "other".into(),
            none: "none".into(),
        }));
        Some(format!(
            "tells {} in log and metrics",
            config.include_header
        ))
    }
}

impl OnRequest for Observability {
    fn on_request(&self, request: &Request<'_>, exchange: &mut Exchange) -> Flow {
        let sent = request.headers.get_all(&self.header.name);
        // Of several fields one that is known, as route-by-header takes any of them.
        let known = sent.iter().find_map(|sent| self.known(sent.as_bytes()));
        let (value, label) = match (known, sent.iter().next()) {
            (Some(known), _) => (Some(known.clone()), known.clone()),
            (None, Some(sent)) => (Some(bounded(sent.as_bytes())), self.other.clone()),
            (None, None) => (None, self.none.clone()),
        };
        exchange.observed = Some(Observed {
            header: self.label.clone(),
            value,
            label,
        });
        Flow::Next
    }
}

impl Observability {
    fn known(&self, sent: &[u8]) -> Option<&Arc<str>> {
        self.values.iter().find(|value| value.as_bytes() == sent)
    }
}

fn bounded(value: &[u8]) -> Arc<str> {
    String::from_utf8_lossy(&value[..value.len().min(LONGEST)]).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use crate::plugin::chain::Chain;
    use crate::plugin::testing::{Call, Surroundings, chain, mistakes, one};
    use serde_json::json;

    /// The value in the log and the metric's label.
    fn observed(call: &Call, chain: &Chain) -> (Option<String>, String) {
        let outcome = call.on(chain);
        assert!(outcome.passed());
        let observed = outcome.exchange.observed.unwrap();
        assert_eq!(&*observed.header, "x-canary");
        (
            observed.value.map(|value| value.to_string()),
            observed.label.to_string(),
        )
    }

    fn seen(value: &str, label: &str) -> (Option<String>, String) {
        (Some(value.to_owned()), label.to_owned())
    }

    #[test]
    fn only_declared_values_become_labels() {
        let chain = one(
            "observability",
            json!({"includeHeader": "X-Canary", "values": ["blue", "green"]}),
        );
        let with = |value| observed(&Call::get().header("x-canary", value), &chain);
        assert_eq!(with("blue"), seen("blue", "blue"));
        assert_eq!(with("green"), seen("green", "green"));
        assert_eq!(with("Blue"), seen("Blue", "other"));
        assert_eq!(with(""), seen("", "other"));
        assert_eq!(observed(&Call::get(), &chain), (None, "none".to_owned()));
    }

    #[test]
    fn nothing_is_declared_where_nothing_is_said() {
        let chain = one("observability", json!({"includeHeader": "X-Canary"}));
        let call = Call::get().header("X-Canary", "true");
        assert_eq!(observed(&call, &chain), seen("true", "other"));
    }

    #[test]
    fn what_route_by_header_looks_for_is_declared() {
        let with = |header: &str| {
            let surroundings = Surroundings {
                services: vec!["main", "v2"],
                ..Surroundings::default()
            };
            surroundings
                .compile(&json!([
                    {"name": "observability", "config": {"includeHeader": "X-Canary"}},
                    {"name": "route-by-header", "config": {"header": header, "value": "true", "toService": "v2"}},
                ]))
                .unwrap()
        };
        let call = Call::get().header("X-Canary", "true");
        assert_eq!(observed(&call, &with("x-CANARY")), seen("true", "true"));
        assert_eq!(observed(&call, &with("X-Other")), seen("true", "other"));
        let twice = Call::get()
            .header("X-Canary", "false")
            .header("X-Canary", "true");
        assert_eq!(observed(&twice, &with("X-Canary")), seen("true", "true"));
    }

    #[test]
    fn a_long_or_broken_value_is_bounded() {
        let chain = one("observability", json!({"includeHeader": "X-Canary"}));
        let long = "é".repeat(200);
        let (value, label) = observed(&Call::get().header("X-Canary", &long), &chain);
        assert_eq!(value.unwrap(), "é".repeat(64));
        assert_eq!(label, "other");
        let broken = format!("x{long}");
        let (value, _) = observed(&Call::get().header("X-Canary", &broken), &chain);
        assert_eq!(value.unwrap(), format!("x{}\u{fffd}", "é".repeat(63)));
    }

    #[test]
    fn what_is_refused_is_not_observed() {
        let chain = chain(json!([
            {"name": "observability", "config": {"includeHeader": "X-Canary"}},
            {"name": "key-auth"},
        ]));
        let outcome = Call::get().header("X-Canary", "true").on(&chain);
        assert!(outcome.reason().is_some() && outcome.exchange.observed.is_none());
    }

    #[test]
    fn mistakes_are_told() {
        let told = |config| mistakes("observability", config);
        assert_eq!(told(json!({})), ["missing-key at "]);
        assert_eq!(
            told(json!({"includeHeader": "X Canary"})),
            ["invalid-header-name at /includeHeader"]
        );
        let many: Vec<String> = (0..33).map(|n| n.to_string()).collect();
        assert_eq!(
            told(json!({"includeHeader": "X", "values": many})),
            ["out-of-range at /values"]
        );
        one(
            "observability",
            json!({"includeHeader": "X", "values": many[..32]}),
        );
    }
}
