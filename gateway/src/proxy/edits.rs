//! Queued header edits onto real headers.
//!
//! Pingora keeps a second map beside the headers for the spelling of their names, which only some of its methods keep in
//! step. Names are case-insensitive (RFC 9110 §5.1), so a head that the gateway changes is taken out of it: no trap, and
//! a third of the cost.

use crate::plugin::edits::{Edit, Edits, is_of_scheme, without_cookie};
use http::header::{COOKIE, HeaderName, VARY};
use http::{HeaderMap, HeaderValue, request, response};
use pingora::http::{RequestHeader, ResponseHeader};
use smallvec::SmallVec;
use std::mem;

/// Changes a request's head as plain parts.
pub fn change_request<T>(
    head: &mut RequestHeader,
    change: impl FnOnce(&mut request::Parts) -> T,
) -> T {
    let empty = http::Request::new(()).into_parts().0;
    let mut parts: request::Parts = mem::replace(head, empty.into()).into();
    let changed = change(&mut parts);
    *head = parts.into();
    changed
}

/// Applies the edits to a response on its way to the client.
pub fn apply_to_response(head: &mut ResponseHeader, edits: &Edits) {
    let empty = http::Response::new(()).into_parts().0;
    let mut parts: response::Parts = mem::replace(head, empty.into()).into();
    apply(&mut parts.headers, edits);
    *head = parts.into();
}

/// Applies the edits in the order in which they were queued.
pub fn apply(headers: &mut HeaderMap, edits: &Edits) {
    for edit in edits.iter() {
        match edit {
            Edit::Set(name, value) => drop(headers.insert(name, value.clone())),
            Edit::SetAll(fields) => {
                for (name, value) in &**fields {
                    headers.insert(name, value.clone());
                }
            }
            Edit::Append(name, value) => drop(headers.append(name, value.clone())),
            Edit::Remove(name) => drop(headers.remove(name)),
            Edit::RemovePrefixed(prefix) => {
                remove_where(headers, |name| name.as_str().starts_with(prefix));
            }
            Edit::RemoveScheme(name, scheme) => {
                change_values(headers, name, |value| {
                    (!is_of_scheme(value.as_bytes(), scheme)).then(|| value.clone())
                });
            }
            Edit::RemoveCookie(cookie) => change_values(headers, &COOKIE, |value| {
                HeaderValue::try_from(without_cookie(value.as_bytes(), cookie)?).ok()
            }),
            Edit::Vary(members) => vary(headers, members),
        }
    }
}

/// Takes every field away whose name fits.
pub fn remove_where(headers: &mut HeaderMap, fits: impl Fn(&HeaderName) -> bool) {
    while let Some(name) = headers.keys().find(|name| fits(name)).cloned() {
        headers.remove(&name);
    }
}

/// Puts what `change` makes of each field of that name in its place; nothing takes the field away.
fn change_values(
    headers: &mut HeaderMap,
    name: &HeaderName,
    change: impl Fn(&HeaderValue) -> Option<HeaderValue>,
) {
    let values = headers.get_all(name).iter();
    let left: SmallVec<[HeaderValue; 1]> = values.filter_map(change).collect();
    headers.remove(name);
    for value in left {
        headers.append(name, value);
    }
}

/// Adds to `Vary` what it does not name yet (RFC 9110 §12.5.5).
fn vary(headers: &mut HeaderMap, members: &[&'static str]) {
    let named = |member: &str| {
        let values = headers.get_all(VARY).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|one| one.trim() == "*" || one.trim().eq_ignore_ascii_case(member))
    };
    let missing: SmallVec<[&'static str; 3]> = members
        .iter()
        .copied()
        .filter(|member| !named(member))
        .collect();
    let value = match missing[..] {
        [] => return,
        [one] => HeaderValue::from_static(one),
        ref several => {
            HeaderValue::from_str(&several.join(", ")).expect("names of headers are visible ASCII")
        }
    };
    headers.append(VARY, value);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

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
    fn edits_reach_the_wire() {
        let mut edits = Edits::default();
        edits.set(
            &HeaderName::from_static("x-consumer-name"),
            HeaderValue::from_static("alice"),
        );
        edits.remove(HeaderName::from_static("x-secret"));
        edits.append(
            &HeaderName::from_static("set-cookie"),
            HeaderValue::from_static("b=2"),
        );
        let mut head = response(&[
            ("X-Secret", "s"),
            ("x-consumer-name", "mallory"),
            ("Set-Cookie", "a=1"),
        ]);
        apply_to_response(&mut head, &edits);
        let wire = wire(&head);
        assert!(
            wire.contains("x-consumer-name: alice\r\n") && !wire.contains("mallory"),
            "{wire}"
        );
        assert!(!wire.to_lowercase().contains("x-secret"), "{wire}");
        assert!(wire.contains("a=1") && wire.contains("b=2"), "{wire}");
    }

    #[test]
    fn one_cookie_and_one_scheme_go_and_the_others_stay() {
        let cases = [
            ("cookie", "a=1; session=s; b=2", "a=1; b=2"),
            ("cookie", "session=s", ""),
            (
                "cookie",
                "xsession=s; session2=t; a",
                "xsession=s; session2=t; a",
            ),
            ("authorization", "bEaReR abc", ""),
            ("authorization", "Bearer", ""),
            ("authorization", "Basic YTpi", "Basic YTpi"),
            ("authorization", "Bearers abc", "Bearers abc"),
        ];
        for (name, before, after) in cases {
            let mut edits = Edits::default();
            edits.remove_cookie("session".into());
            edits.remove_scheme(http::header::AUTHORIZATION, "Bearer".into());
            let mut headers = HeaderMap::new();
            headers.append(name, before.parse().unwrap());
            apply(&mut headers, &edits);
            let left = headers
                .get(name)
                .map_or("", |value| value.to_str().unwrap());
            assert_eq!(left, after, "{before}");
        }
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
            apply_to_response(&mut head, &edits);
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
        apply_to_response(&mut head, &edits);
        assert_eq!(head.headers.len(), 1);
        assert!(!wire(&head).contains("Access-Control"));
    }
}
