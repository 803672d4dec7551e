//! What each behaviour looks like from the client's side.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::{Duration, Instant};

use common::{DEADLINE, asking, body, get, read_until, send, talk};
use mock_upstreams::{Behaviour, Ending, MockUpstream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn echo() -> MockUpstream {
    MockUpstream::builder(Behaviour::echo())
        .name("mock")
        .spawn()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_request_chooses_before_the_route_and_the_default() {
    let up = MockUpstream::builder(Behaviour::named("default"))
        .route("/a", Behaviour::named("a"))
        .route("/a/b", Behaviour::named("b"))
        .spawn()
        .await
        .unwrap();
    up.route("/late", Behaviour::named("late"));
    let client = reqwest::Client::new();
    for (path, chosen, expected) in [
        ("/", None, "default"),
        ("/a/c", None, "a"),
        ("/a/b/c", None, "b"),
        ("/late", None, "late"),
        ("/a/b", Some("named=header"), "header"),
        ("/a", Some(r#"{"named": {"name": "json"}}"#), "json"),
    ] {
        let mut request = client.get(up.url() + path);
        if let Some(chosen) = chosen {
            request = request.header(mock_upstreams::BEHAVIOUR_HEADER, chosen);
        }
        assert_eq!(
            request.send().await.unwrap().headers()["x-upstream"],
            expected,
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_unknown_behaviour_is_told() {
    let up = echo().await;
    let answer = get(up.address(), "slwo=200ms").await;
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{answer}"
    );
    assert!(body(&answer).contains("`slwo=200ms` is no behaviour: unknown variant `slwo`"));
    let answer = get(up.address(), "refuse").await;
    assert!(
        body(&answer).contains("`refuse` is for a whole server"),
        "{answer}"
    );
}

#[tokio::test]
async fn status_with_headers_body_and_trailers() {
    let up = echo().await;
    let answer = get(
        up.address(),
        "status=503;headers=Retry-After: 5%0AX-A: b;body=busy",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nX-A: b\r\n"));
    assert!(answer.contains("\r\nX-Upstream: mock\r\n"), "{answer}");
    assert!(answer.contains("\r\nDate: "), "{answer}");
    assert_eq!(body(&answer), "busy");
    let answer = get(up.address(), "status=200;body=abc;trailers=X-Sum: 3").await;
    assert!(
        answer.ends_with("\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn answers_without_a_body() {
    let up = echo().await;
    let answer = get(up.address(), "status=204;body=never").await;
    assert!(
        answer.ends_with("\r\n\r\n") && !answer.contains("Content-Length"),
        "{answer}"
    );
    let head =
        "HEAD / HTTP/1.1\r\nHost: m\r\nConnection: close\r\nGatecheck-Behaviour: large=7\r\n\r\n";
    let answer = talk(up.address(), head).await;
    assert!(
        answer.contains("Content-Length: 7\r\n") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn slow_waits_before_the_head_and_between_pieces() {
    let up = echo().await;
    let start = Instant::now();
    let answer = get(up.address(), "slow=30ms;chunks=3;between=20ms").await;
    assert!(start.elapsed() >= Duration::from_millis(70));
    assert!(answer.contains("Transfer-Encoding: chunked"), "{answer}");
    assert_eq!(
        answer.matches("\r\n").count()
            - answer
                .split("\r\n\r\n")
                .next()
                .unwrap()
                .matches("\r\n")
                .count(),
        10
    );
}

#[tokio::test]
async fn slow_gives_up_when_the_client_goes() {
    let up = echo().await;
    let client = send(up.address(), asking("slow=1000s")).await;
    up.wait_until("a request", DEADLINE, |all| all.first().map(|_| ()))
        .await
        .unwrap();
    drop(client);
    up.wait_for_open_connections(0, DEADLINE).await.unwrap();
}

#[tokio::test]
async fn flaky_counts_by_tag_or_key() {
    let up = echo().await;
    let client = reqwest::Client::new();
    let status = async |behaviour: &str, tag: &str| {
        let request = client
            .get(up.url())
            .header("Gatecheck-Behaviour", behaviour);
        request
            .header("Gatecheck-Exchange", tag)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(status("flaky=2", "t1").await, 503);
    assert_eq!(status("flaky=2", "t1").await, 503);
    assert_eq!(status("flaky=2", "t2").await, 503);
    assert_eq!(status("flaky=2", "t1").await, 200);
    let keyed = "flaky=1;key=k;with=status=500;then=status=201";
    assert_eq!(status(keyed, "t3").await, 500);
    assert_eq!(status(keyed, "t4").await, 201);
}

#[tokio::test]
async fn large_and_endless_bodies() {
    let up = echo().await;
    let client = reqwest::Client::new();
    let fetch = |behaviour: &str| {
        client
            .get(up.url())
            .header("Gatecheck-Behaviour", behaviour)
            .send()
    };
    let known = fetch("large=300KiB").await.unwrap();
    assert_eq!(known.content_length(), Some(300 << 10));
    assert_eq!(known.bytes().await.unwrap().len(), 300 << 10);
    let unknown = fetch("large=100001;chunked").await.unwrap();
    assert_eq!(unknown.content_length(), None);
    assert_eq!(unknown.bytes().await.unwrap().len(), 100_001);

    let mut endless = fetch("endless").await.unwrap();
    let mut read = 0;
    while read < 1 << 20 {
        read += endless.chunk().await.unwrap().unwrap().len();
    }
    drop(endless);
    drop(client);
    up.wait_for_open_connections(0, DEADLINE).await.unwrap();
}

#[tokio::test]
async fn cacheable_counts_and_revalidates() {
    let up = echo().await;
    let modified = "Mon, 01 Jan 2024 00:00:00 GMT";
    let behaviour = format!("cacheable=60;etag=\"v1\";last-modified={modified};vary=Accept");
    let client = reqwest::Client::new();
    let fetch = |name: &'static str, value: &'static str| {
        let request = client
            .get(up.url() + "/c")
            .header("Gatecheck-Behaviour", &behaviour);
        request.header(name, value).send()
    };
    let first = fetch("x", "y").await.unwrap();
    for (name, value) in [
        ("cache-control", "max-age=60"),
        ("etag", "\"v1\""),
        ("vary", "Accept"),
        ("last-modified", modified),
    ] {
        assert_eq!(first.headers()[name], value);
    }
    assert_eq!(first.text().await.unwrap(), "{\"count\": 1}\n");
    for (name, value, status) in [
        ("if-none-match", "\"v0\", W/\"v1\"", 304),
        ("if-none-match", "*", 304),
        ("if-none-match", "\"v0\"", 200),
        ("if-modified-since", "Mon, 01 Jan 2024 00:00:00 GMT", 304),
        ("if-modified-since", "Sun, 31 Dec 2023 23:59:59 GMT", 200),
    ] {
        assert_eq!(
            fetch(name, value).await.unwrap().status(),
            status,
            "{name}: {value}"
        );
    }
    assert_eq!(
        fetch("x", "y").await.unwrap().text().await.unwrap(),
        "{\"count\": 4}\n"
    );
}

#[tokio::test]
async fn raw_writes_what_it_is_given() {
    let bytes = "HTTP/1.1 200 OK\r\nX: 1\r\nx: 2\r\nContent-Length: 9\r\n\r\nabc";
    let up = MockUpstream::spawn(Behaviour::raw(bytes, Ending::Close))
        .await
        .unwrap();
    assert_eq!(get(up.address(), &up_behaviour(bytes)).await, bytes);
    assert_eq!(
        talk(up.address(), "GET / HTTP/1.1\r\nHost: m\r\n\r\n").await,
        bytes
    );
    assert!(reqwest::get(up.url()).await.unwrap().bytes().await.is_err());
}

fn up_behaviour(bytes: &str) -> String {
    Behaviour::raw(bytes, Ending::Close).to_string()
}

#[tokio::test]
async fn resets_and_closes_at_each_moment() {
    let up = echo().await;
    for moment in ["accept", "head", "request", "body"] {
        let mut client = send(up.address(), asking(&format!("reset={moment}"))).await;
        let mut answer = Vec::new();
        let error = client.read_to_end(&mut answer).await.unwrap_err();
        assert_eq!(
            error.kind(),
            std::io::ErrorKind::ConnectionReset,
            "{moment}"
        );

        let answer = get(up.address(), &format!("close={moment}")).await;
        assert_eq!(answer.is_empty(), moment != "body", "{moment}: {answer}");
        assert!(
            moment != "body" || answer.ends_with("\r\n\r\nxxxxxxxxxxxxxxxx"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn resets_before_anything_is_read() {
    let up = MockUpstream::spawn("reset=accept".parse().unwrap())
        .await
        .unwrap();
    let mut client = tokio::net::TcpStream::connect(up.address()).await.unwrap();
    let error = client.read(&mut [0]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(up.received().len(), 0);
}

#[tokio::test]
async fn hang_reads_and_never_answers() {
    let up = echo().await;
    let mut client = send(up.address(), asking("hang")).await;
    up.wait_until("a request", DEADLINE, |all| {
        all.iter().find(|r| r.finished).map(|_| ())
    })
    .await
    .unwrap();
    let read = tokio::time::timeout(Duration::from_millis(50), client.read(&mut [0])).await;
    assert!(read.is_err(), "it answered");
    drop(client);
    up.wait_for_open_connections(0, DEADLINE).await.unwrap();
}

#[tokio::test]
async fn a_stream_is_sent_piece_by_piece() {
    let up = echo().await;
    let news = up.stream("news");
    news.event("before\nthe request");
    let mut client = send(up.address(), asking("stream=news")).await;
    let head = read_until(&mut client, "data: before\ndata: the request\n\n\r\n").await;
    assert!(
        head.contains("Content-Type: text/event-stream\r\n"),
        "{head}"
    );
    assert_eq!(news.responses(), 1);
    for n in 0..3 {
        news.event(&format!("{n}"));
        read_until(&mut client, &format!("data: {n}\n\n\r\n")).await;
    }
    news.end();
    assert_eq!(read_until(&mut client, "0\r\n\r\n").await, "0\r\n\r\n");

    let aborted = up.stream("aborted");
    let mut client = send(up.address(), asking("stream=aborted")).await;
    read_until(&mut client, "\r\n\r\n").await;
    aborted.abort();
    assert!(client.read(&mut [0]).await.is_err());
}

#[tokio::test]
async fn a_websocket_echoes_what_it_unmasks() {
    let up = MockUpstream::spawn(Behaviour::websocket()).await.unwrap();
    let handshake = "GET /chat HTTP/1.1\r\nHost: m\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let mut client = send(up.address(), handshake).await;
    let head = read_until(&mut client, "\r\n\r\n").await;
    assert!(
        head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
        "{head}"
    );
    // The answer of the example in RFC 6455 §1.3.
    assert!(
        head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
        "{head}"
    );
    // "Hello" masked and unmasked, as in RFC 6455 §5.7; then a ping and a close.
    let mut answer = [0; 7];
    client
        .write_all(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")
        .await
        .unwrap();
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"\x81\x05Hello");
    client
        .write_all(b"\x89\x80\0\0\0\0\x88\x80\0\0\0\0")
        .await
        .unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"\x8a\x00\x88\x00");
    assert_eq!(reqwest::get(up.url()).await.unwrap().status(), 426);
}

#[tokio::test]
async fn hop_by_hop_headers() {
    let up = echo().await;
    let answer = talk(
        up.address(),
        "GET / HTTP/1.1\r\nHost: m\r\nGatecheck-Behaviour: hop-by-hop\r\n\r\n",
    )
    .await;
    for line in [
        "Connection: close, X-Hop-Nominated",
        "X-Hop-Nominated: ",
        "Keep-Alive: ",
        "X-End-To-End: ",
    ] {
        assert!(answer.contains(&format!("\r\n{line}")), "{answer}");
    }
}

#[tokio::test]
async fn expectations() {
    let up = echo().await;
    let head = |behaviour: &str| {
        format!(
            "POST / HTTP/1.1\r\nHost: m\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\
             Gatecheck-Behaviour: {behaviour}\r\n\r\n"
        )
    };
    for behaviour in ["echo", "expect=continue"] {
        let mut client = send(up.address(), head(behaviour)).await;
        assert_eq!(
            read_until(&mut client, "\r\n\r\n").await,
            "HTTP/1.1 100 Continue\r\n\r\n"
        );
        client.write_all(b"ab").await.unwrap();
        assert!(
            read_until(&mut client, "}\n")
                .await
                .starts_with("HTTP/1.1 200 OK\r\n")
        );
    }
    let answer = talk(up.address(), head("expect=silent") + "ab").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let answer = talk(up.address(), head("expect=refuse")).await;
    assert!(
        answer.starts_with("HTTP/1.1 417 Expectation Failed\r\n"),
        "{answer}"
    );
    assert!(!up.received().last().unwrap().body_complete);
}

#[tokio::test]
async fn an_early_answer_comes_before_the_body() {
    let up = echo().await;
    let head = |then: &str, connection: &str| {
        format!(
            "POST / HTTP/1.1\r\nHost: m\r\nConnection: {connection}\r\nContent-Length: 4\r\n\
             Gatecheck-Behaviour: early=413;then={then}\r\n\r\nab"
        )
    };
    let answer = talk(up.address(), head("close", "keep-alive")).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(!up.received()[0].body_complete);

    let mut client = send(up.address(), head("keep", "keep-alive")).await;
    read_until(&mut client, "early\n").await;
    client.write_all(b"cd").await.unwrap();
    client.write_all(asking("echo").as_bytes()).await.unwrap();
    read_until(&mut client, "}\n").await;
    assert_eq!(up.received()[1].text(), "abcd");

    let mut client = send(up.address(), head("reset", "keep-alive")).await;
    assert!(client.read_to_end(&mut Vec::new()).await.is_err());
}

#[tokio::test]
async fn floods_and_trickles_the_head() {
    let up = echo().await;
    let answer = get(up.address(), "flood=50;size=2KiB").await;
    assert_eq!(answer.matches("\r\nX-Flood-").count(), 50);
    assert!(answer.len() > 100 << 10);
    let start = Instant::now();
    let answer = get(up.address(), "trickle=1ms;bytes=8").await;
    assert!(start.elapsed() >= Duration::from_millis(15));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("}\n"), "{answer}");
}
