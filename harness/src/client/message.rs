//! Requests as a scenario describes them, and responses as they came.

use bytes::Bytes;

use crate::report::model::Message;

/// How much of a body a report shows, in bytes.
const SHOWN: usize = 4096;

/// A request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The request target, as it goes over the wire.
    pub target: String,
    /// The header fields, in order and in their case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// Sent as HTTP/2 without TLS, with prior knowledge (RFC 9113 §3.3).
    pub http2: bool,
}

/// A request's body and its framing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// No body and no framing.
    #[default]
    None,
    /// With a `Content-Length`.
    Sized(Bytes),
    /// In chunks (RFC 9112 §7.1).
    Chunked(Bytes),
}

/// A response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The version, like `HTTP/1.1`.
    pub version: String,
    /// The status code.
    pub status: u16,
    /// The reason phrase; empty in HTTP/2.
    pub reason: String,
    /// The header fields, in order and in their case; bytes that aren't UTF-8 replaced.
    pub headers: Vec<(String, String)>,
    /// The body without its framing.
    pub body: Bytes,
    /// The trailer fields.
    pub trailers: Vec<(String, String)>,
    /// The status codes of interim responses that came before.
    pub interim: Vec<u16>,
    /// What broke the body off before its end.
    pub broken: Option<String>,
}

impl Request {
    /// Reads `GET /path`, or the path alone for a GET.
    pub fn parse(line: &str) -> Self {
        let (method, target) = line.split_once(' ').unwrap_or(("GET", line));
        Self {
            method: method.to_owned(),
            target: target.trim().to_owned(),
            ..Self::default()
        }
    }

    /// The first value of a header; its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        values(&self.headers, name).next()
    }

    /// The request for a report.
    pub fn message(&self) -> Message {
        let body = self.body.bytes();
        let version = if self.http2 { "HTTP/2" } else { "HTTP/1.1" };
        Message::new(
            format!("{} {} {version}", self.method, self.target),
            self.headers.clone(),
            body,
            body.len(),
        )
    }
}

impl Body {
    /// The body's content.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::None => &[],
            Self::Sized(bytes) | Self::Chunked(bytes) => bytes,
        }
    }
}

impl Response {
    /// The values of a header in order; its name in any case.
    pub fn header_values(&self, name: &str) -> Vec<&str> {
        values(&self.headers, name).collect()
    }

    /// The values of a header joined to one (RFC 9110 §5.3); none if there is no such header.
    pub fn header(&self, name: &str) -> Option<String> {
        let values = self.header_values(name);
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// The body as text, bytes that aren't UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The response for a report.
    pub fn message(&self) -> Message {
        let line = format!("{} {} {}", self.version, self.status, self.reason);
        Message::new(
            line.trim_end().to_owned(),
            self.headers.clone(),
            &self.body,
            self.body.len(),
        )
    }
}

impl Message {
    /// A message for a report, its body cut to what is worth showing.
    pub fn new(
        start_line: String,
        headers: Vec<(String, String)>,
        body: &[u8],
        body_bytes: usize,
    ) -> Self {
        let shown = &body[..body.len().min(SHOWN)];
        Self {
            start_line,
            headers,
            body: String::from_utf8_lossy(shown).into_owned(),
            body_bytes: body_bytes as u64,
        }
    }
}

fn values<'h>(headers: &'h [(String, String)], name: &str) -> impl Iterator<Item = &'h str> {
    headers
        .iter()
        .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}
