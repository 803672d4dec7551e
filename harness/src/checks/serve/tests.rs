#![allow(clippy::unwrap_used, reason = "a test may panic")]

use http_body_util::BodyExt as _;
use serde_json::Value;

use super::*;
use crate::checks::sample::Sample;

async fn ask(method: &str, target: &str) -> (StatusCode, http::HeaderMap, String) {
    let sample = Sample::mixed();
    let request = Request::builder()
        .method(method)
        .uri(target)
        .body(())
        .unwrap();
    let (head, body) = answer(&request, &sample.board, sample.now).into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        head.status,
        head.headers,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

#[tokio::test]
async fn each_path_has_its_kind() {
    for (target, kind, begins) in [
        ("/", HTML, "<!doctype html>"),
        ("/?refresh=off", HTML, "<!doctype html>"),
        ("/status.json", JSON, "{"),
        (
            "/metrics",
            metrics::CONTENT_TYPE,
            "# HELP gatecheck_check_state",
        ),
        ("/healthz", TEXT, "ok"),
    ] {
        let (status, headers, body) = ask("GET", target).await;
        assert_eq!(status, 200, "{target}: {body}");
        assert_eq!(headers[CONTENT_TYPE], kind);
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert!(body.starts_with(begins), "{target}: {body}");
        assert_eq!(headers.contains_key(CONTENT_SECURITY_POLICY), kind == HTML);
    }
}

#[tokio::test]
async fn nothing_else_is_served() {
    assert_eq!(ask("GET", "/other").await.0, 404);
    let (status, headers, _) = ask("POST", "/").await;
    assert_eq!(
        (status.as_u16(), &headers[ALLOW]),
        (405, &HeaderValue::from_static("GET, HEAD"))
    );
    assert_eq!(ask("HEAD", "/").await.0, 200);
}

#[tokio::test]
async fn the_status_is_told_in_json() {
    let (.., body) = ask("GET", "/status.json").await;
    let status: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status["state"], "bad");
    assert_eq!(status["counts"]["skipped"], 1);
    let preflight = &status["checks"][2];
    assert_eq!(preflight["reason"], "status");
    assert_eq!(preflight["step"], 2);
    assert_eq!(preflight["alerting"], true);
    assert_eq!(status["checks"][0].get("reason"), None);
}

#[tokio::test]
async fn health_is_that_of_the_watcher() {
    assert_eq!(health(&[]).status(), 200);
    assert_eq!(health(&["a"]).status(), 503);
}

/// Over a socket, and while a client that sends nothing holds a connection.
#[tokio::test]
async fn it_is_served_to_several_at_once() {
    let sample = Sample::mixed();
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = StatusServer::start(address, Arc::new(sample.board))
        .await
        .unwrap();
    let silent = TcpStream::connect(server.address()).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/status.json", server.address());
    let status: Value = client.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(status["state"], "bad");
    drop(silent);
}
