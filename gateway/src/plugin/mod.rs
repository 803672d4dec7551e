//! The plugins and the chain that runs them.
//!
//! One file a plugin: its raw configuration, its compiled form, its behaviour and tests. [`registry`] is the list of them
//! and their order. A plugin sees the request read-only and says what is to be done; it queues header edits, and `proxy`
//! alone applies them, so an answer of the gateway's own carries CORS and limit headers too.

pub mod authenticate;
pub mod chain;
pub mod edits;
pub mod exchange;
pub mod registry;

mod anonymous;
mod authorize;
mod basic_auth;
mod bearer;
mod cors;
pub use cors::is_preflight;
mod jwt_validate;
mod key_auth;
mod max_bytes;
mod mtls_auth;
mod oauth2_introspect;
mod observability;
mod rate_limit;
mod request_id;
mod request_size_limit;
mod response_size_limit;
mod route_by_header;
mod settings;
#[cfg(test)]
mod testing;

use crate::identity::Certificate;
use crate::reason::Reason;
use exchange::Exchange;
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

/// What a plugin sees of a request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a Method,
    /// The header fields as the client sent them.
    pub headers: &'a HeaderMap,
    /// The normalised path.
    pub path: &'a str,
    /// The query as sent, without its `?`.
    pub query: Option<&'a str>,
    /// The client: the peer, or what a trusted peer says of it.
    pub client: IpAddr,
    /// Whether the peer's word on client and request id is taken.
    pub trusted: bool,
    /// Whether it came over TLS.
    pub secure: bool,
    /// The certificate that the client has shown, verified by the handshake.
    pub certificate: Option<&'a Certificate>,
    /// Monotonic, since an epoch of the process: for counters.
    pub now: Duration,
    /// The wall clock: for what ends at a date.
    pub time: SystemTime,
}

impl<'a> Request<'a> {
    /// The values of the query's parameters of that name, decoded.
    pub fn query_values(&self, wanted: &str) -> impl Iterator<Item = Cow<'a, [u8]>> {
        let pairs = self.query.into_iter().flat_map(|query| query.split('&'));
        pairs.filter_map(move |pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            percent_decode_str(name)
                .eq(wanted.bytes())
                .then(|| percent_decode_str(value).into())
        })
    }
}

/// What is to be done with a request.
#[derive(Debug, Clone)]
pub enum Flow {
    /// On to the next plugin.
    Next,
    /// The answer is here, without a body; queued response edits are its headers.
    Answer(StatusCode),
    /// Refused.
    Reject(Rejection),
}

/// A refusal, to be told as a problem document.
#[derive(Debug, Clone)]
pub struct Rejection {
    /// Why.
    pub reason: Reason,
    /// What the client can do about it.
    pub detail: Cow<'static, str>,
}

impl Rejection {
    /// A refusal with a sentence for the client.
    pub fn new(reason: Reason, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

impl From<Rejection> for Flow {
    fn from(rejection: Rejection) -> Self {
        Self::Reject(rejection)
    }
}

/// A plugin that acts when the request's head is there.
pub trait OnRequest: Send + Sync {
    /// Looks at the request and says what is to be done.
    fn on_request(&self, request: &Request<'_>, exchange: &mut Exchange) -> Flow;
}

/// A plugin that acts on each piece of the request's body.
pub trait OnRequestBody: Send + Sync {
    /// Told how many bytes of the body have been seen, this piece included.
    ///
    /// # Errors
    /// The refusal that ends the request.
    fn on_request_body(&self, seen: u64) -> Result<(), Rejection>;
}

/// A plugin that acts when the response's head is there.
pub trait OnResponse: Send + Sync {
    /// Looks at the upstream's response before anything of it is sent.
    ///
    /// # Errors
    /// The refusal that takes the response's place.
    fn on_response(&self, status: StatusCode, headers: &HeaderMap) -> Result<(), Rejection>;
}

/// A plugin that acts on each piece of the response's body.
pub trait OnResponseBody: Send + Sync {
    /// Told how many bytes of the body have been seen, this piece included.
    ///
    /// # Errors
    /// The response is cut: its head is out already.
    fn on_response_body(&self, seen: u64) -> Result<(), Rejection>;
}
