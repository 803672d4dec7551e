//! The client's side of TLS: what it offers, which server it believes, and what it learns from the handshake.
//!
//! It trusts the run's own authority alone, or those of a profile. A certificate from there that is for another host is not believed either,
//! but told, so that a scenario can say which one was shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{fmt, io};

use anyhow::{Context as _, bail};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, RootCertStore,
    SignatureScheme, SupportedProtocolVersion,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::extensions::GeneralName;

use crate::fixtures::certificates::Certified;

/// How long a server may take to refuse a client's certificate once the client has done its part (TLS 1.3 only).
const REFUSES_WITHIN: Duration = Duration::from_millis(300);
/// How an error begins its words of an alert, before the alert's name.
const ALERT: &str = "received fatal alert: ";

/// What a client offers and whom it believes.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The authorities that are believed.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The host asked for (SNI), which the certificate has to be for; none: it may be for any.
    pub server_name: Option<String>,
    /// What is shown if the server asks.
    pub certificate: Option<Arc<Certified>>,
    /// The protocols offered (ALPN), the best first.
    pub protocols: Vec<String>,
    /// The only version offered, `TLSv1.2` or `TLSv1.3`; none: both.
    pub version: Option<String>,
}

/// What a handshake came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// The protocol agreed on (ALPN).
    pub protocol: Option<String>,
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: Option<String>,
    /// The hosts that the server's certificate is for.
    pub names: Vec<String>,
    /// The server's certificate, DER.
    pub certificate: Vec<u8>,
    /// Whether the server asked for a certificate.
    pub asked: bool,
    /// How it failed, if it did.
    pub failure: Option<HandshakeFailure>,
}

/// Who ended a handshake and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandshakeFailure {
    /// The server, with this alert, in the words of RFC 8446 §6: `certificate_required`.
    Alert(String),
    /// The server, without a word.
    Closed(String),
    /// The client, which did not believe the server.
    Disbelieved(String),
}

/// What is learnt on the way, kept wherever the exchange ends.
#[derive(Debug, Default)]
pub(super) struct Learnt(pub(super) Option<Handshake>);

impl Tls {
    /// Shakes hands.
    pub(super) async fn connect(
        &self,
        stream: TcpStream,
        protocols: &[&str],
        learnt: &mut Learnt,
    ) -> anyhow::Result<TlsStream<TcpStream>> {
        let host = stream.peer_addr()?.ip();
        let (belief, shown) = (Arc::new(self.belief()?), Arc::new(self.shown()?));
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&self.versions()?)?
            .dangerous()
            .with_custom_certificate_verifier(belief.clone())
            .with_client_cert_resolver(shown.clone());
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().into())
            .collect();
        config.enable_sni = self.server_name.is_some();
        let name = match &self.server_name {
            Some(name) => ServerName::try_from(name.clone())
                .with_context(|| format!("{name:?} is no server name"))?,
            None => ServerName::IpAddress(host.into()),
        };
        let handshake = learnt.0.insert(Handshake::default());
        let connected = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await;
        handshake.asked = shown.asked.load(Ordering::SeqCst);
        let mut stream = connected.map_err(|error| handshake.failed(error))?;
        handshake.read(&stream);
        if self.server_name.is_some() && !belief.fits.load(Ordering::SeqCst) {
            let names = handshake.names.join(", ");
            let wanted = self.server_name.as_deref().unwrap_or_default();
            let told = format!("the certificate shown is for {names}, not for {wanted}");
            handshake.failure = Some(HandshakeFailure::Disbelieved(told.clone()));
            bail!(told);
        }
        if handshake.asked && handshake.version.as_deref() == Some("TLSv1.3") {
            refused(&mut stream)
                .await
                .map_err(|error| handshake.failed(error))?;
        }
        Ok(stream)
    }

    fn versions(&self) -> anyhow::Result<Vec<&'static SupportedProtocolVersion>> {
        Ok(match self.version.as_deref() {
            None => vec![&TLS12, &TLS13],
            Some("TLSv1.2") => vec![&TLS12],
            Some("TLSv1.3") => vec![&TLS13],
            Some(other) => bail!("{other:?} is neither TLSv1.2 nor TLSv1.3"),
        })
    }

    fn belief(&self) -> anyhow::Result<Belief> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.authorities.iter().cloned());
        let inner =
            WebPkiServerVerifier::builder_with_provider(roots.into(), provider()).build()?;
        Ok(Belief {
            inner,
            fits: AtomicBool::new(true),
        })
    }

    fn shown(&self) -> anyhow::Result<Shown> {
        let key = |certified: &Arc<Certified>| -> anyhow::Result<_> {
            let key = provider()
                .key_provider
                .load_private_key(certified.key_der())?;
            Ok(Arc::new(CertifiedKey::new(certified.chain.clone(), key)))
        };
        Ok(Shown {
            certificate: self.certificate.as_ref().map(key).transpose()?,
            asked: AtomicBool::new(false),
        })
    }
}

impl Handshake {
    /// Notes how it failed and gives the error back, told in words.
    fn failed(&mut self, error: io::Error) -> anyhow::Error {
        let failure = HandshakeFailure::of(&error);
        let told = anyhow::anyhow!("the handshake failed: {failure}");
        self.failure = Some(failure);
        told
    }

    /// Whether an exchange that ended in `error` before any response was refused for the client's certificate after
    /// all: in TLS 1.3 the client is done before the server has looked at it.
    pub(super) fn refused_late(&mut self, error: &anyhow::Error) {
        let cause = error
            .chain()
            .find_map(|cause| cause.downcast_ref::<io::Error>());
        let failure = cause.map(HandshakeFailure::of);
        let late = matches!(failure, Some(HandshakeFailure::Alert(_)));
        if self.failure.is_none() && (late || (self.asked && failure.is_some())) {
            self.failure = failure;
        }
    }

    /// Notes that the time was over, if the handshake had not ended.
    pub(super) fn timed_out(&mut self) {
        if self.version.is_none() && self.failure.is_none() {
            self.failure = Some(HandshakeFailure::Disbelieved("it took too long".to_owned()));
        }
    }

    fn read(&mut self, stream: &TlsStream<TcpStream>) {
        let (_, session) = stream.get_ref();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.protocol = session.alpn_protocol().map(text);
        self.version = match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => Some("TLSv1.2".to_owned()),
            Some(ProtocolVersion::TLSv1_3) => Some("TLSv1.3".to_owned()),
            _ => None,
        };
        let shown = session.peer_certificates().unwrap_or_default();
        self.certificate = shown.first().map_or_else(Vec::new, |der| der.to_vec());
        self.names = names(&self.certificate);
    }
}

impl HandshakeFailure {
    fn of(error: &io::Error) -> Self {
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Error>());
        match inner {
            Some(Error::AlertReceived(alert)) => Self::Alert(alert_name(&format!("{alert:?}"))),
            Some(other) => Self::Disbelieved(other.to_string()),
            // HTTP/2 passes on no more than the text.
            None => match error.to_string().split_once(ALERT) {
                Some((_, alert)) => Self::Alert(alert_name(alert)),
                None => Self::Closed(error.to_string()),
            },
        }
    }
}

impl fmt::Display for HandshakeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(alert) => write!(f, "the server sent the alert {alert}"),
            Self::Closed(how) => write!(f, "the server ended the connection: {how}"),
            Self::Disbelieved(why) => write!(f, "the client did not believe the server: {why}"),
        }
    }
}

/// Reads what the server says to the client's last word: a ticket, or an alert; nothing is as good as a ticket.
async fn refused(stream: &mut TlsStream<TcpStream>) -> io::Result<()> {
    let (tcp, session) = stream.get_mut();
    let Ok(readable) = timeout(REFUSES_WITHIN, tcp.readable()).await else {
        return Ok(());
    };
    readable?;
    let mut buffer = vec![0; 1 << 14];
    let read = match tcp.try_read(&mut buffer) {
        Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut bytes = &buffer[..read];
    while !bytes.is_empty() {
        session.read_tls(&mut bytes)?;
        session
            .process_new_packets()
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    }
    Ok(())
}

/// The name in the words of RFC 8446 §6: `UnknownCA` is `unknown_ca`.
fn alert_name(name: &str) -> String {
    let mut words = String::new();
    let mut lower = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && lower {
            words.push('_');
        }
        lower = letter.is_ascii_lowercase();
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// The hosts that a certificate is for: DNS names and IP addresses.
pub fn names(der: &[u8]) -> Vec<String> {
    let Ok((_, certificate)) = x509_parser::parse_x509_certificate(der) else {
        return Vec::new();
    };
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension.value.general_names.iter();
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress([a, b, c, d]) => Some(format!("{a}.{b}.{c}.{d}")),
        _ => None,
    };
    names.filter_map(text).collect()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Believes the run's authority, and notes whether the certificate is for the host.
#[derive(Debug)]
struct Belief {
    inner: Arc<WebPkiServerVerifier>,
    fits: AtomicBool,
}

impl ServerCertVerifier for Belief {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.inner
                .verify_server_cert(end_entity, intermediates, server_name, ocsp, now);
        let other_name = matches!(
            verified,
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
            ))
        );
        if other_name {
            self.fits.store(false, Ordering::SeqCst);
            return Ok(ServerCertVerified::assertion());
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Shows one certificate, whatever authorities the server names, and notes whether it was asked for.
#[derive(Debug)]
struct Shown {
    certificate: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::SeqCst);
        self.certificate.clone()
    }

    /// Without one, the server's question would not be put to [`Self::resolve`].
    fn has_certs(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
