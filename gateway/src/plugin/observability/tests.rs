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
