//! The client against a mock upstream that speaks TLS, in the place of a gateway.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::Ipv4Addr;

use mock_upstreams::{Behaviour, MockUpstream};

use super::*;
use crate::client::{Client, Outcome, Request};
use crate::fixtures::certificates::{Certificates, Leaf};

const HOST: &str = "gateway.example";

struct Scene {
    all: Certificates,
    server: MockUpstream,
}

impl Scene {
    async fn new(variant: &str, asks: bool) -> Self {
        let all = Certificates::new().unwrap();
        let shown = all.mint(variant, &Leaf::server([HOST])).unwrap();
        let mut tls = mock_upstreams::Tls::new(shown.chain_pem(), shown.key_pem());
        if asks {
            tls = tls.client_authorities(all.clients.pem());
        }
        let server = MockUpstream::builder(Behaviour::named("x")).tls(tls);
        let server = server.spawn().await.unwrap();
        Self { all, server }
    }

    fn tls(&self) -> Tls {
        Tls {
            authorities: vec![self.all.servers.der().clone()],
            server_name: Some(HOST.to_owned()),
            certificate: None,
            protocols: vec!["http/1.1".to_owned()],
            version: None,
        }
    }

    fn certificate(&self, variant: &str) -> Option<Arc<Certified>> {
        let made = self.all.mint(variant, &Leaf::client("alice"));
        Some(Arc::new(made.unwrap()))
    }

    async fn send(&self, tls: Tls) -> Outcome {
        let client = Client {
            source: Ipv4Addr::LOCALHOST.into(),
            target: self.server.address(),
            host: None,
            tls: Some(tls),
        };
        client.send(&Request::parse("GET /")).await
    }
}

fn status(outcome: &Outcome) -> u16 {
    let response = outcome.response.as_ref();
    response
        .unwrap_or_else(|| panic!("{:?}", outcome.error))
        .status
}

fn failure(outcome: Outcome) -> HandshakeFailure {
    assert!(outcome.response.is_none());
    outcome.handshake.unwrap().failure.unwrap()
}

#[tokio::test]
async fn a_handshake_is_told() {
    let scene = Scene::new("intermediate", false).await;
    let outcome = scene.send(scene.tls()).await;
    assert_eq!(status(&outcome), 200);
    let handshake = outcome.handshake.unwrap();
    assert_eq!(handshake.protocol.as_deref(), Some("http/1.1"));
    assert_eq!(handshake.version.as_deref(), Some("TLSv1.3"));
    assert_eq!(handshake.names, [HOST]);
    assert!(!handshake.asked && handshake.failure.is_none());
    let received = scene.server.received();
    let session = received[0].tls.as_ref().unwrap();
    assert_eq!(session.server_name.as_deref(), Some(HOST));
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_agreed_on() {
    let scene = Scene::new("good", false).await;
    let tls = Tls {
        protocols: vec!["h2".to_owned(), "http/1.1".to_owned()],
        version: Some("TLSv1.2".to_owned()),
        ..scene.tls()
    };
    let outcome = scene.send(tls).await;
    assert_eq!(status(&outcome), 200);
    assert_eq!(outcome.response.unwrap().version, "HTTP/2");
    let handshake = outcome.handshake.unwrap();
    assert_eq!(handshake.version.as_deref(), Some("TLSv1.2"));
    let received = scene.server.received();
    assert_eq!(received[0].version, "HTTP/2");
    assert_eq!(received[0].header(":scheme"), Some("https"));
    assert_eq!(received[0].authority(), Some(HOST));
}

#[tokio::test]
async fn only_the_runs_authority_is_believed() {
    for variant in [
        "wrong-authority",
        "expired",
        "self-signed",
        "impostor-authority",
    ] {
        let scene = Scene::new(variant, false).await;
        let failure = failure(scene.send(scene.tls()).await);
        let disbelieved = matches!(failure, HandshakeFailure::Disbelieved(_));
        assert!(disbelieved, "{variant}: {failure}");
        assert!(scene.server.received().is_empty());
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_told_and_nothing_sent() {
    let scene = Scene::new("good", false).await;
    let tls = Tls {
        server_name: Some("b.example".to_owned()),
        ..scene.tls()
    };
    let outcome = scene.send(tls).await;
    assert_eq!(outcome.handshake.as_ref().unwrap().names, [HOST]);
    let failure = failure(outcome);
    assert!(
        failure
            .to_string()
            .contains("for gateway.example, not for b.example")
    );
    assert!(scene.server.received().is_empty());
    let tls = Tls {
        server_name: None,
        ..scene.tls()
    };
    assert_eq!(status(&scene.send(tls).await), 200);
    let received = scene.server.received();
    assert_eq!(received[0].tls.as_ref().unwrap().server_name, None);
}

#[tokio::test]
async fn a_refused_client_knows_the_alert_in_either_version() {
    let scene = Scene::new("good", true).await;
    for version in ["TLSv1.2", "TLSv1.3"] {
        let tls = Tls {
            version: Some(version.to_owned()),
            ..scene.tls()
        };
        let alert = |name: &str| HandshakeFailure::Alert(name.to_owned());
        assert_eq!(
            failure(scene.send(tls.clone()).await),
            alert("certificate_required")
        );
        for (variant, name) in [
            ("wrong-authority", "unknown_ca"),
            ("expired", "certificate_expired"),
        ] {
            let tls = Tls {
                certificate: scene.certificate(variant),
                ..tls.clone()
            };
            assert_eq!(failure(scene.send(tls).await), alert(name), "{version}");
        }
        let tls = Tls {
            certificate: scene.certificate("good"),
            ..tls
        };
        let outcome = scene.send(tls).await;
        assert_eq!(status(&outcome), 200);
        assert!(outcome.handshake.unwrap().asked);
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_is_told() {
    let closing = Behaviour::close(mock_upstreams::Moment::Accept);
    let server = MockUpstream::spawn(closing).await.unwrap();
    let all = Certificates::new().unwrap();
    let scene = Scene { all, server };
    let failure = failure(scene.send(scene.tls()).await);
    assert!(matches!(failure, HandshakeFailure::Closed(_)), "{failure}");
}

#[test]
fn alerts_are_named_as_in_the_standard() {
    assert_eq!(alert_name("CertificateRequired"), "certificate_required");
    assert_eq!(alert_name("UnknownCA"), "unknown_ca");
    assert_eq!(alert_name("HandshakeFailure"), "handshake_failure");
}

#[test]
fn an_alert_is_known_by_its_words_too() {
    let told = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired);
    let error = io::Error::other(format!("connection error: {told}"));
    let failure = HandshakeFailure::of(&error);
    assert_eq!(
        failure.to_string(),
        "the server sent the alert certificate_required"
    );
    let failure = HandshakeFailure::of(&io::Error::other(
        "connection error: not a result of an alert",
    ));
    assert!(matches!(failure, HandshakeFailure::Closed(_)));
}
