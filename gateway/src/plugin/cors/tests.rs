#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::plugin::testing::{Call, chain, edited, mistakes, one};
use crate::plugin::{Flow, registry};
use http::{Method, StatusCode};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::json;

const APP: &str = "https://app.example.com";

fn preflight(origin: &str) -> Call {
    Call::get()
        .method(Method::OPTIONS)
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "PUT")
}

fn is_answer(flow: &Flow) -> bool {
    matches!(flow, Flow::Answer(StatusCode::NO_CONTENT))
}

#[test]
fn a_preflight_is_answered_with_all_that_is_allowed() {
    let cors = one(
        "cors",
        json!({"origins": [APP], "methods": ["GET", "PUT"], "headers": ["Authorization", "X-Trace"],
            "exposeHeaders": ["X-Total"], "allowCredentials": true, "maxAge": "2h"}),
    );
    let outcome = preflight(APP).on(&cors);
    assert!(is_answer(&outcome.flow));
    assert_eq!(
        outcome.response(),
        [
            "access-control-allow-credentials: true",
            "access-control-allow-headers: Authorization, X-Trace",
            "access-control-allow-methods: GET, PUT",
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 7200",
            "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        ]
    );
    let actual = Call::get().header("Origin", APP).on(&cors);
    assert!(actual.passed());
    assert_eq!(
        actual.response(),
        [
            "access-control-allow-credentials: true",
            "access-control-allow-origin: https://app.example.com",
            "access-control-expose-headers: X-Total",
            "vary: Origin",
        ]
    );
}

#[test]
fn what_is_not_said_has_safe_defaults() {
    let outcome = preflight(APP).on(&one("cors", json!({"origins": [APP]})));
    assert_eq!(
        outcome.response(),
        [
            "access-control-allow-methods: GET, HEAD, POST",
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 5",
            "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        ]
    );
}

#[test]
fn options_without_one_of_a_preflight_s_two_marks_goes_on() {
    let cors = one("cors", json!({"origins": [APP]}));
    let options = Call::get().method(Method::OPTIONS);
    for call in [
        options.clone(),
        options.clone().header("Origin", APP),
        options.header("Access-Control-Request-Method", "PUT"),
    ] {
        assert!(call.on(&cors).passed());
    }
    assert!(is_answer(&preflight(APP).on(&cors).flow));
}

#[test]
fn a_preflight_passes_where_a_key_is_wanted_and_a_refusal_can_be_read() {
    let secured = chain(json!([
        {"name": "key-auth"},
        {"name": "cors", "config": {"origins": [APP]}},
    ]));
    let order: Vec<_> = secured.links().iter().map(|link| link.name).collect();
    assert_eq!(order, [registry::CORS, "key-auth"]);
    assert!(is_answer(&preflight(APP).on(&secured).flow));
    let refused = Call::get().header("Origin", APP).on(&secured);
    assert!(refused.reason().is_some());
    assert_eq!(
        refused.response_field("Access-Control-Allow-Origin"),
        Some(APP.to_owned())
    );
}

#[test]
fn mistakes_are_told() {
    let told = |config| mistakes("cors", config);
    assert_eq!(told(json!({})), ["missing-key at "]);
    assert_eq!(told(json!({"origins": []})), ["out-of-range at /origins"]);
    assert_eq!(
        told(
            json!({"origins": [APP, "null", "app.example.com", "https://a.*.com", "https://a.com/"]})
        ),
        [
            "invalid-origin at /origins/1",
            "invalid-origin at /origins/2",
            "invalid-origin at /origins/3",
            "invalid-origin at /origins/4",
        ]
    );
    assert_eq!(
        told(
            json!({"origins": ["*"], "methods": ["*"], "headers": ["*"], "exposeHeaders": ["*"], "allowCredentials": true})
        ),
        [
            "wildcard-with-credentials at /origins/0",
            "wildcard-with-credentials at /methods/0",
            "wildcard-with-credentials at /headers/0",
            "wildcard-with-credentials at /exposeHeaders/0",
        ]
    );
    assert_eq!(
        told(
            json!({"origins": [APP], "methods": ["GET", "P T"], "headers": ["X:"], "exposeHeaders": [""]})
        ),
        [
            "invalid-token at /methods/1",
            "invalid-token at /headers/0",
            "invalid-token at /exposeHeaders/0",
        ]
    );
    assert_eq!(
        told(json!({"origins": [APP], "maxAge": 5})),
        ["wrong-type at /maxAge"]
    );
    one("cors", json!({"origins": ["*"], "headers": ["*"]}));
}

/// A configuration and a request.
#[derive(Debug, Clone)]
struct Case {
    origins: Vec<&'static str>,
    headers: Vec<&'static str>,
    expose: Vec<&'static str>,
    credentials: bool,
    private: bool,
    method: Method,
    sent: Vec<&'static str>,
    asks_method: Option<&'static str>,
    asks_private: bool,
}

/// Patterns, and of the origins below those that each takes: written down, not computed.
const PATTERNS: [(&str, &[&str]); 4] = [
    (APP, &[APP]),
    ("http://localhost:3000", &["http://localhost:3000"]),
    (
        "https://*.example.org",
        &["https://a.example.org", "https://b.a.example.org"],
    ),
    (
        "https://*.example.org:8443",
        &["https://a.example.org:8443"],
    ),
];

const ORIGINS: [&str; 16] = [
    APP,
    "http://localhost:3000",
    "https://a.example.org",
    "https://b.a.example.org",
    "https://a.example.org:8443",
    "null",
    "",
    "*",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com.evil.example",
    "https://evil-app.example.com",
    "https://example.org",
    "https://evilexample.org",
    "https://a.example.org/",
    "https://app.example.com https://a.example.org",
];

fn cases() -> impl Strategy<Value = Case> {
    let named = subsequence(PATTERNS.map(|(pattern, _)| pattern).to_vec(), 1..=4);
    // `*` and credentials exclude each other.
    let origins = prop_oneof![
        3 => (named.clone(), any::<bool>()),
        1 => named.prop_map(|mut origins| { origins.push("*"); (origins, false) }),
    ];
    let headers = subsequence(vec!["Authorization", "X-Trace"], 0..=2);
    let expose = subsequence(vec!["X-Total", "Link"], 0..=2);
    let sent = prop_oneof![
        6 => select(&ORIGINS[..]).prop_map(|origin| vec![origin]),
        1 => vec(select(&ORIGINS[..]), 0..=2),
    ];
    let method = select(vec![Method::OPTIONS, Method::GET, Method::POST]);
    let asks = (option::of(Just("PUT")), any::<bool>());
    (
        origins,
        headers,
        expose,
        any::<bool>(),
        (method, sent, asks),
    )
        .prop_map(
            |((origins, credentials), headers, expose, private, (method, sent, asks))| Case {
                origins,
                headers,
                expose,
                credentials,
                private,
                method,
                sent,
                asks_method: asks.0,
                asks_private: asks.1,
            },
        )
}

/// Fetch §3.2 in the order of its text: whether it is a preflight, and the fields of the response.
fn oracle(case: &Case) -> (bool, Vec<String>) {
    let preflight =
        case.method == Method::OPTIONS && !case.sent.is_empty() && case.asks_method.is_some();
    let mut fields = vec![];
    fields.push(if preflight {
        "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers".to_owned()
    } else {
        "vary: Origin".to_owned()
    });
    if let [origin] = case.sent[..]
        && let Some(allow) = allow_origin(case, origin)
    {
        fields.push(format!("access-control-allow-origin: {allow}"));
        if case.credentials {
            fields.push("access-control-allow-credentials: true".to_owned());
        }
        if preflight {
            fields.push("access-control-allow-methods: GET, HEAD, POST".to_owned());
            fields.push("access-control-max-age: 60".to_owned());
            if !case.headers.is_empty() {
                let headers = case.headers.join(", ");
                fields.push(format!("access-control-allow-headers: {headers}"));
            }
            if case.private && case.asks_private {
                fields.push("access-control-allow-private-network: true".to_owned());
            }
        } else if !case.expose.is_empty() {
            let expose = case.expose.join(", ");
            fields.push(format!("access-control-expose-headers: {expose}"));
        }
    }
    fields.sort();
    (preflight, fields)
}

fn allow_origin(case: &Case, origin: &'static str) -> Option<&'static str> {
    if case.origins.contains(&"*") {
        return origin.starts_with("http").then_some("*").filter(|_| {
            // Neither of these is an origin.
            !origin.ends_with('/') && !origin.contains(' ')
        });
    }
    let taken = |(pattern, takes): &(&str, &[&str])| {
        case.origins.contains(pattern) && takes.contains(&origin)
    };
    PATTERNS.iter().any(taken).then_some(origin)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn agrees_with_the_oracle(case in cases()) {
        let cors = one("cors", json!({
            "origins": case.origins, "headers": case.headers, "exposeHeaders": case.expose, "maxAge": "60s",
            "allowCredentials": case.credentials, "allowPrivateNetwork": case.private,
        }));
        let mut call = Call::get().method(case.method.clone());
        for origin in &case.sent {
            call = call.header("Origin", origin);
        }
        if let Some(method) = case.asks_method {
            call = call.header("Access-Control-Request-Method", method);
        }
        if case.asks_private {
            call = call.header("Access-Control-Request-Private-Network", "true");
        }
        let outcome = call.on(&cors);
        let upstream = [("access-control-allow-origin", "*"), ("Access-Control-Max-Age", "9")];
        let (preflight, fields) = oracle(&case);
        prop_assert_eq!(is_answer(&outcome.flow), preflight);
        prop_assert_eq!(outcome.passed(), !preflight);
        prop_assert_eq!(edited(&upstream, &outcome.exchange.response_edits), fields);
    }
}
