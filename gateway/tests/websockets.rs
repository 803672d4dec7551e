//! WebSockets (RFC 6455): how the tunnel opens, whatever comes first, what passes through it, and how it ends.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use mock_upstreams::{Behaviour, MockUpstream};
use support::{Started, read_answer, read_to_close, read_until, request, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A masked text frame (RFC 6455 §5.2) whose mask changes nothing.
fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap() | 0x80;
    [&[0x81, length, 0, 0, 0, 0], text.as_bytes()].concat()
}

fn upgrade() -> String {
    request("GET", "/chat", UPGRADE)
}

/// Reads exactly this.
async fn expect(stream: &mut TcpStream, expected: &[u8]) {
    let mut seen = vec![0; expected.len()];
    let read = timeout(support::DEADLINE, stream.read_exact(&mut seen)).await;
    read.expect("it comes in time").unwrap();
    assert_eq!(seen, expected);
}

/// An upstream that sends what a test says, byte by byte.
struct Raw(TcpListener);

impl Raw {
    async fn start(more: &str) -> (Self, Started) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let gateway = start(&format!(
            "service: {{name: up, url: '{url}'{more}}}\nroute: {{paths: ['/']}}\n"
        ))
        .await;
        (Self(listener), gateway)
    }

    /// The next connection, once the head of its request has come.
    async fn asked(&self) -> TcpStream {
        let accepted = timeout(support::DEADLINE, self.0.accept()).await;
        let (mut stream, _) = accepted.expect("the gateway connects").unwrap();
        stream.set_nodelay(true).unwrap();
        let head = read_until(&mut stream, "\r\n\r\n").await;
        assert!(head.contains("upgrade: websocket\r\n"), "{head}");
        stream
    }
}

/// Client and upstream at the ends of an open tunnel.
async fn tunnel(upstream: &Raw, gateway: &Started) -> (TcpStream, TcpStream) {
    let mut client = gateway.connect().await;
    client.write_all(upgrade().as_bytes()).await.unwrap();
    let mut server = upstream.asked().await;
    server.write_all(SWITCH.as_bytes()).await.unwrap();
    read_until(&mut client, "\r\n\r\n").await;
    (client, server)
}

#[tokio::test]
async fn websockets_are_passed_through_and_may_be_silent() {
    let upstream = MockUpstream::spawn(Behaviour::websocket()).await.unwrap();
    let gateway = start(&format!(
        "service: {{name: up, url: '{}', timeouts: {{try: 200ms, total: 300ms, idle: 1m}}}}\nroute: {{paths: ['/']}}\n",
        upstream.url()
    ))
    .await;
    let mut client = gateway.connect().await;
    client.write_all(upgrade().as_bytes()).await.unwrap();
    let head = read_until(&mut client, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    assert!(head.to_lowercase().contains("upgrade: websocket"), "{head}");
    assert!(head.to_lowercase().contains("x-request-id"), "{head}");
    for text in ["hello", "again"] {
        // Longer than `try` and `total`: a stream ends by its idle time only.
        let silence = std::time::Duration::from_millis(500);
        let early = timeout(silence, client.read_u8()).await;
        assert!(early.is_err(), "cut or talked to: {early:?}");
        client.write_all(&frame(text)).await.unwrap();
        expect(&mut client, &[b"\x81\x05", text.as_bytes()].concat()).await;
    }
    drop(client);
    let line = gateway.log(1).await.pop().unwrap();
    assert_eq!(line["status"], 101, "{line}");
}

/// An upstream that has answered by the time that the gateway reads, as one may when the gateway gets no processor.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn none_of_many_tunnels_ends_as_it_opens() {
    let (Raw(listener), gateway) = Raw::start("").await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                stream.set_nodelay(true).unwrap();
                stream.write_all(SWITCH.as_bytes()).await.unwrap();
                // All comes back, the head of the request too.
                let (mut reader, mut writer) = stream.split();
                tokio::io::copy(&mut reader, &mut writer).await
            });
        }
    });
    let address = gateway.address;
    for _ in 0..8 {
        let echoes = (0..50).map(|_| async move {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(upgrade().as_bytes()).await.unwrap();
            let head = read_until(&mut client, "\r\n\r\n").await;
            assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
            client.write_all(b"ping").await.unwrap();
            read_until(&mut client, "ping").await;
        });
        for echo in echoes.map(tokio::spawn).collect::<Vec<_>>() {
            echo.await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_answer_and_the_first_frame_may_come_in_any_pieces() {
    let (upstream, gateway) = Raw::start("").await;
    let answer = [SWITCH.as_bytes(), b"\x81\x02hi"].concat();
    for size in [1, 7, answer.len() - 4, answer.len()] {
        let mut client = gateway.connect().await;
        client.write_all(upgrade().as_bytes()).await.unwrap();
        let mut server = upstream.asked().await;
        for piece in answer.chunks(size) {
            server.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        drop(server);
        let seen = read_to_close(&mut client).await;
        assert!(seen.starts_with(b"HTTP/1.1 101 "), "{size}: {seen:?}");
        assert!(seen.ends_with(b"\r\n\r\n\x81\x02hi"), "{size}: {seen:?}");
    }
}

#[tokio::test]
async fn what_a_client_sends_before_the_answer_is_not_lost() {
    let (upstream, gateway) = Raw::start("").await;
    let early = frame("early");
    for together in [true, false] {
        let mut client = gateway.connect().await;
        let head = upgrade();
        let (first, then): (Vec<u8>, &[u8]) = match together {
            true => ([head.as_bytes(), &early].concat(), b""),
            false => (head.into(), &early),
        };
        client.write_all(&first).await.unwrap();
        let mut server = upstream.asked().await;
        client.write_all(then).await.unwrap();
        server.write_all(SWITCH.as_bytes()).await.unwrap();
        expect(&mut server, &early).await;
        read_until(&mut client, "\r\n\r\n").await;
        client.write_all(&frame("later")).await.unwrap();
        expect(&mut server, &frame("later")).await;
    }
}

#[tokio::test]
async fn the_last_words_of_either_side_arrive() {
    let (upstream, gateway) = Raw::start("").await;
    let (mut client, mut server) = tunnel(&upstream, &gateway).await;
    server.write_all(b"\x81\x03bye").await.unwrap();
    drop(server);
    assert_eq!(read_to_close(&mut client).await, b"\x81\x03bye");

    let (mut client, mut server) = tunnel(&upstream, &gateway).await;
    client.write_all(&frame("bye")).await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(read_to_close(&mut server).await, frame("bye"));
    assert_eq!(read_to_close(&mut client).await, b"");
}

#[tokio::test]
async fn an_upgrade_that_the_upstream_does_not_want_is_an_answer_like_any() {
    let (upstream, gateway) = support::echo().await;
    let first = request("GET", "/1", UPGRADE);
    let second = request("GET", "/2", UPGRADE);
    let third = request("GET", "/3", "Connection: close\r\n");
    let answers = support::Answer::all(&gateway.talk(first + &second + &third).await);
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 200]);
    assert_eq!(answers[0].header("upgrade"), None);
    assert_eq!(upstream.received()[0].header("upgrade"), Some("websocket"));
    // Only the connection of the third may be used again.
    let open = upstream.wait_for_open_connections(1, support::DEADLINE);
    open.await.unwrap();
    assert_eq!(upstream.connections(), 3);
}

#[tokio::test]
async fn a_request_with_a_body_opens_no_websocket() {
    let (upstream, gateway) = support::echo().await;
    let lines = format!("{UPGRADE}Content-Length: 5\r\n");
    let answer = gateway.ask(request("POST", "/", &lines) + "hello").await;
    assert_eq!(answer.status, 200);
    let received = &upstream.received()[0];
    assert_eq!(
        (received.header("upgrade"), &*received.text()),
        (None, "hello")
    );
}

#[tokio::test]
async fn an_upstream_that_cannot_be_reached_is_told_as_for_any_request() {
    for (behaviour, status) in [(Behaviour::refuse(), 502), (Behaviour::Blackhole, 504)] {
        let upstream = MockUpstream::spawn(behaviour).await.unwrap();
        let gateway = start(&format!(
            "service: {{name: up, url: '{}', timeouts: {{connect: 200ms}}}}\nroute: {{paths: ['/']}}\n",
            upstream.url()
        ))
        .await;
        let mut client = gateway.connect().await;
        client.write_all(upgrade().as_bytes()).await.unwrap();
        assert_eq!(read_answer(&mut client).await.status, status);
    }
}
