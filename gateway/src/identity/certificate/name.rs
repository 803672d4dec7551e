//! The names in a certificate: the subject as RFC 4514 writes it, and the alternative names of RFC 5280 §4.2.1.6.

use super::CertificateError;
use std::fmt::{self, Write};
use std::net::IpAddr;
use x509_parser::asn1_rs::{Any, Tag, ToDer};
use x509_parser::prelude::{GeneralName, X509Certificate};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// A subject alternative name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// A host, in lower case; `*.` may stand in front.
    Dns(Box<str>),
    /// A mailbox, as it is written.
    Email(Box<str>),
    /// An address.
    Ip(IpAddr),
    /// A URI, such as a SPIFFE id, as it is written.
    Uri(Box<str>),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(text) | Self::Email(text) | Self::Uri(text) => f.write_str(text),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

impl Name {
    /// Whether this is a name of the host (RFC 9525 §6.3): in any case, and with `*` for one label in front.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        match self {
            Self::Dns(name) => match name.strip_prefix("*.") {
                None => name.eq_ignore_ascii_case(host),
                Some(parent) => host.split_once('.').is_some_and(|(label, rest)| {
                    !label.is_empty() && parent.eq_ignore_ascii_case(rest)
                }),
            },
            Self::Ip(address) => host.parse() == Ok(*address),
            Self::Email(_) | Self::Uri(_) => false,
        }
    }
}

/// The alternative names; other kinds than those of [`Name`] are left out.
///
/// # Errors
/// When the extension is there twice, or one of the names cannot be read.
pub fn names(certificate: &X509Certificate<'_>) -> Result<Box<[Name]>, CertificateError> {
    let extension = certificate
        .subject_alternative_name()
        .map_err(|_| CertificateError::Names)?;
    let all = extension.map_or(&[][..], |extension| &extension.value.general_names);
    all.iter().filter_map(one).collect()
}

fn one(name: &GeneralName<'_>) -> Option<Result<Name, CertificateError>> {
    match name {
        GeneralName::DNSName(name) => Some(Ok(Name::Dns(name.to_ascii_lowercase().into()))),
        GeneralName::RFC822Name(name) => Some(Ok(Name::Email((*name).into()))),
        GeneralName::URI(name) => Some(Ok(Name::Uri((*name).into()))),
        GeneralName::IPAddress(bytes) => Some(address(bytes).ok_or(CertificateError::Names)),
        GeneralName::Invalid(..) => Some(Err(CertificateError::Names)),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<Name> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let sixteen = || <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| sixteen()).ok().map(Name::Ip)
}

/// A distinguished name in the form of RFC 4514.
///
/// # Errors
/// When a value in it cannot be read.
pub fn distinguished(name: &X509Name<'_>) -> Result<String, CertificateError> {
    let mut text = String::new();
    let parts: Vec<_> = name.iter_rdn().collect();
    for part in parts.into_iter().rev() {
        if !text.is_empty() {
            text.push(',');
        }
        for (place, attribute) in part.iter().enumerate() {
            if place > 0 {
                text.push('+');
            }
            push(&mut text, attribute)?;
        }
    }
    Ok(text)
}

/// RFC 4514 §3, and what OpenSSL's `-nameopt RFC2253` calls by name besides.
const SHORT: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.6", "C"),
    ("2.5.4.9", "STREET"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.12", "title"),
    ("2.5.4.42", "GN"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

fn push(text: &mut String, attribute: &AttributeTypeAndValue<'_>) -> Result<(), CertificateError> {
    let oid = attribute.attr_type().to_id_string();
    if oid.is_empty() {
        let told = "an attribute of the subject has no type";
        return Err(CertificateError::Malformed(told.to_owned()));
    }
    let short = SHORT.iter().find(|(known, _)| *known == oid);
    let value = attribute.attr_value();
    match (short, decoded(value)) {
        (Some((_, short)), Some(decoded)) => {
            text.push_str(short);
            text.push('=');
            push_escaped(text, &decoded);
        }
        (short, _) => {
            text.push_str(short.map_or(&oid, |(_, short)| short));
            text.push_str("=#");
            let der = value.header.to_der_vec();
            let der = der.map_err(|error| CertificateError::Malformed(error.to_string()))?;
            for byte in der.iter().chain(value.data) {
                // Writing to a text cannot fail.
                write!(text, "{byte:02x}").ok();
            }
        }
    }
    Ok(())
}

/// The text of a string type of which the characters are known.
fn decoded(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            std::str::from_utf8(value.data).ok().map(str::to_owned)
        }
        Tag::BmpString => {
            let (pairs, rest) = value.data.as_chunks::<2>();
            let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
            let text = char::decode_utf16(units).collect::<Result<String, _>>();
            text.ok().filter(|_| rest.is_empty())
        }
        _ => None,
    }
}

/// RFC 4514 §2.4. Control characters are escaped too, so that a subject stays on its line in a log.
fn push_escaped(text: &mut String, value: &str) {
    let last = value.len().saturating_sub(1);
    for (place, character) in value.char_indices() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => text.extend(['\\', character]),
            ' ' if place == 0 || place == last => text.push_str("\\ "),
            '#' if place == 0 => text.push_str("\\#"),
            other if ends_a_line(other) => {
                for byte in other.encode_utf8(&mut [0; 4]).bytes() {
                    write!(text, "\\{byte:02X}").ok();
                }
            }
            other => text.push(other),
        }
    }
}

/// Control characters, those beyond ASCII included, and what Unicode calls the ends of lines and paragraphs.
fn ends_a_line(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}
