//! Web origins (RFC 6454 §4 and §6.2, Fetch "Origin header") and the patterns that allow them.
//!
//! Origins are compared whole: scheme, host and port. A substring, a prefix or an unanchored suffix never matches.

use std::fmt;

use super::Mistake;

/// A scheme, a host and a port, with the scheme's default port written out of the way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Box<str>,
    host: Box<str>,
    /// `None` is the scheme's default.
    port: Option<u16>,
}

/// Which origins are allowed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OriginPattern {
    /// `*`: every origin but `null`.
    Any,
    /// One origin.
    Exact(Origin),
    /// `https://*.example.com`: one or more labels in front of the domain, never the domain itself.
    Below(Origin),
}

impl Origin {
    /// An origin as a browser serialises it: `https://app.example.com` or `http://localhost:3000`.
    pub fn new(text: &str) -> Result<Self, Mistake> {
        if text == "null" {
            let help = "name real origins: `null` is what any sandboxed page or local file sends";
            return Err(Mistake::new("the origin `null` can't be allowed", help));
        }
        if text.contains('*') {
            let help = "write `*` alone, or put it for the first labels of the host, as in `https://*.example.com`";
            return Err(Mistake::new(
                format!("the origin `{text}` has a wildcard in the wrong place"),
                help,
            ));
        }
        let Some((scheme, authority)) = text.split_once("://") else {
            let what = format!("the origin `{text}` has no scheme");
            return Err(Mistake::new(what, format!("write `https://{text}`")));
        };
        if let Some(end) = authority.find(['/', '?', '#', '\\']) {
            let what =
                format!("the origin `{text}` has a path, and an origin ends with its host or port");
            return Err(Mistake::new(
                what,
                format!("write `{scheme}://{}`", &authority[..end]),
            ));
        }
        if authority.contains('@') {
            let what = format!("the origin `{text}` has a user name, which origins never have");
            return Err(Mistake::new(what, "leave out what stands before the `@`"));
        }
        if !authority.is_ascii() {
            let what = format!("the origin `{text}` isn't ASCII");
            return Err(Mistake::new(
                what,
                "write the form that browsers send, as in `https://xn--bcher-kva.example`",
            ));
        }
        let Some(parts) = Parts::parse(text.as_bytes()) else {
            let what = format!("`{text}` is no origin");
            return Err(Mistake::new(
                what,
                "write scheme, host and port if any, as in `https://app.example.com:8443`",
            ));
        };
        Ok(Self {
            scheme: parts.scheme.to_ascii_lowercase().into(),
            host: parts.host.to_ascii_lowercase().into(),
            port: parts.port,
        })
    }

    fn equals(&self, parts: Parts<'_>) -> bool {
        self.port == parts.port
            && self.scheme.eq_ignore_ascii_case(parts.scheme)
            && self.host.eq_ignore_ascii_case(parts.host)
    }

    fn is_above(&self, parts: Parts<'_>) -> bool {
        let host = parts.host.as_bytes();
        let Some(at) = host.len().checked_sub(self.host.len()).filter(|&at| at > 1) else {
            return false;
        };
        self.port == parts.port
            && self.scheme.eq_ignore_ascii_case(parts.scheme)
            && host[at - 1] == b'.'
            && host[at..].eq_ignore_ascii_case(self.host.as_bytes())
    }
}

/// The ASCII serialisation of RFC 6454 §6.2.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl OriginPattern {
    /// `*`, an origin, or an origin whose host begins with `*.`.
    pub fn new(text: &str) -> Result<Self, Mistake> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let Some((scheme, domain)) = text.split_once("://*.") else {
            return Origin::new(text).map(Self::Exact);
        };
        let origin = Origin::new(&format!("{scheme}://{domain}"))?;
        if is_address(&origin.host) {
            let what = format!(
                "the origin `{text}` has a wildcard in front of an address, which has no names below it"
            );
            return Err(Mistake::new(what, "name the addresses one by one"));
        }
        Ok(Self::Below(origin))
    }

    /// Whether the raw value of an `Origin` field is allowed. Whatever isn't one origin, `null` above all, never is.
    pub fn matches(&self, header: &[u8]) -> bool {
        Parts::parse(header).is_some_and(|parts| match self {
            Self::Any => true,
            Self::Exact(origin) => origin.equals(parts),
            Self::Below(origin) => origin.is_above(parts),
        })
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exact(origin) => origin.fmt(f),
            Self::Below(origin) => {
                write!(f, "{}://*.{}", origin.scheme, origin.host)?;
                origin.port.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
        }
    }
}

/// A serialised origin taken apart where it lies.
#[derive(Clone, Copy)]
struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Parts<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let (scheme, authority) = std::str::from_utf8(text).ok()?.split_once("://")?;
        // Inside brackets a colon belongs to the IPv6 address.
        let (host, port) = match authority
            .rfind(':')
            .filter(|&at| !authority[at..].contains(']'))
        {
            Some(colon) => (
                &authority[..colon],
                Some(parse_port(&authority[colon + 1..])?),
            ),
            None => (authority, None),
        };
        let port = port.filter(|&port| Some(port) != default_port(scheme));
        (is_scheme(scheme) && is_host(host)).then_some(Self { scheme, host, port })
    }
}

fn parse_port(digits: &str) -> Option<u16> {
    let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if canonical { digits.parse().ok() } else { None }
}

/// The default ports of the URL Standard's special schemes.
fn default_port(scheme: &str) -> Option<u16> {
    let known = [
        ("https", 443),
        ("http", 80),
        ("wss", 443),
        ("ws", 80),
        ("ftp", 21),
    ];
    known
        .into_iter()
        .find(|(name, _)| scheme.eq_ignore_ascii_case(name))
        .map(|(_, port)| port)
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']');
        return inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok());
    }
    // One trailing dot makes another origin, not an invalid one.
    host.strip_suffix('.')
        .unwrap_or(host)
        .split('.')
        .all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        })
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests;
