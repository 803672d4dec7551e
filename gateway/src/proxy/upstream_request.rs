//! The request as it goes upstream: target, `Host`, forwarding headers (RFC 7239 and the X-Forwarded-* before it), `Via`
//! (RFC 9110 §7.6.3), and what the plugins queued.
//!
//! Hop-by-hop headers and those that `Connection` names are gone by now: Pingora takes them out of requests.

use super::client::X_FORWARDED_FOR;
use super::context::{Context, Matched};
use super::edits::{self, remove_where};
use crate::plugin::Rejection;
use crate::plugin::exchange::Exchange;
use crate::reason::Reason;
use crate::snapshot::{Backend, Host};
use bytes::Bytes;
use http::header::{FORWARDED, HOST, HeaderName, VIA};
use http::request::Parts;
use http::uri::{PathAndQuery, Uri};
use http::{HeaderMap, HeaderValue, Version};
use percent_encoding::percent_decode_str;
use pingora::http::RequestHeader;
use pingora::prelude::Session;
use pingora::{Error, ErrorType, OrErr, Result};
use std::io::Write;

/// Makes the copy of the client's request into the upstream's.
pub fn prepare(session: &Session, request: &mut RequestHeader, ctx: &mut Context) -> Result<()> {
    let http2 = ctx.backend().is_some_and(|backend| backend.http2);
    if http2 && request.version != Version::HTTP_2 {
        // Where ALPN (RFC 7301) does not lead to HTTP/2, Pingora falls back; gRPC and its trailers would not survive.
        let detail = "the upstream does not speak HTTP/2";
        return Err(ctx.refuse(Rejection::new(Reason::UpstreamInvalid, detail)));
    }
    let client = session.req_header();
    let secure = session
        .digest()
        .is_some_and(|digest| digest.ssl_digest.is_some());
    edits::change_request(request, |parts| change(parts, client, secure, ctx))
}

fn change(parts: &mut Parts, client: &RequestHeader, secure: bool, ctx: &Context) -> Result<()> {
    let (Some(matched), Some(backend)) = (&ctx.matched, ctx.backend()) else {
        return Error::e_explain(ErrorType::InternalError, "a request without a route");
    };
    let Some(pick) = &ctx.attempt.pick else {
        return Error::e_explain(ErrorType::InternalError, "a request without a target");
    };
    let prefix = pick.target().endpoint().path_prefix();
    target(parts, matched, prefix, &ctx.exchange)?;
    let asked = client_host(client);
    let host = host(backend, asked.as_ref(), pick.target().host_header());
    parts.headers.insert(HOST, host.clone());
    strip_forged(&mut parts.headers, &ctx.snapshot.reserved);
    forwarding(&mut parts.headers, ctx, asked.as_ref(), secure)?;
    // Pingora has made the copy HTTP/1.1 by now; `Via` tells what was received.
    parts.headers.append(VIA, via(client.version));
    edits::apply(&mut parts.headers, &ctx.exchange.request_edits);
    Ok(())
}

/// The authority that the client asked for.
fn client_host(request: &RequestHeader) -> Option<HeaderValue> {
    let from_target =
        super::admission::absolute(request.raw_path()).map(|(_, authority)| authority);
    let from_uri = || request.uri.authority().map(http::uri::Authority::as_str);
    match from_target {
        Some(authority) => HeaderValue::from_str(authority).ok(),
        None => request
            .headers
            .get(HOST)
            .cloned()
            .or_else(|| HeaderValue::from_str(from_uri()?).ok()),
    }
}

/// What was routed on is what goes out: the normalised path, changed as the route says.
fn target(parts: &mut Parts, matched: &Matched, prefix: &str, exchange: &Exchange) -> Result<()> {
    let path = matched.rewritten.as_deref().or(matched.normal.as_deref());
    if path.is_none() && prefix.is_empty() && exchange.secret_query.is_empty() {
        return Ok(());
    }
    let mut text = String::with_capacity(128);
    text.push_str(prefix);
    text.push_str(path.unwrap_or_else(|| parts.uri.path()));
    if let Some(query) = parts.uri.query() {
        push_query(&mut text, query, exchange);
    }
    let target: PathAndQuery = text
        .parse()
        .or_err(ErrorType::InternalError, "while the target was changed")?;
    parts.uri = Uri::from(target);
    Ok(())
}

/// The query as it was, less the parameters that carry secrets.
pub fn push_query(text: &mut String, query: &str, exchange: &Exchange) {
    let secret = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        exchange
            .secret_query
            .iter()
            .any(|secret| percent_decode_str(name).eq(secret.bytes()))
    };
    if !query.split('&').any(secret) {
        text.push('?');
        text.push_str(query);
        return;
    }
    for (place, pair) in query.split('&').filter(|pair| !secret(pair)).enumerate() {
        text.push(if place == 0 { '?' } else { '&' });
        text.push_str(pair);
    }
}

fn host<'a>(
    backend: &'a Backend,
    client: Option<&'a HeaderValue>,
    upstream: &'a HeaderValue,
) -> &'a HeaderValue {
    match &backend.host {
        Host::Upstream => upstream,
        Host::Preserve => client.unwrap_or(upstream),
        Host::Set(value) => value,
    }
}

/// Takes away what only the gateway may say, in the spelling with `_` too: many servers take one for the other.
fn strip_forged(headers: &mut HeaderMap, reserved: &[HeaderName]) {
    for name in reserved {
        headers.remove(name);
    }
    let looks_alike = |name: &HeaderName| {
        memchr::memchr(b'_', name.as_str().as_bytes()).is_some() && {
            let dashed = name.as_str().replace('_', "-");
            reserved.iter().any(|reserved| *reserved == *dashed)
                || FORWARDING.iter().any(|known| *known == *dashed)
        }
    };
    remove_where(headers, looks_alike);
}

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// What says where a request came from.
const FORWARDING: [HeaderName; 7] = [
    X_FORWARDED_FOR,
    FORWARDED_PROTO,
    FORWARDED_HOST,
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-prefix"),
    HeaderName::from_static("x-real-ip"),
    FORWARDED,
];

/// Says where the request came from. What the client said is kept only from a trusted proxy.
fn forwarding(
    headers: &mut HeaderMap,
    ctx: &Context,
    host: Option<&HeaderValue>,
    secure: bool,
) -> Result<()> {
    let scheme = if secure { "https" } else { "http" };
    if !ctx.trusted {
        let suspect = |name: &HeaderName| matches!(name.as_str().as_bytes()[0], b'x' | b'f');
        remove_where(headers, |name| suspect(name) && FORWARDING.contains(name));
    }
    let mut peer = Vec::with_capacity(64);
    write!(peer, "{}", ctx.peer)
        .or_err(ErrorType::InternalError, "while an address was written")?;
    let element = element(ctx, &peer, host, scheme);
    extend(headers, X_FORWARDED_FOR, peer)?;
    extend(headers, FORWARDED, element)?;
    headers
        .entry(FORWARDED_PROTO)
        .or_insert_with(|| HeaderValue::from_static(scheme));
    if let Some(host) = host {
        headers
            .entry(FORWARDED_HOST)
            .or_insert_with(|| host.clone());
    }
    Ok(())
}

fn via(version: Version) -> HeaderValue {
    HeaderValue::from_static(match version {
        Version::HTTP_2 => "2 gateway",
        Version::HTTP_10 => "1.0 gateway",
        _ => "1.1 gateway",
    })
}

/// RFC 7239 §4; IPv6 addresses and hosts are quoted, since neither colon nor bracket may stand in a token (§6).
fn element(ctx: &Context, peer: &[u8], host: Option<&HeaderValue>, scheme: &str) -> Vec<u8> {
    let (open, close): (&[u8], &[u8]) = match ctx.peer.is_ipv6() {
        true => (b"for=\"[", b"]\""),
        false => (b"for=", b""),
    };
    let mut text = Vec::with_capacity(128);
    let mut push = |part: &[u8]| text.extend_from_slice(part);
    [open, peer, close].into_iter().for_each(&mut push);
    if let Some(host) = host {
        [&b";host=\""[..], host.as_bytes(), b"\""]
            .into_iter()
            .for_each(&mut push);
    }
    [b";proto=", scheme.as_bytes()].into_iter().for_each(push);
    text
}

/// Sets a list field, behind what a trusted proxy said.
fn extend(headers: &mut HeaderMap, name: HeaderName, own: Vec<u8>) -> Result<()> {
    let mut text = Vec::new();
    for value in headers.get_all(&name) {
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b", ");
    }
    let text = if text.is_empty() {
        own
    } else {
        [text, own].concat()
    };
    let value = HeaderValue::from_maybe_shared(Bytes::from(text))
        .or_err(ErrorType::InternalError, "while a list was extended")?;
    headers.insert(name, value);
    Ok(())
}
