//! A client's certificate (RFC 5280), read once a connection: what consumers are found by, and what upstreams are told
//! of it (RFC 9440).

mod name;
#[cfg(test)]
mod tests;

pub use name::{Name, names};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use sha2::{Digest, Sha256};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate};

/// A certificate that the TLS handshake has found to be trusted, and the chain that came with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    fingerprint: [u8; 32],
    subject: Box<str>,
    names: Box<[Name]>,
    serial: Box<str>,
    not_before: SystemTime,
    not_after: SystemTime,
    header: HeaderValue,
    chain_header: Option<HeaderValue>,
}

/// A certificate that cannot be read. Whoever showed it is nobody, and is not to be taken for a client without one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The chain is empty.
    #[error("there is no certificate in the chain")]
    Empty,
    /// It is not an X.509 certificate in DER.
    #[error("the certificate is not X.509 in DER: {0}")]
    Malformed(String),
    /// Its alternative names cannot be read, so nobody knows whom it names.
    #[error("the certificate's alternative names cannot be read")]
    Names,
}

impl Certificate {
    /// Reads a chain in DER, the client's own certificate first, as TLS has it.
    ///
    /// # Errors
    /// When the chain is empty, or its first certificate cannot be read whole.
    pub fn parse(chain: Vec<Vec<u8>>) -> Result<Self, CertificateError> {
        let (leaf, rest) = chain.split_first().ok_or(CertificateError::Empty)?;
        let parsed = read(leaf)?;
        Ok(Self {
            fingerprint: Sha256::digest(leaf).into(),
            subject: name::distinguished(parsed.subject())?.into(),
            names: names(&parsed)?,
            serial: hex(parsed.raw_serial()).into(),
            not_before: time(parsed.validity().not_before),
            not_after: time(parsed.validity().not_after),
            header: byte_sequences(&[leaf])?,
            chain_header: match rest {
                [] => None,
                rest => Some(byte_sequences(rest)?),
            },
        })
    }

    /// SHA-256 of the DER: `x5t#S256` in RFC 8705 §3.1.
    #[must_use]
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// The subject as RFC 4514 writes it, such as `CN=alice,O=Example`: the most particular part first. Empty where the
    /// certificate has alternative names only.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The subject alternative names that a consumer can have.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// The serial number in lower-case hexadecimal digits.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The end of its time.
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// Whether its time has begun and is not over.
    #[must_use]
    pub fn is_valid_at(&self, time: SystemTime) -> bool {
        self.not_before <= time && time <= self.not_after
    }

    /// The value of `Client-Cert` (RFC 9440 §2.2).
    #[must_use]
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// The value of `Client-Cert-Chain` (RFC 9440 §2.3): the chain without the client's own certificate; nothing where
    /// the client sent no more.
    #[must_use]
    pub fn chain_header(&self) -> Option<&HeaderValue> {
        self.chain_header.as_ref()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({:?}, serial {})", self.subject, self.serial)
    }
}

/// Reads one certificate in DER, whole.
///
/// # Errors
/// When it is none, or something follows it.
pub fn read(der: &[u8]) -> Result<X509Certificate<'_>, CertificateError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err(CertificateError::Malformed("bytes follow it".to_owned())),
        Err(error) => Err(CertificateError::Malformed(error.to_string())),
    }
}

/// RFC 9440 §2.1: each DER as a byte sequence of RFC 8941, several as a list.
fn byte_sequences<T: AsRef<[u8]>>(ders: &[T]) -> Result<HeaderValue, CertificateError> {
    let items: Vec<String> = ders
        .iter()
        .map(|der| format!(":{}:", STANDARD.encode(der)))
        .collect();
    HeaderValue::try_from(items.join(", "))
        .map_err(|error| CertificateError::Malformed(error.to_string()))
}

fn time(time: ASN1Time) -> SystemTime {
    let seconds = Duration::from_secs(time.timestamp().unsigned_abs());
    let time = match time.timestamp() < 0 {
        true => UNIX_EPOCH.checked_sub(seconds),
        false => UNIX_EPOCH.checked_add(seconds),
    };
    // Years of four digits are far within what a system's clock can say.
    time.unwrap_or(UNIX_EPOCH)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
