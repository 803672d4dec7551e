#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::plugin::chain::Chain;
use crate::plugin::testing::{Call, Outcome, Surroundings, edited, mistakes};
use crate::reason::Reason;
use serde_json::{Value, json};
use std::time::Duration;

/// A chain for two consumers; bob's second key ends with the second in which calls come.
fn chain(config: Value) -> Chain {
    let ends = Call::get().time + Duration::from_secs(1);
    Surroundings::default()
        .key("alice-1", "alice", None)
        .key("bob-1", "bob", None)
        .key("bob-2", "bob", Some(ends))
        .key("a b&c=d", "odd", None)
        .compile(&json!([{"name": "key-auth", "config": config}]))
        .unwrap()
}

fn consumer(outcome: &Outcome) -> Option<&str> {
    assert!(outcome.passed(), "{outcome:?}");
    outcome
        .exchange
        .consumer
        .as_deref()
        .map(|consumer| consumer.name())
}

fn refused(outcome: &Outcome, reason: Reason) {
    assert_eq!(outcome.reason(), Some(reason));
    assert_eq!(
        outcome.response(),
        [r#"www-authenticate: ApiKey realm="gateway""#]
    );
    assert!(outcome.exchange.consumer.is_none() && outcome.exchange.credential.is_none());
    let upstream = edited(&[], &outcome.exchange.request_edits);
    assert!(upstream.is_empty(), "{upstream:?}");
}

#[test]
fn a_key_finds_its_consumer() {
    let chain = chain(json!({}));
    let alice = Call::get().header("x-api-key", "alice-1").on(&chain);
    assert_eq!(consumer(&alice), Some("alice"));
    assert!(alice.response().is_empty());
    let bob = Call::get().header("X-API-Key", "bob-1").on(&chain);
    assert_eq!(consumer(&bob), Some("bob"));
    assert_ne!(alice.exchange.credential, bob.exchange.credential);
}

#[test]
fn two_keys_of_one_consumer_overlap_until_one_ends() {
    let chain = chain(json!({}));
    let mut new = Call::get().header("X-API-Key", "bob-2");
    assert_eq!(consumer(&new.on(&chain)), Some("bob"));
    new.time += Duration::from_secs(1);
    refused(&new.on(&chain), Reason::CredentialInvalid);
    let mut old = Call::get().header("X-API-Key", "bob-1");
    old.time = new.time;
    assert_eq!(consumer(&old.on(&chain)), Some("bob"));
}

#[test]
fn what_is_no_key_is_refused_with_a_challenge() {
    let chain = chain(json!({}));
    refused(&Call::get().on(&chain), Reason::CredentialMissing);
    let with = |key| Call::get().header("X-API-Key", key).on(&chain);
    refused(&with(""), Reason::CredentialMissing);
    for wrong in [
        "mallory",
        "alice-",
        "alice-11",
        "ALICE-1",
        "alice-1,alice-1",
        "é",
    ] {
        refused(&with(wrong), Reason::CredentialInvalid);
    }
}

#[test]
fn a_key_given_twice_is_refused_even_when_both_are_right() {
    let chain = chain(json!({"query": "key"}));
    let header = Call::get().header("X-API-Key", "alice-1");
    assert_eq!(consumer(&header.on(&chain)), Some("alice"));
    for twice in [
        header.clone().header("X-API-Key", "alice-1"),
        header.clone().header("X-API-Key", ""),
        header.clone().query("key=alice-1"),
        header.query("key="),
        Call::get().query("key=alice-1&key=alice-1"),
        Call::get().query("key=alice-1&x=1&%6bey=bob-1"),
    ] {
        refused(&twice.on(&chain), Reason::CredentialInvalid);
    }
}

#[test]
fn a_query_is_read_only_where_that_is_switched_on() {
    let call = Call::get().query("x=1&key=alice-1");
    assert_eq!(
        consumer(&call.on(&chain(json!({"query": "key"})))),
        Some("alice")
    );
    refused(&call.on(&chain(json!({}))), Reason::CredentialMissing);
    refused(
        &call.on(&chain(json!({"query": "Key"}))),
        Reason::CredentialMissing,
    );
}

#[test]
fn a_query_s_key_may_be_percent_encoded_and_must_not_be_empty() {
    let chain = chain(json!({"query": "api key"}));
    let query = |query| Call::get().query(query).on(&chain);
    assert_eq!(consumer(&query("api%20key=a%20b%26c%3Dd")), Some("odd"));
    assert_eq!(consumer(&query("api%20key=%61lice-1")), Some("alice"));
    refused(&query("api%20key=%2561lice-1"), Reason::CredentialInvalid);
    for empty in ["api%20key", "api%20key=", "", "&&"] {
        refused(&query(empty), Reason::CredentialMissing);
    }
}

#[test]
fn the_upstream_learns_who_calls_and_nothing_of_the_key() {
    let chain = chain(json!({"query": "key"}));
    let outcome = Call::get().header("X-API-Key", "alice-1").on(&chain);
    let sent = [
        ("x-api-key", "alice-1"),
        ("X-Consumer-Name", "mallory"),
        ("Accept", "*/*"),
    ];
    let upstream = edited(&sent, &outcome.exchange.request_edits);
    assert_eq!(upstream, ["accept: */*", "x-consumer-name: alice"]);
    let secret: Vec<&str> = outcome.exchange.secret_query.iter().map(|s| &**s).collect();
    assert_eq!(secret, ["key"]);
}

#[test]
fn the_names_are_the_configuration_s() {
    let chain =
        chain(json!({"header": "Apikey", "realm": "orders api", "consumerHeader": "X-User"}));
    let outcome = Call::get().header("apikey", "alice-1").on(&chain);
    assert_eq!(
        edited(&[("apikey", "alice-1")], &outcome.exchange.request_edits),
        ["x-user: alice"]
    );
    let outcome = Call::get().header("X-API-Key", "alice-1").on(&chain);
    assert_eq!(outcome.reason(), Some(Reason::CredentialMissing));
    assert_eq!(
        outcome.response(),
        [r#"www-authenticate: ApiKey realm="orders api""#]
    );
}

#[test]
fn mistakes_are_told() {
    let told = |config| mistakes("key-auth", config);
    assert_eq!(
        told(json!({"header": "X Key", "consumerHeader": ""})),
        [
            "invalid-header-name at /header",
            "invalid-header-name at /consumerHeader"
        ]
    );
    assert_eq!(told(json!({"realm": "a\"b"})), ["bad-value at /realm"]);
    assert_eq!(
        told(json!({"headers": "X-Key"})),
        ["unknown-key at /headers"]
    );
    assert_eq!(told(json!({"query": ""})), ["out-of-range at /query"]);
    assert_eq!(
        told(json!({"header": "X-Key", "consumerHeader": "x-key"})),
        ["same-header at /consumerHeader"]
    );
}
