#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::plugin::chain::{Chain, Link, Phases};
use crate::plugin::testing::{Call, Outcome, edited};
use futures::FutureExt;
use http::HeaderName;

/// Takes a header's value for a consumer's name; `wrong` and `down` are refused, `later` waits for another round.
struct Stub(&'static str);

impl Stub {
    fn judge(&self, value: &str) -> Found {
        let refuse = |reason| {
            let challenge = format!("{} error=\"yes\"", self.0).parse().ok();
            Refusal::new(Rejection::new(reason, "no"), challenge).into()
        };
        match value {
            "wrong" => refuse(Reason::CredentialInvalid),
            "down" => refuse(Reason::KeysUnavailable),
            "narrow" => refuse(Reason::InsufficientScope),
            name => Found::Known(Identity {
                consumer: Some(Arc::new(
                    Consumer::new(name, vec![], indexmap::IndexMap::new()).unwrap(),
                )),
                consumer_header: Some(HeaderName::from_static("x-consumer-name")),
                ..Identity::default()
            }),
        }
    }
}

impl Authenticate for Stub {
    fn name(&self) -> &'static str {
        self.0
    }

    fn authenticate(&self, request: &Request<'_>) -> Found {
        match request
            .headers
            .get(self.0)
            .map(|value| value.to_str().unwrap())
        {
            None => Found::Absent,
            Some("later") => {
                let found = Stub(self.0).judge("alice");
                Found::Waits(async { found }.boxed())
            }
            Some(value) => self.judge(value),
        }
    }

    fn conceal(&self, believed: bool, _: &Request<'_>, exchange: &mut Exchange) {
        if !believed || self.0 == "key" {
            exchange
                .request_edits
                .remove(HeaderName::from_static(self.0));
        }
    }

    fn challenge(&self) -> Option<HeaderValue> {
        Some(HeaderValue::from_static(self.0))
    }

    fn wanted(&self) -> &'static str {
        self.0
    }
}

fn chain(combine: Combine, anonymous: bool) -> Chain {
    let mut phases = Phases::default();
    for name in ["key", "token"] {
        phases.authenticate(Arc::new(Stub(name)));
        phases.link(Link {
            name,
            reason: "",
            does: String::new(),
            note: None,
        });
    }
    if anonymous {
        let guest = Consumer::new("guest", vec![], indexmap::IndexMap::new()).unwrap();
        phases.anonymous(Identity {
            consumer: Some(Arc::new(guest)),
            ..Identity::default()
        });
    }
    phases.finish(combine)
}

fn call(fields: &[(&str, &str)], chain: &Chain) -> Outcome {
    let call = |call: Call, (name, value): &(&str, &str)| call.header(name, value);
    fields.iter().fold(Call::get(), call).on(chain)
}

fn consumer(outcome: &Outcome) -> Option<&str> {
    assert!(outcome.passed(), "{outcome:?}");
    outcome.exchange.consumer.as_deref().map(Consumer::name)
}

#[test]
fn all_have_to_know_their_credential() {
    let chain = chain(Combine::All, false);
    assert_eq!(
        consumer(&call(&[("key", "alice"), ("token", "alice")], &chain)),
        Some("alice")
    );
    let nothing = call(&[], &chain);
    assert_eq!(nothing.reason(), Some(Reason::CredentialMissing));
    assert_eq!(
        nothing.response(),
        ["www-authenticate: key", "www-authenticate: token"]
    );
    let one = call(&[("key", "alice")], &chain);
    assert_eq!(one.reason(), Some(Reason::CredentialMissing));
    assert_eq!(one.response(), ["www-authenticate: token"]);
    let wrong = call(&[("key", "alice"), ("token", "wrong")], &chain);
    assert_eq!(wrong.reason(), Some(Reason::CredentialInvalid));
    assert_eq!(wrong.response(), [r#"www-authenticate: token error="yes""#]);
}

#[test]
fn credentials_of_two_consumers_are_nobody_s() {
    let all = chain(Combine::All, false);
    let two = call(&[("key", "alice"), ("token", "bob")], &all);
    assert_eq!(two.reason(), Some(Reason::CredentialInvalid));
    assert_eq!(
        two.response(),
        ["www-authenticate: key", "www-authenticate: token"]
    );
}

#[test]
fn any_one_is_enough() {
    let chain = chain(Combine::Any, false);
    for field in ["key", "token"] {
        assert_eq!(consumer(&call(&[(field, "alice")], &chain)), Some("alice"));
    }
    let beside = call(&[("key", "wrong"), ("token", "alice")], &chain);
    assert_eq!(consumer(&beside), Some("alice"));
    let wrong = call(&[("token", "wrong")], &chain);
    assert_eq!(wrong.reason(), Some(Reason::CredentialInvalid));
    assert_eq!(
        wrong.response(),
        [
            "www-authenticate: key",
            r#"www-authenticate: token error="yes""#
        ]
    );
    assert_eq!(call(&[], &chain).reason(), Some(Reason::CredentialMissing));
}

#[test]
fn what_cannot_be_judged_is_no_reason_to_say_that_it_is_wrong() {
    let chain = chain(Combine::Any, false);
    let down = call(&[("key", "wrong"), ("token", "down")], &chain);
    assert_eq!(down.reason(), Some(Reason::KeysUnavailable));
    let other = call(&[("key", "alice"), ("token", "down")], &chain);
    assert_eq!(consumer(&other), Some("alice"));
}

#[test]
fn what_is_somebody_s_is_not_called_wrong_for_another_s_sake() {
    let chain = chain(Combine::Any, false);
    let narrow = call(&[("key", "wrong"), ("token", "narrow")], &chain);
    assert_eq!(narrow.reason(), Some(Reason::InsufficientScope));
    let down = call(&[("key", "narrow"), ("token", "down")], &chain);
    assert_eq!(down.reason(), Some(Reason::KeysUnavailable));
}

#[test]
fn challenges_that_are_alike_are_told_once() {
    let mut phases = Phases::default();
    for name in ["token", "token", "key"] {
        phases.authenticate(Arc::new(Stub(name)));
        phases.link(Link {
            name,
            reason: "",
            does: String::new(),
            note: None,
        });
    }
    let outcome = call(&[], &phases.finish(Combine::Any));
    let told = edited(&[], &outcome.exchange.response_edits);
    assert_eq!(told, ["www-authenticate: key", "www-authenticate: token"]);
}

#[test]
fn a_stranger_without_any_credential_may_be_let_in() {
    for combine in [Combine::All, Combine::Any] {
        let chain = chain(combine, true);
        assert_eq!(consumer(&call(&[], &chain)), Some("guest"));
        let wrong = call(&[("key", "wrong")], &chain);
        assert_eq!(wrong.reason(), Some(Reason::CredentialInvalid));
    }
    let half = call(&[("key", "alice")], &chain(Combine::All, true));
    assert_eq!(half.reason(), Some(Reason::CredentialMissing));
}

#[test]
fn an_answer_from_elsewhere_is_waited_for() {
    let outcome = call(&[("token", "later")], &chain(Combine::Any, false));
    assert_eq!(consumer(&outcome), Some("alice"));
}

#[test]
fn what_nobody_vouched_for_stays_here() {
    let sent = [("key", "alice"), ("token", "wrong")];
    let outcome = call(&sent, &chain(Combine::Any, false));
    let upstream = edited(&sent, &outcome.exchange.request_edits);
    assert_eq!(upstream, ["x-consumer-name: alice"]);
    let token = [("token", "alice")];
    let outcome = call(&token, &chain(Combine::Any, false));
    let upstream = edited(&token, &outcome.exchange.request_edits);
    assert_eq!(upstream, ["token: alice", "x-consumer-name: alice"]);
}
