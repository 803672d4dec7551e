//! A server that ends TLS, remembers what each handshake showed, and hands the plain bytes on to a mock upstream.

use mock_upstreams::{Behaviour, MockUpstream};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use rustls::{ALL_VERSIONS, RootCertStore, SupportedProtocolVersion};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A certificate authority with a directory for what it makes.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: TempDir,
}

/// A certificate and its key, as files too.
pub struct Leaf {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub der: Vec<u8>,
    key_der: Vec<u8>,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, directory }
    }

    pub fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for these names; `name` is the one of its files.
    pub fn leaf(&self, name: &str, names: &[&str]) -> Leaf {
        self.changed(name, names, |_| {})
    }

    pub fn changed(
        &self,
        name: &str,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Leaf {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &self.issuer).unwrap();
        let path = |end: &str| self.directory.path().join(format!("{name}.{end}"));
        std::fs::write(path("pem"), made.pem()).unwrap();
        std::fs::write(path("key"), key.serialize_pem()).unwrap();
        Leaf {
            certificate: path("pem"),
            key: path("key"),
            der: made.der().to_vec(),
            key_der: key.serialize_der(),
        }
    }
}

/// What one handshake showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub sni: Option<String>,
    pub alpn: Option<String>,
    pub certificate: Option<Vec<u8>>,
}

/// How the server speaks TLS.
pub struct Settings<'a> {
    pub alpn: &'a [&'a str],
    pub versions: &'static [&'static SupportedProtocolVersion],
    /// Who signs the certificates that clients have to show.
    pub clients: Option<&'a Authority>,
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Self {
            alpn: &["h2", "http/1.1"],
            versions: ALL_VERSIONS,
            clients: None,
        }
    }
}

pub struct Server {
    pub address: SocketAddr,
    pub upstream: MockUpstream,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub async fn start(leaf: &Leaf, settings: Settings<'_>) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config(leaf, &settings)));
        let upstream = MockUpstream::spawn(Behaviour::named("secure"))
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (to, noted) = (upstream.address(), seen.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, acceptor.clone(), to, noted.clone()));
            }
        });
        Self {
            address,
            upstream,
            seen,
        }
    }

    /// The handshakes that came to their end, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn config(leaf: &Leaf, settings: &Settings<'_>) -> ServerConfig {
    let provider = Arc::new(gateway::domain::tls::provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(settings.versions)
        .unwrap();
    let builder = match settings.clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = leaf.key_der.clone().try_into().unwrap();
    let mut config = builder
        .with_single_cert(vec![leaf.der.clone().into()], key)
        .unwrap();
    config.alpn_protocols = settings
        .alpn
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    config
}

async fn relay(
    client: TcpStream,
    acceptor: TlsAcceptor,
    to: SocketAddr,
    noted: Arc<Mutex<Vec<Seen>>>,
) {
    let mut stream = match acceptor.accept(client).into_fallible().await {
        Ok(stream) => stream,
        Err((_, mut client)) => {
            // The alert is out; what the client still sends is read, so that no reset overtakes it.
            while client.read(&mut [0; 1024]).await.is_ok_and(|n| n > 0) {}
            return;
        }
    };
    let session = stream.get_ref().1;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    noted.lock().unwrap().push(Seen {
        sni: session.server_name().map(str::to_owned),
        alpn: session.alpn_protocol().map(text),
        certificate: session.peer_certificates().map(|chain| chain[0].to_vec()),
    });
    let mut upstream = TcpStream::connect(to).await.unwrap();
    // Either side may go first; the connection ends with it.
    tokio::io::copy_bidirectional(&mut stream, &mut upstream)
        .await
        .ok();
}
