//! Host patterns over the authority of a request (RFC 9110 §4.2.3: case-insensitive).

use std::fmt;

use crate::domain::Mistake;

/// One host, or every host below one. Ports, case and the root's trailing dot make no difference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// This host, in lower case.
    Exact(Box<str>),
    /// `*.example.com`, kept as `.example.com`: one or more labels in front, never the domain itself.
    Wildcard(Box<str>),
}

impl HostPattern {
    /// `example.com`, `*.example.com`, `127.0.0.1` or `[::1]`.
    pub fn new(text: &str) -> Result<Self, Mistake> {
        let host = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let mistake = |reason: &str, help: &'static str| {
            Err(Mistake::new(format!("the host `{text}` {reason}"), help))
        };
        if host == "*" {
            return mistake(
                "stands for any host",
                "leave `hosts` out to take every host",
            );
        }
        if host.contains("://") || host.contains('/') {
            return mistake("is a URL", "write the name alone, as in `api.example.com`");
        }
        if host.starts_with('[') {
            let inner = host
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'));
            return match inner.and_then(|inner| inner.parse::<std::net::Ipv6Addr>().ok()) {
                Some(address) => Ok(Self::Exact(format!("[{address}]").into())),
                None => mistake(
                    "is no IPv6 address in brackets",
                    "write it as in `[::1]`, without a port",
                ),
            };
        }
        if host.contains(':') {
            return mistake(
                "has a port",
                "leave the port out: a route takes the host on any port",
            );
        }
        if !host.is_ascii() {
            return mistake(
                "isn't ASCII",
                "write the form that clients send, as in `xn--bcher-kva.example`",
            );
        }
        let (wildcard, name) = match host.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, &*host),
        };
        if name.contains('*') {
            return mistake(
                "has a wildcard inside",
                "a wildcard is the first label, as in `*.example.com`",
            );
        }
        if !is_name(name) {
            return mistake(
                "is no host name",
                "use labels of letters, digits, `-` and `_`, with dots between them",
            );
        }
        Ok(if wildcard {
            Self::Wildcard(host[1..].into())
        } else {
            Self::Exact(host.into())
        })
    }

    /// Whether a request for `host` (a `Host` field or authority, with or without a port) is meant.
    pub fn matches(&self, host: &str) -> bool {
        let host = without_port(host);
        match self {
            Self::Exact(name) => host.eq_ignore_ascii_case(name),
            Self::Wildcard(suffix) => host.len().checked_sub(suffix.len()).is_some_and(|at| {
                at > 0 && host.as_bytes()[at..].eq_ignore_ascii_case(suffix.as_bytes())
            }),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Wildcard(suffix) => write!(f, "*{suffix}"),
        }
    }
}

/// The host of an authority: without the port and without the root's trailing dot.
pub fn without_port(authority: &str) -> &str {
    let host = match authority.rfind(':') {
        // Inside brackets it is a colon of an IPv6 address.
        Some(colon) if !authority[colon..].contains(']') => &authority[..colon],
        _ => authority,
    };
    host.strip_suffix('.').unwrap_or(host)
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    name.len() <= 253 && name.split('.').all(is_label)
}
