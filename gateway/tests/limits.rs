//! Limits of time and size: slow heads, slow bodies, idle connections; bodies that are too large, both ways.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use mock_upstreams::{Behaviour, MockUpstream};
use support::{Answer, Started, request, start};
use tokio::io::AsyncWriteExt;

/// A gateway with short timeouts and small bodies.
async fn short(behaviour: Behaviour, plugins: &str) -> (MockUpstream, Started) {
    let upstream = MockUpstream::spawn(behaviour).await.unwrap();
    let gateway = start(&format!(
        "listeners: [{{address: '127.0.0.1:0', timeouts: {{head: 300ms, body: 300ms, keepAlive: 1s}}}}]\n{}{plugins}",
        support::to(&upstream)
    ))
    .await;
    (upstream, gateway)
}

const SMALL: &str = "plugins: [{name: request-size-limit, config: {maxBytes: 1KiB}}]\n";

#[tokio::test]
async fn a_slow_head_ends_the_connection() {
    let (upstream, gateway) = short(Behaviour::named("up"), "").await;
    for sent in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\nX: "] {
        assert_eq!(gateway.talk(sent).await, b"", "{sent:?}");
    }
    let mut client = gateway.connect().await;
    let trickle = async {
        let mut pace = tokio::time::interval(std::time::Duration::from_millis(20));
        for byte in request("GET", "/", &"X: y\r\n".repeat(50)).bytes() {
            pace.tick().await;
            if client.write_all(&[byte]).await.is_err() {
                return;
            }
        }
        panic!("a byte now and then kept the connection");
    };
    tokio::time::timeout(support::DEADLINE, trickle)
        .await
        .unwrap();
    assert_eq!(upstream.received_total(), 0);
    assert_eq!(gateway.get("/", "").await.status, 200);
}

#[tokio::test]
async fn an_idle_connection_ends() {
    let (_upstream, gateway) = short(Behaviour::named("up"), "").await;
    let answers = Answer::all(&gateway.talk(request("GET", "/", "")).await);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].header("connection"), Some("keep-alive"));
}

#[tokio::test]
async fn a_slow_body_is_408() {
    let (_upstream, gateway) = short(Behaviour::named("up"), "").await;
    let part = request("POST", "/", "Content-Length: 10\r\n") + "hello";
    let chunk = request("POST", "/", "Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n";
    for bytes in [part, chunk] {
        let answers = Answer::all(&gateway.talk(bytes).await);
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(
            (answers[0].status, &*answers[0].code()),
            (408, "body-timeout")
        );
        assert_eq!(answers[0].header("connection"), Some("close"));
    }
    let lines = gateway.log(2).await;
    assert!(
        lines.iter().all(|line| line["cause"] == "body-timeout"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_body_that_says_that_it_is_too_large_is_refused_at_once() {
    let (upstream, gateway) = short(Behaviour::named("up"), SMALL).await;
    for lines in [
        "Content-Length: 1025\r\n",
        "Content-Length: 1025\r\nExpect: 100-continue\r\n",
    ] {
        let answers = Answer::all(&gateway.talk(request("POST", "/", lines)).await);
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(
            (answers[0].status, &*answers[0].code()),
            (413, "body-too-large")
        );
        assert!(answers[0].early.is_empty(), "no leave was given");
    }
    assert_eq!(upstream.received_total(), 0);
    let fits = request("POST", "/", "Content-Length: 1024\r\n") + &"x".repeat(1024);
    assert_eq!(gateway.ask(fits).await.status, 200);
}

#[tokio::test]
async fn a_client_that_goes_on_sending_still_reads_why() {
    let (upstream, gateway) = short(Behaviour::named("up"), SMALL).await;
    let body = "x".repeat(2 << 20);
    let head = request("POST", "/", &format!("Content-Length: {}\r\n", body.len()));
    let mut client = gateway.connect().await;
    client.write_all((head + &body).as_bytes()).await.unwrap();
    let answer = support::read_answer(&mut client).await;
    assert_eq!((answer.status, &*answer.code()), (413, "body-too-large"));
    assert_eq!(upstream.received_total(), 0);
}

#[tokio::test]
async fn a_body_is_counted_while_it_streams() {
    let (upstream, gateway) = short(Behaviour::named("up"), SMALL).await;
    let chunks = |count: usize| {
        let chunk = format!("100\r\n{}\r\n", "x".repeat(256));
        request("POST", "/", "Transfer-Encoding: chunked\r\n") + &chunk.repeat(count) + "0\r\n\r\n"
    };
    assert_eq!(gateway.ask(chunks(4)).await.status, 200);
    assert_eq!(upstream.received()[0].body_length, 1024);
    upstream.forget();
    let answers = Answer::all(&gateway.talk(chunks(5)).await);
    assert_eq!(
        (answers[0].status, &*answers[0].code()),
        (413, "body-too-large")
    );
    assert_eq!(answers.len(), 1);
    assert!(
        upstream
            .received()
            .iter()
            .all(|received| !received.body_complete)
    );
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_or_cut() {
    let limit = "plugins: [{name: response-size-limit, config: {maxBytes: 10KiB}}]\n";
    let (_upstream, gateway) = short(Behaviour::large(10 * 1024), limit).await;
    let fits = gateway.get("/", "").await;
    assert_eq!((fits.status, fits.body.len()), (200, 10 * 1024));

    let (_upstream, gateway) = short(Behaviour::large(10 * 1024 + 1), limit).await;
    let answer = gateway.get("/", "").await;
    assert_eq!(
        (answer.status, &*answer.code()),
        (502, "response-too-large")
    );

    let (_upstream, gateway) = short(Behaviour::large_chunked(1 << 20), limit).await;
    let answer = gateway.get("/", "").await;
    assert_eq!(
        (answer.status, &*answer.code()),
        (502, "response-too-large"),
        "its first piece is"
    );

    let between = std::time::Duration::from_millis(20);
    let (_upstream, gateway) = short(
        Behaviour::Endless {
            piece: 4096,
            between,
        },
        limit,
    )
    .await;
    let answer = gateway.get("/", "").await;
    assert_eq!(answer.status, 200, "the head was out");
    assert!(!answer.complete);
    let line = gateway.log(1).await.pop().unwrap();
    assert_eq!(line["cause"], "response-too-large");
}

#[tokio::test]
async fn head_tells_the_size_of_what_get_would_send() {
    let limit = "plugins: [{name: response-size-limit, config: {maxBytes: 10KiB}}]\n";
    let (_upstream, gateway) = short(Behaviour::large(1024), limit).await;
    let mut client = gateway.connect().await;
    client
        .write_all(request("HEAD", "/", "").as_bytes())
        .await
        .unwrap();
    let answer = support::read_answer_to(&mut client, "HEAD").await;
    assert_eq!(
        (answer.status, answer.header("content-length")),
        (200, Some("1024"))
    );
}
