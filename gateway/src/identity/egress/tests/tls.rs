//! Private authorities and client certificates.

use super::*;
use crate::domain::tls::{ClientTls, Identity, Roots, ServerName, certificates, private_key};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec![]).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = parameters.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(parameters, key);
        Self { issuer, pem }
    }

    /// A certificate for `name` and its key, as PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn roots(&self) -> Roots {
        Roots::new(certificates(&self.pem).unwrap()).unwrap()
    }

    fn identity(&self, name: &str) -> Identity {
        let (certificate, key) = self.issue(name);
        let chain = certificates(&certificate).unwrap();
        Identity::new(chain, private_key(&key).unwrap()).unwrap()
    }
}

fn trust(roots: Option<Roots>, identity: Option<Identity>) -> Trust {
    Trust::new(ClientTls::new(roots, identity, None)).unwrap()
}

/// A server called `localhost` that wants a client certificate of its authority, and answers with how many it got.
async fn serve(authority: &Authority) -> Address {
    let (certificate, key) = authority.issue("localhost");
    let chain = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(crate::domain::tls::provider());
    let roots = authority.roots().store().clone();
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(roots, provider.clone())
            .allow_unauthenticated()
            .build()
            .unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![chain], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = socket.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut head = vec![0; 4096];
                while stream.read(&mut head).await.is_ok_and(|read| read > 0) {
                    let shown = stream.get_ref().1.peer_certificates();
                    let body = shown.map_or(0, <[_]>::len).to_string();
                    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{body}");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    Address::new(&format!("https://localhost:{port}/jwks"), false).unwrap()
}

#[tokio::test]
async fn a_private_authority_is_trusted_where_it_is_named_and_nowhere_else() {
    let authority = Authority::new();
    let at = serve(&authority).await;
    let egress = Egress::default();
    let fetch = async |trust: Trust| egress.fetch(&at, &trust, BOUNDS).await;
    let fetched = fetch(trust(Some(authority.roots()), None)).await.unwrap();
    assert_eq!(&*fetched.body, b"0", "no certificate was shown");
    // The connection of before is open still, and serves nobody who does not trust the server.
    for other in [
        Trust::default(),
        trust(Some(Authority::new().roots()), None),
    ] {
        let failed = fetch(other).await.unwrap_err();
        assert!(failed.to_string().contains("certificate"), "{failed}");
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_there_is_one() {
    let authority = Authority::new();
    let at = serve(&authority).await;
    let egress = Egress::default();
    for (identity, shown) in [(None, b"0"), (Some(authority.identity("gateway")), b"1")] {
        let trust = trust(Some(authority.roots()), identity);
        let fetched = egress.fetch(&at, &trust, BOUNDS).await.unwrap();
        assert_eq!(&*fetched.body, shown);
    }
}

#[tokio::test]
async fn the_certificate_must_have_the_name_of_the_url() {
    let authority = Authority::new();
    let at = serve(&authority).await;
    let port = at.place().rsplit_once(':').unwrap().1.to_owned();
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let trust = trust(Some(authority.roots()), None);
    let fetch = async |name: &str| {
        let egress = Egress::new([(format!("{name}:443"), address)]);
        let at = Address::new(&format!("https://{name}/jwks"), false).unwrap();
        egress.fetch(&at, &trust, BOUNDS).await
    };
    assert!(fetch("localhost").await.is_ok());
    let failed = fetch("auth.example").await.unwrap_err();
    assert!(failed.to_string().contains("auth.example"), "{failed}");
}

#[test]
fn another_name_than_the_urls_is_not_verified() {
    let name = ServerName::new("auth.example").unwrap();
    let tls = ClientTls::new(None, None, Some(name));
    assert!(Trust::new(tls).is_err());
}
