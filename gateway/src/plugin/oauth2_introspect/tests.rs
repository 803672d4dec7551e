#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::identity::{Consumer, TokenMatch};
use crate::plugin::chain::Chain;
use crate::plugin::exchange::{Attempt, Exchange};
use crate::plugin::testing::{Call, Outcome, Surroundings, edited, mistakes};
use crate::reason::Reason;
use indexmap::IndexMap;
use serde_json::{Value, json};
use std::sync::Arc;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// The second in which calls come: see [`Call::get`].
const NOW: u64 = 1_800_000_000;

/// A server that knows a few tokens.
async fn server() -> MockServer {
    let server = MockServer::start().await;
    let says = |request: &Request| {
        let form = String::from_utf8(request.body.clone()).unwrap();
        let token = form.split('&').find_map(|pair| pair.strip_prefix("token="));
        let says = match token.unwrap() {
            "alice" => json!({
                "active": true, "sub": "user-7", "client_id": "web", "scope": "orders:read orders:write",
                "aud": ["api"], "iss": "https://auth.example", "exp": NOW + 60, "email": "alice@example.com",
            }),
            "robot" => json!({"active": true, "client_id": "robot", "scope": "orders:read"}),
            "stranger" => json!({"active": true, "sub": "nobody", "scope": "orders:read"}),
            "bound" => {
                json!({"active": true, "cnf": {"x5t#S256": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"}})
            }
            "unfit" => json!({"active": true, "email": {"of": "two"}}),
            "broken" => return ResponseTemplate::new(500),
            "garbage" => return ResponseTemplate::new(200).set_body_string("active"),
            "rejected" => return ResponseTemplate::new(401),
            _ => json!({"active": false}),
        };
        ResponseTemplate::new(200).set_body_json(says)
    };
    let mock = Mock::given(method("POST")).respond_with(says);
    mock.mount(&server).await;
    server
}

fn config(server: &MockServer, more: Value) -> Value {
    let mut config = json!({
        "endpoint": server.uri(), "clientId": "gateway", "clientSecret": "secret"
    });
    let more = more.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(more);
    config
}

/// A chain with this plugin, and two consumers who own tokens.
fn chain(server: &MockServer, more: Value) -> Chain {
    let mut surroundings = Surroundings::default();
    for (name, claim, value) in [("alice", "sub", "user-7"), ("robots", "client_id", "robot")] {
        let consumer = Consumer::new(name, vec![], IndexMap::new()).unwrap();
        let (claim, value) = (claim.into(), value.into());
        let token = TokenMatch {
            issuer: None,
            claim,
            value,
        };
        let consumers = &mut surroundings.consumers;
        consumers.insert_token(token, &Arc::new(consumer)).unwrap();
    }
    let config = config(server, more);
    let plugins = json!([{"name": "oauth2-introspect", "config": config}]);
    surroundings.compile(&plugins).unwrap()
}

async fn on(call: &Call, chain: &Chain) -> Outcome {
    let mut exchange = Exchange::default();
    let flow = chain.on_request(&call.request(), &mut exchange).await;
    Outcome { flow, exchange }
}

fn bearer(token: &str) -> Call {
    Call::get().header("Authorization", &format!("Bearer {token}"))
}

fn consumer(outcome: &Outcome) -> Option<&str> {
    assert!(outcome.passed(), "{outcome:?}");
    let consumer = outcome.exchange.consumer.as_deref();
    consumer.map(Consumer::name)
}

async fn asked(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

fn challenge(outcome: &Outcome) -> String {
    outcome.response_field("www-authenticate").unwrap()
}

#[tokio::test]
async fn a_token_finds_its_consumer_and_is_asked_about_once() {
    let server = server().await;
    let chain = chain(&server, json!({"claimsToHeaders": {"email": "X-Email"}}));
    for _ in 0..2 {
        let alice = on(&bearer("alice"), &chain).await;
        assert_eq!(consumer(&alice), Some("alice"));
        let claims = alice.exchange.claims.as_ref().unwrap();
        assert_eq!(claims.text("client_id").unwrap(), "web");
        assert!(alice.exchange.credential.is_some());
        let sent = [("Authorization", "Bearer alice"), ("X-Email", "forged")];
        let upstream = edited(&sent, &alice.exchange.request_edits);
        let wanted = [
            "authorization: Bearer alice",
            "x-consumer-name: alice",
            "x-email: alice@example.com",
        ];
        assert_eq!(upstream, wanted);
    }
    assert_eq!(asked(&server).await, 1);
    assert_eq!(
        consumer(&on(&bearer("robot"), &chain).await),
        Some("robots")
    );
    let stranger = on(&bearer("stranger"), &chain).await;
    assert_eq!(consumer(&stranger), None);
    assert!(stranger.exchange.claims.is_some());
}

#[tokio::test]
async fn the_token_stays_here_where_it_is_not_to_be_forwarded() {
    let server = server().await;
    let chain = chain(&server, json!({"forward": false}));
    let alice = on(&bearer("alice"), &chain).await;
    assert!(alice.passed());
    let sent = [("Authorization", "Bearer alice")];
    let upstream = edited(&sent, &alice.exchange.request_edits);
    assert_eq!(upstream, ["x-consumer-name: alice"]);
}

#[tokio::test]
async fn what_can_be_no_token_is_refused_without_asking() {
    let server = server().await;
    let chain = chain(&server, json!({"realm": "orders"}));
    let none = on(&Call::get(), &chain).await;
    assert_eq!(none.reason(), Some(Reason::CredentialMissing));
    assert_eq!(challenge(&none), r#"Bearer realm="orders""#);
    for call in [
        bearer("a b"),
        bearer("ü"),
        bearer(""),
        bearer("alice").header("Authorization", "Bearer alice"),
    ] {
        let outcome = on(&call, &chain).await;
        assert_eq!(outcome.reason(), Some(Reason::MalformedCredential));
        let challenge = challenge(&outcome);
        assert!(
            challenge.contains(r#"error="invalid_request""#),
            "{challenge}"
        );
    }
    let large = on(&bearer(&"a".repeat(20_000)), &chain).await;
    assert_eq!(large.reason(), Some(Reason::CredentialInvalid));
    assert_eq!(asked(&server).await, 0);
    assert!(on(&bearer("alice"), &chain).await.passed());
}

#[tokio::test]
async fn a_token_that_is_not_for_here_is_refused() {
    let server = server().await;
    let any = chain(&server, json!({}));
    let other = chain(&server, json!({"audience": ["web", "app"]}));
    let issuer = chain(&server, json!({"issuer": "https://auth.example/"}));
    let fits = json!({"audience": "api", "issuer": "https://auth.example"});
    assert!(on(&bearer("alice"), &chain(&server, fits)).await.passed());
    let headers = chain(&server, json!({"claimsToHeaders": {"email": "X-Email"}}));
    for (chain, token, why) in [
        (&any, "unknown", "the token is not active"),
        (&any, "bound", "the token is bound to another certificate"),
        (&other, "alice", "the token is for another audience"),
        (&other, "robot", "the token is for another audience"),
        (&issuer, "alice", "the token's issuer is not accepted"),
        (
            &headers,
            "unfit",
            "a claim of the token cannot be passed on",
        ),
    ] {
        let outcome = on(&bearer(token), chain).await;
        assert_eq!(outcome.reason(), Some(Reason::CredentialInvalid), "{token}");
        let wanted =
            format!(r#"Bearer realm="gateway", error="invalid_token", error_description="{why}""#);
        assert_eq!(challenge(&outcome), wanted);
        let sent = [("Authorization", "Bearer x")];
        assert!(edited(&sent, &outcome.exchange.request_edits).is_empty());
    }
}

#[tokio::test]
async fn a_remembered_token_ends_at_its_end() {
    let server = server().await;
    let chain = chain(&server, json!({}));
    let mut call = bearer("alice");
    assert!(on(&call, &chain).await.passed());
    call.time += std::time::Duration::from_secs(59);
    assert!(on(&call, &chain).await.passed());
    assert_eq!(asked(&server).await, 1);
    call.time += std::time::Duration::from_secs(1);
    let over = on(&call, &chain).await;
    assert_eq!(over.reason(), Some(Reason::CredentialInvalid));
}

#[tokio::test]
async fn a_scope_that_does_not_reach_is_403() {
    let server = server().await;
    let wanted = json!({"scopes": ["orders:write", "orders:read"]});
    let chain = chain(&server, wanted);
    assert!(on(&bearer("alice"), &chain).await.passed());
    let robot = on(&bearer("robot"), &chain).await;
    assert_eq!(robot.reason(), Some(Reason::InsufficientScope));
    assert_eq!(
        challenge(&robot),
        r#"Bearer realm="gateway", error="insufficient_scope", scope="orders:write orders:read""#
    );
}

#[tokio::test]
async fn while_nobody_can_be_asked_it_is_503_or_open_where_that_is_wanted() {
    let server = server().await;
    let closed = chain(&server, json!({}));
    let open = chain(&server, json!({"onOutage": "open"}));
    for token in ["broken", "garbage"] {
        let outcome = on(&bearer(token), &closed).await;
        let reason = Some(Reason::IntrospectionUnavailable);
        assert_eq!(outcome.reason(), reason, "{token}");
        assert_eq!(outcome.response(), ["retry-after: 1"]);
        let outcome = on(&bearer(token), &open).await;
        assert_eq!(consumer(&outcome), None, "{token}");
        let Exchange {
            claims,
            credential,
            attempt,
            ..
        } = &outcome.exchange;
        assert!(claims.is_none() && credential.is_none());
        assert_eq!(*attempt, Some(Attempt::new("oauth2-introspect", "open")));
    }
    for chain in [&closed, &open] {
        // That is the gateway's own fault, and opens nothing.
        let outcome = on(&bearer("rejected"), chain).await;
        let reason = Some(Reason::IntrospectionUnavailable);
        assert_eq!(outcome.reason(), reason);
        let outcome = on(&bearer("unknown"), chain).await;
        assert_eq!(outcome.reason(), Some(Reason::CredentialInvalid));
        assert_eq!(consumer(&on(&bearer("alice"), chain).await), Some("alice"));
    }
}

#[tokio::test]
async fn a_token_may_be_in_another_place() {
    let server = server().await;
    let places = json!({"header": "X-Token", "cookie": "session", "query": "access_token"});
    let chain = chain(&server, json!({"token": places}));
    let query = Call::get().query("access_token=alice");
    let outcome = on(&query, &chain).await;
    assert_eq!(consumer(&outcome), Some("alice"));
    assert_eq!(&*outcome.exchange.secret_query[0], "access_token");
    assert_eq!(outcome.response(), ["cache-control: private"]);
    let cookie = Call::get().header("Cookie", "a=b; session=alice");
    assert_eq!(consumer(&on(&cookie, &chain).await), Some("alice"));
    let header = Call::get().header("X-Token", "alice");
    assert_eq!(consumer(&on(&header, &chain).await), Some("alice"));
    let usual = on(&bearer("alice"), &chain).await;
    assert_eq!(usual.reason(), Some(Reason::CredentialMissing));
}

#[test]
fn mistakes_are_told_where_they_are() {
    let name = "oauth2-introspect";
    let wrong = |more: Value| {
        let mut config = json!({
            "endpoint": "https://auth.example/introspect", "clientId": "gateway", "clientSecret": "secret"
        });
        for (key, value) in more.as_object().unwrap() {
            match value {
                Value::Null => drop(config.as_object_mut().unwrap().remove(key)),
                value => config[key] = value.clone(),
            }
        }
        mistakes(name, config)
    };
    let digest = format!("sha256:{}", "0".repeat(64));
    for (more, wanted) in [
        (
            json!({"endpoint": "http://auth.example/"}),
            "invalid-url at /endpoint",
        ),
        (
            json!({"endpoint": "auth.example"}),
            "invalid-url at /endpoint",
        ),
        (json!({"clientSecret": null}), "missing-secret at "),
        (
            json!({"clientSecret": digest}),
            "invalid-secret at /clientSecret",
        ),
        (
            json!({"clientSecret": "${env:NO_SUCH_NAME}"}),
            "unresolved-secret at /clientSecret",
        ),
        (
            json!({"clientAuth": "tls"}),
            "without-effect at /clientSecret",
        ),
        (
            json!({"clientAuth": "tls", "clientSecret": null}),
            "missing-certificate at /clientAuth",
        ),
        (json!({"timeout": "0s"}), "out-of-range at /timeout"),
        (json!({"timeout": "2m"}), "out-of-range at /timeout"),
        (
            json!({"cache": {"maxTtl": "99999999999999999999s"}}),
            "invalid-duration at /cache/maxTtl",
        ),
        (
            json!({"tls": {"serverName": "auth.internal"}}),
            "invalid-server-name at /tls/serverName",
        ),
        (
            json!({"endpoint": "http://localhost/", "tls": {}}),
            "tls-without-https at /tls",
        ),
        (
            json!({"claimsToHeaders": {"sub": "Authorization"}}),
            "same-header at /claimsToHeaders/sub",
        ),
        (
            json!({"resourceMetadata": "api"}),
            "invalid-url at /resourceMetadata",
        ),
    ] {
        assert_eq!(wrong(more.clone()), [wanted], "{more}");
    }
}
