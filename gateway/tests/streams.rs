//! What passes through unbuffered: events, large bodies, HTTP/2 and gRPC.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mock_upstreams::{Behaviour, MockUpstream};
use sha2::{Digest, Sha256};
use support::{Started, behaving, read_until, request, start};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn events_come_one_by_one() {
    let (upstream, gateway) = behaving(Behaviour::stream("events")).await;
    let mut client = gateway.connect().await;
    let head = request(
        "GET",
        "/",
        "Accept: text/event-stream\r\nConnection: close\r\n",
    );
    client.write_all(head.as_bytes()).await.unwrap();
    let events = upstream.stream("events");
    for n in 0..5 {
        events.event(&format!("number {n}"));
        read_until(&mut client, &format!("data: number {n}\n\n")).await;
    }
    events.end();
    let rest = support::read_to_close(&mut client).await;
    assert!(rest.ends_with(b"0\r\n\r\n"), "{rest:?}");
}

#[tokio::test]
async fn large_bodies_pass_intact_both_ways() {
    let size = 50 << 20;
    let upstream = MockUpstream::spawn(Behaviour::named("up")).await.unwrap();
    upstream.route("/large", Behaviour::large(size));
    upstream.route("/chunked", Behaviour::large_chunked(size));
    let gateway = start(&format!(
        "plugins: [{{name: request-size-limit, config: {{maxBytes: unlimited}}}}]\n{}",
        support::to(&upstream)
    ))
    .await;
    for path in ["/large", "/chunked"] {
        let answer = reqwest::get(format!("http://{}{path}", gateway.address))
            .await
            .unwrap();
        let body = answer.bytes().await.unwrap();
        assert_eq!(body.len() as u64, size);
        assert!(body.iter().all(|byte| *byte == b'x'));
    }
    let lines = gateway.log(2).await;
    assert!(
        lines.iter().all(|line| line["response_bytes"] == size),
        "{lines:?}"
    );
    let body: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
    let expected: String = Sha256::digest(&body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    upstream.forget();
    let sent = reqwest::Client::new()
        .post(format!("http://{}/up", gateway.address))
        .body(body);
    assert_eq!(sent.send().await.unwrap().status(), 200);
    assert_eq!(upstream.received()[0].body_sha256, expected);
}

#[tokio::test]
async fn a_half_closed_client_gets_its_answer() {
    let slow = Behaviour::slow(std::time::Duration::from_millis(200));
    let (_upstream, gateway) = behaving(slow).await;
    let mut client = gateway.connect().await;
    client
        .write_all(request("GET", "/", "").as_bytes())
        .await
        .unwrap();
    client.shutdown().await.unwrap();
    let answer = support::read_answer(&mut client).await;
    assert_eq!((answer.status, answer.complete), (200, true));
}

/// A gateway that speaks HTTP/2 without TLS on both sides.
async fn h2(behaviour: Behaviour, more: &str) -> (MockUpstream, Started) {
    let upstream = MockUpstream::spawn(behaviour).await.unwrap();
    let gateway = start(&format!(
        "listeners: [{{address: '127.0.0.1:0', http2: true}}]\n\
         service: {{name: up, url: '{}', http2: true{more}}}\nroute: {{paths: ['/']}}\n",
        upstream.url()
    ))
    .await;
    (upstream, gateway)
}

async fn ask(
    gateway: &Started,
    request: Request<Full<Bytes>>,
) -> (Response<()>, Bytes, Option<HeaderMap>) {
    let stream = gateway.connect().await;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned();
    connection.abort();
    (Response::from_parts(parts, ()), body.to_bytes(), trailers)
}

fn grpc(gateway: &Started, more: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut request = Request::post(format!("http://{}/pkg.Service/Method", gateway.address))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    request.body(Full::from(&b"\0\0\0\0\x05hello"[..])).unwrap()
}

#[tokio::test]
async fn grpc_keeps_te_and_trailers() {
    let (upstream, gateway) = h2(Behaviour::grpc(0), "").await;
    let (answer, body, trailers) = ask(&gateway, grpc(&gateway, &[("x-custom-bin", "AAEC")])).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(&body[..], b"\0\0\0\0\x05hello");
    assert_eq!(trailers.unwrap()["grpc-status"], "0");
    let received = &upstream.received()[0];
    assert_eq!(
        (&*received.version, received.header("te")),
        ("HTTP/2", Some("trailers"))
    );
    assert_eq!(received.header("x-custom-bin"), Some("AAEC"));
    assert_eq!(received.authority(), Some(&*upstream.address().to_string()));
    assert_eq!(received.header_values("host").count(), 0, "{received:?}");
    assert_eq!(received.header("via"), Some("2 gateway"));
}

#[tokio::test]
async fn grpc_errors_come_through_with_trailers_and_without_a_body() {
    let (_upstream, gateway) = h2(Behaviour::grpc(5), "").await;
    let (answer, _, trailers) = ask(&gateway, grpc(&gateway, &[])).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(trailers.unwrap()["grpc-status"], "5");
    let only = Behaviour::Grpc {
        status: 7,
        message: Some("no".into()),
        trailers_only: true,
    };
    let (_upstream, gateway) = h2(only, "").await;
    let (answer, body, _) = ask(&gateway, grpc(&gateway, &[])).await;
    assert_eq!(
        (
            &answer.headers()["grpc-status"],
            &answer.headers()["grpc-message"]
        ),
        (&"7".parse().unwrap(), &"no".parse().unwrap())
    );
    assert!(body.is_empty());
}

#[tokio::test]
async fn a_grpc_client_is_told_of_errors_in_its_own_way() {
    let (upstream, gateway) = h2(Behaviour::hang(), ", timeouts: {try: 5s, total: 10s}").await;
    let (answer, body, _) = ask(&gateway, grpc(&gateway, &[("grpc-timeout", "200m")])).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["grpc-status"]),
        (200, &"4".parse().unwrap())
    );
    assert_eq!(answer.headers()["content-type"], "application/grpc");
    assert!(body.is_empty());
    assert_eq!(upstream.received()[0].header("grpc-timeout"), Some("200m"));
    upstream.set_behaviour(Behaviour::refuse()).unwrap();
    let (answer, _, _) = ask(&gateway, grpc(&gateway, &[])).await;
    assert_eq!(answer.headers()["grpc-status"], "14");
}

#[tokio::test]
async fn http_2_is_served_over_http_1_upstreams() {
    let upstream = MockUpstream::spawn(Behaviour::named("up")).await.unwrap();
    let gateway = start(&format!(
        "listeners: [{{address: '127.0.0.1:0', http2: true}}]\n{}",
        support::to(&upstream)
    ))
    .await;
    let url = format!("http://{}/a/../b?c", gateway.address);
    let post = Request::post(&url).body(Full::from("hello")).unwrap();
    let (answer, _, _) = ask(&gateway, post).await;
    assert_eq!(answer.status(), 200);
    let received = &upstream.received()[0];
    assert_eq!((&*received.target, &*received.text()), ("/b?c", "hello"));
    assert_eq!(
        received.header("x-forwarded-host"),
        Some(&*gateway.address.to_string())
    );
    assert_eq!(received.oddities, []);
    let (answer, body, _) = ask(
        &gateway,
        Request::get(url.replace("b?c", "%2f"))
            .body(Full::default())
            .unwrap(),
    )
    .await;
    assert_eq!(answer.status(), 400);
    assert!(body.starts_with(b"{"), "{body:?}");
    assert_eq!(
        gateway.get("/plain", "").await.status,
        200,
        "HTTP/1.1 on the same port"
    );
}

#[tokio::test]
async fn http_2_has_one_authority() {
    let (upstream, gateway) = h2(Behaviour::named("up"), "").await;
    let with_host = |host: &str| {
        let request = Request::get(format!("http://{}/", gateway.address)).header("host", host);
        request.body(Full::default()).unwrap()
    };
    let (answer, body, _) = ask(&gateway, with_host("other.test")).await;
    assert_eq!(answer.status(), 400, "{body:?}");
    assert_eq!(upstream.received_total(), 0);
    let (answer, _, _) = ask(&gateway, with_host(&gateway.address.to_string())).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn refusals_over_http_2_do_not_end_the_connection() {
    let (upstream, gateway) = h2(Behaviour::named("up"), "").await;
    let stream = gateway.connect().await;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    for (path, status) in [("/a%2fb", 400), ("/", 200), ("/%00", 400), ("/", 200)] {
        let request = Request::get(format!("http://{}{path}", gateway.address));
        let answer = sender
            .send_request(request.body(Full::<Bytes>::default()).unwrap())
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{path}");
        answer.into_body().collect().await.unwrap();
    }
    let large =
        Request::get(format!("http://{}/", gateway.address)).header("x", "y".repeat(40 * 1024));
    let answer = sender
        .send_request(large.body(Full::<Bytes>::default()).unwrap())
        .await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == 431));
    assert_eq!(upstream.received_total(), 2);
    connection.abort();
}
