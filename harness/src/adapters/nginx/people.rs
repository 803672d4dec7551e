//! Consumers: their keys and passwords, the subjects of their certificates, and what rules speak of.

use serde_json::Value;

use crate::adapters::Unsupported;
use crate::adapters::common::authorization::{Person, people};
use crate::adapters::common::callers::Callers;
use crate::fixtures::{Document, Fixture};

/// What is known of consumers.
pub(super) struct People {
    /// Their keys and passwords.
    pub callers: Callers,
    /// Subjects of certificates (RFC 4514), each with its consumer; or why they can't be told.
    pub subjects: Result<Vec<(String, String)>, Unsupported>,
    /// Everyone, with roles and groups.
    pub all: Vec<Person>,
}

impl People {
    /// Those of a fixture.
    pub fn of(fixture: &Fixture, document: &Document) -> Self {
        Self {
            callers: Callers::of(fixture, document),
            subjects: subjects(fixture, document),
            all: people(fixture, document),
        }
    }
}

fn subjects(fixture: &Fixture, document: &Document) -> Result<Vec<(String, String)>, Unsupported> {
    let written = document.consumers.iter().flat_map(|consumer| {
        let members = consumer.certificates.iter().filter_map(Value::as_object);
        members.flatten().map(|(by, value)| {
            let value = value.as_str().unwrap_or_default();
            (&consumer.name, by.as_str(), value)
        })
    });
    let made = fixture.consumers.iter().flat_map(|consumer| {
        let pairs = consumer.certificates.iter();
        pairs.map(|(by, value)| (&consumer.name, by.as_str(), value.as_str()))
    });
    let subject = |(consumer, by, value): (&String, &str, &str)| match by {
        "subject" if !value.is_ascii() => Err(Unsupported::new(
            "a certificate's subject that is not ASCII: $ssl_client_s_dn has bytes in its place",
        )),
        "subject" => Ok((value.to_owned(), consumer.clone())),
        "fingerprint" => Err(Unsupported::new(
            "a certificate's fingerprint by SHA-256: $ssl_client_fingerprint is by SHA-1",
        )),
        other => Err(Unsupported::new(format!(
            "a certificate's {other}: of a client's certificate the subject is told, no other names"
        ))),
    };
    written.chain(made).map(subject).collect()
}
