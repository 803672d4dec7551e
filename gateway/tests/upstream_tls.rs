//! TLS to upstreams: who is trusted, what the upstream sees, and what is answered where it fails (RFC 9209).
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "upstream_tls/server.rs"]
mod server;
mod support;

use rcgen::{SerialNumber, date_time_ymd};
use rustls::ALL_VERSIONS;
use server::{Authority, Server, Settings};
use std::net::SocketAddr;
use std::path::Path;
use support::{Answer, Started, eventually, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const NAME: &str = "orders.test";
const PATIENT: &str = "timeouts: {connect: 8s, try: 8s, total: 8s}, retries: {attempts: 0}";

/// A service at [`NAME`], which stands for this address.
fn named(address: SocketAddr, more: &str) -> String {
    format!(
        "runtime: {{resolve: {{'{NAME}:8443': '{address}'}}}}\n\
         service: {{name: up, url: 'https://{NAME}:8443', {PATIENT}, {more}}}\nroute: {{paths: ['/']}}\n"
    )
}

fn ca(authority: &Authority) -> String {
    format!("tls: {{ca: '{}'}}", authority.file().display())
}

/// The answer and the log tell this cause, and nothing of it came to the upstream.
async fn refused(gateway: &Started, server: &Server, code: &str, error: &str) {
    told(gateway, &gateway.get("/", "").await, code, error).await;
    assert_eq!(server.upstream.received().len(), 0);
}

async fn told(gateway: &Started, answer: &Answer, code: &str, error: &str) {
    assert_eq!(&*answer.code(), code, "{answer:?}");
    assert_eq!(
        answer.header("proxy-status"),
        Some(&*format!("gateway; error={error}; details=\"{code}\""))
    );
    let line = gateway.log(1).await.pop().unwrap();
    assert_eq!(line["cause"].as_str(), Some(code));
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_passes() {
    let authority = Authority::new("Tests");
    let server = Server::start(&authority.leaf("server", &[NAME]), Settings::default()).await;
    let gateway = start(&named(server.address, &ca(&authority))).await;
    for _ in 0..2 {
        assert_eq!(gateway.get("/a?b=c", "").await.status, 200);
    }
    let received = server.upstream.received();
    assert_eq!(
        (&*received[0].version, &*received[0].target),
        ("HTTP/1.1", "/a?b=c")
    );
    assert_eq!(received[0].header("host"), Some("orders.test:8443"));
    assert_eq!(received[0].header("x-forwarded-proto"), Some("http"));
    // One handshake: the second request came by the pooled connection.
    let [seen] = &*server.seen() else {
        panic!("{:?}", server.seen())
    };
    assert_eq!(seen.sni.as_deref(), Some(NAME));
    assert_eq!(seen.alpn.as_deref(), Some("http/1.1"));
    assert_eq!(seen.certificate, None);
}

#[tokio::test]
async fn http2_is_negotiated() {
    let authority = Authority::new("Tests");
    let server = Server::start(&authority.leaf("server", &[NAME]), Settings::default()).await;
    let more = format!("http2: true, {}", ca(&authority));
    let gateway = start(&named(server.address, &more)).await;
    assert_eq!(gateway.get("/", "").await.status, 200);
    let received = &server.upstream.received()[0];
    assert_eq!(received.version, "HTTP/2");
    assert_eq!(received.header(":scheme"), Some("https"));
    assert_eq!(server.seen()[0].alpn.as_deref(), Some("h2"));
}

#[tokio::test]
async fn an_upstream_without_http2_is_not_spoken_to_in_another_version() {
    let authority = Authority::new("Tests");
    let leaf = authority.leaf("server", &[NAME]);
    let more = format!("http2: true, {}", ca(&authority));
    let cases = [
        (
            &["http/1.1"][..],
            "upstream-tls-alert",
            "tls_alert_received",
        ),
        (&[][..], "upstream-invalid", "http_protocol_error"),
    ];
    for (alpn, code, error) in cases {
        let settings = Settings {
            alpn,
            ..Settings::default()
        };
        let server = Server::start(&leaf, settings).await;
        let gateway = start(&named(server.address, &more)).await;
        refused(&gateway, &server, code, error).await;
    }
}

#[tokio::test]
async fn the_name_to_verify_may_be_another_than_the_host() {
    let authority = Authority::new("Tests");
    let leaf = authority.leaf("server", &["internal.test"]);
    let server = Server::start(&leaf, Settings::default()).await;
    let tls = format!(
        "host: {{set: public.test}}, tls: {{ca: '{}', serverName: Internal.test}}",
        authority.file().display()
    );
    let gateway = start(&named(server.address, &tls)).await;
    assert_eq!(gateway.get("/", "").await.status, 200);
    assert_eq!(server.seen()[0].sni.as_deref(), Some("internal.test"));
    let received = &server.upstream.received()[0];
    assert_eq!(received.header("host"), Some("public.test"));
}

#[tokio::test]
async fn an_address_is_verified_too() {
    let authority = Authority::new("Tests");
    let right = Server::start(&authority.leaf("a", &["127.0.0.1"]), Settings::default()).await;
    let wrong = Server::start(&authority.leaf("b", &["127.0.0.2"]), Settings::default()).await;
    let service = |server: &Server| {
        let (address, tls) = (server.address, ca(&authority));
        format!("service: {{name: up, url: 'https://{address}', {PATIENT}, {tls}}}\n")
    };
    let gateway = start(&service(&right)).await;
    assert_eq!(gateway.get("/", "").await.status, 200);
    // An address is no name for SNI (RFC 6066 §3).
    assert_eq!(right.seen()[0].sni, None);
    let gateway = start(&service(&wrong)).await;
    refused(
        &gateway,
        &wrong,
        "upstream-certificate",
        "tls_certificate_error",
    )
    .await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_verified_is_refused() {
    let (authority, other) = (Authority::new("Tests"), Authority::new("Tests"));
    let expired = authority.changed("expired", &[NAME], |params| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    let early = authority.changed("early", &[NAME], |params| {
        params.not_before = date_time_ymd(4000, 1, 1);
    });
    let cases = [
        other.leaf("untrusted", &[NAME]),
        authority.leaf("name", &["other.test"]),
        authority.leaf("wildcard", &["*.orders.test"]),
        expired,
        early,
    ];
    for leaf in cases {
        for http2 in [false, true] {
            let server = Server::start(&leaf, Settings::default()).await;
            let more = format!("http2: {http2}, {}", ca(&authority));
            let gateway = start(&named(server.address, &more)).await;
            let (code, error) = ("upstream-certificate", "tls_certificate_error");
            refused(&gateway, &server, code, error).await;
            assert_eq!(server.seen(), [], "{:?}", leaf.certificate);
        }
    }
}

#[tokio::test]
async fn the_systems_authorities_do_not_trust_a_private_one() {
    let authority = Authority::new("Tests");
    let server = Server::start(&authority.leaf("server", &[NAME]), Settings::default()).await;
    let gateway = start(&named(server.address, "host: upstream")).await;
    refused(
        &gateway,
        &server,
        "upstream-certificate",
        "tls_certificate_error",
    )
    .await;
}

#[tokio::test]
async fn one_of_several_authorities_is_enough() {
    let (authority, other) = (Authority::new("Tests"), Authority::new("Others"));
    let server = Server::start(&authority.leaf("server", &[NAME]), Settings::default()).await;
    let (first, second) = (other.file(), authority.file());
    let tls = format!(
        "tls: {{ca: ['{}', '{}']}}",
        first.display(),
        second.display()
    );
    let gateway = start(&named(server.address, &tls)).await;
    assert_eq!(gateway.get("/", "").await.status, 200);
}

#[tokio::test]
async fn a_certificate_is_shown_where_one_is_wanted() {
    let authority = Authority::new("Tests");
    let client = authority.leaf("gateway", &["gateway.test"]);
    let shown = format!(
        "tls: {{ca: '{}', certificate: '{}', key: '{}'}}",
        authority.file().display(),
        client.certificate.display(),
        client.key.display()
    );
    let leaf = authority.leaf("server", &[NAME]);
    for version in ALL_VERSIONS.chunks(1) {
        let settings = || Settings {
            versions: version,
            clients: Some(&authority),
            ..Settings::default()
        };
        let server = Server::start(&leaf, settings()).await;
        let gateway = start(&named(server.address, &shown)).await;
        assert_eq!(gateway.get("/", "").await.status, 200);
        assert_eq!(server.seen()[0].certificate.as_ref(), Some(&client.der));
        let (_, documents) = gateway.admin("/config").await;
        assert!(documents.contains("gateway.key") && !documents.contains("PRIVATE KEY"));

        let server = Server::start(&leaf, settings()).await;
        let gateway = start(&named(server.address, &ca(&authority))).await;
        refused(
            &gateway,
            &server,
            "upstream-tls-alert",
            "tls_alert_received",
        )
        .await;
    }
}

#[tokio::test]
async fn what_is_not_tls_is_told_so() {
    let authority = Authority::new("Tests");
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway = start(&named(plain.local_addr().unwrap(), &ca(&authority))).await;
    tokio::spawn(async move {
        let (mut client, _) = plain.accept().await.unwrap();
        client.read_exact(&mut [0; 16]).await.unwrap();
        let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        client.write_all(answer).await.unwrap();
        while client.read(&mut [0; 1024]).await.is_ok_and(|n| n > 0) {}
    });
    let answer = gateway.get("/", "").await;
    assert_eq!(answer.status, 502);
    told(&gateway, &answer, "upstream-tls", "tls_protocol_error").await;
}

#[tokio::test]
async fn a_handshake_that_is_never_answered_times_out() {
    let authority = Authority::new("Tests");
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let service = named(address, &ca(&authority));
    let gateway = start(&service.replace("connect: 8s", "connect: 200ms")).await;
    let answer = gateway.get("/", "").await;
    assert_eq!(answer.status, 504);
    told(
        &gateway,
        &answer,
        "upstream-connect-timeout",
        "connection_timeout",
    )
    .await;
}

#[tokio::test]
async fn a_websocket_goes_through_tls_that_is_verified() {
    let (authority, other) = (Authority::new("Tests"), Authority::new("Others"));
    let upgrade = support::request(
        "GET",
        "/chat",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nGatecheck-Behaviour: websocket\r\n",
    );
    let server = Server::start(&authority.leaf("server", &[NAME]), Settings::default()).await;
    let gateway = start(&named(server.address, &ca(&authority))).await;
    let mut client = gateway.connect().await;
    client.write_all(upgrade.as_bytes()).await.unwrap();
    let head = support::read_until(&mut client, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    // A masked text frame whose mask changes nothing, and what the upstream makes of it.
    client.write_all(b"\x81\x82\0\0\0\0hi").await.unwrap();
    support::read_until(&mut client, "hi").await;
    assert_eq!(server.seen()[0].sni.as_deref(), Some(NAME));

    let gateway = start(&named(server.address, &ca(&other))).await;
    let answer = gateway.ask(&upgrade).await;
    told(
        &gateway,
        &answer,
        "upstream-certificate",
        "tls_certificate_error",
    )
    .await;
    assert_eq!(server.upstream.received().len(), 1);
}

/// Two services for one address, at `/a` and `/b`, with these `tls`.
fn two(address: SocketAddr, http2: bool, first: &str, second: &str) -> String {
    let api = |path: &str, tls: &str| {
        format!(
            "- service: {{name: {path}, url: 'https://{NAME}:8443', http2: {http2}, {PATIENT}, {tls}}}\n  \
             route: {{paths: ['/{path}']}}\n"
        )
    };
    format!(
        "runtime: {{resolve: {{'{NAME}:8443': '{address}'}}}}\napis:\n{}{}",
        api("a", first),
        api("b", second)
    )
}

#[tokio::test]
async fn services_that_differ_by_their_authority_share_no_connection() {
    let (authority, other) = (Authority::new("Tests"), Authority::new("Tests"));
    for http2 in [false, true] {
        let leaf = authority.leaf("server", &[NAME]);
        let server = Server::start(&leaf, Settings::default()).await;
        let both = two(server.address, http2, &ca(&authority), &ca(&other));
        let gateway = start(&both).await;
        assert_eq!(gateway.get("/a", "").await.status, 200);
        let answer = gateway.get("/b", "").await;
        assert_eq!(&*answer.code(), "upstream-certificate");
        // The connection of the first is still there.
        assert_eq!(gateway.get("/a", "").await.status, 200);
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn services_that_show_different_certificates_share_no_connection() {
    let authority = Authority::new("Tests");
    // Pingora tells certificates apart by their serial numbers.
    let client = |name| {
        authority.changed(name, &[name], |params| {
            params.serial_number = Some(SerialNumber::from(vec![7]));
        })
    };
    let (first, second) = (client("first.test"), client("second.test"));
    let tls = |leaf: &server::Leaf| {
        let (ca, certificate) = (authority.file(), &leaf.certificate);
        let quoted = |path: &Path| format!("'{}'", path.display());
        let (ca, certificate, key) = (quoted(&ca), quoted(certificate), quoted(&leaf.key));
        format!("tls: {{ca: {ca}, certificate: {certificate}, key: {key}}}")
    };
    let settings = Settings {
        clients: Some(&authority),
        ..Settings::default()
    };
    let server = Server::start(&authority.leaf("server", &[NAME]), settings).await;
    let gateway = start(&two(server.address, false, &tls(&first), &tls(&second))).await;
    for path in ["/a", "/b"] {
        assert_eq!(gateway.get(path, "").await.status, 200);
    }
    let seen: Vec<_> = server
        .seen()
        .into_iter()
        .map(|seen| seen.certificate)
        .collect();
    assert_eq!(seen, [Some(first.der), Some(second.der)]);
}

#[tokio::test]
async fn a_file_with_another_authority_is_taken_over_at_once() {
    let (authority, other) = (Authority::new("Tests"), Authority::new("Others"));
    let server = Server::start(&authority.leaf("server", &[NAME]), Settings::default()).await;
    let gateway = start(&named(server.address, &ca(&authority))).await;
    gateway.gateway.watch().unwrap();
    assert_eq!(gateway.get("/", "").await.status, 200);

    std::fs::write(authority.file(), other.pem()).unwrap();
    let answer = eventually("another authority", async || {
        let answer = gateway.get("/", "").await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    assert_eq!(&*answer.code(), "upstream-certificate");

    std::fs::write(authority.file(), authority.pem()).unwrap();
    eventually("the first authority", async || {
        (gateway.get("/", "").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_file_that_is_broken_changes_nothing() {
    let authority = Authority::new("Tests");
    let server = Server::start(&authority.leaf("server", &[NAME]), Settings::default()).await;
    let gateway = start(&named(server.address, &ca(&authority))).await;
    std::fs::write(authority.file(), "nothing").unwrap();
    assert!(gateway.gateway.reload().await.is_err());
    assert_eq!(gateway.get("/", "").await.status, 200);
}
