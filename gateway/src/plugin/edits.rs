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
    /// Takes the fields of that name away whose credentials are of this scheme, in any case (RFC 9110 §11.4).
    RemoveScheme(HeaderName, Arc<str>),
    /// Takes the cookie of that name out of `Cookie`.
    RemoveCookie(Arc<str>),
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

    /// Takes the fields of that name away whose credentials are of this scheme.
    pub fn remove_scheme(&mut self, name: HeaderName, scheme: Arc<str>) {
        self.0.push(Edit::RemoveScheme(name, scheme));
    }

    /// Takes the cookie of that name away.
    pub fn remove_cookie(&mut self, name: Arc<str>) {
        self.0.push(Edit::RemoveCookie(name));
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

/// Whether a field's value has credentials of this scheme (RFC 9110 §11.4).
#[must_use]
pub fn is_of_scheme(value: &[u8], scheme: &str) -> bool {
    let Some((first, rest)) = value.split_at_checked(scheme.len()) else {
        return false;
    };
    first.eq_ignore_ascii_case(scheme.as_bytes()) && rest.first().is_none_or(|byte| *byte == b' ')
}

/// A `Cookie` field's value without the cookie of that name; `None` where nothing is left.
#[must_use]
pub fn without_cookie(value: &[u8], name: &str) -> Option<Vec<u8>> {
    let named = |pair: &&[u8]| {
        let end = pair.iter().position(|byte| *byte == b'=');
        end.is_some_and(|end| pair[..end].trim_ascii() == name.as_bytes())
    };
    let pairs = value.split(|byte| *byte == b';');
    let left = pairs.filter(|pair| !named(pair)).map(<[u8]>::trim_ascii);
    let left = left.collect::<Vec<_>>().join(&b"; "[..]);
    (!left.is_empty()).then_some(left)
}
