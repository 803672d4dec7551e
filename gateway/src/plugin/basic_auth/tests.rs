#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::identity;
use crate::identity::passwords::{REMEMBERED, Stored};
use crate::plugin::chain::Chain;
use crate::plugin::testing::{Call, Outcome, Surroundings, edited, mistakes};
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::time::Duration;

const CHALLENGE: &str = r#"www-authenticate: Basic realm="gateway", charset="UTF-8""#;

/// A hash with the least cost that there is.
fn stored(password: &str) -> Stored {
    Stored::hash(&bcrypt::hash(password, 4).unwrap()).unwrap()
}

/// alice, whose hash is stored, and bob, whose password is known.
fn surroundings(lasting: &Arc<identity::Lasting>) -> Surroundings {
    let surroundings = Surroundings {
        identities: lasting.clone(),
        ..Surroundings::default()
    };
    surroundings
        .password("alice", stored("open:sesame"), "alice")
        .password("bøb", stored("pässword"), "bob")
}

fn chain(lasting: &Arc<identity::Lasting>, config: Value) -> Chain {
    let plugins = json!([{"name": "basic-auth", "config": config}]);
    surroundings(lasting).compile(&plugins).unwrap()
}

fn basic(text: &str) -> Call {
    Call::get().header("Authorization", &format!("Basic {}", STANDARD.encode(text)))
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
    assert_eq!(outcome.reason(), Some(reason), "{outcome:?}");
    assert_eq!(outcome.response(), [CHALLENGE]);
    assert!(outcome.exchange.consumer.is_none() && outcome.exchange.credential.is_none());
}

#[tokio::test]
async fn a_password_finds_its_consumer() {
    let lasting = Arc::default();
    let chain = chain(&lasting, json!({}));
    let alice = basic("alice:open:sesame").wait(&chain).await;
    assert_eq!(consumer(&alice), Some("alice"));
    assert!(alice.response().is_empty());
    let bob = basic("bøb:pässword").wait(&chain).await;
    assert_eq!(consumer(&bob), Some("bob"));
    assert_ne!(alice.exchange.credential, bob.exchange.credential);
    let upstream = edited(
        &[("authorization", "Basic abc"), ("x-consumer-name", "root")],
        &alice.exchange.request_edits,
    );
    assert_eq!(upstream, ["x-consumer-name: alice"]);
}

#[tokio::test]
async fn everything_else_is_refused_alike() {
    let lasting = Arc::default();
    let chain = chain(&lasting, json!({}));
    let wrong = [
        "alice:open:sesam",
        "alice:",
        "alice:open",
        "Alice:open:sesame",
        "nobody:open:sesame",
        ":open:sesame",
        "alice",
        "",
        "alice\0:open:sesame",
        "alice:open:sesame\n",
    ];
    for text in wrong {
        refused(&basic(text).wait(&chain).await, Reason::CredentialInvalid);
    }
    for value in [
        "Basic",
        "Basic ",
        "Basic ???",
        "Basic YWxpY2U6b3BlbjpzZXNhbWU= x",
        "basic /w==",
    ] {
        refused(
            &Call::get()
                .header("Authorization", value)
                .wait(&chain)
                .await,
            Reason::CredentialInvalid,
        );
    }
    let latin = [b"b\xf8b:".as_slice(), "pässword".as_bytes()].concat();
    let latin = Call::get().header(
        "Authorization",
        &format!("Basic {}", STANDARD.encode(latin)),
    );
    refused(&latin.wait(&chain).await, Reason::CredentialInvalid);
    let padded = Call::get().header("Authorization", "bAsIc   YWxpY2U6b3BlbjpzZXNhbWU");
    assert_eq!(
        consumer(&padded.wait(&chain).await),
        Some("alice"),
        "the control"
    );
}

#[tokio::test]
async fn other_schemes_are_none_of_its_business() {
    let lasting = Arc::default();
    let chain = chain(&lasting, json!({"realm": "ledger"}));
    for call in [
        Call::get(),
        Call::get().header("Authorization", "Bearer abc"),
        Call::get().header("Authorization", "Basics YTpi"),
    ] {
        let outcome = call.wait(&chain).await;
        assert_eq!(outcome.reason(), Some(Reason::CredentialMissing));
        assert_eq!(
            outcome.response(),
            [r#"www-authenticate: Basic realm="ledger", charset="UTF-8""#]
        );
        let upstream = edited(
            &[("authorization", "Bearer abc")],
            &outcome.exchange.request_edits,
        );
        assert_eq!(upstream, ["authorization: Bearer abc"]);
    }
}

#[tokio::test]
async fn two_fields_are_malformed() {
    let lasting = Arc::default();
    let chain = chain(&lasting, json!({}));
    for second in ["Bearer abc", "Basic YWxpY2U6b3BlbjpzZXNhbWU="] {
        let outcome = basic("alice:open:sesame")
            .header("Authorization", second)
            .wait(&chain)
            .await;
        assert_eq!(outcome.reason(), Some(Reason::MalformedCredential));
    }
    assert_eq!(lasting.checks().made(), 0);
}

#[tokio::test]
async fn it_goes_upstream_only_where_that_is_asked_for_and_it_is_right() {
    let lasting = Arc::default();
    let chain = chain(&lasting, json!({"forward": true}));
    let sent = &[("authorization", "Basic abc")];
    let right = basic("alice:open:sesame").wait(&chain).await;
    assert_eq!(
        edited(sent, &right.exchange.request_edits),
        ["authorization: Basic abc", "x-consumer-name: alice"]
    );
    let wrong = basic("alice:wrong").wait(&chain).await;
    assert!(edited(sent, &wrong.exchange.request_edits).is_empty());
}

#[tokio::test]
async fn a_name_that_nobody_has_costs_a_check_each_time_as_a_wrong_password_does() {
    let lasting: Arc<identity::Lasting> = Arc::default();
    let chain = chain(&lasting, json!({}));
    for (place, text) in ["alice:wrong", "alice:wrong", "nobody:wrong", "nobody:wrong"]
        .iter()
        .enumerate()
    {
        refused(&basic(text).wait(&chain).await, Reason::CredentialInvalid);
        assert_eq!(lasting.checks().made(), place as u64 + 1, "{text}");
    }
}

#[tokio::test]
async fn a_right_password_is_checked_once_until_its_time_is_over_or_it_changes() {
    let lasting: Arc<identity::Lasting> = Arc::default();
    let first = chain(&lasting, json!({}));
    let made = || lasting.checks().made();
    let call = basic("alice:open:sesame");
    assert_eq!(consumer(&call.wait(&first).await), Some("alice"));
    // Without a runtime: nothing waits.
    assert_eq!(consumer(&call.wait(&first).await), Some("alice"));
    assert_eq!(made(), 1);
    let late = call
        .clone()
        .at((REMEMBERED + Duration::from_secs(1)).as_secs_f64());
    assert_eq!(consumer(&late.wait(&first).await), Some("alice"));
    assert_eq!(made(), 2);
    // The same password under another salt.
    let second = chain(&lasting, json!({}));
    assert_eq!(consumer(&call.wait(&second).await), Some("alice"));
    assert_eq!(made(), 3);
    let gone = Surroundings {
        identities: lasting.clone(),
        ..Surroundings::default()
    };
    let gone = gone.compile(&json!([{"name": "basic-auth"}])).unwrap();
    refused(&call.wait(&gone).await, Reason::CredentialInvalid);
}

#[test]
fn what_cannot_be_configured() {
    assert_eq!(
        mistakes("basic-auth", json!({"consumerHeader": "a b"})),
        ["invalid-header-name at /consumerHeader"]
    );
    assert_eq!(
        mistakes("basic-auth", json!({"consumerHeader": "Authorization"})),
        ["same-header at /consumerHeader"]
    );
    assert_eq!(
        mistakes("basic-auth", json!({"realm": "a\"b"})),
        ["bad-value at /realm"]
    );
}
