//! A real identity provider on loopback: its JWTs and its opaque tokens, a rotation of its keys, a revocation.
//!
//! `cargo xtask setup` installs it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use mock_upstreams::{Behaviour, MockUpstream};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use support::{Started, start};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The provider, which ends with this.
struct Provider {
    _process: Child,
    issuer: String,
    client: [String; 2],
    api: [String; 2],
    http: reqwest::Client,
}

impl Provider {
    async fn start() -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../xtask/identity-provider");
        assert!(
            directory.join("node_modules").is_dir(),
            "the identity provider is not installed; run `cargo xtask setup` first"
        );
        let mut process = Command::new("node")
            .arg("provider.mjs")
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node is installed by `cargo xtask setup`");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let told: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let pair = |of: &str| ["id", "secret"].map(|member| text(&told[of][member]));
        Self {
            _process: process,
            issuer: text(&told["issuer"]),
            client: pair("client"),
            api: pair("api"),
            http: reqwest::Client::new(),
        }
    }

    /// An access token for a resource: a JWT for `urn:orders`, an opaque one for any other.
    async fn token(&self, resource: &str) -> String {
        let form = [
            ("grant_type", "client_credentials"),
            ("scope", "orders:read"),
            ("resource", resource),
        ];
        let answer = self.post("token", &form).await;
        let answer: Value = answer.json().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn revoke(&self, token: &str) {
        let answer = self.post("token/revocation", &[("token", token)]).await;
        assert_eq!(answer.status(), 200);
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> reqwest::Response {
        let [id, secret] = self.client.each_ref().map(|text| text.replace(' ', "+"));
        let request = self.http.post(format!("{}/{path}", self.issuer)).form(form);
        request.basic_auth(id, Some(secret)).send().await.unwrap()
    }

    /// A further key signs from now on; the old ones are published beside it.
    async fn rotate(&self) {
        let url = format!("{}/keys", self.issuer);
        assert_eq!(self.http.post(url).send().await.unwrap().status(), 200);
    }
}

async fn gateway(plugin: &str) -> (MockUpstream, Started) {
    let upstream = MockUpstream::spawn(Behaviour::named("up")).await.unwrap();
    let gateway = start(&format!(
        "{}plugins:\n  - {plugin}\n",
        support::to(&upstream)
    ))
    .await;
    (upstream, gateway)
}

async fn status(gateway: &Started, token: &str) -> u16 {
    let lines = format!("Authorization: Bearer {token}\r\n");
    gateway.get("/", &lines).await.status
}

#[tokio::test]
async fn a_rotation_of_keys_costs_nobody_a_refusal() {
    let provider = Provider::start().await;
    let (upstream, gateway) = gateway(&format!(
        "{{name: jwt-validate, config: {{issuer: '{0}', discovery: '{0}', audience: 'urn:orders', typ: at+jwt, \
         scopes: ['orders:read']}}}}",
        provider.issuer
    ))
    .await;
    assert_eq!(gateway.get("/", "").await.status, 401);
    let old = provider.token("urn:orders").await;
    assert_eq!(status(&gateway, &old).await, 200);
    provider.rotate().await;
    for _ in 0..3 {
        let new = provider.token("urn:orders").await;
        assert_eq!(status(&gateway, &new).await, 200);
        assert_eq!(status(&gateway, &old).await, 200);
    }
    upstream.forget();
    let elsewhere = provider.token("urn:elsewhere").await;
    assert_eq!(status(&gateway, &elsewhere).await, 401);
    assert!(upstream.received().is_empty());
}

#[tokio::test]
async fn a_revoked_token_is_refused_when_its_answer_ends() {
    let provider = Provider::start().await;
    let [id, secret] = &provider.api;
    let introspect = |cache: &str| {
        format!(
            "{{name: oauth2-introspect, config: {{endpoint: '{}/token/introspection', clientId: {id}, \
             clientSecret: '{secret}', audience: 'urn:opaque', scopes: ['orders:read'], cache: {cache}}}}}",
            provider.issuer
        )
    };
    let (upstream, fresh) = gateway(&introspect("{maxTtl: 1ms}")).await;
    let (_other, lasting) = gateway(&introspect("{maxTtl: 1h}")).await;
    let token = provider.token("urn:opaque").await;
    assert_eq!(status(&fresh, "no such token").await, 400);
    assert_eq!(status(&fresh, "nosuchtoken").await, 401);
    assert_eq!(status(&fresh, &token).await, 200);
    assert_eq!(status(&lasting, &token).await, 200);
    provider.revoke(&token).await;
    upstream.forget();
    assert_eq!(status(&fresh, &token).await, 401);
    assert!(upstream.received().is_empty());
    assert_eq!(
        status(&lasting, &token).await,
        200,
        "the answer still holds"
    );
    // An access token for another resource is not for this one.
    let elsewhere = provider.token("urn:elsewhere").await;
    assert_eq!(status(&fresh, &elsewhere).await, 401);
}
