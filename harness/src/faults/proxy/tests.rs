#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::Scheme;
use super::*;

/// A server whose connections are handed out, and a proxy before it.
async fn around(scheme: Scheme) -> (TcpListener, SocketAddr, JoinSet<()>) {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let post = Post {
        place: Place::Front,
        target: server.local_addr().unwrap(),
        surroundings: Arc::default(),
        ledger: Arc::new(Ledger::new(scheme)),
    };
    let mut tasks = JoinSet::new();
    let proxy = open(post, &mut tasks).await.unwrap();
    (server, proxy, tasks)
}

/// Reads until these bytes have come.
async fn expect(stream: &mut TcpStream, wanted: &[u8]) {
    let mut read = vec![0; wanted.len()];
    stream.read_exact(&mut read).await.unwrap();
    assert_eq!(
        String::from_utf8_lossy(&read),
        String::from_utf8_lossy(wanted)
    );
}

#[tokio::test]
async fn bytes_pass_as_they_are_whatever_they_mean() {
    let exchanges: [(&[u8], &[u8]); 6] = [
        (b"no request at all\r\n\r\n", b"nor a response"),
        (b"\x16\x03\x01\x02\x00\x01", b"\x15\x03\x03\x00\x02"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00", b"\x00\x00\x00\x04"),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
            b"HTTP/1.1 400 Bad\r\n\r\n",
        ),
        (
            b"POST /x%zz HTTP/1.1\r\nhost:  a\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-LENGTH:2\r\n\r\nhi",
        ),
        (
            b"GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n\x01\x02",
            b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n\x03",
        ),
    ];
    let (server, proxy, _tasks) = around(Scheme::Watch).await;
    for (sent, answered) in exchanges {
        let mut client = TcpStream::connect(proxy).await.unwrap();
        client.write_all(sent).await.unwrap();
        let (mut accepted, _) = server.accept().await.unwrap();
        // What comes behind a request that may be answered waits for the answer, as it would for a gateway's.
        let ahead = if sent.ends_with(b"\x01\x02") { 2 } else { 0 };
        expect(&mut accepted, &sent[..sent.len() - ahead]).await;
        accepted.write_all(answered).await.unwrap();
        expect(&mut accepted, &sent[sent.len() - ahead..]).await;
        expect(&mut client, answered).await;
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_whole_is_seen_as_far_as_it_came() {
    let (server, proxy, _tasks) = around(Scheme::Watch).await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    let (mut accepted, _) = server.accept().await.unwrap();
    expect(&mut accepted, b"GET / HTTP/1.1\r\nHo").await;
    client.write_all(b"st: a\r\n\r\n").await.unwrap();
    expect(&mut accepted, b"st: a\r\n\r\n").await;
}

#[tokio::test]
async fn the_server_sees_the_address_of_the_client() {
    let (server, proxy, _tasks) = around(Scheme::Watch).await;
    let source = IpAddr::from([127, 16, 3, 4]);
    let _client = connect(proxy, source).await.unwrap();
    let (_, peer) = server.accept().await.unwrap();
    assert_eq!(peer.ip(), source);
}

#[tokio::test]
async fn an_end_is_an_end_and_a_break_a_break() {
    let (server, proxy, _tasks) = around(Scheme::Watch).await;
    for reset in [false, true] {
        let mut client = TcpStream::connect(proxy).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let (mut accepted, _) = server.accept().await.unwrap();
        expect(&mut accepted, b"GET / HTTP/1.1\r\n\r\n").await;
        if reset {
            accepted.set_zero_linger().unwrap();
        }
        drop(accepted);
        let read = client.read(&mut [0; 8]).await;
        match reset {
            false => assert_eq!(read.unwrap(), 0),
            true => assert_eq!(read.unwrap_err().kind(), io::ErrorKind::ConnectionReset),
        }
    }
}

#[tokio::test]
async fn a_fault_is_at_work_in_its_own_scenario_alone() {
    let fault = super::super::by_name("strips-request-id").unwrap();
    let (server, proxy, _tasks) = around(Scheme::Cases([(7, fault)].into())).await;
    let answer = "HTTP/1.1 200 OK\r\nX-Request-Id: 1\r\nContent-Length: 0\r\n\r\n";
    for (case, told) in [("7", false), ("8", true), ("x", true)] {
        let mut client = TcpStream::connect(proxy).await.unwrap();
        let request = format!("GET / HTTP/1.1\r\nGatecheck-Exchange: abc-{case}-0x\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        let (mut accepted, _) = server.accept().await.unwrap();
        expect(&mut accepted, request.as_bytes()).await;
        accepted.write_all(answer.as_bytes()).await.unwrap();
        drop(accepted);
        let mut read = String::new();
        client.read_to_string(&mut read).await.unwrap();
        assert_eq!(read.contains("X-Request-Id"), told, "{case}: {read}");
    }
}

#[tokio::test]
async fn a_stream_is_not_waited_for() {
    let (server, proxy, _tasks) = around(Scheme::Watch).await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let (mut accepted, _) = server.accept().await.unwrap();
    let begun = Instant::now();
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n";
    for piece in [&head[..], b"one", b"tw"] {
        accepted.write_all(piece).await.unwrap();
        expect(&mut client, piece).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(5));
}
