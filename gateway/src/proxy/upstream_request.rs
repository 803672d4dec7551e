//! The request as it goes upstream: target, `Host`, forwarding headers (RFC 7239 and the X-Forwarded-* before it), `Via`
//! (RFC 9110 §7.6.3), and what the plugins queued.
//!
//! Hop-by-hop headers and those that `Connection` names are gone by now: Pingora takes them out of requests.

use super::context::{Context, Matched};
use super::edits::{self, Head, remove_where};
use super::respond::NAME;
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
use std::fmt::Write;

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
        name.as_str().contains('_') && {
            let dashed = name.as_str().replace('_', "-");
            reserved.iter().any(|reserved| reserved.as_str() == dashed)
                || FORWARDING.contains(&&*dashed)
        }
    };
    if request.headers.keys().any(looks_alike) {
        remove_where(request, looks_alike);
    }
}

const FORWARDING: &[&str] = &[
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-real-ip",
    "forwarded",
];

/// Says where the request came from. What the client said is kept only from a trusted proxy.
fn forwarding(
    request: &mut RequestHeader,
    ctx: &Context,
    host: Option<&HeaderValue>,
    secure: bool,
) -> Result<()> {
    let scheme = if secure { "https" } else { "http" };
    let mut peer = String::with_capacity(48);
    write!(peer, "{}", ctx.peer)
        .or_err(ErrorType::InternalError, "while an address was written")?;
    let element = element(ctx, &peer, host, scheme);
    if ctx.trusted {
        let before = joined(request, &super::client::X_FORWARDED_FOR);
        set(
            request,
            "X-Forwarded-For",
            &before.map_or(peer.clone(), |before| format!("{before}, {peer}")),
        )?;
        let before = joined(request, &FORWARDED);
        set(
            request,
            "Forwarded",
            &before.map_or(element.clone(), |before| format!("{before}, {element}")),
        )?;
        if !request.headers.contains_key("x-forwarded-proto") {
            set(request, "X-Forwarded-Proto", scheme)?;
        }
        if let (Some(host), false) = (host, request.headers.contains_key("x-forwarded-host")) {
            request.insert_header("X-Forwarded-Host", host.clone())?;
        }
    } else {
        for name in ["x-forwarded-port", "x-forwarded-prefix", "x-real-ip"] {
            request.remove_header(name);
        }
        set(request, "X-Forwarded-For", &peer)?;
        set(request, "Forwarded", &element)?;
        request.insert_header("X-Forwarded-Proto", HeaderValue::from_static(scheme))?;
        match host {
            Some(host) => request.insert_header("X-Forwarded-Host", host.clone())?,
            None => drop(request.remove_header("x-forwarded-host")),
        }
    }
    let version = match request.version {
        Version::HTTP_2 => "2",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    };
    request.append(Bytes::from_static(b"Via"), via(version))
}

fn via(version: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("{version} {NAME}"))
        .expect("a version and a name are visible ASCII")
}

/// RFC 7239 §4; IPv6 addresses and hosts with a port are quoted (§6).
fn element(ctx: &Context, peer: &str, host: Option<&HeaderValue>, scheme: &str) -> String {
    let mut text = String::with_capacity(96);
    let peer = if ctx.peer.is_ipv6() {
        format!("\"[{peer}]\"")
    } else {
        peer.to_owned()
    };
    text.push_str("for=");
    text.push_str(&peer);
    if let Some(host) = host.and_then(|host| host.to_str().ok()) {
        text.push_str(";host=\"");
        text.push_str(host);
        text.push('"');
    }
    text.push_str(";proto=");
    text.push_str(scheme);
    text
}

fn joined(request: &RequestHeader, name: &HeaderName) -> Option<String> {
    let values: Vec<&str> = request
        .headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn set(request: &mut RequestHeader, name: &'static str, value: &str) -> Result<()> {
    request.insert_header(name, value)
}
