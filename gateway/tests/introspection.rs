//! `oauth2-introspect` in a gateway: what the client, the upstream, the authorization server and the operator see.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use futures::future::join_all;
use mock_upstreams::{Behaviour, MockUpstream};
use serde_json::{Value, json};
use support::{Started, eventually, read_answer, request, start};
use tokio::io::AsyncWriteExt;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const SECRET: &str = "s-0123456789abcdef";
const TOKEN: &str = "Authorization: Bearer alice-token\r\n";

/// An authorization server that knows one token.
async fn server() -> MockServer {
    let server = MockServer::start().await;
    let says = |request: &Request| {
        let form = String::from_utf8(request.body.clone()).unwrap();
        let known = form.starts_with("token=alice-token");
        let says = json!({"active": known, "sub": "user-7", "scope": "orders:read"});
        ResponseTemplate::new(200).set_body_json(says)
    };
    let mock = Mock::given(method("POST")).respond_with(says);
    mock.mount(&server).await;
    server
}

fn configuration(upstream: &MockUpstream, endpoint: &str, more: &str) -> String {
    format!(
        "consumers: [{{name: alice, tokens: [{{value: user-7}}]}}]\n\
         service: {{name: up, url: '{}'}}\n\
         routes:\n\
         - name: guarded\n  paths: ['/guarded']\n  plugins:\n  - name: oauth2-introspect\n    config: {{endpoint: '{endpoint}', \
         clientId: gateway, clientSecret: {SECRET}, claimsToHeaders: {{sub: X-User-Id}}{more}}}\n\
         - name: free\n  paths: ['/free']\n",
        upstream.url()
    )
}

async fn guarded(endpoint: &str, more: &str) -> (MockUpstream, Started) {
    let upstream = MockUpstream::spawn(Behaviour::named("up")).await.unwrap();
    let gateway = start(&configuration(&upstream, endpoint, more)).await;
    (upstream, gateway)
}

/// A server that takes connections and says nothing.
fn silent() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/introspect", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test]
async fn the_upstream_learns_who_calls_and_nobody_learns_the_secrets() {
    let server = server().await;
    let (upstream, gateway) = guarded(&server.uri(), "").await;
    let forged = format!("{TOKEN}X-User-Id: root\r\nX-Consumer-Name: root\r\n");
    assert_eq!(gateway.get("/guarded", &forged).await.status, 200);
    assert_eq!(gateway.get("/guarded", TOKEN).await.status, 200);
    let wrong = "Authorization: Bearer mallory-token\r\n";
    let refused = gateway.get("/guarded", wrong).await;
    assert_eq!(
        (refused.status, &*refused.code()),
        (401, "credential-invalid")
    );
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(
        challenge.contains(r#"error="invalid_token""#),
        "{challenge}"
    );
    let missing = gateway.get("/guarded", "").await;
    assert_eq!(
        missing.header("www-authenticate"),
        Some(r#"Bearer realm="gateway""#)
    );
    assert_eq!(
        gateway.get("/free", "X-User-Id: root\r\n").await.status,
        200
    );
    let received = upstream.received();
    assert_eq!(received.len(), 3);
    for seen in &received[..2] {
        let values: Vec<_> = seen.header_values("x-user-id").collect();
        assert_eq!(values, ["user-7"]);
        assert_eq!(seen.header("x-consumer-name"), Some("alice"));
        assert_eq!(seen.header("authorization"), Some("Bearer alice-token"));
    }
    assert_eq!(received[2].header("x-user-id"), None);
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
    let active = gateway
        .metric("gateway_introspections_total", &["result=\"active\""])
        .await;
    let hits = gateway
        .metric("gateway_introspection_lookups_total", &["result=\"hit\""])
        .await;
    assert_eq!((active, hits), (1.0, 1.0));
    let lines = gateway.log(5).await;
    assert_eq!(lines[0]["consumer"], "alice");
    let (_, metrics) = gateway.admin("/metrics").await;
    let (_, configuration) = gateway.admin("/config").await;
    let told: Value = serde_json::from_str(&configuration).unwrap();
    let told = &told["introspection"][0];
    assert_eq!((&told["active"], &told["inactive"]), (&json!(1), &json!(1)));
    let all = format!("{lines:?}{metrics}{configuration}");
    for secret in [SECRET, "alice-token", "mallory-token"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

#[tokio::test]
async fn requests_that_come_at_once_ask_once() {
    let server = server().await;
    let (upstream, gateway) = guarded(&server.uri(), "").await;
    let answers = join_all((0..50).map(|_| gateway.get("/guarded", TOKEN))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(upstream.received_total(), 50);
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_reload_forgets_nothing_unless_the_settings_change() {
    let server = server().await;
    let (upstream, gateway) = guarded(&server.uri(), "").await;
    for (more, asked) in [
        ("", 1),
        (", scopes: ['orders:read']", 1),
        (", tokenTypeHint: access_token", 2),
    ] {
        gateway.rewrite(&configuration(&upstream, &server.uri(), more));
        let reloaded = gateway.gateway.reload().await;
        reloaded.map_err(|error| error.to_string()).unwrap();
        assert_eq!(gateway.get("/guarded", TOKEN).await.status, 200);
        let calls = server.received_requests().await.unwrap();
        assert_eq!(calls.len(), asked, "{more}");
    }
}

#[tokio::test]
async fn other_routes_are_not_held_up_while_the_endpoint_stalls() {
    let (_silent, endpoint) = silent();
    let (upstream, gateway) = guarded(&endpoint, ", timeout: 60s").await;
    let mut waiting = gateway.connect().await;
    let asks = request("GET", "/guarded", TOKEN);
    waiting.write_all(asks.as_bytes()).await.unwrap();
    eventually("a question that is open", async || {
        let open = gateway.metric("gateway_introspections_in_flight", &[]);
        (open.await == 1.0).then_some(())
    })
    .await;
    for _ in 0..20 {
        assert_eq!(gateway.get("/free", "").await.status, 200);
        assert_eq!(gateway.get("/guarded", "").await.status, 401);
    }
    assert_eq!(upstream.received_total(), 20);
    let open = gateway.metric("gateway_introspections_in_flight", &[]);
    assert_eq!(open.await, 1.0, "it waits still");
}

#[tokio::test]
async fn a_stalled_endpoint_is_503_within_the_timeout() {
    let (_silent, endpoint) = silent();
    let (upstream, gateway) = guarded(&endpoint, ", timeout: 50ms").await;
    let mut client = gateway.connect().await;
    let asks = request("GET", "/guarded", TOKEN);
    client.write_all(asks.as_bytes()).await.unwrap();
    let answer = read_answer(&mut client).await;
    let code = answer.code();
    assert_eq!((answer.status, &*code), (503, "introspection-unavailable"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("www-authenticate"), None);
    assert_eq!(upstream.received_total(), 0);
    let timeouts = gateway.metric("gateway_introspections_total", &["result=\"timeout\""]);
    assert_eq!(timeouts.await, 1.0);
}

#[tokio::test]
async fn requests_pass_unchecked_where_that_is_wanted_and_are_marked() {
    let (silent, endpoint) = silent();
    drop(silent);
    let (upstream, gateway) = guarded(&endpoint, ", onOutage: open").await;
    let lines = format!("{TOKEN}X-User-Id: root\r\n");
    assert_eq!(gateway.get("/guarded", &lines).await.status, 200);
    assert_eq!(gateway.get("/guarded", "").await.status, 401);
    let received = upstream.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].header("x-user-id"), None);
    assert_eq!(received[0].header("x-consumer-name"), None);
    let opened = gateway.metric("gateway_introspection_open_total", &[]);
    assert_eq!(opened.await, 1.0);
    let attempts = gateway.metric("gateway_authentications_total", &["result=\"open\""]);
    assert_eq!(attempts.await, 1.0);
    let line = &gateway.log(2).await[0];
    assert_eq!(line["unchecked"], "oauth2-introspect", "{line}");
}
