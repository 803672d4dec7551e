//! Queued header edits onto real headers, by the only methods that keep Pingora's case map in step.

use crate::plugin::edits::{Edit, Edits};
use bytes::Bytes;
use http::header::{HeaderName, VARY};
use http::{HeaderMap, HeaderValue};
use pingora::Result;
use pingora::http::{RequestHeader, ResponseHeader};

/// Applies the edits to a request on its way upstream.
pub fn apply_to_request(request: &mut RequestHeader, edits: &Edits) -> Result<()> {
    edits.iter().try_for_each(|edit| apply(request, edit))
}

/// Applies the edits to a response on its way to the client.
pub fn apply_to_response(response: &mut ResponseHeader, edits: &Edits) -> Result<()> {
    edits.iter().try_for_each(|edit| apply(response, edit))
}

fn apply(head: &mut impl Head, edit: &Edit) -> Result<()> {
    match edit {
        Edit::Set(name, value) => head.insert(name.clone(), value.clone()),
        Edit::SetAll(fields) => fields
            .iter()
            .try_for_each(|(header, value)| head.insert(header.wire.clone(), value.clone())),
        Edit::Append(name, value) => head.append(name.clone(), value.clone()),
        Edit::Remove(name) => {
            head.remove(name);
            Ok(())
        }
        Edit::RemovePrefixed(prefix) => {
            remove_where(head, |name| name.as_str().starts_with(prefix));
            Ok(())
        }
        Edit::Vary(members) => vary(head, members),
    }
}

/// Takes every field away whose name fits.
pub fn remove_where(head: &mut impl Head, fits: impl Fn(&HeaderName) -> bool) {
    while let Some(name) = head.fields().keys().find(|name| fits(name)).cloned() {
        head.remove(&name);
    }
}

/// Adds to `Vary` what it does not name yet (RFC 9110 §12.5.5).
fn vary(head: &mut impl Head, members: &[&'static str]) -> Result<()> {
    let named = |member: &str| {
        let values = head
            .fields()
            .get_all(VARY)
            .iter()
            .filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|one| one.trim() == "*" || one.trim().eq_ignore_ascii_case(member))
    };
    let missing: smallvec::SmallVec<[&'static str; 3]> = members
        .iter()
        .copied()
        .filter(|member| !named(member))
        .collect();
    let value = match missing[..] {
        [] => return Ok(()),
        [one] => HeaderValue::from_static(one),
        ref several => {
            HeaderValue::from_str(&several.join(", ")).expect("names of headers are visible ASCII")
        }
    };
    head.append(Bytes::from_static(b"Vary"), value)
}

/// What requests and responses have in common.
pub trait Head {
    /// The fields, to be read.
    fn fields(&self) -> &HeaderMap;
    /// Replaces every field of that name.
    fn insert(&mut self, name: Bytes, value: HeaderValue) -> Result<()>;
    /// Adds a field.
    fn append(&mut self, name: Bytes, value: HeaderValue) -> Result<()>;
    /// Takes every field of that name away.
    fn remove(&mut self, name: &HeaderName);
}

macro_rules! head {
    ($($type:ty),*) => {$(
        impl Head for $type {
            fn fields(&self) -> &HeaderMap {
                &self.headers
            }

            fn insert(&mut self, name: Bytes, value: HeaderValue) -> Result<()> {
                self.insert_header(name, value)
            }

            fn append(&mut self, name: Bytes, value: HeaderValue) -> Result<()> {
                self.append_header(name, value).map(|_| ())
            }

            fn remove(&mut self, name: &HeaderName) {
                self.remove_header(name);
            }
        }
    )*};
}

head!(RequestHeader, ResponseHeader);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::plugin::edits::Header;

    fn response(fields: &[(&'static str, &str)]) -> ResponseHeader {
        let mut response = ResponseHeader::build(200, None).unwrap();
        for (name, value) in fields {
            response.append_header(*name, *value).unwrap();
        }
        response
    }

    fn wire(response: &ResponseHeader) -> String {
        let mut bytes = Vec::new();
        response.header_to_h1_wire(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn edits_reach_the_wire_as_spelled() {
        let mut edits = Edits::default();
        edits.set(
            &Header::parse("X-Consumer-Name").unwrap(),
            HeaderValue::from_static("alice"),
        );
        edits.remove(HeaderName::from_static("x-secret"));
        edits.append(
            &Header::from_static("Set-Cookie"),
            HeaderValue::from_static("b=2"),
        );
        let mut head = response(&[
            ("X-Secret", "s"),
            ("x-consumer-name", "mallory"),
            ("Set-Cookie", "a=1"),
        ]);
        apply_to_response(&mut head, &edits).unwrap();
        let wire = wire(&head);
        assert!(
            wire.contains("X-Consumer-Name: alice\r\n") && !wire.contains("mallory"),
            "{wire}"
        );
        assert!(!wire.to_lowercase().contains("x-secret"), "{wire}");
        assert!(wire.contains("a=1") && wire.contains("b=2"), "{wire}");
    }

    #[test]
    fn vary_grows_and_never_repeats() {
        let cases = [
            (&[][..], vec!["Origin"]),
            (
                &[("Vary", "Accept-Encoding")][..],
                vec!["Accept-Encoding", "Origin"],
            ),
            (&[("Vary", "accept, origin")][..], vec!["accept, origin"]),
            (&[("Vary", "*")][..], vec!["*"]),
        ];
        for (before, after) in cases {
            let mut edits = Edits::default();
            edits.vary(&["Origin"]);
            let mut head = response(before);
            apply_to_response(&mut head, &edits).unwrap();
            let values: Vec<_> = head
                .headers
                .get_all(VARY)
                .iter()
                .map(|value| value.to_str().unwrap())
                .collect();
            assert_eq!(values, after);
        }
    }

    #[test]
    fn what_the_upstream_says_of_cors_goes() {
        let mut edits = Edits::default();
        edits.remove_prefixed("access-control-");
        let mut head = response(&[
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Max-Age", "9"),
            ("X", "1"),
        ]);
        apply_to_response(&mut head, &edits).unwrap();
        assert_eq!(head.headers.len(), 1);
        assert!(!wire(&head).contains("Access-Control"));
    }
}
