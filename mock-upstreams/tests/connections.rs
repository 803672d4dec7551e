//! Servers that can't be reached, and servers that stop.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::io::ErrorKind;
use std::time::Duration;

use common::{DEADLINE, asking, get, read_until, send};
use mock_upstreams::{Behaviour, MockUpstream};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

#[tokio::test]
async fn refuse_refuses() {
    let up = MockUpstream::spawn(Behaviour::refuse()).await.unwrap();
    let error = TcpStream::connect(up.address()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_blackhole_never_accepts() {
    let up = MockUpstream::spawn(Behaviour::blackhole()).await.unwrap();
    for _ in 0..3 {
        let connect = TcpStream::connect(up.address());
        let connected = tokio::time::timeout(Duration::from_millis(100), connect).await;
        assert!(connected.is_err(), "{connected:?}");
    }
    up.set_behaviour(Behaviour::echo()).unwrap();
    assert!(
        get(up.address(), "echo")
            .await
            .starts_with("HTTP/1.1 200 OK\r\n")
    );
}

#[tokio::test]
async fn goes_down_and_comes_back_on_the_same_port() {
    let up = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    for _ in 0..3 {
        let mut client = send(up.address(), "GET / HTTP/1.1\r\nHost: m\r\n\r\n").await;
        read_until(&mut client, "}\n").await;
        up.set_behaviour(Behaviour::refuse()).unwrap();
        let error = TcpStream::connect(up.address()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(
            matches!(client.read(&mut [0]).await, Ok(0) | Err(_)),
            "still connected"
        );
        up.set_behaviour(Behaviour::blackhole()).unwrap();
        up.set_behaviour(Behaviour::named("again")).unwrap();
        let answer = reqwest::get(up.url()).await.unwrap();
        assert_eq!(answer.headers()["x-upstream"], "again");
        up.set_behaviour(Behaviour::echo()).unwrap();
    }
}

#[tokio::test]
async fn stop_cuts_connections_and_frees_the_port() {
    let up = MockUpstream::spawn(Behaviour::hang()).await.unwrap();
    let address = up.address();
    let mut client = send(address, asking("hang")).await;
    up.wait_until("a request", DEADLINE, |all| all.first().map(|_| ()))
        .await
        .unwrap();
    up.stop().await;
    assert!(matches!(client.read(&mut [0]).await, Ok(0) | Err(_)));
    assert_eq!(
        TcpStream::connect(address).await.unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
}

#[tokio::test]
async fn listens_on_other_loopback_addresses() {
    for ip in ["127.0.0.2", "::1"] {
        let up = MockUpstream::spawn_on(ip.parse().unwrap(), Behaviour::echo())
            .await
            .unwrap();
        assert_eq!(up.address().ip().to_string(), ip);
        assert_eq!(reqwest::get(up.url()).await.unwrap().status(), 200);
    }
}
