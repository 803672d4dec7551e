//! Where a target listens: the parts of its URL (RFC 3986 §3), taken apart once.

use std::fmt;

use http::Uri;

use crate::domain::Mistake;
use crate::domain::path::{self, PathRules};

/// How a target is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain text.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// The port that needn't be written.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Scheme, host, port and path prefix of a target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    scheme: Scheme,
    host: Box<str>,
    port: u16,
    authority: Box<str>,
    path_prefix: Box<str>,
}

impl Endpoint {
    /// `http://orders-svc:8080` or `https://api.example.com/base`.
    pub fn new(url: &str) -> Result<Self, Mistake> {
        let mistake = |reason: &str, help: &'static str| {
            Mistake::new(format!("the URL `{url}` {reason}"), help)
        };
        let Some((scheme, _)) = url.split_once("://") else {
            return Err(mistake(
                "has no scheme",
                "write it as in `http://orders-svc:8080`",
            ));
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => {
                return Err(mistake(
                    "is neither `http` nor `https`",
                    "use one of the two",
                ));
            }
        };
        if url.contains('#') {
            return Err(mistake("has a fragment", "leave out what begins with `#`"));
        }
        let uri: Uri = url.parse().map_err(|error| {
            mistake(
                &format!("is invalid: {error}"),
                "write it as in `http://orders-svc:8080`",
            )
        })?;
        let authority = uri
            .authority()
            .ok_or_else(|| mistake("has no host", "put the host behind `://`"))?;
        if authority.as_str().contains('@') {
            return Err(mistake(
                "holds a user name or a password",
                "send credentials in a header",
            ));
        }
        if uri.query().is_some() {
            return Err(mistake(
                "has a query",
                "leave it out: the query is the client's",
            ));
        }
        let host = authority.host().to_ascii_lowercase();
        let port = match authority.as_str()[authority.host().len()..].strip_prefix(':') {
            None => scheme.default_port(),
            Some(digits) => match digits.parse() {
                Ok(0) | Err(_) => {
                    return Err(mistake(
                        "has no port behind its `:`",
                        "use one between 1 and 65535",
                    ));
                }
                Ok(port) => port,
            },
        };
        let prefix = path::normalise(uri.path(), PathRules::default()).map_err(|error| {
            mistake(
                &format!("can't be sent: {error}"),
                "percent-encode the path",
            )
        })?;
        let authority = if port == scheme.default_port() {
            host.clone()
        } else {
            format!("{host}:{port}")
        };
        Ok(Self {
            scheme,
            port,
            host: host.into(),
            authority: authority.into(),
            path_prefix: prefix.trim_end_matches('/').into(),
        })
    }

    /// How it is spoken to.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host in lower case; an IPv6 address is in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What a `Host` field for it says: without a default port.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// What is put before every path: empty, or beginning with `/` and not ending with it.
    pub fn path_prefix(&self) -> &str {
        &self.path_prefix
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}{}", self.authority, self.path_prefix)
    }
}
