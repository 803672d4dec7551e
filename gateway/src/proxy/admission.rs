//! Whether a request's head is HTTP that both sides read alike (RFC 9112 §§3, 5, 6, 7.1; RFC 9110 §7.2).
//!
//! Pingora takes more than it should; whatever two parsers might read differently is refused here, before anything is
//! routed: request smuggling lives on such differences.

use super::wire::Turn;
use crate::plugin::Rejection;
use crate::reason::Reason;
use crate::snapshot::Listener;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, Version};
use pingora::http::RequestHeader;

type Refusal = Result<(), Rejection>;

/// Checks the head against the listener's limits and against the standard. `raw` is the head as it came over HTTP/1.
pub fn check(request: &RequestHeader, raw: Option<&[u8]>, listener: &Listener) -> Refusal {
    limits(request, raw, listener)?;
    if let Some(raw) = raw {
        if !Turn::request_line_is_sound() {
            return malformed("the request line is not a method, a target and a version");
        }
        if raw
            .iter()
            .take_while(|byte| **byte != b'\r')
            .any(|byte| *byte == b'#')
        {
            return malformed("a target has no fragment");
        }
        line_ends(raw)?;
        connection(&request.headers)?;
        framing(request, raw)?;
    }
    host(request)?;
    target(request)
}

fn malformed(detail: &'static str) -> Refusal {
    Err(Rejection::new(Reason::MalformedRequest, detail))
}

fn limits(request: &RequestHeader, raw: Option<&[u8]>, listener: &Listener) -> Refusal {
    if request.raw_path().len() > listener.target_bytes {
        let detail = format!(
            "a request target may have {} bytes at most",
            listener.target_bytes
        );
        return Err(Rejection::new(Reason::TargetTooLong, detail));
    }
    if request.headers.len() > listener.header_count {
        let detail = format!(
            "a request may have {} header fields at most",
            listener.header_count
        );
        return Err(Rejection::new(Reason::HeadersTooLarge, detail));
    }
    let bytes = raw.map_or_else(|| h2_size(&request.headers), <[u8]>::len);
    if bytes > listener.header_bytes {
        let detail = format!(
            "a request's head may have {} bytes at most",
            listener.header_bytes
        );
        return Err(Rejection::new(Reason::HeadersTooLarge, detail));
    }
    Ok(())
}

/// As RFC 9113 §6.5.2 counts: names, values and 32 bytes for each field.
fn h2_size(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 32)
        .sum()
}

/// RFC 9112 §2.2 lets a recipient take a bare LF for a line end; a gateway whose upstream may not must not.
fn line_ends(raw: &[u8]) -> Refusal {
    let mut ends = memchr::memchr2_iter(b'\r', b'\n', raw);
    while let Some(at) = ends.next() {
        let whole = ends.next() == Some(at + 1) && raw[at..at + 2] == *b"\r\n";
        if !whole {
            return malformed("a line of the head does not end with CR LF");
        }
    }
    Ok(())
}

/// What says where the message ends cannot be for one hop only (RFC 9110 §7.6.1).
fn connection(headers: &HeaderMap) -> Refusal {
    let framing = |name: &[u8]| {
        let name = name.trim_ascii();
        name.eq_ignore_ascii_case(b"content-length")
            || name.eq_ignore_ascii_case(b"transfer-encoding")
    };
    let mut values = headers.get_all(CONNECTION).iter();
    if values.any(|value| value.as_bytes().split(|byte| *byte == b',').any(framing)) {
        return malformed("Connection names a field that frames the message");
    }
    Ok(())
}

fn framing(request: &RequestHeader, raw: &[u8]) -> Refusal {
    let headers = &request.headers;
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    if let Some(length) = lengths.next() {
        let digits = length.as_bytes();
        if lengths.next().is_some() || digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return malformed("Content-Length is not one whole number");
        }
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return Ok(());
    };
    if request.version != Version::HTTP_11 {
        return malformed("Transfer-Encoding belongs to HTTP/1.1");
    }
    // Pingora has dropped a Content-Length beside it by now, so the raw head is asked.
    if names_field(raw, b"content-length") {
        return malformed("Content-Length and Transfer-Encoding exclude each other");
    }
    if codings.next().is_some() {
        return malformed("Transfer-Encoding is given twice");
    }
    if coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    Err(Rejection::new(
        Reason::UnknownCoding,
        "the only transfer coding known here is `chunked`",
    ))
}

fn names_field(raw: &[u8], name: &[u8]) -> bool {
    raw.split(|&byte| byte == b'\n').skip(1).any(|line| {
        line.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
            && line.get(name.len()) == Some(&b':')
    })
}

/// Exactly one `Host` in HTTP/1.1 (RFC 9112 §3.2), one authority in HTTP/2.
fn host(request: &RequestHeader) -> Refusal {
    let mut hosts = request.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version == Version::HTTP_11 => malformed("Host is missing"),
        (Some(_), Some(_)) => malformed("Host is given twice"),
        (Some(host), None) if !is_host(host.as_bytes()) => malformed("Host is not a host"),
        (host, _) if request.version == Version::HTTP_2 => authority(request, host),
        _ => Ok(()),
    }
}

/// One authority in HTTP/2, said in `:authority`, in `Host`, or alike in both (RFC 9113 §8.3.1).
fn authority(request: &RequestHeader, host: Option<&HeaderValue>) -> Refusal {
    let authority = request
        .uri
        .authority()
        .map(|authority| authority.as_str().as_bytes());
    match (authority, host) {
        (None, None) => malformed(":authority is missing"),
        (Some(authority), _) if !is_host(authority) => malformed(":authority is not a host"),
        (Some(authority), Some(host)) if !authority.eq_ignore_ascii_case(host.as_bytes()) => {
            malformed(":authority and Host differ")
        }
        _ => Ok(()),
    }
}

/// `uri-host [ ":" port ]`, userinfo excluded (RFC 9110 §4.2.4; RFC 3986 §§3.2.2, 3.2.3).
fn is_host(host: &[u8]) -> bool {
    let literal = host
        .strip_prefix(b"[")
        .and_then(|rest| rest.iter().position(|byte| *byte == b']'));
    let (name, port) = match literal {
        Some(end) => host.split_at(end + 2),
        None => host.split_at(
            host.iter()
                .position(|byte| *byte == b':')
                .unwrap_or(host.len()),
        ),
    };
    let letters: &[u8] = if literal.is_some() {
        b"[]:.%"
    } else {
        b"-._~!$&'()*+,;=%"
    };
    let port = port.strip_prefix(b":").unwrap_or(port);
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || letters.contains(byte);
    name.iter().all(known) && port.iter().all(u8::is_ascii_digit)
}

/// Origin-form, absolute-form, or `*` with OPTIONS (RFC 9112 §3.2).
fn target(request: &RequestHeader) -> Refusal {
    if !request.raw_path_is_utf8() {
        return malformed("the target holds bytes that are not ASCII");
    }
    let raw = request.raw_path();
    match raw.first() {
        Some(b'/') => Ok(()),
        Some(b'*') if raw.len() == 1 && request.method == Method::OPTIONS => Ok(()),
        Some(_) if absolute(raw).is_some() => Ok(()),
        _ => malformed("the target is no path"),
    }
}

/// Scheme and authority of a target in absolute-form.
pub fn absolute(raw: &[u8]) -> Option<(&str, &str)> {
    if raw.first() == Some(&b'/') {
        return None;
    }
    let text = std::str::from_utf8(raw).ok()?;
    let (scheme, rest) = text.split_once("://")?;
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    (known && !authority.is_empty() && is_host(authority.as_bytes())).then_some((scheme, authority))
}

#[cfg(test)]
mod tests;
