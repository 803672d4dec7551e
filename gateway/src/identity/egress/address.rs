//! Addresses that the gateway may ask: the rule about `https`, for the first address and for every redirect.

use super::EgressError;
use crate::domain::Mistake;
use http::HeaderValue;
use reqwest::Url;
use std::fmt;
use std::net::IpAddr;

/// An address that may be asked: `https`, or `http` where that is allowed or the host is this machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    url: Url,
    allow_http: bool,
}

impl Address {
    /// The address as written.
    ///
    /// # Errors
    /// When it is no URL, has credentials or a fragment, or is neither `https` nor an allowed `http`.
    pub fn new(text: &str, allow_http: bool) -> Result<Self, Mistake> {
        let mistake =
            |what: &str, help: &'static str| Mistake::new(format!("the URL `{text}` {what}"), help);
        let help = "write it as in `https://auth.example/.well-known/jwks.json`";
        let url =
            Url::parse(text).map_err(|error| mistake(&format!("is invalid: {error}"), help))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(mistake("is neither `https` nor `http`", help));
        }
        if !url.username().is_empty() || url.password().is_some() {
            let help = "take the user name and the password out of it";
            return Err(mistake("holds credentials, which logs would show", help));
        }
        if url.fragment().is_some() {
            return Err(mistake("has a fragment", "leave out what begins with `#`"));
        }
        let address = Self { url, allow_http };
        if !address.is_allowed() {
            let help = "use `https`, or say `allowHttp: true` where the network is trusted";
            return Err(mistake(
                "is not `https`, so that anybody on the way may answer",
                help,
            ));
        }
        Ok(address)
    }

    /// The same host and rules with another path.
    #[must_use]
    pub fn with_path(&self, path: &str) -> Self {
        let mut other = self.clone();
        other.url.set_path(path);
        other.url.set_query(None);
        other
    }

    /// The address that a document from this one names, as metadata does: under the same rules as a redirect.
    ///
    /// # Errors
    /// When it may not be asked, or this one may not lead to it.
    pub fn leading_to(&self, text: &str) -> Result<Self, Mistake> {
        let next = Self::new(text, self.allow_http)?;
        match self.objection(&next) {
            None => Ok(next),
            Some(why) => Err(Mistake::new(
                format!("the URL `{text}` can't be followed: it {why}"),
                "publish an address on `https`",
            )),
        }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// Whether it has a query.
    #[must_use]
    pub fn has_query(&self) -> bool {
        self.url.query().is_some()
    }

    /// Where a redirect leads, if it may be followed.
    pub(super) fn hop(&self, location: Option<&HeaderValue>) -> Result<Self, EgressError> {
        let refuse = |what: String| Err(EgressError::Redirect(what));
        let Some(location) = location.and_then(|value| value.to_str().ok()) else {
            return refuse("it does not say where to".to_owned());
        };
        let Ok(mut url) = self.url.join(location) else {
            return refuse("it leads to no URL".to_owned());
        };
        url.set_fragment(None);
        let allow_http = self.allow_http;
        let next = Self { url, allow_http };
        match self.objection(&next) {
            None => Ok(next),
            Some(why) => refuse(format!("it {why}")),
        }
    }

    /// Why an answer from here must not lead there.
    fn objection(&self, next: &Self) -> Option<String> {
        let (from, to) = (self.url.scheme(), next.url.scheme());
        if !matches!(to, "http" | "https") {
            Some(format!("leads to the scheme `{to}`"))
        } else if (from == "https" && to == "http") || !next.is_allowed() {
            Some("leads to plain http".to_owned())
        } else if next.is_loopback() && !self.is_loopback() {
            Some("leads from elsewhere to this machine".to_owned())
        } else if !next.url.username().is_empty() || next.url.password().is_some() {
            Some("leads to an address with credentials".to_owned())
        } else {
            None
        }
    }

    fn is_allowed(&self) -> bool {
        self.url.scheme() == "https" || self.allow_http || self.is_loopback()
    }

    fn is_loopback(&self) -> bool {
        match self.ip() {
            Some(address) => address.to_canonical().is_loopback(),
            None => self.host().trim_end_matches('.') == "localhost",
        }
    }

    /// Whether the host is an address already.
    pub(super) fn is_address(&self) -> bool {
        self.ip().is_some()
    }

    fn ip(&self) -> Option<IpAddr> {
        let host = self.host();
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        bare.unwrap_or(host).parse().ok()
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// In lower case, IPv6 in brackets.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// `host:port`, the port written even where it is the scheme's own.
    pub(super) fn place(&self) -> String {
        let port = self.url.port_or_known_default().unwrap_or_default();
        format!("{}:{port}", self.host())
    }

    /// What `Host` says: the port only where it isn't the scheme's own (RFC 9110 §7.2).
    pub(super) fn authority(&self) -> String {
        match self.url.port() {
            None => self.host().to_owned(),
            Some(port) => format!("{}:{port}", self.host()),
        }
    }

    pub(super) fn at_port(&self, port: u16) -> Url {
        let mut url = self.url.clone();
        // Refused for URLs without a host alone, which this is not.
        if url.set_port(Some(port)).is_err() {
            tracing::debug!(%url, "has no port");
        }
        url
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_or_where_allowed() {
        for (text, allow_http, fine) in [
            ("https://auth.example/jwks", false, true),
            ("http://auth.example/jwks", false, false),
            ("http://auth.example/jwks", true, true),
            ("http://localhost:8080/jwks", false, true),
            ("http://127.0.0.9/jwks", false, true),
            ("http://[::1]:1/jwks", false, true),
            ("http://localhost.example/jwks", false, false),
            ("http://10.0.0.1/jwks", false, false),
            ("ftp://auth.example/jwks", true, false),
            ("file:///etc/keys", true, false),
            ("https://me:secret@auth.example/jwks", false, false),
            ("https://auth.example/jwks#1", false, false),
            ("auth.example", false, false),
            ("", false, false),
        ] {
            assert_eq!(Address::new(text, allow_http).is_ok(), fine, "{text}");
        }
    }

    #[test]
    fn each_hop_obeys_the_rules() {
        let hop = |from: &str, allow: bool, to: &'static str| {
            let from = Address::new(from, allow).unwrap();
            let next = from.hop(Some(&HeaderValue::from_static(to)));
            next.map(|next| next.to_string()).ok()
        };
        let https = "https://auth.example/a/b";
        let next = Some("https://auth.example/c".to_owned());
        assert_eq!(hop(https, false, "/c"), next);
        assert_eq!(hop(https, false, "//auth.example/c#x"), next);
        let next = Some("https://keys.example/".to_owned());
        assert_eq!(hop(https, false, "https://keys.example"), next);
        for to in [
            "http://auth.example/a/b",
            "http://127.0.0.1/",
            "https://127.0.0.1/",
            "https://localhost/",
            "ftp://auth.example/",
            "file:///etc/passwd",
            "https://me@keys.example/",
            "https://",
        ] {
            assert_eq!(hop(https, true, to), None, "{to}");
        }
        let local = "http://127.0.0.1:1/";
        assert!(hop(local, false, "http://127.0.0.1:2/").is_some());
        assert!(hop(local, false, "https://auth.example/").is_some());
        assert_eq!(hop(local, false, "http://auth.example/"), None);
        let from = Address::new(https, false).unwrap();
        assert!(from.hop(None).is_err());
    }
}
