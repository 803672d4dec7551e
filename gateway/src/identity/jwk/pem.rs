//! A key from PEM (RFC 7468): a public key (RFC 5280 `SubjectPublicKeyInfo`), an RSA one (RFC 8017 A.1.1), or a
//! certificate, of which the key alone counts: neither its term nor who signed it is looked at.

use super::Algorithm;
use super::key::{KeyError, VerifyingKey};
use super::public::{Curve, Public};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::SubjectPublicKeyInfo;

impl VerifyingKey {
    /// The one public key in a PEM text, called `kid` and pinned to `algorithm` where they are given.
    ///
    /// # Errors
    /// When the text holds no public key, more than one, a private one, or one that `algorithm` doesn't go with.
    pub fn from_pem(
        text: &[u8],
        kid: Option<&str>,
        algorithm: Option<Algorithm>,
    ) -> Result<Self, KeyError> {
        Self::from_public(&read(text)?, kid, algorithm)
    }
}

fn read(text: &[u8]) -> Result<Public, KeyError> {
    let mut found = None;
    for section in Pem::iter_from_buffer(text) {
        let section = section.map_err(|_| KeyError::Pem("it is no sound PEM"))?;
        let der = &*section.contents;
        let public = match &*section.label {
            "PUBLIC KEY" => from_spki(der)?,
            "RSA PUBLIC KEY" => from_pkcs1(der)?,
            "CERTIFICATE" => from_certificate(der)?,
            label if label.ends_with("PRIVATE KEY") => {
                let what = "it is a private key, and signatures are checked with the public one";
                return Err(KeyError::Pem(what));
            }
            _ => continue,
        };
        if found.replace(public).is_some() {
            return Err(KeyError::Pem("it holds several keys; list each by itself"));
        }
    }
    found.ok_or(KeyError::Pem("it holds no public key and no certificate"))
}

fn from_certificate(der: &[u8]) -> Result<Public, KeyError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => from_info(certificate.public_key()),
        _ => Err(KeyError::Pem("its certificate cannot be read")),
    }
}

fn from_spki(der: &[u8]) -> Result<Public, KeyError> {
    match SubjectPublicKeyInfo::from_der(der) {
        Ok(([], info)) => from_info(&info),
        _ => Err(KeyError::Pem("its public key cannot be read")),
    }
}

fn from_pkcs1(der: &[u8]) -> Result<Public, KeyError> {
    match RSAPublicKey::from_der(der) {
        Ok(([], key)) => Public::rsa(key.modulus, key.exponent),
        _ => Err(KeyError::Pem("its RSA public key cannot be read")),
    }
}

fn from_info(info: &SubjectPublicKeyInfo<'_>) -> Result<Public, KeyError> {
    let unread = KeyError::Pem("its public key cannot be read");
    match &*info.algorithm.algorithm.to_id_string() {
        "1.2.840.113549.1.1.1" => match info.parsed() {
            Ok(PublicKey::RSA(key)) => Public::rsa(key.modulus, key.exponent),
            _ => Err(unread),
        },
        "1.2.840.10045.2.1" => {
            let curve = info.algorithm.parameters.as_ref().ok_or(unread.clone())?;
            let curve = curve.as_oid().map_err(|_| unread)?.to_id_string();
            let curve = match &*curve {
                "1.2.840.10045.3.1.7" => Curve::P256,
                "1.3.132.0.34" => Curve::P384,
                "1.3.132.0.35" => Curve::P521,
                _ => return Err(KeyError::Curve(curve)),
            };
            point(curve, &info.subject_public_key.data)
        }
        "1.3.101.112" => Public::ed25519(&info.subject_public_key.data),
        other => Err(KeyError::Type(other.to_owned())),
    }
}

/// An uncompressed point (SEC 1 §2.3.3).
fn point(curve: Curve, bytes: &[u8]) -> Result<Public, KeyError> {
    match bytes.split_first() {
        Some((4, coordinates)) if coordinates.len() == 2 * curve.length() => {
            let (x, y) = coordinates.split_at(curve.length());
            Public::ec(curve, x, y)
        }
        _ => Err(KeyError::Point(curve.name())),
    }
}
