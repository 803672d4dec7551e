//! TLS in front of HTTP: what a server shows and asks for, and what it learns of a client in the handshake.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ProtocolVersion, RootCertStore, ServerConfig, ServerConnection};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// What a server shows and asks for in the handshake. All PEM is text.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate and the intermediate authorities above it, PEM.
    pub certificate: String,
    /// The certificate's key, PEM.
    pub key: String,
    /// Authorities, PEM, one of which has to vouch for the client; none: clients are not asked for a certificate.
    pub client_authorities: Option<String>,
    /// The protocols offered (RFC 7301), the best first; by default `h2` and `http/1.1`. A client that names only others
    /// is refused; with none, what the client says is not looked at.
    pub alpn: Vec<String>,
    /// The only version spoken; none: 1.2 and 1.3.
    pub version: Option<Version>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// What the handshake of a connection came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The host that the client asked for (SNI, RFC 6066 §3); none when it named none, or an IP address.
    pub server_name: Option<String>,
    /// The protocol agreed on by ALPN: `h2` or `http/1.1`.
    pub alpn: Option<String>,
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The client's certificate and what it sent above it, DER.
    pub client_certificates: Vec<Bytes>,
}

impl Tls {
    /// With this certificate and key, for any client.
    pub fn new(certificate: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
            client_authorities: None,
            alpn: vec!["h2".to_owned(), "http/1.1".to_owned()],
            version: None,
        }
    }

    /// Requires a certificate of the client, from one of these authorities (PEM).
    pub fn client_authorities(mut self, pem: impl Into<String>) -> Self {
        self.client_authorities = Some(pem.into());
        self
    }

    /// Offers these protocols, the best first.
    pub fn alpn<'a>(mut self, protocols: impl IntoIterator<Item = &'a str>) -> Self {
        self.alpn = protocols.into_iter().map(str::to_owned).collect();
        self
    }

    /// Speaks this version only.
    pub fn version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    /// Makes the server's side of it.
    ///
    /// # Errors
    /// `InvalidInput`, where the PEM holds no certificate or key, or they don't fit together.
    pub(crate) fn config(&self) -> io::Result<Arc<ServerConfig>> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let versions = match self.version {
            None => vec![&TLS12, &TLS13],
            Some(Version::Tls12) => vec![&TLS12],
            Some(Version::Tls13) => vec![&TLS13],
        };
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())
            .map_err(|error| invalid("the key", &error))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)
            .map_err(|error| invalid("the version", &error))?
            .with_client_cert_verifier(self.verifier()?)
            .with_single_cert(certificates("the certificate", &self.certificate)?, key)
            .map_err(|error| invalid("the certificate and its key", &error))?;
        config.alpn_protocols = self.alpn.iter().map(|name| name.clone().into()).collect();
        Ok(config.into())
    }

    fn verifier(&self) -> io::Result<Arc<dyn ClientCertVerifier>> {
        const WHAT: &str = "the clients' authorities";
        let Some(pem) = &self.client_authorities else {
            return Ok(WebPkiClientVerifier::no_client_auth());
        };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(WHAT, pem)? {
            roots
                .add(certificate)
                .map_err(|error| invalid(WHAT, &error))?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
            .build()
            .map_err(|error| invalid(WHAT, &error))
    }
}

impl Session {
    /// SHA-256 of the client's certificate, in hex.
    pub fn client_fingerprint(&self) -> Option<String> {
        let digest = Sha256::digest(self.client_certificates.first()?);
        Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub(crate) fn of(connection: &ServerConnection) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let certificates = connection.peer_certificates().unwrap_or_default();
        Self {
            server_name: connection.server_name().map(str::to_owned),
            alpn: connection.alpn_protocol().map(text),
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "TLSv1.3",
            },
            client_certificates: certificates
                .iter()
                .map(|certificate| Bytes::copy_from_slice(certificate))
                .collect(),
        }
    }
}

/// Certificates are written as base64 of their DER.
impl Serialize for Session {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let certificates = self.client_certificates.iter();
        let certificates: Vec<_> = certificates.map(|der| STANDARD.encode(der)).collect();
        let mut fields = serializer.serialize_struct("Session", 5)?;
        fields.serialize_field("serverName", &self.server_name)?;
        fields.serialize_field("alpn", &self.alpn)?;
        fields.serialize_field("version", self.version)?;
        fields.serialize_field("clientCertificates", &certificates)?;
        fields.serialize_field("clientFingerprint", &self.client_fingerprint())?;
        fields.end()
    }
}

fn certificates(what: &str, pem: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let found = found.map_err(|error| invalid(what, &error))?;
    if found.is_empty() {
        return Err(invalid(what, &"there is no certificate in it"));
    }
    Ok(found)
}

fn invalid(what: &str, reason: &dyn std::fmt::Display) -> io::Error {
    let message = format!("{what} can't be used: {reason}");
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
