//! Mock upstreams with TLS, spoken to by rustls.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gatecheck::fixtures::certificates::{Certificates, Certified, Leaf, client_config};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mock_upstreams::tls::Version;
use mock_upstreams::{Behaviour, MockUpstream, Tls};
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Far beyond what anything here takes; a test that reaches it has failed.
const DEADLINE: Duration = Duration::from_secs(10);

const HOST: &str = "orders.internal";

fn tls(server: &Certified) -> Tls {
    Tls::new(server.chain_pem(), server.key_pem())
}

fn server(all: &Certificates) -> Certified {
    all.mint("good", &Leaf::server([HOST])).unwrap()
}

fn client(all: &Certificates, identity: Option<&Certified>, alpn: &[&str]) -> ClientConfig {
    client_config(&all.servers, identity, alpn).unwrap()
}

async fn connect(
    address: SocketAddr,
    config: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await.unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(HOST.try_into().unwrap(), socket)
        .await
}

/// A request over HTTP/1.1 on a connection of its own, and all that comes back.
async fn get(
    address: SocketAddr,
    config: ClientConfig,
    behaviour: &str,
) -> std::io::Result<String> {
    let mut stream = connect(address, config).await?;
    let request = format!(
        "GET /a HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\nGatecheck-Behaviour: {behaviour}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn a_request_tells_what_the_handshake_came_to() {
    let all = Certificates::new().unwrap();
    let upstream = MockUpstream::builder(Behaviour::named("blue"))
        .tls(tls(&server(&all)))
        .spawn()
        .await
        .unwrap();
    assert!(upstream.url().starts_with("https://127.0.0.1:"));

    let answer = get(
        upstream.address(),
        client(&all, None, &["http/1.1"]),
        "echo",
    );
    assert!(answer.await.unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    let received = &upstream.received()[0];
    let session = received.tls.as_deref().unwrap();
    assert_eq!(session.server_name.as_deref(), Some(HOST));
    assert_eq!(session.alpn.as_deref(), Some("http/1.1"));
    assert_eq!(session.version, "TLSv1.3");
    assert!(session.client_certificates.is_empty());
    assert_eq!(session.client_fingerprint(), None);
    let json = serde_json::to_value(received).unwrap();
    assert_eq!(json["tls"]["serverName"], HOST);
}

#[tokio::test]
async fn without_tls_there_is_no_handshake_to_tell_of() {
    let upstream = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    reqwest::get(upstream.url()).await.unwrap();
    assert_eq!(upstream.received()[0].tls, None);
    let json = serde_json::to_value(&upstream.received()[0]).unwrap();
    assert_eq!(json["tls"], serde_json::Value::Null);
}

#[tokio::test]
async fn http2_is_agreed_on_by_alpn() {
    let all = Certificates::new().unwrap();
    let upstream = MockUpstream::builder(Behaviour::echo()).tls(tls(&server(&all)));
    let upstream = upstream.spawn().await.unwrap();
    let config = client(&all, None, &["h2", "http/1.1"]);
    let stream = connect(upstream.address(), config).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http2::handshake::<_, _, Empty<Bytes>>(
        TokioExecutor::new(),
        TokioIo::new(stream),
    )
    .await
    .unwrap();
    let driver = tokio::spawn(connection);
    let request = http::Request::get("https://orders.internal/b");
    let answer = sender
        .send_request(request.body(Empty::new()).unwrap())
        .await;
    let body = answer
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("\"HTTP/2\""));
    driver.abort();
    let received = &upstream.received()[0];
    assert_eq!(received.version, "HTTP/2");
    assert_eq!(received.tls.as_deref().unwrap().alpn.as_deref(), Some("h2"));
}

#[tokio::test]
async fn protocols_and_versions_can_be_chosen() {
    let all = Certificates::new().unwrap();
    let old = tls(&server(&all))
        .version(Version::Tls12)
        .alpn(["http/1.1"]);
    let upstream = MockUpstream::builder(Behaviour::echo()).tls(old);
    let upstream = upstream.spawn().await.unwrap();
    let config = client(&all, None, &["h2", "http/1.1"]);
    get(upstream.address(), config, "echo").await.unwrap();
    let session = upstream.received()[0].tls.clone().unwrap();
    assert_eq!(
        (session.version, session.alpn.as_deref()),
        ("TLSv1.2", Some("http/1.1"))
    );
    let refused = get(upstream.address(), client(&all, None, &["h2"]), "echo").await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("NoApplicationProtocol")
    );
}

#[tokio::test]
async fn a_client_shows_its_certificate() {
    let all = Certificates::new().unwrap();
    let tls = tls(&server(&all)).client_authorities(all.clients.pem());
    let upstream = MockUpstream::builder(Behaviour::echo())
        .tls(tls)
        .spawn()
        .await
        .unwrap();
    let alice = all.mint("good", &Leaf::client("alice")).unwrap();
    let answer = get(upstream.address(), client(&all, Some(&alice), &[]), "echo");
    assert!(answer.await.unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    let session = upstream.received()[0].tls.clone().unwrap();
    assert_eq!(session.client_certificates, [alice.der().to_vec()]);
    assert_eq!(session.client_fingerprint(), Some(alice.fingerprint()));
    assert_eq!(session.alpn, None);
}

#[tokio::test]
async fn a_client_without_a_good_certificate_is_refused() {
    let all = Certificates::new().unwrap();
    let tls = tls(&server(&all)).client_authorities(all.clients.pem());
    let upstream = MockUpstream::builder(Behaviour::echo())
        .tls(tls)
        .spawn()
        .await
        .unwrap();
    let mut failed = 0;
    for variant in ["wrong-authority", "expired", "self-signed"] {
        let mallory = all.mint(variant, &Leaf::client("mallory")).unwrap();
        let refused = get(
            upstream.address(),
            client(&all, Some(&mallory), &[]),
            "echo",
        );
        refused.await.unwrap_err();
        failed += 1;
        upstream
            .wait_for_failed_handshakes(failed, DEADLINE)
            .await
            .unwrap();
    }
    get(upstream.address(), client(&all, None, &[]), "echo")
        .await
        .unwrap_err();
    upstream
        .wait_for_failed_handshakes(4, DEADLINE)
        .await
        .unwrap();
    assert_eq!(upstream.received_total(), 0);
}

#[tokio::test]
async fn a_client_that_refuses_the_server_is_counted() {
    let all = Certificates::new().unwrap();
    let expired = all.mint("expired", &Leaf::server([HOST])).unwrap();
    let upstream = MockUpstream::builder(Behaviour::echo()).tls(tls(&expired));
    let upstream = upstream.spawn().await.unwrap();
    let refused = connect(upstream.address(), client(&all, None, &[])).await;
    assert!(refused.unwrap_err().to_string().contains("expired"));
    upstream
        .wait_for_failed_handshakes(1, DEADLINE)
        .await
        .unwrap();
}

#[tokio::test]
async fn endings_and_large_bodies_are_the_same_over_tls() {
    let all = Certificates::new().unwrap();
    let upstream = MockUpstream::builder(Behaviour::echo()).tls(tls(&server(&all)));
    let upstream = upstream.spawn().await.unwrap();
    let ask = |behaviour| {
        get(
            upstream.address(),
            client(&all, None, &["http/1.1"]),
            behaviour,
        )
    };
    let large = ask("large=3MiB").await.unwrap();
    assert_eq!(large.split_once("\r\n\r\n").unwrap().1.len(), 3 << 20);
    let pieces = ask("slow=0ms;chunks=3;between=1ms").await.unwrap();
    assert!(pieces.ends_with("\r\n0\r\n\r\n"), "{pieces}");
    let reset = ask("reset=request").await.unwrap_err();
    assert_eq!(reset.kind(), std::io::ErrorKind::ConnectionReset);
    // An orderly end says so in TLS as well, or the client would have an error here.
    assert_eq!(ask("close=request").await.unwrap(), "");
}

#[tokio::test]
async fn material_that_does_not_fit_is_told() {
    let all = Certificates::new().unwrap();
    let (one, other) = (server(&all), server(&all));
    let cases = [
        (
            Tls::new("", one.key_pem()),
            "the certificate can't be used: there is no certificate in it",
        ),
        (Tls::new(one.chain_pem(), ""), "the key can't be used: "),
        (
            Tls::new(one.chain_pem(), other.key_pem()),
            "the certificate and its key can't be used: ",
        ),
        (
            tls(&one).client_authorities("x"),
            "the clients' authorities can't be used: there is no certificate in it",
        ),
    ];
    for (tls, expected) in cases {
        let error = MockUpstream::builder(Behaviour::echo())
            .tls(tls)
            .spawn()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}
