//! Authorities, what they sign, and clients that speak TLS.

use crate::support::{Answer, DEADLINE};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    IsCa, KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ALL_VERSIONS, DigitallySignedStruct, SignatureScheme, SupportedProtocolVersion};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub struct Leaf {
    pub certificate: CertificateDer<'static>,
    pub pem: String,
    pub key_pem: String,
    key: KeyPair,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub fn leaf(&self, names: &[&str]) -> Leaf {
        self.changed(names, |_| {})
    }

    pub fn changed(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &self.0).unwrap();
        Leaf {
            certificate: made.der().clone(),
            pem: made.pem(),
            key_pem: key.serialize_pem(),
            key,
        }
    }

    /// A list of these serial numbers, good until the year's beginning.
    pub fn revokes(&self, serials: &[u64], until: i32) -> String {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1u64),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).unwrap().pem().unwrap()
    }
}

impl Leaf {
    /// As `name.pem` and `name.key`.
    pub fn write(&self, directory: &Path, name: &str) {
        std::fs::write(directory.join(format!("{name}.pem")), &self.pem).unwrap();
        std::fs::write(directory.join(format!("{name}.key")), &self.key_pem).unwrap();
    }
}

/// How a client speaks TLS. It takes any certificate: which one it was shown, the test looks at.
#[derive(Clone, Default)]
pub struct Client<'a> {
    pub versions: Option<&'static [&'static SupportedProtocolVersion]>,
    pub alpn: &'a [&'a str],
    pub shows: Option<&'a Leaf>,
}

pub type Connection = TlsStream<TcpStream>;

impl Client<'_> {
    pub fn connector(&self) -> TlsConnector {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(self.versions.unwrap_or(ALL_VERSIONS))
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone(provider)));
        let mut config = match self.shows {
            None => builder.with_no_client_auth(),
            Some(leaf) => {
                let key = PrivateKeyDer::Pkcs8(leaf.key.serialize_der().into());
                builder
                    .with_client_auth_cert(vec![leaf.certificate.clone()], key)
                    .unwrap()
            }
        };
        config.alpn_protocols = self
            .alpn
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        TlsConnector::from(Arc::new(config))
    }

    /// A connection that asks for this name; for none where it is an address.
    pub async fn connect(&self, address: SocketAddr, name: &str) -> std::io::Result<Connection> {
        connect(&self.connector(), address, name).await
    }

    /// The answer to `GET /`, or what the connection failed of.
    pub async fn get(&self, address: SocketAddr, name: &str) -> std::io::Result<Answer> {
        get(&mut self.connect(address, name).await?, name).await
    }

    /// The status of `GET /` by HTTP/2.
    pub async fn get_by_http2(&self, address: SocketAddr, name: &str) -> u16 {
        let connection = self.connect(address, name).await.unwrap();
        let (mut sender, connection) = h2::client::handshake(connection).await.unwrap();
        let driver = tokio::spawn(connection);
        let request = http::Request::get(format!("https://{name}/"))
            .body(())
            .unwrap();
        let (answer, _) = sender.send_request(request, true).unwrap();
        let status = answer.await.unwrap().status().as_u16();
        driver.abort();
        status
    }
}

pub async fn connect(
    connector: &TlsConnector,
    address: SocketAddr,
    name: &str,
) -> std::io::Result<Connection> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = TcpStream::connect(address).await?;
    let connecting = timeout(DEADLINE, connector.connect(name, stream));
    connecting.await.expect("the handshake ends")
}

/// The answer to `GET /` at this host.
pub async fn get(connection: &mut Connection, host: &str) -> std::io::Result<Answer> {
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
    talk(connection, request.as_bytes()).await
}

/// The answer to these bytes.
pub async fn talk(
    connection: &mut (impl AsyncRead + AsyncWrite + Unpin),
    bytes: &[u8],
) -> std::io::Result<Answer> {
    connection.write_all(bytes).await?;
    connection.flush().await?;
    let mut seen = Vec::new();
    loop {
        if let Some((answer, _)) = Answer::parse(&seen, "GET", false) {
            return Ok(answer);
        }
        let read = timeout(DEADLINE, connection.read_buf(&mut seen)).await;
        if read.expect("an answer comes")? == 0 {
            let whole = Answer::parse(&seen, "GET", true);
            return whole.map(|(answer, _)| answer).ok_or_else(|| {
                std::io::Error::other(format!("{:?}", String::from_utf8_lossy(&seen)))
            });
        }
    }
}

/// The certificate that the client was shown.
pub fn shown(connection: &Connection) -> CertificateDer<'static> {
    connection.get_ref().1.peer_certificates().unwrap()[0].clone()
}

/// Takes any certificate of whoever has its key.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
