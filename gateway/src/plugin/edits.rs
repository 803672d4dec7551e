//! Header changes that plugins queue; `proxy` alone applies them.

use bytes::Bytes;
use http::HeaderValue;
use http::header::{HeaderName, InvalidHeaderName};
use smallvec::SmallVec;
use std::sync::Arc;

/// A header's name, with the spelling that goes on an HTTP/1 wire. Cloning does not allocate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// For look-ups.
    pub name: HeaderName,
    /// As it is written.
    pub wire: Bytes,
}

impl Header {
    /// A header spelled as in the configuration.
    ///
    /// # Errors
    /// When `name` is not a token (RFC 9110 §5.1).
    pub fn parse(name: &str) -> Result<Self, InvalidHeaderName> {
        Ok(Self {
            name: HeaderName::from_bytes(name.as_bytes())?,
            wire: Bytes::copy_from_slice(name.as_bytes()),
        })
    }

    /// A header of the gateway's own.
    ///
    /// # Panics
    /// When `name` is not a token; it is a constant, so a test meets the panic first.
    #[must_use]
    pub fn from_static(name: &'static str) -> Self {
        Self {
            name: HeaderName::from_bytes(name.as_bytes()).expect("a constant is a token"),
            wire: Bytes::from_static(name.as_bytes()),
        }
    }
}

/// Fields that are always set together, made once.
pub type Fields = Arc<[(Header, HeaderValue)]>;

/// One change to a header section.
#[derive(Debug, Clone)]
pub enum Edit {
    /// Replaces every field of that name, given as it is written.
    Set(Bytes, HeaderValue),
    /// As [`Self::Set`], for fields that were made once.
    SetAll(Fields),
    /// Adds a field beside those of the same name.
    Append(Bytes, HeaderValue),
    /// Takes every field of that name away.
    Remove(HeaderName),
    /// Takes every field away whose name, in lower case, starts so.
    RemovePrefixed(&'static str),
    /// Adds members to `Vary`, unless it has them already or is `*`.
    Vary(&'static [&'static str]),
}

/// Changes in the order in which they were queued. There is room for those of the usual plugins in place.
#[derive(Debug, Default)]
pub struct Edits(SmallVec<[Edit; 8]>);

impl Edits {
    /// Replaces every field of that name.
    pub fn set(&mut self, header: &Header, value: HeaderValue) {
        self.0.push(Edit::Set(header.wire.clone(), value));
    }

    /// Replaces every field of these names.
    pub fn set_all(&mut self, fields: &Fields) {
        if !fields.is_empty() {
            self.0.push(Edit::SetAll(fields.clone()));
        }
    }

    /// Adds a field beside those of the same name.
    pub fn append(&mut self, header: &Header, value: HeaderValue) {
        self.0.push(Edit::Append(header.wire.clone(), value));
    }

    /// Takes every field of that name away.
    pub fn remove(&mut self, name: HeaderName) {
        self.0.push(Edit::Remove(name));
    }

    /// Takes every field away whose name, in lower case, starts with `prefix`.
    pub fn remove_prefixed(&mut self, prefix: &'static str) {
        self.0.push(Edit::RemovePrefixed(prefix));
    }

    /// Names what else the response depends on.
    pub fn vary(&mut self, members: &'static [&'static str]) {
        self.0.push(Edit::Vary(members));
    }

    /// The changes, first queued first.
    pub fn iter(&self) -> impl Iterator<Item = &Edit> {
        self.0.iter()
    }
}
