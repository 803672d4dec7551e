//! A client that sends exact bytes.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "not every test file uses all of it, and a test may panic"
)]

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Far beyond what anything here takes; a test that reaches it has failed.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Sends these bytes on a connection of their own.
pub async fn send(address: SocketAddr, bytes: impl AsRef<[u8]>) -> TcpStream {
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(bytes.as_ref()).await.unwrap();
    client
}

/// Sends these bytes and returns all that comes back until the server closes.
pub async fn talk(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut client = send(address, bytes).await;
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// A GET that asks for this behaviour and for the connection to be closed.
pub async fn get(address: SocketAddr, behaviour: &str) -> String {
    talk(address, asking(behaviour)).await
}

/// The bytes of [`get`].
pub fn asking(behaviour: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: mock\r\nConnection: close\r\nGatecheck-Behaviour: {behaviour}\r\n\r\n"
    )
}

/// Reads until what came ends with this.
pub async fn read_until(client: &mut TcpStream, end: &str) -> String {
    let mut seen = Vec::new();
    while !seen.ends_with(end.as_bytes()) {
        let mut byte = [0];
        assert_eq!(
            client.read(&mut byte).await.unwrap(),
            1,
            "closed after {seen:?}"
        );
        seen.push(byte[0]);
    }
    String::from_utf8(seen).unwrap()
}

/// The body of a response.
pub fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}
