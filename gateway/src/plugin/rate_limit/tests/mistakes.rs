//! Configurations that say something else than was meant.

use crate::plugin::testing::{mistakes, one};
use serde_json::{Value, json};

fn told(config: Value) -> Vec<String> {
    mistakes("rate-limit", config)
}

#[test]
fn a_limit_needs_one_number() {
    for nothing in [json!({}), json!({"limits": []}), json!({"key": "ip"})] {
        assert_eq!(told(nothing), ["limit-without-number at "]);
    }
    assert_eq!(
        told(json!({"limits": [{"limitPerMinute": 1}, {"key": "ip"}]})),
        ["limit-without-number at /limits/1"]
    );
    assert_eq!(
        told(json!({"limitPerMinute": 1, "limitPerDay": 9})),
        ["two-limits-in-one at /limitPerDay"]
    );
    one(
        "rate-limit",
        json!({"limits": [{"limitPerMinute": 1}, {"limitPerDay": 9}]}),
    );
}

#[test]
fn what_belongs_to_a_rate_stands_beside_one() {
    for key in ["burst", "cost"] {
        assert_eq!(
            told(json!({"concurrent": 1, key: 1})),
            [format!("limit-without-number at /{key}")]
        );
    }
    assert_eq!(
        told(json!({"concurrent": 1, "window": "1s"})),
        ["limit-without-number at /window"]
    );
    assert_eq!(
        told(json!({"concurrent": 1, "xRateLimitHeaders": true})),
        ["limit-without-number at /xRateLimitHeaders"]
    );
}

#[test]
fn a_window_is_named_once_and_is_not_empty() {
    assert_eq!(
        told(json!({"limit": 1})),
        ["limit-without-window at /limit"]
    );
    assert_eq!(
        told(json!({"limitPerMinute": 1, "window": "1s"})),
        ["window-twice at /window"]
    );
    assert_eq!(
        told(json!({"limit": 1, "window": "0s"})),
        ["zero at /window"]
    );
    assert_eq!(
        told(json!({"limit": 1, "window": "99999999999999999999d"})),
        ["invalid-duration at /window"]
    );
    assert_eq!(
        told(json!({"limit": 1, "window": "1"})),
        ["bad-value at /window"]
    );
}

#[test]
fn numbers_let_something_through_and_fit_their_fields() {
    assert_eq!(
        told(json!({"limitPerMinute": 0})),
        ["zero at /limitPerMinute"]
    );
    assert_eq!(
        told(json!({"limitPerMinute": 1, "burst": 0})),
        ["zero at /burst"]
    );
    assert_eq!(told(json!({"concurrent": 0})), ["zero at /concurrent"]);
    assert_eq!(
        told(json!({"limitPerMinute": 1, "cost": 0})),
        ["zero at /cost"]
    );
    assert_eq!(
        told(json!({"limitPerMinute": 9, "cost": 10})),
        ["cost-over-limit at /cost"]
    );
    assert_eq!(
        told(json!({"limitPerMinute": 9, "burst": 3, "cost": 4})),
        ["cost-over-limit at /cost"]
    );
    assert_eq!(
        told(json!({"limitPerMinute": 1_000_000_000_000_000_u64})),
        ["out-of-range at /limitPerMinute"]
    );
    one(
        "rate-limit",
        json!({"limitPerMinute": 999_999_999_999_999_u64, "cost": 9}),
    );
}

#[test]
fn keys_are_of_the_known_kinds() {
    for key in ["address", "IP", "header:", "route:a"] {
        assert_eq!(
            told(json!({"limitPerMinute": 1, "key": key})),
            ["bad-value at /key"],
            "{key}"
        );
    }
    assert_eq!(
        told(json!({"limitPerMinute": 1, "key": "header:X Tenant"})),
        ["invalid-key at /key"]
    );
}

#[test]
fn names_are_told_apart_and_fit_a_field() {
    assert_eq!(
        told(
            json!({"limits": [{"limitPerMinute": 1, "name": "a"}, {"limitPerDay": 2, "name": "a"}]})
        ),
        ["duplicate-name at /limits/1"]
    );
    assert_eq!(
        told(json!({"limits": [{"limitPerMinute": 1, "name": "limit-2"}, {"limitPerDay": 2}]})),
        ["duplicate-name at /limits/1"]
    );
    for name in ["a b", "a\"b", "ü"] {
        assert_eq!(
            told(json!({"limitPerMinute": 1, "name": name})),
            ["bad-value at /name"]
        );
    }
}

#[test]
fn nothing_stands_beside_a_list_and_is_ignored() {
    let list = json!([{"limitPerMinute": 1}]);
    for (key, value) in [
        ("limitPerSecond", json!(1)),
        ("concurrent", json!(1)),
        ("key", json!("consumer")),
        ("burst", json!(1)),
        ("cost", json!(1)),
        ("name", json!("a")),
        ("window", json!("1s")),
    ] {
        assert_eq!(
            told(json!({"limits": list, key: value})),
            [format!("two-kinds-of-limits at /{key}")]
        );
    }
    one("rate-limit", json!({"limits": list, "dryRun": true}));
}

#[test]
fn unknown_keys_are_told() {
    assert_eq!(
        told(json!({"limitPerMinut": 1})),
        ["unknown-key at /limitPerMinut"]
    );
    assert_eq!(
        told(json!({"limits": [{"limitPerMinute": 1, "dryRun": true}]})),
        ["unknown-key at /limits/0/dryRun"]
    );
}
