//! The servers of issuers: what they serve, how they fail, what they remember.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatecheck::fixtures::certificates::{Certificates, Certified, Leaf};
use gatecheck::fixtures::introspection_server::{ClientAuth, IntrospectionServer};
use gatecheck::fixtures::jwks_server::{Document, JwksServer};
use gatecheck::fixtures::tokens::{Algorithm, Issuer};
use gatecheck::fixtures::{ANSWERS, Answer};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Identity};
use serde_json::{Map, Value, json};

/// Far beyond what anything here takes; a test that reaches it has failed.
const DEADLINE: Duration = Duration::from_secs(10);

const HOST: &str = "auth.example";

fn client(all: &Certificates, server: std::net::SocketAddr) -> ClientBuilder {
    let root = Certificate::from_pem(all.servers.pem().as_bytes()).unwrap();
    Client::builder()
        .tls_certs_only([root])
        .resolve(HOST, server)
        .no_proxy()
}

fn keys_url(server: &JwksServer) -> String {
    format!(
        "https://{HOST}:{}{}",
        server.address().port(),
        JwksServer::KEYS
    )
}

async fn jwks_server(all: &Certificates) -> JwksServer {
    jwks_server_of("https://auth.example", all).await
}

async fn jwks_server_of(issuer: &str, all: &Certificates) -> JwksServer {
    let issuer = Issuer::with_algorithms(issuer, "api", [Algorithm::ES256]);
    JwksServer::spawn(Arc::new(issuer), all, &[HOST])
        .await
        .unwrap()
}

fn kids(jwks: &Value) -> Vec<&str> {
    let keys = jwks["keys"].as_array().unwrap().iter();
    let kids = keys.map(|key| key["kid"].as_str().unwrap());
    kids.filter(|kid| kid.starts_with("es256")).collect()
}

#[tokio::test]
async fn keys_are_served_as_they_are_at_present() {
    let all = Certificates::new().unwrap();
    let server = jwks_server(&all).await;
    let client = client(&all, server.address()).build().unwrap();
    let fetch = async || -> Value {
        let response = client.get(keys_url(&server)).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        assert!(!response.headers().contains_key("cache-control"));
        response.json().await.unwrap()
    };
    assert_eq!(kids(&fetch().await), ["es256-1"]);
    server.issuer().add_keys();
    assert_eq!(kids(&fetch().await), ["es256-2", "es256-1"]);
    server.issuer().rotate();
    assert_eq!(kids(&fetch().await), ["es256-3"]);
    assert_eq!(server.fetches(Document::Keys), 3);

    server.set_cache_control(Document::Keys, Some("max-age=60"));
    let response = client.get(keys_url(&server)).send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "max-age=60");
    let plain = client
        .get(server.plain_url() + JwksServer::KEYS)
        .send()
        .await
        .unwrap();
    assert_eq!(kids(&plain.json().await.unwrap()), ["es256-3"]);
}

#[tokio::test]
async fn the_certificate_is_for_the_hosts_alone() {
    let all = Certificates::new().unwrap();
    let server = jwks_server(&all).await;
    let client = client(&all, server.address())
        .resolve("other.example", server.address())
        .build()
        .unwrap();
    client
        .get(server.url() + JwksServer::KEYS)
        .send()
        .await
        .unwrap();
    let other = format!("https://other.example:{}/", server.address().port());
    assert!(client.get(other).send().await.unwrap_err().is_connect());

    let expired = all.mint("expired", &Leaf::server(["127.0.0.1"])).unwrap();
    let server = JwksServer::spawn_with(server.issuer().clone(), &expired)
        .await
        .unwrap();
    let refused = client.get(server.url() + JwksServer::KEYS).send().await;
    assert!(refused.unwrap_err().is_connect());
    assert_eq!(server.fetches(Document::Keys), 0);
}

#[tokio::test]
async fn metadata_is_at_the_issuer_s_own_path_alone() {
    let all = Certificates::new().unwrap();
    for (issuer, own, other) in [
        ("https://auth.example", "", "/tenant"),
        ("https://auth.example/tenant", "/tenant", ""),
    ] {
        let server = jwks_server_of(issuer, &all).await;
        let client = client(&all, server.address()).build().unwrap();
        let base = format!("https://{HOST}:{}", server.address().port());
        let status = async |path: String| {
            let response = client.get(format!("{base}{path}")).send().await;
            response.unwrap().status().as_u16()
        };
        for (path, expected) in [(own, 200), (other, 404)] {
            let openid = format!("{path}/.well-known/openid-configuration");
            assert_eq!(status(openid).await, expected, "{issuer} at {path}");
            let oauth = format!("/.well-known/oauth-authorization-server{path}");
            assert_eq!(status(oauth).await, expected, "{issuer} at {path}");
        }
    }
}

#[tokio::test]
async fn metadata_leads_to_the_keys() {
    let all = Certificates::new().unwrap();
    let server = jwks_server(&all).await;
    let client = client(&all, server.address()).build().unwrap();
    let base = format!("https://{HOST}:{}", server.address().port());
    let fetch = async |path: &str| client.get(format!("{base}{path}")).send().await.unwrap();
    for (document, path) in [
        (Document::OpenId, "/.well-known/openid-configuration"),
        (Document::OAuth, "/.well-known/oauth-authorization-server"),
    ] {
        let before = server.fetches(document);
        let metadata: Value = fetch(path).await.json().await.unwrap();
        assert_eq!(metadata["issuer"], "https://auth.example");
        assert_eq!(metadata["jwks_uri"], keys_url(&server));
        assert_eq!(server.fetches(document), before + 1);
    }
    server.claim_issuer(Some("https://other.example"));
    let metadata = fetch("/.well-known/openid-configuration").await;
    assert_eq!(
        metadata.json::<Value>().await.unwrap()["issuer"],
        "https://other.example"
    );
    server.set_answer(Document::OpenId, Answer::Status(404));
    assert_eq!(
        fetch("/.well-known/openid-configuration").await.status(),
        404
    );
    assert_eq!(
        fetch("/.well-known/oauth-authorization-server")
            .await
            .status(),
        200
    );
    assert_eq!(
        fetch("/.well-known/oauth-authorization-servers")
            .await
            .status(),
        404
    );
    assert_eq!(fetch("/").await.status(), 404);
}

#[tokio::test]
async fn a_stalled_fetch_is_answered_once_it_may_be() {
    let all = Certificates::new().unwrap();
    let server = jwks_server(&all).await;
    let client = client(&all, server.address()).build().unwrap();
    server.set_answer(Document::Keys, Answer::Stall);
    let fetch = tokio::spawn(client.get(keys_url(&server)).send());
    server
        .wait_for_fetches(Document::Keys, 1, DEADLINE)
        .await
        .unwrap();
    assert!(!fetch.is_finished());
    server.set_answer(Document::Keys, Answer::Status(500));
    assert_eq!(fetch.await.unwrap().unwrap().status(), 500);
    let vain = server
        .wait_for_fetches(Document::Keys, 2, Duration::ZERO)
        .await
        .unwrap_err();
    assert_eq!((vain.expected, vain.seen), (2, 1));
}

#[tokio::test]
async fn redirects_lead_where_they_say() {
    let all = Certificates::new().unwrap();
    let server = jwks_server(&all).await;
    let client = client(&all, server.address()).build().unwrap();
    let get = || client.get(keys_url(&server)).send();
    server.set_answer(Document::Keys, Answer::RedirectOnce);
    let response = get().await.unwrap();
    assert_eq!(kids(&response.json().await.unwrap()), ["es256-1"]);
    assert_eq!((server.fetches(Document::Keys), server.followed()), (1, 1));
    server.set_answer(Document::Keys, Answer::RedirectToHttp);
    let response = get().await.unwrap();
    assert_eq!(response.url().scheme(), "http");
    assert_eq!(kids(&response.json().await.unwrap()), ["es256-1"]);
    assert_eq!((server.fetches(Document::Keys), server.followed()), (2, 2));
    server.set_answer(Document::Keys, Answer::RedirectLoop);
    assert!(get().await.unwrap_err().is_redirect());
    server.set_answer(
        Document::Keys,
        "redirect-to=https://other.example/x".parse().unwrap(),
    );
    let none = client_without_redirects(&all, &server)
        .get(keys_url(&server))
        .send();
    assert_eq!(
        none.await.unwrap().headers()["location"],
        "https://other.example/x"
    );
}

fn client_without_redirects(all: &Certificates, server: &JwksServer) -> Client {
    client(all, server.address())
        .redirect(Policy::none())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_server_fails_as_it_is_told() {
    let all = Certificates::new().unwrap();
    let server = jwks_server(&all).await;
    let client = client(&all, server.address()).build().unwrap();
    let get = async |answer: &str| {
        server.set_answer(Document::Keys, answer.parse().unwrap());
        client.get(keys_url(&server)).send().await
    };
    let huge = get("huge").await.unwrap().text().await.unwrap();
    assert!(huge.len() > 1 << 20);
    assert_eq!(kids(&serde_json::from_str(&huge).unwrap()), ["es256-1"]);
    let html = get("wrong-content-type").await.unwrap();
    assert_eq!(html.headers()["content-type"], "text/html");
    assert_eq!(kids(&html.json().await.unwrap()), ["es256-1"]);
    assert!(
        get("not-json")
            .await
            .unwrap()
            .json::<Value>()
            .await
            .is_err()
    );
    let empty: Value = get("empty-set").await.unwrap().json().await.unwrap();
    assert_eq!(empty, json!({"keys": []}));
    let other: Value = get("json=[1]").await.unwrap().json().await.unwrap();
    assert_eq!(other, json!([1]));
    assert_eq!(get("empty").await.unwrap().text().await.unwrap(), "");
    let drip: Value = get("drip=0ms").await.unwrap().json().await.unwrap();
    assert_eq!(kids(&drip), ["es256-1"]);
    let truncated = get("truncated").await.unwrap();
    assert!(truncated.content_length().unwrap() > 100);
    assert!(truncated.bytes().await.is_err());
    assert!(get("close").await.is_err());
    assert_eq!(get("status=503").await.unwrap().status(), 503);
    assert_eq!(get("good").await.unwrap().status(), 200);
}

#[test]
fn every_answer_of_the_list_is_one() {
    for (name, _) in ANSWERS {
        name.parse::<Answer>().unwrap();
    }
    for wrong in [
        "goood",
        "status",
        "status=99",
        "drip=1",
        "good=1",
        "json={",
        "redirect-to=",
    ] {
        let error = wrong.parse::<Answer>().unwrap_err();
        assert!(
            error.to_string().contains("there are good, stall, "),
            "{error}"
        );
    }
}

/// A form that asks about a token.
fn about(token: &str) -> Vec<(&str, &str)> {
    vec![("token", token), ("token_type_hint", "access_token")]
}

fn members(subject: &str) -> Map<String, Value> {
    Map::from_iter([("sub".to_owned(), json!(subject))])
}

#[tokio::test]
async fn answers_are_those_of_the_tokens() {
    let all = Certificates::new().unwrap();
    let server = IntrospectionServer::spawn(&all, &[HOST]).await.unwrap();
    let client = client(&all, server.address()).build().unwrap();
    server.activate("t1", members("user-7"));
    server.register("t2", json!({"active": "true"}));
    let ask = async |token: &str| -> Value {
        let call = client.post(server.url()).form(&about(token));
        let call = call.basic_auth(server.client_id(), Some(server.client_secret()));
        call.send().await.unwrap().json().await.unwrap()
    };
    assert_eq!(ask("t1").await, json!({"active": true, "sub": "user-7"}));
    assert_eq!(ask("t2").await, json!({"active": "true"}));
    assert_eq!(ask("never heard of").await, json!({"active": false}));
    server.revoke("t1");
    assert_eq!(ask("t1").await, json!({"active": false}));
    assert_eq!(server.call_count(), 4);
    assert_eq!(server.calls_about("t1").len(), 2);
    let call = &server.calls()[2];
    assert_eq!(call.field("token"), Some("never heard of"));
    assert_eq!(call.field("token_type_hint"), Some("access_token"));
    assert_eq!(
        call.body,
        "token=never+heard+of&token_type_hint=access_token"
    );
    assert!(call.secure && call.certificate.is_none());
}

#[tokio::test]
async fn clients_prove_who_they_are() {
    let all = Certificates::new().unwrap();
    let server = IntrospectionServer::spawn_for(&all, &[HOST], "gate:way", "s e+c&r=é%t").await;
    let server = server.unwrap();
    let client = client(&all, server.address()).build().unwrap();
    let (id, secret) = (server.client_id(), server.client_secret());
    let basic = |credentials: &str| format!("Basic {}", STANDARD.encode(credentials));
    let posted = |secret| {
        [
            about("t"),
            vec![("client_id", id), ("client_secret", secret)],
        ]
        .concat()
    };
    let encoded = "gate%3Away:s+e%2Bc%26r%3D%C3%A9%25t";
    let cases = [
        (None, about("t"), None),
        (Some(basic(encoded)), about("t"), Some(ClientAuth::Basic)),
        (Some(basic("gate%3Away:wrong")), about("t"), None),
        (Some(basic("gate:way:s e+c&r=é%t")), about("t"), None),
        (Some("Bearer x".to_owned()), about("t"), None),
        (None, posted(secret), Some(ClientAuth::Post)),
        (None, posted("wrong"), None),
        (Some(basic(encoded)), posted(secret), None),
    ];
    for (authorization, form, expected) in cases {
        let mut call = client.post(server.plain_url()).form(&form);
        if let Some(authorization) = &authorization {
            call = call.header("Authorization", authorization);
        }
        let response = call.send().await.unwrap();
        let status = if expected.is_some() { 200 } else { 401 };
        assert_eq!(response.status(), status, "{authorization:?} {form:?}");
        assert_eq!(
            response.headers().contains_key("www-authenticate"),
            expected.is_none()
        );
        let call = server.calls().pop().unwrap();
        assert_eq!(
            (call.authenticated, call.authorization),
            (expected, authorization)
        );
        assert!(!call.secure);
    }
    server.require(Some(ClientAuth::Post));
    let call = client
        .post(server.url())
        .form(&about("t"))
        .header("Authorization", basic(encoded));
    assert_eq!(call.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_certificate_proves_who_a_client_is() {
    let all = Certificates::new().unwrap();
    let server = IntrospectionServer::spawn(&all, &[HOST]).await.unwrap();
    let form = [about("t"), vec![("client_id", "gateway")]].concat();
    let ask = async |identity: &Certified| {
        let pem = identity.chain_pem() + &identity.key_pem();
        let client = client(&all, server.address())
            .identity(Identity::from_pem(pem.as_bytes()).unwrap())
            .build()
            .unwrap();
        client.post(server.url()).form(&form).send().await
    };
    let gateway = all.mint("good", &Leaf::client("gateway")).unwrap();
    assert_eq!(ask(&gateway).await.unwrap().status(), 200);
    let call = server.calls().pop().unwrap();
    assert_eq!(call.authenticated, Some(ClientAuth::Tls));
    assert_eq!(call.certificate.as_deref(), Some(&**gateway.der()));
    let other = all.mint("good", &Leaf::client("other")).unwrap();
    assert_eq!(ask(&other).await.unwrap().status(), 401);
    let stranger = all
        .mint("wrong-authority", &Leaf::client("gateway"))
        .unwrap();
    assert!(ask(&stranger).await.is_err());
    assert_eq!(server.call_count(), 2);
}

#[tokio::test]
async fn calls_are_held_until_they_are_released() {
    let all = Certificates::new().unwrap();
    let server = IntrospectionServer::spawn(&all, &[HOST]).await.unwrap();
    let client = client(&all, server.address()).build().unwrap();
    server.activate("t", members("user-7"));
    server.hold();
    let ask = || {
        let call = client.post(server.plain_url()).form(&about("t"));
        let call = call.basic_auth(server.client_id(), Some(server.client_secret()));
        tokio::spawn(call.send())
    };
    let held = [ask(), ask()];
    server.wait_for_calls(2, DEADLINE).await.unwrap();
    assert!(!held.iter().any(|call| call.is_finished()));
    // What becomes of the token meanwhile, counts.
    server.revoke("t");
    server.release();
    for call in held {
        let answer: Value = call.await.unwrap().unwrap().json().await.unwrap();
        assert_eq!(answer, json!({"active": false}));
    }
}

#[tokio::test]
async fn an_endpoint_fails_as_it_is_told_and_takes_forms_alone() {
    let all = Certificates::new().unwrap();
    let server = IntrospectionServer::spawn(&all, &[HOST]).await.unwrap();
    let client = client(&all, server.address()).build().unwrap();
    let call = || {
        let call = client.post(server.plain_url());
        call.basic_auth(server.client_id(), Some(server.client_secret()))
    };
    server.set_answer(Answer::Status(500));
    assert_eq!(call().form(&about("t")).send().await.unwrap().status(), 500);
    server.set_answer(Answer::Huge);
    let huge = call()
        .form(&about("t"))
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert!(huge.len() > 1 << 20);
    server.set_answer(Answer::Good);
    assert_eq!(call().body("token=t").send().await.unwrap().status(), 400);
    assert_eq!(
        call()
            .form(&[("tokens", "t")])
            .send()
            .await
            .unwrap()
            .status(),
        400
    );
    let got = client
        .get(server.plain_url() + "?token=t")
        .send()
        .await
        .unwrap();
    assert_eq!(got.status(), 405);
    assert_eq!(server.calls().pop().unwrap().method, "GET");
    let elsewhere = client.post(server.plain_url() + "s").send().await.unwrap();
    assert_eq!(elsewhere.status(), 404);
}
