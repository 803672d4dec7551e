//! Consumers, as maps and lists of patterns: keys by their digests, certificates.

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::adapters::Unsupported;
use crate::adapters::common::authorization::{Person, people};
use crate::adapters::common::callers::referred;
use crate::fixtures::{Document, Fixture};

/// What is known of consumers besides their passwords.
pub(super) struct People {
    /// Their keys; or why they can't be told.
    pub keys: Result<Vec<KeyDigest>, Unsupported>,
    /// Their certificates; or why they can't be told.
    pub certificates: Result<Vec<Shown>, Unsupported>,
    /// Everyone, with roles and groups.
    pub all: Vec<Person>,
}

/// A key, known by its digest alone, so that no file has the key itself.
pub(super) struct KeyDigest {
    /// SHA-256 in hex.
    pub digest: String,
    /// Whose it is.
    pub consumer: String,
    /// When it ends, in seconds since 1970.
    pub ends: Option<i64>,
}

/// What a consumer's certificate is recognised by.
pub(super) struct Shown {
    /// By what.
    pub by: By,
    /// What it has to be.
    pub value: String,
    /// Whose it is.
    pub consumer: String,
}

/// What of a certificate is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// SHA-256 of its DER form, in hex.
    Fingerprint,
    /// Its subject (RFC 4514).
    Subject,
}

impl People {
    /// Those of a fixture.
    pub fn of(fixture: &Fixture, document: &Document) -> Self {
        Self {
            keys: keys(fixture, document),
            certificates: certificates(fixture, document),
            all: people(fixture, document),
        }
    }

    /// The length of the longest name, in bytes.
    pub fn longest(&self) -> usize {
        self.all.iter().map(|one| one.name.len()).max().unwrap_or(1)
    }
}

fn keys(fixture: &Fixture, document: &Document) -> Result<Vec<KeyDigest>, Unsupported> {
    let mut keys = Vec::new();
    for consumer in &document.consumers {
        for key in &consumer.keys {
            let text = key.as_str().or_else(|| key.get("key")?.as_str());
            let digest = text.and_then(|text| match text.strip_prefix("sha256:") {
                Some(digest) => Some(digest.to_lowercase()),
                None => referred(fixture, text).map(|secret| digest(&secret)),
            });
            let expires = key.get("expires").and_then(Value::as_str);
            keys.push(KeyDigest {
                digest: digest.ok_or_else(|| Unsupported::new("a key that is not known"))?,
                consumer: consumer.name.clone(),
                ends: expires.map(end).transpose()?,
            });
        }
    }
    for consumer in &fixture.consumers {
        for key in &consumer.keys {
            keys.push(KeyDigest {
                digest: digest(&key.secret),
                consumer: consumer.name.clone(),
                ends: key.expires.as_deref().map(end).transpose()?,
            });
        }
    }
    Ok(keys)
}

fn digest(secret: &str) -> String {
    let digest = Sha256::digest(secret.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn end(text: &str) -> Result<i64, Unsupported> {
    let end: Result<Timestamp, _> = text.parse();
    end.map(Timestamp::as_second)
        .map_err(|error| Unsupported::new(format!("a key that expires {text}: {error}")))
}

fn certificates(fixture: &Fixture, document: &Document) -> Result<Vec<Shown>, Unsupported> {
    let written = document.consumers.iter().flat_map(|consumer| {
        let members = consumer.certificates.iter().filter_map(Value::as_object);
        let pairs = members.flatten();
        pairs.map(|(by, value)| {
            (
                &consumer.name,
                by.as_str(),
                value.as_str().unwrap_or_default(),
            )
        })
    });
    let made = fixture.consumers.iter().flat_map(|consumer| {
        let pairs = consumer.certificates.iter();
        pairs.map(|(by, value)| (&consumer.name, by.as_str(), value.as_str()))
    });
    let shown = written.chain(made).map(|(consumer, by, value)| {
        let (by, value) = match by {
            "fingerprint" => {
                let hex = value.strip_prefix("sha256:").unwrap_or(value);
                (By::Fingerprint, hex.replace(':', "").to_lowercase())
            }
            "subject" if !value.contains(char::is_whitespace) => (By::Subject, value.to_owned()),
            "subject" => return Err(Unsupported::new("a subject with spaces: maps are split there")),
            other => {
                return Err(Unsupported::new(format!(
                    "a certificate's {other}: of a client's certificate the subject and the whole are told, no other names"
                )));
            }
        };
        let consumer = consumer.clone();
        Ok(Shown { by, value, consumer })
    });
    shown.collect()
}
