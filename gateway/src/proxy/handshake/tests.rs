#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::domain::tls::{self, Identity, Roots};
use crate::identity::Name;
use crate::tls::{Clients, MinVersion};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::{TcpListener, TcpStream};

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn issuer() -> Issuer {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

type Made = (CertificateDer<'static>, PrivateKeyDer<'static>);

fn made(issuer: &Issuer, change: impl FnOnce(&mut CertificateParams)) -> Made {
    let mut params = CertificateParams::new(vec!["server.test".to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    (
        certificate.der().clone(),
        PrivateKeyDer::Pkcs8(key.serialize_der().into()),
    )
}

fn server(issuer: &Issuer) -> Arc<ServerTls> {
    let (certificate, key) = made(issuer, |_| ());
    let certificate = tls::Certificate::new(certificate).unwrap();
    let authority = tls::Certificate::new(issuer.der().clone()).unwrap();
    let served = Served::new(Identity::new(vec![certificate], key).unwrap()).unwrap();
    let roots = Roots::new(vec![authority]).unwrap();
    let clients = Clients::new(false, &roots, vec![]).unwrap();
    Arc::new(ServerTls::new(served, vec![], MinVersion::Tls12, Some(clients)).unwrap())
}

/// What a listener makes of a client that shows this.
async fn met(issuer: &Issuer, shows: Option<Made>) -> Result<Stream, Failed> {
    let mut roots = RootCertStore::empty();
    roots.add(issuer.der().clone()).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(tls::provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match shows {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => config
            .with_client_auth_cert(vec![certificate], key)
            .unwrap(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("server.test").unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        connector.connect(name, stream).await.unwrap()
    };
    let accept = async {
        let (stream, _) = listener.accept().await.unwrap();
        let stream: Stream = Box::new(l4::stream::Stream::from(stream));
        Handshakes::default().accept(&server(issuer), stream).await
    };
    tokio::join!(client, accept).1
}

#[tokio::test]
async fn the_handshake_leaves_the_certificate_behind() {
    let issuer = issuer();
    let client = made(&issuer, |params| {
        params.subject_alt_names = vec![rcgen::SanType::DnsName("alice.test".try_into().unwrap())];
    });
    let stream = met(&issuer, Some(client)).await.unwrap();
    let digest = stream.get_ssl_digest();
    let secured = Secured::of(digest.as_ref()).unwrap();
    let certificate = secured.certificate().unwrap();
    assert_eq!(certificate.names(), [Name::Dns("alice.test".into())]);
    assert_eq!(secured.server_name.as_deref(), Some("server.test"));
}

#[tokio::test]
async fn a_client_without_a_certificate_leaves_none() {
    let stream = met(&issuer(), None).await.unwrap();
    let digest = stream.get_ssl_digest();
    assert!(
        Secured::of(digest.as_ref())
            .unwrap()
            .certificate()
            .is_none()
    );
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_is_not_taken_for_none() {
    let issuer = issuer();
    // rustls does not look at the names of clients; an address of three octets is none.
    let names = b"\x30\x05\x87\x03\x01\x02\x03".to_vec();
    let client = made(&issuer, |params| {
        params.subject_alt_names.clear();
        params.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 17], names)];
    });
    let failed = met(&issuer, Some(client)).await.unwrap_err();
    assert!(
        matches!(failed, Failed::Certificate(CertificateError::Names)),
        "{failed}"
    );
}

#[tokio::test]
async fn settings_are_prepared_once() {
    let (issuer, handshakes) = (issuer(), Handshakes::default());
    let (one, other) = (server(&issuer), server(&issuer));
    let first = handshakes.prepared(&one).unwrap();
    assert!(Arc::ptr_eq(&first, &handshakes.prepared(&one).unwrap()));
    assert!(!Arc::ptr_eq(&first, &handshakes.prepared(&other).unwrap()));
}
