#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::rule::KeySource;
use crate::identity::{Claims, Consumer};
use crate::plugin::chain::Chain;
use crate::plugin::exchange::Exchange;
use crate::plugin::testing::{Call, Outcome, Surroundings, one};
use crate::reason::Reason;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

mod mistakes;

fn limit(config: Value) -> Chain {
    one("rate-limit", config)
}

/// With key-auth in front; `alice` has two keys.
fn behind_keys(config: Value) -> Chain {
    Surroundings::default()
        .key("alice-1", "alice", None)
        .key("alice-2", "alice", None)
        .key("bob-1", "bob", None)
        .compile(&json!([{"name": "rate-limit", "config": config}, {"name": "key-auth"}]))
        .unwrap()
}

fn with_key(key: &str) -> Call {
    Call::get().header("X-API-Key", key)
}

fn is_limited(outcome: &Outcome) -> bool {
    match outcome.reason() {
        None => false,
        Some(Reason::RateLimited) => true,
        other => panic!("{other:?}"),
    }
}

/// Whether the second call is counted with the first: of one that is let through, only one passes.
fn share(config: Value, first: &Call, second: &Call) -> bool {
    let chain = behind_keys_or_alone(config, first);
    assert!(first.on(&chain).passed());
    let limited = is_limited(&second.on(&chain));
    assert!(is_limited(&first.on(&chain)));
    limited
}

fn behind_keys_or_alone(config: Value, call: &Call) -> Chain {
    if call.headers.contains_key("x-api-key") {
        behind_keys(config)
    } else {
        limit(config)
    }
}

#[test]
fn a_window_slides() {
    let chain = limit(json!({"limitPerMinute": 2}));
    let at = |seconds| Call::get().at(seconds).on(&chain);
    assert!(at(0.0).passed() && at(10.0).passed());
    for (seconds, wait) in [(20.0, "40"), (59.5, "1"), (59.999, "1")] {
        let outcome = at(seconds);
        assert!(is_limited(&outcome));
        assert_eq!(outcome.response_field("Retry-After").unwrap(), wait);
    }
    assert!(at(60.0).passed(), "the first has left the window");
    assert!(is_limited(&at(60.0)), "the second has not");
    assert!(at(70.0).passed());
}

#[test]
fn a_burst_is_a_bucket_that_refills() {
    let chain = limit(json!({"limitPerMinute": 120, "burst": 30}));
    let at = |seconds| Call::get().at(seconds).on(&chain);
    assert!((0..30).all(|_| at(0.0).passed()));
    let refused = at(0.0);
    assert!(is_limited(&refused));
    assert_eq!(refused.response_field("Retry-After").unwrap(), "1");
    assert!(is_limited(&at(0.499)));
    assert!(at(0.5).passed());
    assert!(is_limited(&at(0.5)));
    assert!((0..30).all(|_| at(600.0).passed()) && is_limited(&at(600.0)));
}

#[test]
fn the_response_tells_of_limit_and_rest() {
    let chain = limit(json!({"limitPerMinute": 3, "name": "per-address"}));
    let fields = |seconds| Call::get().at(seconds).on(&chain).response();
    let policy = r#"ratelimit-policy: "per-address";q=3;w=60"#;
    assert_eq!(
        fields(0.0),
        [policy, r#"ratelimit: "per-address";r=2;t=60"#]
    );
    assert_eq!(
        fields(10.5),
        [policy, r#"ratelimit: "per-address";r=1;t=50"#]
    );
    assert_eq!(
        fields(20.0),
        [policy, r#"ratelimit: "per-address";r=0;t=40"#]
    );
    assert_eq!(
        fields(20.0),
        [
            policy,
            r#"ratelimit: "per-address";r=0;t=40"#,
            "retry-after: 40"
        ]
    );
}

#[test]
fn a_bucket_s_rest_is_of_its_burst() {
    let chain = limit(json!({"limit": 10, "window": "10s", "burst": 2}));
    assert_eq!(
        Call::get().on(&chain).response(),
        [
            r#"ratelimit-policy: "default";q=10;w=10"#,
            r#"ratelimit: "default";r=1;t=1"#
        ]
    );
}

#[test]
fn windows_have_their_lengths() {
    for (config, seconds) in [
        (json!({"limitPerSecond": 7}), 1),
        (json!({"limitPerMinute": 7}), 60),
        (json!({"limitPerHour": 7}), 3600),
        (json!({"limitPerDay": 7}), 86_400),
        (json!({"limit": 7, "window": "5m"}), 300),
        // The field knows whole seconds only.
        (json!({"limit": 7, "window": "1500ms"}), 2),
    ] {
        let told = Call::get()
            .on(&limit(config))
            .response_field("RateLimit-Policy");
        assert_eq!(told.unwrap(), format!(r#""default";q=7;w={seconds}"#));
    }
}

#[test]
fn several_limits_count_together_or_not_at_all() {
    let chain = limit(
        json!({"limits": [{"limitPerSecond": 1}, {"limitPerMinute": 2, "name": "long"}], "xRateLimitHeaders": true}),
    );
    let at = |seconds| Call::get().at(seconds).on(&chain);
    let first = at(0.0);
    assert!(first.passed());
    assert_eq!(
        first.response(),
        [
            r#"ratelimit-policy: "limit-1";q=1;w=1, "long";q=2;w=60"#,
            r#"ratelimit: "limit-1";r=0;t=1, "long";r=1;t=60"#,
            "x-ratelimit-limit: 1",
            "x-ratelimit-remaining: 0",
            "x-ratelimit-reset: 1",
        ]
    );
    // Refused by the second, so the minute does not count it.
    assert!(is_limited(&at(0.5)));
    assert!(at(1.0).passed());
    let refused = at(2.0);
    assert!(is_limited(&refused));
    assert_eq!(refused.response_field("Retry-After").unwrap(), "58");
    assert_eq!(refused.response_field("X-RateLimit-Limit").unwrap(), "2");
    assert_eq!(refused.response_field("X-RateLimit-Reset").unwrap(), "58");
}

#[test]
fn addresses_are_counted_apart_and_ipv6_by_its_64() {
    let by_ip = || json!({"limitPerMinute": 1});
    let shared = |a, b| share(by_ip(), &Call::get().client(a), &Call::get().client(b));
    assert!(!shared("192.0.2.1", "192.0.2.2"));
    assert!(shared("192.0.2.1", "::ffff:192.0.2.1"));
    assert!(shared("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
    assert!(!shared("2001:db8:1:2::1", "2001:db8:1:3::1"));
}

#[test]
fn consumers_share_their_keys_count_and_keys_have_their_own() {
    let by = |key: &str| json!({"limitPerMinute": 1, "key": key});
    let (one, two, bob) = (with_key("alice-1"), with_key("alice-2"), with_key("bob-1"));
    assert!(share(by("consumer"), &one, &two));
    assert!(!share(by("consumer"), &one, &bob));
    assert!(!share(by("key"), &one, &two));
    assert!(share(by("key"), &one, &one.clone().client("198.51.100.7")));
    assert!(share(by("ip"), &one, &bob));
}

#[test]
fn routes_and_headers_are_keys() {
    let (a, b) = (
        Call::get().header("X-Tenant", "a"),
        Call::get().header("x-tenant", "b"),
    );
    let by = |key: &str| json!({"limitPerMinute": 1, "key": key});
    assert!(!share(by("header:X-Tenant"), &a, &b));
    let elsewhere = a.clone().client("198.51.100.7");
    assert!(share(by("header:X-Tenant"), &a, &elsewhere));
    assert!(share(by("route"), &a, &b.clone().client("198.51.100.7")));
}

#[test]
fn without_the_attribute_the_address_is_the_key() {
    let (here, there) = (Call::get(), Call::get().client("198.51.100.7"));
    for key in ["consumer", "key", "header:X-Tenant"] {
        let by = || json!({"limitPerMinute": 1, "key": key});
        assert!(share(by(), &here, &here), "{key}");
        assert!(!share(by(), &here, &there), "{key}");
    }
    // An address never counts as a header that looks like one.
    let octets = Call::get().header("X-Tenant", "0123").client("48.49.50.51");
    let address = Call::get().client("48.49.50.51");
    assert!(!share(
        json!({"limitPerMinute": 1, "key": "header:X-Tenant"}),
        &octets,
        &address
    ));
}

#[test]
fn limits_keyed_apart_hold_at_once() {
    let chain = behind_keys(json!({"limits": [
        {"key": "consumer", "limitPerMinute": 2},
        {"key": "ip", "limitPerMinute": 3},
    ]}));
    let (alice, bob) = (with_key("alice-1"), with_key("bob-1"));
    assert!(alice.on(&chain).passed() && alice.on(&chain).passed());
    assert!(is_limited(&alice.on(&chain)), "her own is used up");
    assert!(bob.on(&chain).passed());
    assert!(is_limited(&bob.on(&chain)), "the address's is used up");
    assert!(bob.clone().client("198.51.100.7").on(&chain).passed());
}

#[test]
fn a_request_may_cost_more() {
    let chain = limit(json!({"limitPerMinute": 10, "cost": 4}));
    let at = |seconds| Call::get().at(seconds).on(&chain);
    assert_eq!(
        at(0.0).response_field("RateLimit").unwrap(),
        r#""default";r=6;t=60"#
    );
    assert!(at(1.0).passed());
    assert!(is_limited(&at(2.0)), "two are left, and four are wanted");
    assert!(at(60.0).passed());
}

#[test]
fn a_dry_run_tells_us_and_not_the_client() {
    let chain = limit(json!({"limitPerMinute": 1, "dryRun": true, "xRateLimitHeaders": true}));
    let first = Call::get().on(&chain);
    assert!(first.passed());
    assert_eq!(first.exchange.would_refuse, None);
    let second = Call::get().on(&chain);
    assert!(second.passed());
    assert_eq!(second.exchange.would_refuse, Some(Reason::RateLimited));
    assert_eq!(second.response(), [""; 0]);
    assert_eq!(Call::get().at(60.0).on(&chain).exchange.would_refuse, None);
    let chain = limit(json!({"concurrent": 1, "dryRun": true}));
    let held = Call::get().on(&chain);
    let beside = Call::get().on(&chain);
    assert!(held.passed() && beside.passed());
    assert_eq!(
        beside.exchange.would_refuse,
        Some(Reason::ConcurrencyLimited)
    );
}

#[test]
fn places_are_given_back() {
    let chain = limit(json!({"concurrent": 2}));
    let (first, _second) = (Call::get().on(&chain), Call::get().on(&chain));
    let third = Call::get().on(&chain);
    assert_eq!(third.reason(), Some(Reason::ConcurrencyLimited));
    assert_eq!(third.response(), [""; 0]);
    assert!(Call::get().client("198.51.100.7").on(&chain).passed());
    drop(first);
    assert!(Call::get().on(&chain).passed());
}

#[test]
fn neither_kind_of_limit_pays_for_what_the_other_refuses() {
    let chain = limit(json!({"limits": [{"concurrent": 1}, {"limitPerMinute": 2}]}));
    let first = Call::get().on(&chain);
    let beside = Call::get().on(&chain);
    assert_eq!(beside.reason(), Some(Reason::ConcurrencyLimited));
    drop(first);
    assert!(Call::get().on(&chain).passed(), "the rate did not count it");
    let refused = Call::get().on(&chain);
    assert!(is_limited(&refused));
    assert!(
        Call::get().at(60.0).on(&chain).passed(),
        "the refused one holds no place"
    );
}

#[test]
fn every_place_of_several_is_given_back_when_one_is_missing() {
    let chain = behind_keys(json!({"limits": [
        {"key": "consumer", "concurrent": 1},
        {"key": "ip", "concurrent": 1, "name": "address"},
    ]}));
    let alice = with_key("alice-1").on(&chain);
    let bob = with_key("bob-1").on(&chain);
    assert_eq!(bob.reason(), Some(Reason::ConcurrencyLimited));
    let elsewhere = with_key("bob-1").client("198.51.100.7").on(&chain);
    assert!(elsewhere.passed(), "bob's own place is free");
    drop(alice);
}

#[test]
fn what_holds_is_told_in_words() {
    let chain = limit(json!({"limits": [
        {"limitPerMinute": 120, "burst": 30},
        {"key": "header:X-Tenant", "limitPerHour": 5, "concurrent": 2},
    ]}));
    assert_eq!(
        chain.links()[0].does,
        "120 requests per 60s per ip (token bucket of 30); 5 requests per 3600s per header:x-tenant (sliding window), \
         2 requests at a time per header:x-tenant"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A request after that wait passes, and where more than a second is told, a request a second sooner does not.
    #[test]
    fn retry_after_is_true(
        gaps in vec(0_u64..2_000, 1..30),
        limit_in_window in 2_u64..6,
        burst in proptest::option::of(2_u64..4),
        cost in 1_u64..=2,
    ) {
        let mut config = json!({"limit": limit_in_window, "window": "7s", "cost": cost});
        if let Some(burst) = burst {
            config["burst"] = burst.into();
        }
        let mut now = 0;
        let arrivals: Vec<u64> = gaps.iter().map(|gap| { now += gap; now }).collect();
        let run = |until: usize, then: u64| {
            let chain = limit(config.clone());
            for arrival in &arrivals[..until] {
                Call::get().at(*arrival as f64 / 1000.0).on(&chain);
            }
            Call::get().at(then as f64 / 1000.0).on(&chain)
        };
        for (place, arrival) in arrivals.iter().enumerate() {
            let outcome = run(place, *arrival);
            let wait = outcome.response_field("Retry-After");
            prop_assert_eq!(outcome.passed(), wait.is_none());
            if let Some(wait) = wait {
                let wait: u64 = wait.parse().unwrap();
                prop_assert!(wait >= 1);
                prop_assert!(run(place + 1, arrival + wait * 1000).passed());
                if wait > 1 {
                    prop_assert!(is_limited(&run(place + 1, arrival + (wait - 1) * 1000)));
                }
                return Ok(());
            }
        }
    }
}

/// What a request with such a token is counted by.
fn counted_by(key: &KeySource, claims: Option<Value>, consumer: Option<&str>) -> Vec<String> {
    let claims = claims.map(|claims| Arc::new(Claims::new(claims.as_object().unwrap().clone())));
    let named = |name| Arc::new(Consumer::new(name, vec![], indexmap::IndexMap::new()).unwrap());
    let exchange = Exchange {
        claims,
        consumer: consumer.map(named),
        ..Exchange::default()
    };
    let text = |part: &&[u8]| String::from_utf8_lossy(part).into_owned();
    let call = Call::get().client("65.66.67.68");
    key.with(&call.request(), &exchange, |parts| {
        parts.iter().map(text).collect()
    })
}

#[test]
fn a_token_without_a_consumer_is_counted_by_issuer_and_subject() {
    let by = |claims, consumer| counted_by(&KeySource::Consumer, claims, consumer);
    let token = json!({"iss": "https://a.example", "sub": "user-7"});
    assert_eq!(
        by(Some(token.clone()), None),
        ["subject", "https://a.example", "user-7"]
    );
    assert_eq!(by(Some(json!({"sub": 7})), None), ["subject", "", "7"]);
    assert_eq!(by(Some(token), Some("alice")), ["consumer", "alice"]);
    assert_eq!(
        by(Some(json!({"iss": "https://a.example"})), None),
        ["ip", "ABCD"]
    );
    assert_eq!(by(None, None), ["ip", "ABCD"]);
}

#[test]
fn a_claim_tells_apart_and_without_it_the_address_does() {
    let by =
        |claim: &str, claims| counted_by(&KeySource::Claim(claim.into()), claims, Some("alice"));
    let token = json!({"tenant": "acme", "plan": {"level": 3}, "teams": ["red"]});
    assert_eq!(by("tenant", Some(token.clone())), ["claim", "acme"]);
    assert_eq!(by("plan.level", Some(token.clone())), ["claim", "3"]);
    for claim in ["teams", "plan", "none"] {
        assert_eq!(by(claim, Some(token.clone())), ["ip", "ABCD"], "{claim}");
    }
    assert_eq!(by("tenant", None), ["ip", "ABCD"]);
    assert!(
        limit(json!({"key": "claim:tenant", "limitPerMinute": 1}))
            .links()
            .len()
            == 1
    );
}
