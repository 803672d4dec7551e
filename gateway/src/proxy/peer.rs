//! Which target the next try goes to, and how long it may take.

use super::context::Context;
use super::respond::is_grpc;
use super::{secure, upgrade};
use crate::plugin::Rejection;
use crate::reason::Reason;
use crate::snapshot::{Backend, HashOf};
use crate::upstream::{Scheme, Target, stable_hash};
use http::header::{ACCEPT, UPGRADE};
use http::{HeaderMap, Version};
use pingora::Result;
use pingora::http::RequestHeader;
use pingora::prelude::{HttpPeer, Session};
use pingora::upstreams::peer::HttpUpstreamRequestPolicy;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// An unused connection is given up after this: below what servers keep (nginx 75 s, Node.js 5 s being the shortest that
/// is common), so that a request seldom meets a connection that the other side is closing.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// Chooses the target and makes the peer of the next try.
pub async fn choose(session: &mut Session, ctx: &mut Context) -> Result<Box<HttpPeer>> {
    let Some(matched) = &ctx.matched else {
        return Err(ctx.refuse(Rejection::new(Reason::Internal, "no route was chosen")));
    };
    let route = matched.route.clone();
    let Some(backend) = route.backends.get(ctx.exchange.service.unwrap_or(0)) else {
        return Err(ctx.refuse(Rejection::new(Reason::Internal, "no service was chosen")));
    };
    if ctx.attempt.tries == 0 {
        begin(session, backend, ctx);
    } else {
        wait(ctx).await;
    }
    ctx.attempt.tries += 1;
    if !ctx.attempt.same_target {
        ctx.attempt.pick = backend
            .service
            .pick(hash(session, backend, ctx), &mut ctx.attempt.tried);
    }
    ctx.attempt.same_target = false;
    let Some(pick) = &ctx.attempt.pick else {
        return Err(ctx.refuse(nothing_to_pick(backend)));
    };
    let target = pick.target();
    let Some(address) = target.address() else {
        return Err(ctx.refuse(nothing_to_pick(backend)));
    };
    if target.secure().is_none() && target.endpoint().scheme() == Scheme::Https {
        return Err(ctx.refuse(Rejection::new(Reason::Internal, "the upstream needs TLS")));
    }
    let mut peer = peer(address, target, backend, ctx);
    ctx.attempt.began = Some(Instant::now());
    if !backend.http2 && asks_for_websocket(session.req_header()) {
        if session.as_mut().is_body_empty() {
            upgrade::prepare(&mut peer);
        } else {
            // A request with a body is answered like any (RFC 9110 §7.8); no client opens a WebSocket by it.
            peer.options.http_upstream_request_policy = HttpUpstreamRequestPolicy::deny_upgrades();
        }
    }
    Ok(peer)
}

fn begin(session: &Session, backend: &Backend, ctx: &mut Context) {
    let headers = &session.req_header().headers;
    let grpc_timeout = headers
        .get("grpc-timeout")
        .and_then(|value| grpc_timeout(value.to_str().ok()?));
    ctx.attempt.stream = may_stream(headers);
    let total = (!ctx.attempt.stream).then(|| backend.service.timeouts().total());
    let total = total.into_iter().chain(grpc_timeout).min();
    ctx.attempt.deadline = total.map(|total| ctx.started + total);
    ctx.attempt.active = Some(backend.service.enter());
}

async fn wait(ctx: &mut Context) {
    if let Some(wait) = ctx.attempt.wait.take() {
        tokio::time::sleep(wait).await;
    }
}

fn nothing_to_pick(backend: &Backend) -> Rejection {
    if backend.service.is_resolved() {
        Rejection::new(Reason::NoTarget, "no upstream can take the request now")
    } else {
        Rejection::new(
            Reason::UpstreamUnresolved,
            "the upstream's name has no address",
        )
    }
}

fn hash(session: &Session, backend: &Backend, ctx: &Context) -> Option<u64> {
    let address = || {
        let text = ctx.client.to_string();
        stable_hash(text.as_bytes())
    };
    Some(match backend.hash.as_ref()? {
        HashOf::Ip => address(),
        HashOf::Path => stable_hash(session.req_header().uri.path().as_bytes()),
        HashOf::Consumer => {
            let consumer = ctx.exchange.consumer.as_ref();
            consumer.map_or_else(address, |consumer| stable_hash(consumer.name().as_bytes()))
        }
        HashOf::Header(name) => {
            let value = session.req_header().headers.get(name);
            value.map_or_else(address, |value| stable_hash(value.as_bytes()))
        }
    })
}

fn peer(address: SocketAddr, target: &Target, backend: &Backend, ctx: &Context) -> Box<HttpPeer> {
    let timeouts = backend.service.timeouts();
    let left = ctx
        .attempt
        .deadline
        .map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let within = |timeout: Duration| {
        left.map_or(timeout, |left| timeout.min(left))
            .max(Duration::from_millis(1))
    };
    // A socket address needs no look-up, so this cannot block.
    let mut peer = match target.secure() {
        Some(secure) => secure::peer(address, secure, backend.http2),
        None => HttpPeer::new(address, false, String::new()),
    };
    let options = &mut peer.options;
    options.connection_timeout = Some(within(timeouts.connect()));
    options.total_connection_timeout = options.connection_timeout;
    let silence = if ctx.attempt.stream {
        timeouts.idle()
    } else {
        timeouts.try_()
    };
    options.read_timeout = Some(within(silence));
    options.write_timeout = Some(within(timeouts.idle()));
    options.idle_timeout = Some(POOL_IDLE);
    if backend.http2 {
        options.set_http_version(2, 2);
        options.max_h2_streams = 100;
    }
    Box::new(peer)
}

/// Whether Pingora would send the request on as an upgrade.
fn asks_for_websocket(request: &RequestHeader) -> bool {
    let websocket = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"websocket");
    request.version == Version::HTTP_11 && request.headers.get(UPGRADE).is_some_and(websocket)
}

/// Whether the request asks for what may be silent for long: an upgrade, server-sent events, gRPC. It only loosens the
/// wait between two reads from `try` to `idle`; every policy holds as for any request.
fn may_stream(headers: &HeaderMap) -> bool {
    let events = |value: &http::HeaderValue| value.as_bytes().starts_with(b"text/event-stream");
    headers.contains_key(UPGRADE) || headers.get(ACCEPT).is_some_and(events) || is_grpc(headers)
}

/// The deadline that a gRPC client sets: up to eight digits and a unit (gRPC over HTTP/2, Requests).
fn grpc_timeout(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        'H' => Duration::from_secs(amount * 3600),
        'M' => Duration::from_secs(amount * 60),
        'S' => Duration::from_secs(amount),
        'm' => Duration::from_millis(amount),
        'u' => Duration::from_micros(amount),
        'n' => Duration::from_nanos(amount),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_deadline_of_a_grpc_client() {
        assert_eq!(grpc_timeout("100m"), Some(Duration::from_millis(100)));
        assert_eq!(grpc_timeout("2S"), Some(Duration::from_secs(2)));
        for wrong in ["", "S", "10", "-1S", "123456789S", "1x", "1ü"] {
            assert_eq!(grpc_timeout(wrong), None, "{wrong}");
        }
    }
}
