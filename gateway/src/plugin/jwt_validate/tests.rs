#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod mistakes;

use crate::identity::token::testing::{NOW, SECRET, text, token, with};
use crate::identity::{Certificate, Consumer, TokenMatch};
use crate::plugin::authenticate::Combine;
use crate::plugin::chain::Chain;
use crate::plugin::testing::{Call, Outcome, Surroundings, edited};
use crate::reason::Reason;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const CHALLENGE: &str = r#"www-authenticate: Bearer realm="gateway""#;

/// The secret in a file, since none stands in a document.
fn secret() -> (TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    std::fs::write(&file, SECRET).unwrap();
    let text = format!("${{file:{}}}", file.display());
    (directory, text)
}

/// The plugin with its usual configuration and this over it, for a consumer who owns `user-7`.
fn chain(config: Value) -> Chain {
    let (_directory, secret) = secret();
    let mut whole =
        json!({"issuer": "auth.example", "audience": "api", "keys": [{"secret": secret}]});
    for (name, value) in config.as_object().unwrap() {
        whole[name] = value.clone();
    }
    surroundings()
        .compile(&json!([{"name": "jwt-validate", "config": whole}]))
        .unwrap()
}

fn surroundings() -> Surroundings {
    let mut surroundings = Surroundings::default();
    let alice = Consumer::new("alice", vec![], indexmap::IndexMap::new()).unwrap();
    for (claim, value) in [("sub", "user-7"), ("azp", "cli")] {
        let token = TokenMatch {
            issuer: Some("auth.example".into()),
            claim: claim.into(),
            value: value.into(),
        };
        let alice = Arc::new(alice.clone());
        surroundings.consumers.insert_token(token, &alice).unwrap();
    }
    surroundings
}

fn bearing(token: &str) -> Call {
    Call::get().header("Authorization", &format!("Bearer {token}"))
}

#[track_caller]
fn refused(outcome: &Outcome, reason: Reason, challenge: &str) {
    assert_eq!(outcome.reason(), Some(reason), "{outcome:?}");
    assert_eq!(outcome.response(), [format!("{CHALLENGE}{challenge}")]);
    assert!(outcome.exchange.consumer.is_none() && outcome.exchange.claims.is_none());
}

#[track_caller]
fn invalid(outcome: &Outcome, description: &str) {
    let challenge = format!(r#", error="invalid_token", error_description="{description}""#);
    refused(outcome, Reason::CredentialInvalid, &challenge);
}

#[track_caller]
fn malformed(outcome: &Outcome, description: &str) {
    let challenge = format!(r#", error="invalid_request", error_description="{description}""#);
    refused(outcome, Reason::MalformedCredential, &challenge);
}

#[test]
fn a_token_finds_its_consumer_and_tells_its_claims() {
    let chain = chain(json!({}));
    for _ in 0..2 {
        let outcome = bearing(&with(json!({"tenant": "acme"}))).on(&chain);
        assert!(outcome.passed(), "{outcome:?}");
        assert_eq!(outcome.exchange.consumer.as_ref().unwrap().name(), "alice");
        assert_eq!(
            outcome
                .exchange
                .claims
                .as_ref()
                .unwrap()
                .text("tenant")
                .unwrap(),
            "acme"
        );
        assert!(outcome.exchange.credential.is_some());
        assert!(outcome.response().is_empty());
        let sent = [
            ("x-consumer-name", "mallory"),
            ("authorization", "Bearer x"),
        ];
        let upstream = edited(&sent, &outcome.exchange.request_edits);
        assert_eq!(
            upstream,
            ["authorization: Bearer x", "x-consumer-name: alice"]
        );
    }
    let stranger = bearing(&with(json!({"sub": "user-8"}))).on(&chain);
    assert!(stranger.passed() && stranger.exchange.consumer.is_none());
}

#[test]
fn other_claims_may_name_the_consumer() {
    let chain = chain(json!({"consumerClaim": ["client_id", "azp"]}));
    let name = |claims| {
        let outcome = bearing(&with(claims)).on(&chain);
        outcome
            .exchange
            .consumer
            .map(|consumer| consumer.name().to_owned())
    };
    assert_eq!(name(json!({"azp": "cli"})).as_deref(), Some("alice"));
    assert_eq!(name(json!({})), None);
}

#[test]
fn without_a_token_the_challenge_is_bare() {
    let chain = chain(json!({}));
    for call in [
        Call::get(),
        Call::get().header("Authorization", "Basic YTpi"),
        Call::get().header("Authorization", "Bearers abc"),
        Call::get().header("Authorization", ""),
        Call::get()
            .query("access_token=abc")
            .header("Cookie", "token=abc"),
    ] {
        refused(&call.on(&chain), Reason::CredentialMissing, "");
    }
}

#[test]
fn the_challenge_tells_realm_and_metadata() {
    let metadata = "https://api.example/.well-known/oauth-protected-resource";
    let chain = chain(json!({"realm": "orders api", "resourceMetadata": metadata}));
    let told = Call::get().on(&chain).response();
    assert_eq!(
        told,
        [format!(
            r#"www-authenticate: Bearer realm="orders api", resource_metadata="{metadata}""#
        )]
    );
}

#[test]
fn a_scheme_has_any_case_and_any_number_of_spaces() {
    let (chain, token) = (chain(json!({})), with(json!({})));
    for before in ["Bearer ", "bearer ", "BEARER   "] {
        let outcome = Call::get()
            .header("authorization", &format!("{before}{token}"))
            .on(&chain);
        assert!(outcome.passed(), "{before}");
    }
}

#[test]
fn a_malformed_request_is_told_so() {
    let chain = chain(json!({"token": {"cookie": "session", "query": "access_token"}}));
    let token = with(json!({}));
    assert!(bearing(&token).on(&chain).passed());
    for value in ["Bearer", "Bearer   "] {
        let call = Call::get().header("Authorization", value);
        malformed(&call.on(&chain), "there is no token behind the scheme");
    }
    for value in [
        "Bearer a b",
        "Bearer a,b",
        "Bearer =",
        "Bearer a=b",
        "Bearer \u{e9}",
        "Bearer \"a\"",
    ] {
        let call = Call::get().header("Authorization", value);
        malformed(
            &call.on(&chain),
            "the token holds characters that no token has",
        );
    }
    for twice in [
        bearing(&token).header("Authorization", &format!("Bearer {token}")),
        bearing(&token).header("Authorization", "Basic YTpi"),
        Call::get()
            .header("Authorization", "Basic YTpi")
            .header("Authorization", &format!("Bearer {token}")),
        bearing(&token).header("Cookie", &format!("session={token}")),
        bearing(&token).query(&format!("access_token={token}")),
        bearing(&token).query("access_token="),
        Call::get().query(&format!("access_token={token}&access%5Ftoken={token}")),
        Call::get().header("Cookie", &format!("session={token}; session=b")),
        Call::get()
            .header("Cookie", "session=a")
            .header("Cookie", "session=a"),
    ] {
        malformed(&twice.on(&chain), "more than one token was given");
    }
}

#[test]
fn a_cookie_or_a_query_carries_a_token_where_that_is_switched_on() {
    let chain = chain(json!({"token": {"cookie": "session", "query": "access_token"}}));
    let token = with(json!({}));
    for cookie in [
        format!("a=1; session={token}; b=2"),
        format!("session=\"{token}\""),
    ] {
        let outcome = Call::get().header("Cookie", &cookie).on(&chain);
        assert!(outcome.passed(), "{outcome:?}");
        assert!(outcome.response().is_empty());
    }
    let outcome = Call::get()
        .query(&format!("x=1&access_token={token}"))
        .on(&chain);
    assert!(outcome.passed(), "{outcome:?}");
    assert_eq!(outcome.response(), ["cache-control: private"]);
    let secret: Vec<&str> = outcome
        .exchange
        .secret_query
        .iter()
        .map(|name| &**name)
        .collect();
    assert_eq!(secret, ["access_token"]);
    for empty in [
        Call::get().query("access_token="),
        Call::get().header("Cookie", "session=; a=b"),
    ] {
        refused(&empty.on(&chain), Reason::CredentialMissing, "");
    }
}

#[test]
fn another_header_carries_the_token_without_a_scheme_or_with_its_own() {
    let token = with(json!({}));
    let bare = chain(json!({"token": {"header": "X-Token"}}));
    assert!(Call::get().header("X-Token", &token).on(&bare).passed());
    refused(&bearing(&token).on(&bare), Reason::CredentialMissing, "");
    let own = chain(json!({"token": {"header": "X-Token", "scheme": "JWT"}}));
    assert!(
        Call::get()
            .header("X-Token", &format!("jwt {token}"))
            .on(&own)
            .passed()
    );
    refused(
        &Call::get().header("X-Token", &token).on(&own),
        Reason::CredentialMissing,
        "",
    );
}

#[test]
fn what_is_wrong_is_told_without_what_would_be_right() {
    let chain = chain(json!({}));
    let told = |token: &str| bearing(token).on(&chain);
    invalid(&told("abc"), "the token is not three parts in base64url");
    invalid(
        &told(&with(json!({"exp": NOW - 60}))),
        "the token has expired",
    );
    invalid(
        &told(&with(json!({"aud": "other"}))),
        "the token is for another audience",
    );
    invalid(
        &told(&with(json!({"iss": "mallory"}))),
        "the token's issuer is not accepted",
    );
    invalid(
        &told(&token(json!({"alg": "none"}), json!({}))),
        "the token's algorithm is not accepted",
    );
    let unknown = token(json!({"kid": "unknown", "alg": "RS256"}), json!({}));
    invalid(&told(&unknown), "no key of the issuer goes with the token");
}

#[test]
fn a_remembered_token_is_not_believed_for_longer_than_it_says() {
    let chain = chain(json!({"leeway": "0s"}));
    let mut call = bearing(&with(json!({"exp": NOW + 10})));
    assert!(call.on(&chain).passed());
    call.time += Duration::from_secs(9);
    assert!(call.on(&chain).passed());
    call.time += Duration::from_secs(1);
    invalid(&call.on(&chain), "the token has expired");
}

#[test]
fn scopes_have_to_reach_far_enough() {
    let chain = chain(json!({"scopes": ["orders:read", "orders:write"]}));
    for right in [
        json!({"scope": "orders:write x orders:read"}),
        json!({"scp": ["orders:read", "orders:write"]}),
    ] {
        assert!(bearing(&with(right)).on(&chain).passed());
    }
    for wrong in [
        json!({}),
        json!({"scope": "orders:read"}),
        json!({"scope": "orders:read, orders:write"}),
    ] {
        let call = bearing(&with(wrong));
        for _ in 0..2 {
            let challenge = r#", error="insufficient_scope", scope="orders:read orders:write""#;
            refused(&call.on(&chain), Reason::InsufficientScope, challenge);
        }
    }
}

/// A certificate that nobody else has signed.
fn certificate(name: &str) -> Certificate {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    Certificate::parse(vec![params.self_signed(&key).unwrap().der().to_vec()]).unwrap()
}

#[test]
fn a_bound_token_needs_its_certificate_each_time() {
    let chain = chain(json!({}));
    let (own, other) = (certificate("own.example"), certificate("other.example"));
    let bound = with(json!({"cnf": {"x5t#S256": text(own.fingerprint())}}));
    let ask = |certificate: Option<&Certificate>| {
        let call = bearing(&bound);
        certificate
            .map_or(call.clone(), |shown| call.certificate(shown))
            .on(&chain)
    };
    let description = "the token is bound to another certificate";
    invalid(&ask(None), description);
    invalid(&ask(Some(&other)), description);
    assert!(ask(Some(&own)).passed());
    // It is remembered by now.
    invalid(&ask(None), description);
    invalid(&ask(Some(&other)), description);
    assert!(ask(Some(&own)).passed());
}

#[test]
fn claims_reach_the_upstream_in_headers() {
    let chain = chain(json!({"claimsToHeaders": {
        "sub": "X-User-Id", "realm_access.roles": "X-Roles", "level": "X-Level", "none": "X-None", "name": "X-Name",
    }}));
    let token = with(json!({
        "realm_access": {"roles": ["admin", "a,b", " c"]}, "level": 7, "name": "Zoë %\r\nX-Admin: 1",
    }));
    let outcome = bearing(&token).on(&chain);
    assert!(outcome.passed(), "{outcome:?}");
    let upstream = edited(&[], &outcome.exchange.request_edits);
    assert_eq!(
        upstream,
        [
            "x-consumer-name: alice",
            "x-level: 7",
            "x-name: Zo%C3%AB %25%0D%0AX-Admin: 1",
            "x-roles: admin,a%2Cb,%20c",
            "x-user-id: user-7",
        ]
    );
    for claims in [
        json!({"level": {}}),
        json!({"level": [[1]]}),
        json!({"name": "x".repeat(9000)}),
    ] {
        invalid(
            &bearing(&with(claims)).on(&chain),
            "a claim of the token cannot be passed on",
        );
    }
}

#[test]
fn a_token_goes_no_further_where_that_is_asked() {
    let chain = chain(json!({"forward": false, "token": {"cookie": "session"}}));
    let token = with(json!({}));
    let outcome = bearing(&token).on(&chain);
    assert!(outcome.passed());
    let sent = [
        ("authorization", "Bearer x"),
        ("cookie", "a=1; session=x"),
        ("accept", "*/*"),
    ];
    let upstream = edited(&sent, &outcome.exchange.request_edits);
    assert_eq!(
        upstream,
        ["accept: */*", "cookie: a=1", "x-consumer-name: alice"]
    );
}

#[test]
fn each_issuer_has_its_own_keys_and_audience() {
    let (_directory, secret) = secret();
    let ed =
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let config = json!({"issuers": [
        {"issuer": "other.example", "keys": [{"jwk": ed}], "audience": "other"},
        {"issuer": "auth.example", "keys": [{"secret": secret}], "audience": ["api", "api2"]},
    ]});
    let chain = surroundings()
        .compile(&json!([{"name": "jwt-validate", "config": config}]))
        .unwrap();
    assert!(bearing(&with(json!({"aud": "api2"}))).on(&chain).passed());
    invalid(
        &bearing(&with(json!({"aud": "other"}))).on(&chain),
        "the token is for another audience",
    );
    let crossed = bearing(&with(json!({"iss": "other.example", "aud": "other"})));
    invalid(
        &crossed.on(&chain),
        "no key of the issuer goes with the token",
    );
}

#[test]
fn keys_that_were_never_fetched_are_no_fault_of_the_token() {
    let config =
        json!({"issuer": "auth.example", "jwks": "https://auth.example/keys", "audience": "api"});
    let chain = surroundings()
        .compile(&json!([{"name": "jwt-validate", "config": config}]))
        .unwrap();
    let outcome = bearing(&with(json!({"exp": NOW + 9})).replacen(
        "eyJhbGciOiJIUzI1NiJ9",
        "eyJhbGciOiJSUzI1NiJ9",
        1,
    ))
    .on(&chain);
    assert_eq!(outcome.reason(), Some(Reason::KeysUnavailable));
    assert_eq!(outcome.response(), ["retry-after: 5"]);
    invalid(
        &bearing(&with(json!({"iss": "x"}))).on(&chain),
        "the token's issuer is not accepted",
    );
}

#[test]
fn another_plugin_s_credential_is_left_alone() {
    let (_directory, secret) = secret();
    let surroundings = Surroundings {
        combine: Combine::Any,
        ..surroundings()
    };
    let chain = surroundings
        .key("alice-1", "alice", None)
        .compile(&json!([
            {"name": "jwt-validate", "config": {"issuer": "auth.example", "audience": "api", "keys": [{"secret": secret}]}},
            {"name": "key-auth", "config": {}},
        ]))
        .unwrap();
    let outcome = Call::get()
        .header("X-API-Key", "alice-1")
        .header("Authorization", "Basic YTpi")
        .on(&chain);
    assert!(outcome.passed(), "{outcome:?}");
    let sent = [("authorization", "Basic YTpi")];
    let upstream = edited(&sent, &outcome.exchange.request_edits);
    assert_eq!(
        upstream,
        ["authorization: Basic YTpi", "x-consumer-name: alice"]
    );
    let upstream = edited(
        &[("authorization", "Bearer unproven")],
        &outcome.exchange.request_edits,
    );
    assert_eq!(upstream, ["x-consumer-name: alice"]);
}
