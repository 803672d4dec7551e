//! Header changes that plugins queue; `proxy` alone applies them.

use http::HeaderValue;
use http::header::HeaderName;
use smallvec::SmallVec;
use std::sync::Arc;

/// Fields that are always set together, made once.
pub type Fields = Arc<[(HeaderName, HeaderValue)]>;

/// One change to a header section.
#[derive(Debug, Clone)]
pub enum Edit {
    /// Replaces every field of that name.
    Set(HeaderName, HeaderValue),
    /// As [`Self::Set`], for fields that were made once.
    SetAll(Fields),
    /// Adds a field beside those of the same name.
    Append(HeaderName, HeaderValue),
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
    pub fn set(&mut self, header: &HeaderName, value: HeaderValue) {
        self.0.push(Edit::Set(header.clone(), value));
    }

    /// Replaces every field of these names.
    pub fn set_all(&mut self, fields: &Fields) {
        if !fields.is_empty() {
            self.0.push(Edit::SetAll(fields.clone()));
        }
    }

    /// Adds a field beside those of the same name.
    pub fn append(&mut self, header: &HeaderName, value: HeaderValue) {
        self.0.push(Edit::Append(header.clone(), value));
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
