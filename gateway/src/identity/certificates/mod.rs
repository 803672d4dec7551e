//! Certificates to consumers: by fingerprint, by subject alternative name (RFC 5280 §4.2.1.6), by subject (RFC 4514).

mod subject;
#[cfg(test)]
mod tests;

use super::{Certificate, Consumer, Name};
use crate::domain::Mistake;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// What a certificate has to have to be a consumer's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CertificateMatch {
    /// SHA-256 of its DER.
    Fingerprint([u8; 32]),
    /// One of its alternative names.
    San(Name),
    /// Its subject, in the form that compares.
    Subject(Box<str>),
}

impl CertificateMatch {
    /// `sha256:` and 64 hexadecimal digits, with or without colons between the bytes.
    ///
    /// # Errors
    /// When it is something else.
    pub fn fingerprint(text: &str) -> Result<Self, Mistake> {
        let wrong = || {
            Mistake::new(
                format!("`{text}` is not `sha256:` and 64 hexadecimal digits"),
                "print it with: openssl x509 -in client.pem -noout -fingerprint -sha256",
            )
        };
        let digits = text.strip_prefix("sha256:").ok_or_else(wrong)?;
        let digits: Vec<u32> = digits
            .chars()
            .filter(|character| *character != ':')
            .map(|digit| digit.to_digit(16))
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        let bytes = digits.chunks(2).map(|pair| match pair {
            [high, low] => u8::try_from(high << 4 | low).ok(),
            _ => None,
        });
        let bytes: Vec<u8> = bytes.collect::<Option<_>>().ok_or_else(wrong)?;
        let bytes = bytes.try_into().map_err(|_| wrong())?;
        Ok(Self::Fingerprint(bytes))
    }

    /// An address, a URI, a mailbox or a host, whichever the text is.
    ///
    /// # Errors
    /// When it is none.
    pub fn san(text: &str) -> Result<Self, Mistake> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || !visible {
            return Err(Mistake::new(
                format!("{text:?} is no alternative name of a certificate"),
                "write a host, a mailbox, an address or a URI in ASCII, as in the certificate",
            ));
        }
        let name = if let Ok(address) = text.parse::<IpAddr>() {
            Name::Ip(address)
        } else if text.contains(':') {
            Name::Uri(text.into())
        } else if text.contains('@') {
            Name::Email(text.into())
        } else {
            Name::Dns(text.to_ascii_lowercase().into())
        };
        Ok(Self::San(name))
    }

    /// A subject as RFC 4514 writes it.
    ///
    /// # Errors
    /// When it is none.
    pub fn subject(text: &str) -> Result<Self, Mistake> {
        match subject::canonical(text) {
            Some(subject) if !subject.is_empty() => Ok(Self::Subject(subject.into())),
            _ => Err(Mistake::new(
                format!("{text:?} is no subject of a certificate"),
                "write it as in `CN=alice,O=Example` (RFC 4514), as openssl x509 -noout -subject -nameopt RFC2253 prints it",
            )),
        }
    }
}

/// Whose a certificate is.
#[derive(Debug)]
pub enum Owner<'a> {
    /// This one's.
    One(&'a Arc<Consumer>),
    /// Its names are those of several consumers, so that it says of none who calls.
    Several,
    /// Nobody's.
    Nobody,
}

/// Every consumer's certificates.
#[derive(Debug, Default)]
pub struct Certificates {
    owners: HashMap<CertificateMatch, Arc<Consumer>>,
    subjects: bool,
}

impl Certificates {
    /// Certificates that have this are the consumer's.
    ///
    /// # Errors
    /// Gives back the consumer whose they are already.
    pub fn insert(
        &mut self,
        what: CertificateMatch,
        consumer: &Arc<Consumer>,
    ) -> Result<(), Arc<Consumer>> {
        if let Some(owner) = self.owners.get(&what) {
            return Err(owner.clone());
        }
        self.subjects |= matches!(what, CertificateMatch::Subject(_));
        self.owners.insert(what, consumer.clone());
        Ok(())
    }

    /// Whose the certificate is: by its fingerprint, then by its names, then by its subject.
    #[must_use]
    pub fn owner(&self, certificate: &Certificate) -> Owner<'_> {
        if self.owners.is_empty() {
            return Owner::Nobody;
        }
        let fingerprint = CertificateMatch::Fingerprint(*certificate.fingerprint());
        if let Some(consumer) = self.owners.get(&fingerprint) {
            return Owner::One(consumer);
        }
        let names = certificate.names().iter();
        let mut named =
            names.filter_map(|name| self.owners.get(&CertificateMatch::San(name.clone())));
        if let Some(first) = named.next() {
            let same = named.all(|other| other.name() == first.name());
            return if same {
                Owner::One(first)
            } else {
                Owner::Several
            };
        }
        let subject = self
            .subjects
            .then(|| subject::canonical(certificate.subject()))
            .flatten();
        let by_subject = subject.map(|subject| CertificateMatch::Subject(subject.into()));
        match by_subject.and_then(|subject| self.owners.get(&subject)) {
            Some(consumer) => Owner::One(consumer),
            None => Owner::Nobody,
        }
    }
}
