//! Certificates, private keys and what is trusted: material for TLS (RFC 8446) that was parsed and checked when the
//! configuration was read, so that no handshake is the first to find it wrong.
//!
//! The text is PEM (RFC 7468). No message of this module tells anything of a key but its kind.

mod client;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

use super::Mistake;
pub use client::{ClientTls, ServerName};

/// The cryptography that this program uses itself: AWS-LC, the faster of the two that are built in.
#[must_use]
pub fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

/// Makes [`provider`] the default of the process. Has to run before a library that would install its own, as Pingora
/// does with ring; to run it again changes nothing.
pub fn install_provider() {
    if CryptoProvider::get_default().is_none() {
        // Who came first in a race installed the same.
        provider().install_default().ok();
    }
}

/// An X.509 certificate (RFC 5280) that can be parsed.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: CertificateDer<'static>,
    subject: Box<str>,
    not_before: i64,
    not_after: i64,
}

impl Certificate {
    /// Takes the DER apart.
    ///
    /// # Errors
    /// When it is not one certificate.
    pub fn new(der: CertificateDer<'static>) -> Result<Self, Mistake> {
        let (subject, not_before, not_after) = {
            let parsed = X509Certificate::from_der(&der);
            let Some((_, parsed)) = parsed.ok().filter(|(rest, _)| rest.is_empty()) else {
                let what = "there is a certificate in it that is not X.509";
                return Err(Mistake::new(
                    what,
                    "look at it with: openssl x509 -text -in FILE",
                ));
            };
            let validity = parsed.validity();
            let (from, to) = (
                validity.not_before.timestamp(),
                validity.not_after.timestamp(),
            );
            (parsed.subject().to_string().into(), from, to)
        };
        Ok(Self {
            der,
            subject,
            not_before,
            not_after,
        })
    }

    /// As it goes over the wire.
    #[must_use]
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// Why nobody should take the certificate at this time: it has expired, or is not valid yet.
    #[must_use]
    pub fn out_of_date(&self, now: SystemTime) -> Option<String> {
        let now = Timestamp::try_from(now).map_or(0, |now| now.as_second());
        let day = |second| {
            let time = Timestamp::from_second(second);
            time.map_or_else(|_| format!("the second {second}"), |time| time.to_string())
        };
        let subject = &self.subject;
        if now > self.not_after {
            let end = day(self.not_after);
            Some(format!("the certificate of `{subject}` expired on {end}"))
        } else if now < self.not_before {
            let start = day(self.not_before);
            Some(format!(
                "the certificate of `{subject}` is not valid before {start}"
            ))
        } else {
            None
        }
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.subject)
    }
}

/// The certificates of a PEM text, at least one; other sections are passed over.
///
/// # Errors
/// When there is none, or something that is not PEM or not X.509.
pub fn certificates(pem: &str) -> Result<Vec<Certificate>, Mistake> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let found = found.map_err(|error| not_pem(&error))?;
    if found.is_empty() {
        return Err(nothing(pem, "certificate", "CERTIFICATE"));
    }
    found.into_iter().map(Certificate::new).collect()
}

/// The one private key of a PEM text: PKCS #8, PKCS #1 or SEC 1; other sections are passed over.
///
/// # Errors
/// When there is none, or one with a passphrase, or something that is not PEM.
pub fn private_key(pem: &str) -> Result<PrivateKeyDer<'static>, Mistake> {
    match PrivateKeyDer::from_pem_slice(pem.as_bytes()) {
        Ok(key) => Ok(key),
        Err(PemError::NoItemsFound) if pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") => {
            let what = "the private key is encrypted, and nobody is there to type its passphrase";
            Err(Mistake::new(
                what,
                "decrypt it, as with: openssl pkey -in key.pem -out plain.pem",
            ))
        }
        Err(PemError::NoItemsFound) => Err(nothing(pem, "private key", "PRIVATE KEY")),
        Err(error) => Err(not_pem(&error)),
    }
}

/// A list of revoked certificates, as it goes over the wire.
pub type RevocationList = CertificateRevocationListDer<'static>;

/// The lists of revoked certificates (RFC 5280 §5) of a PEM text, at least one.
///
/// # Errors
/// When there is none, or something that is not PEM or not such a list.
pub fn revocation_lists(pem: &str) -> Result<Vec<RevocationList>, Mistake> {
    let found: Result<Vec<RevocationList>, _> =
        RevocationList::pem_slice_iter(pem.as_bytes()).collect();
    let found = found.map_err(|error| not_pem(&error))?;
    if found.is_empty() {
        return Err(nothing(pem, "list of revoked certificates", "X509 CRL"));
    }
    let sound = |list: &RevocationList| {
        CertificateRevocationList::from_der(list).is_ok_and(|(rest, _)| rest.is_empty())
    };
    if !found.iter().all(sound) {
        let what = "there is a list in it that is not an X.509 CRL";
        return Err(Mistake::new(
            what,
            "look at it with: openssl crl -text -in FILE",
        ));
    }
    Ok(found)
}

fn nothing(pem: &str, wanted: &str, section: &str) -> Mistake {
    let help = format!("it has to hold a section `-----BEGIN {section}-----`");
    match pem.contains("-----BEGIN ") {
        true => Mistake::new(format!("there is no {wanted} in it"), help),
        false => Mistake::new(format!("it is not PEM, and a {wanted} is wanted"), help),
    }
}

/// Only the kind: the message of the library may have a part of a key in it.
fn not_pem(error: &PemError) -> Mistake {
    let what = match error {
        PemError::MissingSectionEnd { .. } => "a section of it has no end",
        PemError::IllegalSectionStart { .. } => "the first line of a section can't be read",
        PemError::Base64Decode(_) => "a section of it is not Base64",
        _ => "it is not PEM",
    };
    Mistake::new(what, "copy the file again, whole, line breaks included")
}

/// A certificate with the chain that leads to its root, and the private key that belongs to it.
#[derive(Clone)]
pub struct Identity {
    chain: Box<[Certificate]>,
    key: Arc<PrivateKeyDer<'static>>,
    certified: Arc<CertifiedKey>,
}

impl Identity {
    /// The end-entity certificate first.
    ///
    /// # Errors
    /// When the key is of a kind that is not spoken, or belongs to another certificate.
    pub fn new(chain: Vec<Certificate>, key: PrivateKeyDer<'static>) -> Result<Self, Mistake> {
        let unusable = || {
            Mistake::new(
                "the private key is of a kind that can't be used",
                "use RSA of 2048 bits or more, ECDSA on P-256, P-384 or P-521, or Ed25519",
            )
        };
        // Pingora takes the DER alone, and finds out the kind of the key by itself.
        if PrivateKeyDer::try_from(key.secret_der()).is_err() {
            return Err(unusable());
        }
        let ders = chain.iter().map(|of| of.der.clone()).collect();
        let certified = CertifiedKey::from_der(ders, key.clone_key(), &provider()).map_err(
            |error| match error {
                rustls::Error::InconsistentKeys(_) => Mistake::new(
                    "the private key does not belong to the certificate",
                    "the certificate of the key comes first in its file, intermediate ones behind it",
                ),
                rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
                    Mistake::new(
                        "the certificate can't be used for TLS",
                        "make an X.509 v3 certificate",
                    )
                }
                _ => unusable(),
            },
        )?;
        Ok(Self {
            chain: chain.into(),
            key: Arc::new(key),
            certified: Arc::new(certified),
        })
    }

    /// The end-entity certificate first.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The private key.
    #[must_use]
    pub fn key(&self) -> &PrivateKeyDer<'static> {
        &self.key
    }

    /// Both, as rustls signs with them.
    #[must_use]
    pub fn certified(&self) -> &Arc<CertifiedKey> {
        &self.certified
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({:?})", self.chain.first())
    }
}

/// The certificate authorities that are trusted, at least one.
#[derive(Debug, Clone)]
pub struct Roots {
    certificates: Box<[Certificate]>,
    store: Arc<RootCertStore>,
}

impl Roots {
    /// Whoever one of these signed is trusted.
    ///
    /// # Errors
    /// When there is none, or one that can't be trusted in.
    pub fn new(certificates: Vec<Certificate>) -> Result<Self, Mistake> {
        let mut store = RootCertStore::empty();
        for certificate in &certificates {
            store.add(certificate.der.clone()).map_err(|_| {
                let subject = &certificate.subject;
                let what = format!("the certificate of `{subject}` can't be an authority");
                Mistake::new(what, "use the certificate of a CA: X.509 v3")
            })?;
        }
        if store.is_empty() {
            let what = "there is no certificate authority, so nothing would be trusted";
            return Err(Mistake::new(what, "name at least one"));
        }
        Ok(Self {
            certificates: certificates.into(),
            store: Arc::new(store),
        })
    }

    /// The authorities.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The same, as rustls verifies with them.
    #[must_use]
    pub fn store(&self) -> &Arc<RootCertStore> {
        &self.store
    }
}

#[cfg(test)]
mod tests;
