//! The request as it goes upstream: target, `Host`, forwarding headers (RFC 7239 and the X-Forwarded-* before it), `Via`
//! (RFC 9110 §7.6.3), and what the plugins queued.
//!
//! Hop-by-hop headers and those that `Connection` names are gone by now: Pingora takes them out of requests.

use super::client::X_FORWARDED_FOR;
use super::context::{Context, Matched};
use super::edits::{self, Head, remove_where};
use crate::plugin::exchange::Exchange;
use crate::snapshot::{Backend, Host};
use bytes::Bytes;
use http::header::{FORWARDED, HOST, HeaderName};
use http::uri::{PathAndQuery, Uri};
use http::{HeaderValue, Version};
use percent_encoding::percent_decode_str;
use pingora::http::RequestHeader;
use pingora::prelude::Session;
use pingora::{Error, ErrorType, OrErr, Result};
use smallvec::SmallVec;
use std::io::Write;

/// Makes the copy of the client's request into the upstream's.
pub fn prepare(
    session: &mut Session,
    request: &mut RequestHeader,
    ctx: &mut Context,
) -> Result<()> {
    let (Some(matched), Some(backend)) = (&ctx.matched, ctx.backend()) else {
        return Error::e_explain(ErrorType::InternalError, "a request without a route");
    };
    let Some(pick) = &ctx.attempt.pick else {
        return Error::e_explain(ErrorType::InternalError, "a request without a target");
    };
    let client_host = client_host(session.req_header());
    target(
        request,
        matched,
        pick.target().endpoint().path_prefix(),
        &ctx.exchange,
    )?;
    host(
        request,
        backend,
        client_host.as_ref(),
        pick.target().host_header(),
    )?;
    strip_forged(request, &ctx.snapshot.reserved);
    let secure = session
        .digest()
        .is_some_and(|digest| digest.ssl_digest.is_some());
    forwarding(request, ctx, client_host.as_ref(), secure)?;
    edits::apply_to_request(request, &ctx.exchange.request_edits)
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
fn target(
    request: &mut RequestHeader,
    matched: &Matched,
    prefix: &str,
    exchange: &Exchange,
) -> Result<()> {
    let path = matched.rewritten.as_deref().or(matched.normal.as_deref());
    let origin_form = request.raw_path().first() == Some(&b'/');
    if path.is_none() && prefix.is_empty() && exchange.secret_query.is_empty() && origin_form {
        return Ok(());
    }
    let mut text = String::with_capacity(128);
    text.push_str(prefix);
    text.push_str(path.unwrap_or_else(|| request.uri.path()));
    if let Some(query) = request.uri.query() {
        push_query(&mut text, query, exchange);
    }
    let target: PathAndQuery = text
        .parse()
        .or_err(ErrorType::InternalError, "while the target was changed")?;
    request.set_uri(Uri::from(target));
    Ok(())
}

/// The query as it was, less the parameters that carry secrets.
fn push_query(text: &mut String, query: &str, exchange: &Exchange) {
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

fn host(
    request: &mut RequestHeader,
    backend: &Backend,
    client: Option<&HeaderValue>,
    upstream: &HeaderValue,
) -> Result<()> {
    let value = match &backend.host {
        Host::Upstream => upstream,
        Host::Preserve => client.unwrap_or(upstream),
        Host::Set(value) => value,
    };
    request.insert_header(HOST, value.clone())
}

/// Takes away what only the gateway may say, in the spelling with `_` too: many servers take one for the other.
fn strip_forged(request: &mut RequestHeader, reserved: &[HeaderName]) {
    for name in reserved {
        request.remove_header(name);
    }
    let looks_alike = |name: &HeaderName| {
        memchr::memchr(b'_', name.as_str().as_bytes()).is_some() && {
            let dashed = name.as_str().replace('_', "-");
            reserved.iter().any(|reserved| *reserved == *dashed)
                || FORWARDING.iter().any(|known| *known == *dashed)
        }
    };
    if request.headers.keys().any(looks_alike) {
        remove_where(request, looks_alike);
    }
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
    request: &mut RequestHeader,
    ctx: &Context,
    host: Option<&HeaderValue>,
    secure: bool,
) -> Result<()> {
    let scheme = if secure { "https" } else { "http" };
    if !ctx.trusted {
        strip_forwarding(request);
    }
    let known = |name: &HeaderName| ctx.trusted && request.headers.contains_key(name);
    let (proto_known, host_known) = (known(&FORWARDED_PROTO), known(&FORWARDED_HOST));
    let mut peer = Text::new();
    write!(peer, "{}", ctx.peer)
        .or_err(ErrorType::InternalError, "while an address was written")?;
    let element = element(ctx, &peer, host, scheme);
    extend(request, X_FORWARDED_FOR, b"X-Forwarded-For", &peer)?;
    extend(request, FORWARDED, b"Forwarded", &element)?;
    if !proto_known {
        let scheme = HeaderValue::from_static(scheme);
        request.insert(Bytes::from_static(b"X-Forwarded-Proto"), scheme)?;
    }
    if let (Some(host), false) = (host, host_known) {
        request.insert(Bytes::from_static(b"X-Forwarded-Host"), host.clone())?;
    }
    request.append(Bytes::from_static(b"Via"), via(ctx.version))
}

fn strip_forwarding(request: &mut RequestHeader) {
    let says = |name: &HeaderName| FORWARDING.contains(name);
    let suspect = |name: &HeaderName| matches!(name.as_str().as_bytes()[0], b'x' | b'f');
    if request
        .headers
        .keys()
        .any(|name| suspect(name) && says(name))
    {
        remove_where(request, says);
    }
}

/// Text that is short enough for the stack, nearly always.
type Text = SmallVec<[u8; 128]>;

fn via(version: Version) -> HeaderValue {
    HeaderValue::from_static(match version {
        Version::HTTP_2 => "2 gateway",
        Version::HTTP_10 => "1.0 gateway",
        _ => "1.1 gateway",
    })
}

/// RFC 7239 §4; IPv6 addresses and hosts are quoted, since neither colon nor bracket may stand in a token (§6).
fn element(ctx: &Context, peer: &[u8], host: Option<&HeaderValue>, scheme: &str) -> Text {
    let mut text = Text::new();
    let (open, close): (&[u8], &[u8]) = match ctx.peer.is_ipv6() {
        true => (b"for=\"[", b"]\""),
        false => (b"for=", b""),
    };
    for part in [open, peer, close] {
        text.extend_from_slice(part);
    }
    if let Some(host) = host {
        for part in [b";host=\"", host.as_bytes(), b"\""] {
            text.extend_from_slice(part);
        }
    }
    text.extend_from_slice(b";proto=");
    text.extend_from_slice(scheme.as_bytes());
    text
}

/// Sets a list field, behind what a trusted proxy said.
fn extend(
    request: &mut RequestHeader,
    name: HeaderName,
    wire: &'static [u8],
    own: &[u8],
) -> Result<()> {
    let mut text = Text::new();
    for value in request.headers.get_all(name) {
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b", ");
    }
    text.extend_from_slice(own);
    let value = HeaderValue::from_bytes(&text)
        .or_err(ErrorType::InternalError, "while a list was extended")?;
    request.insert(Bytes::from_static(wire), value)
}
