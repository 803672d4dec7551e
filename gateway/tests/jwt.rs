//! `jwt-validate` from end to end: an issuer that publishes its keys, a gateway that fetches them, an upstream that says
//! what it saw.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mock_upstreams::{Behaviour, MockUpstream};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use support::{Answer, Started, start};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A key of the issuer.
struct Signer {
    kid: &'static str,
    pair: Ed25519KeyPair,
}

impl Signer {
    fn new(kid: &'static str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        Self { kid, pair }
    }

    fn jwk(&self) -> Value {
        let x = text(self.pair.public_key());
        json!({"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x})
    }

    /// A token with these claims over the usual ones.
    fn token(&self, claims: Value) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let mut all =
            json!({"iss": "auth.example", "aud": "api", "sub": "user-7", "exp": now + 300});
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        let header = json!({"alg": "EdDSA", "kid": self.kid, "typ": "JWT"});
        let signed = format!("{}.{}", text(header.to_string()), text(all.to_string()));
        let signature = text(self.pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

async fn publish(issuer: &MockServer, signers: &[&Signer]) {
    issuer.reset().await;
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
    let answer = ResponseTemplate::new(200).set_body_json(json!({"keys": keys}));
    Mock::given(path("/keys"))
        .respond_with(answer)
        .mount(issuer)
        .await;
}

/// A gateway for tokens of the issuer, with `more` in the plugin's configuration.
async fn gateway(issuer: &MockServer, more: &str) -> (MockUpstream, Started) {
    let upstream = MockUpstream::spawn(Behaviour::named("up")).await.unwrap();
    let gateway = start(&format!(
        "{}consumers: [{{name: alice, tokens: [{{issuer: auth.example, value: user-7}}]}}]\n\
         plugins:\n  - name: jwt-validate\n    config: {{issuer: auth.example, audience: api, jwks: '{}/keys'{more}}}\n",
        support::to(&upstream),
        issuer.uri(),
    ))
    .await;
    (upstream, gateway)
}

async fn ask(gateway: &Started, token: &str) -> Answer {
    gateway
        .get("/", &format!("Authorization: Bearer {token}\r\n"))
        .await
}

#[tokio::test]
async fn a_token_opens_the_way_and_its_claims_cannot_be_forged() {
    let (issuer, signer) = (MockServer::start().await, Signer::new("a"));
    publish(&issuer, &[&signer]).await;
    let more = ", claimsToHeaders: {sub: X-User-Id, tenant: X-Tenant}, forward: false";
    let (upstream, gateway) = gateway(&issuer, more).await;
    let token = signer.token(json!({}));
    let forged = "X-User-Id: admin\r\nX-Tenant: other\r\nX-Consumer-Name: root\r\n";
    for _ in 0..2 {
        upstream.forget();
        let lines = format!("Authorization: Bearer {token}\r\n{forged}");
        assert_eq!(gateway.get("/", &lines).await.status, 200);
        let seen = &upstream.received()[0];
        assert_eq!(seen.header("x-user-id"), Some("user-7"));
        assert_eq!(seen.header("x-consumer-name"), Some("alice"));
        assert_eq!(seen.header("x-tenant"), None);
        assert_eq!(seen.header("authorization"), None);
    }
    upstream.forget();
    for (lines, status, code, challenge) in [
        (
            String::new(),
            401,
            "credential-missing",
            r#"Bearer realm="gateway""#,
        ),
        (
            format!("Authorization: Bearer {}x\r\n", &token[..token.len() - 2]),
            401,
            "credential-invalid",
            r#"Bearer realm="gateway", error="invalid_token", error_description="the token is not three parts in base64url""#,
        ),
        (
            format!("Authorization: Bearer {token}\r\nAuthorization: Bearer {token}\r\n"),
            400,
            "malformed-credential",
            r#"Bearer realm="gateway", error="invalid_request", error_description="more than one token was given""#,
        ),
    ] {
        let answer = gateway.get("/", &lines).await;
        assert_eq!((answer.status, &*answer.code()), (status, code));
        assert_eq!(answer.header("www-authenticate"), Some(challenge));
    }
    assert!(upstream.received().is_empty());
}

#[tokio::test]
async fn a_new_key_is_fetched_once_and_a_key_that_goes_takes_its_tokens_along() {
    let (issuer, old, new) = (
        MockServer::start().await,
        Signer::new("old"),
        Signer::new("new"),
    );
    publish(&issuer, &[&old]).await;
    let (_upstream, gateway) = gateway(&issuer, "").await;
    let before = old.token(json!({}));
    assert_eq!(ask(&gateway, &before).await.status, 200);
    publish(&issuer, &[&new]).await;
    // Nobody has told the gateway yet.
    assert_eq!(ask(&gateway, &before).await.status, 200);
    assert_eq!(ask(&gateway, &new.token(json!({}))).await.status, 200);
    assert_eq!(ask(&gateway, &before).await.status, 401);
    for kid in ["x", "y", "z"] {
        assert_eq!(
            ask(&gateway, &Signer::new(kid).token(json!({})))
                .await
                .status,
            401
        );
    }
    assert_eq!(
        issuer.received_requests().await.unwrap().len(),
        1,
        "names that nobody knows"
    );
}

#[tokio::test]
async fn without_keys_nobody_is_told_that_a_token_is_wrong() {
    let (issuer, signer) = (MockServer::start().await, Signer::new("a"));
    let (upstream, gateway) = gateway(&issuer, "").await;
    let answer = ask(&gateway, &signer.token(json!({}))).await;
    assert_eq!((answer.status, &*answer.code()), (503, "keys-unavailable"));
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(answer.header("www-authenticate"), None);
    assert!(upstream.received().is_empty());
}

#[tokio::test]
async fn a_token_in_the_query_stays_out_of_sight() {
    let (issuer, signer) = (MockServer::start().await, Signer::new("a"));
    publish(&issuer, &[&signer]).await;
    let (upstream, gateway) = gateway(&issuer, ", token: {query: access_token}").await;
    let token = signer.token(json!({}));
    let answer = gateway
        .get(&format!("/?a=1&access_token={token}&b=2"), "")
        .await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .values("cache-control")
            .any(|value| value == "private")
    );
    assert_eq!(upstream.received()[0].target, "/?a=1&b=2");
    let log = gateway.log(1).await[0].to_string();
    assert!(!log.contains(&token) && log.contains("a=1"), "{log}");
}

#[tokio::test]
async fn scopes_are_told_apart_from_wrong_tokens() {
    let (issuer, signer) = (MockServer::start().await, Signer::new("a"));
    publish(&issuer, &[&signer]).await;
    let (_upstream, gateway) = gateway(&issuer, ", scopes: [read]").await;
    assert_eq!(
        ask(&gateway, &signer.token(json!({"scope": "read"})))
            .await
            .status,
        200
    );
    let answer = ask(&gateway, &signer.token(json!({"scope": "write"}))).await;
    assert_eq!(
        (answer.status, &*answer.code()),
        (403, "insufficient-scope")
    );
    let challenge = r#"Bearer realm="gateway", error="insufficient_scope", scope="read""#;
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
}
