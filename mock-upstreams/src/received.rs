//! One request as it came over the wire.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::server::Connection;
use crate::tls::Session;

/// One request as it came over the wire, recorded when its head was read and completed while its body came.
#[derive(Debug, Clone)]
pub struct Received {
    /// The method, in the case in which it came.
    pub method: String,
    /// The request target: raw as on the wire in HTTP/1, `:path` in HTTP/2.
    pub target: String,
    /// `HTTP/1.1`, `HTTP/1.0` or `HTTP/2`.
    pub version: String,
    /// All headers in order, with duplicates and in their case. A value that is not UTF-8 is read as Latin-1. In HTTP/2
    /// `:scheme` and `:authority` come first and equal names stand together.
    pub headers: Vec<(String, String)>,
    /// The body without its framing, up to [`Received::BODY_KEPT`] bytes.
    pub body: Bytes,
    /// The length of the whole body in bytes, also of what was not kept.
    pub body_length: u64,
    /// SHA-256 of the whole body, in hex; empty as long as the body has not ended.
    pub body_sha256: String,
    /// The body came to its announced end. False while it still comes, and for good when it was cut off or never read.
    pub body_complete: bool,
    /// Nothing more will be recorded of this request.
    pub finished: bool,
    /// The trailers, as the headers.
    pub trailers: Vec<(String, String)>,
    /// The address from which the connection came.
    pub peer: SocketAddr,
    /// The number of the connection, from 1 in the order of acceptance.
    pub connection: u64,
    /// What the handshake of the connection came to; none without TLS.
    pub tls: Option<Arc<Session>>,
    /// The value of the header `Gatecheck-Exchange`.
    pub tag: Option<String>,
    /// The time between the server's start and the end of the request's head.
    pub at: Duration,
    /// What was odd about the request, in the order of notice.
    pub oddities: Vec<Oddity>,
}

/// What a stricter server would have refused (RFC 9112) or a careful one would have noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oddity {
    /// Content-Length and Transfer-Encoding both (§6.1): the chunks counted.
    LengthAndChunked,
    /// Content-Length more than once, with the same value.
    RepeatedLength,
    /// Content-Length with different values: the first counted.
    ConflictingLengths,
    /// A Content-Length that is no number: taken for no body.
    BadLength,
    /// A Transfer-Encoding other than `chunked` alone: taken for chunked when that comes last.
    TransferCoding,
    /// A chunk whose framing is broken: the body ended there.
    BadChunk,
    /// No Host in an HTTP/1.1 request (RFC 9112 §3.2).
    NoHost,
    /// Host more than once.
    RepeatedHost,
    /// A line that ends with a bare LF.
    BareLineFeed,
    /// A folded header line (§5.2), joined to the one before.
    FoldedLine,
    /// White space between a header's name and its colon (§5.1).
    SpaceBeforeColon,
    /// A line without a colon among the headers.
    LineWithoutColon,
    /// A header name that is no token (RFC 9110 §5.1).
    BadName,
    /// A request line that is not method, target and version with one space between them.
    RequestLine,
}

impl Received {
    /// The number of bytes of a body that are kept.
    pub const BODY_KEPT: usize = 256 * 1024;

    /// A request of which only the headers are known.
    pub(crate) fn new(
        headers: Vec<(String, String)>,
        connection: &Connection,
        at: Duration,
    ) -> Self {
        let mut received = Self {
            method: String::new(),
            target: String::new(),
            version: String::new(),
            headers,
            body: Bytes::new(),
            body_length: 0,
            body_sha256: String::new(),
            body_complete: false,
            finished: false,
            trailers: Vec::new(),
            peer: connection.peer,
            connection: connection.number,
            tls: connection.tls.clone(),
            tag: None,
            at,
            oddities: Vec::new(),
        };
        received.tag = received.header(crate::EXCHANGE_HEADER).map(str::to_owned);
        received
    }

    /// The first value of a header; its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// All values of a header in order; its name in any case.
    pub fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The host that was asked for: `Host`, or `:authority` in HTTP/2.
    pub fn authority(&self) -> Option<&str> {
        self.header(":authority").or_else(|| self.header("host"))
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }

    /// What was kept of the body as text; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Bytes as UTF-8 where they are, otherwise each byte as the character of its number.
pub(crate) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

impl Serialize for Received {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Received", 14)?;
        fields.serialize_field("method", &self.method)?;
        fields.serialize_field("target", &self.target)?;
        fields.serialize_field("version", &self.version)?;
        fields.serialize_field("headers", &self.headers)?;
        fields.serialize_field("body", &self.text())?;
        fields.serialize_field("bodyLength", &self.body_length)?;
        fields.serialize_field("bodySha256", &self.body_sha256)?;
        fields.serialize_field("bodyComplete", &self.body_complete)?;
        fields.serialize_field("trailers", &self.trailers)?;
        fields.serialize_field("peer", &self.peer)?;
        fields.serialize_field("connection", &self.connection)?;
        fields.serialize_field("tls", &self.tls.as_deref())?;
        fields.serialize_field("tag", &self.tag)?;
        fields.serialize_field("oddities", &self.oddities)?;
        fields.end()
    }
}
