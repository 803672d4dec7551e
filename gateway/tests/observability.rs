//! What the log, the metrics and the admin listener tell, and what they never tell.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use mock_upstreams::{Behaviour, MockUpstream};
use support::{Started, echo, request, start};

const KEY: &str = "k-0123456789abcdef";

/// A gateway that asks for a key in a header or the query.
async fn guarded() -> (MockUpstream, Started, tempfile::TempDir) {
    let upstream = MockUpstream::spawn(Behaviour::named("up")).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    std::fs::write(&file, KEY).unwrap();
    let gateway = start(&format!(
        "consumers: [{{name: alice, keys: ['${{file:{}}}']}}]\n\
         plugins: [{{name: key-auth, config: {{query: who}}}}, {{name: observability, config: {{includeHeader: X-Canary, values: ['true']}}}}]\n{}",
        file.display(),
        support::to(&upstream)
    ))
    .await;
    (upstream, gateway, directory)
}

#[tokio::test]
async fn a_line_tells_everything_but_secrets() {
    let (upstream, gateway, _keys) = guarded().await;
    let answer = gateway
        .get(
            &format!("/a?who={KEY}&b=1"),
            "User-Agent: test\r\nX-Canary: true\r\n",
        )
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(upstream.received()[0].target, "/a?b=1");
    assert_eq!(
        gateway
            .get("/", &format!("X-API-Key: {KEY}\r\n"))
            .await
            .status,
        200
    );
    assert_eq!(
        gateway
            .get("/", "X-API-Key: wrong-key-value\r\n")
            .await
            .status,
        401
    );
    assert_eq!(
        gateway.get("/?access_token=wrong-token", "").await.status,
        401
    );
    let lines = gateway.log(4).await;
    let first = &lines[0];
    assert_eq!(first["request_id"].as_str(), answer.header("x-request-id"));
    for (name, value) in [
        ("method", "GET"),
        ("path", "/a"),
        ("query", "who=REDACTED&b=1"),
        ("host", "gateway.test"),
        ("client", "127.0.0.1"),
        ("route", "up"),
        ("service", "up"),
        ("consumer", "alice"),
        ("user_agent", "test"),
    ] {
        assert_eq!(first[name], value, "{name}: {first}");
    }
    assert_eq!(first["headers"]["x-canary"], "true");
    assert!(
        first["duration_ms"].is_number() && first["upstream_ms"].is_number(),
        "{first}"
    );
    assert!(first["timestamp"].as_str().unwrap().ends_with('Z'));
    let (_, metrics) = gateway.admin("/metrics").await;
    let (_, configuration) = gateway.admin("/config").await;
    let all = format!("{lines:?}{metrics}{configuration}");
    for secret in [KEY, "wrong-key-value", "wrong-token"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

#[tokio::test]
async fn labels_are_bounded() {
    let (_upstream, gateway, _keys) = guarded().await;
    let before = series(&gateway).await;
    for n in 0..50 {
        let key = format!("X-API-Key: {KEY}\r\nX-Canary: value-{n}\r\n");
        assert_eq!(
            gateway
                .ask(request(&format!("M{n}"), &format!("/{n}"), &key))
                .await
                .status,
            200
        );
    }
    let (_, metrics) = gateway.admin("/metrics").await;
    assert!(
        metrics.contains("_OTHER") && metrics.contains("\"other\""),
        "{metrics}"
    );
    assert!(!metrics.contains("M17") && !metrics.contains("value-17"));
    assert!(series(&gateway).await < before + 60);
}

async fn series(gateway: &Started) -> usize {
    let (_, metrics) = gateway.admin("/metrics").await;
    metrics
        .lines()
        .filter(|line| !line.starts_with('#'))
        .count()
}

#[tokio::test]
async fn what_could_not_be_read_is_logged_and_counted_too() {
    let (_upstream, gateway) = echo().await;
    assert_eq!(gateway.ask("nonsense\r\n\r\n").await.status, 400);
    let line = gateway.log(1).await.pop().unwrap();
    assert_eq!(
        (line["status"].as_u64(), line["cause"].as_str()),
        (Some(400), Some("malformed-request"))
    );
    assert_eq!(line["client"], "127.0.0.1");
    let counted = gateway
        .metric(
            "gateway_rejections_total",
            &["reason=\"malformed-request\""],
        )
        .await;
    assert_eq!(counted, 1.0);
}

#[tokio::test]
async fn log_lines_cannot_be_forged() {
    let (_upstream, gateway) = echo().await;
    let answer = gateway
        .get("/%0a%22%7d?a=%0d%0a'b", "User-Agent: a\"}\tb\\\r\n")
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let lines = gateway.log(1).await;
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["user_agent"], "a\"}\tb\\");
}

#[tokio::test]
async fn the_admin_listener_answers() {
    let (_upstream, gateway) = echo().await;
    for path in ["/livez", "/readyz", "/metrics", "/config"] {
        assert_eq!(gateway.admin(path).await.0, 200, "{path}");
    }
    assert_eq!(gateway.admin("/nowhere").await.0, 404);
    let address = gateway.gateway.admin_address().await.unwrap();
    let post = reqwest::Client::new()
        .post(format!("http://{address}/config"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            post.status().as_u16(),
            post.headers()["allow"].to_str().unwrap()
        ),
        (405, "GET, HEAD")
    );
}

#[tokio::test]
async fn the_admin_token_is_asked_for_where_there_is_one() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "the-admin-token-of-this-test").unwrap();
    let upstream = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    let gateway = start(&format!(
        "admin: {{address: '127.0.0.1:0', token: '${{file:{}}}'}}\n{}",
        file.display(),
        support::to(&upstream)
    ))
    .await;
    for (path, status) in [
        ("/livez", 200),
        ("/readyz", 200),
        ("/metrics", 401),
        ("/config", 401),
    ] {
        assert_eq!(gateway.admin(path).await.0, status, "{path}");
    }
    let address = gateway.gateway.admin_address().await.unwrap();
    for (token, status) in [
        ("the-admin-token-of-this-test", 200),
        ("another", 401),
        ("", 401),
    ] {
        let asked = reqwest::Client::new()
            .get(format!("http://{address}/config"))
            .bearer_auth(token);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), status, "{token}");
        assert!(!answer.text().await.unwrap().contains("the-admin-token"));
    }
}
