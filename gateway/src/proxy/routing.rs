//! From a request's head to what is to be done with it: forward, answer or reject.

use super::context::{Context, Matched};
use super::handshake::Secured;
use super::wire::Turn;
use super::{admission, client};
use crate::domain::path::{PathError, normalise};
use crate::domain::pattern::{Methods, without_port};
use crate::plugin::chain::Chain;
use crate::plugin::{Flow, Rejection, Request};
use crate::reason::Reason;
use crate::router;
use crate::snapshot::{Choice, Missing};
use http::header::{ALLOW, HOST};
use http::{HeaderValue, Method, StatusCode};
use pingora::http::RequestHeader;
use pingora::prelude::Session;
use std::borrow::Cow;

/// What is to be done with a request.
pub enum Decision {
    /// On to the upstream.
    Forward,
    /// The chain answered.
    Answer(StatusCode),
    /// Refused.
    Reject(Rejection),
}

impl From<Flow> for Decision {
    fn from(flow: Flow) -> Self {
        match flow {
            Flow::Next => Self::Forward,
            Flow::Answer(status) => Self::Answer(status),
            Flow::Reject(rejection) => Self::Reject(rejection),
        }
    }
}

/// Admits, routes and runs the chain.
pub async fn decide(session: &mut Session, ctx: &mut Context) -> Decision {
    set_limits(session, ctx);
    let peer = session
        .client_addr()
        .and_then(|address| address.as_inet())
        .map(|address| address.ip());
    ctx.peer = peer.map_or(ctx.peer, |peer| peer.to_canonical());
    ctx.trusted = ctx.listener.trusts(ctx.peer);
    let head = session.req_header();
    ctx.client = if ctx.trusted {
        client::address(ctx.peer, &head.headers, &ctx.listener)
    } else {
        ctx.peer
    };

    let raw = session
        .as_http1()
        .map(|session| session.get_headers_raw_bytes());
    ctx.ssl = session
        .digest()
        .and_then(|digest| digest.ssl_digest.clone());
    ctx.secure = ctx.ssl.is_some();
    if head.method == Method::CONNECT {
        return tunnel(session, ctx).await;
    }
    let admitted = admission::check(head, raw.as_deref(), &ctx.listener)
        .and_then(|()| authority(head, ctx.secure))
        .and_then(|host| directed(host, session, ctx));
    match admitted {
        Err(rejection) => without_route(head, "/", ctx, rejection).await,
        Ok(_) if head.raw_path() == b"*" => match fallback(head, "*", ctx).await {
            Flow::Next => Decision::Answer(StatusCode::NO_CONTENT),
            other => other.into(),
        },
        Ok(host) => route(head, host, ctx).await,
    }
}

/// No tunnels are made (RFC 9110 §9.3.6). What follows the head might be meant for one, so the connection ends.
async fn tunnel(session: &mut Session, ctx: &mut Context) -> Decision {
    session.set_keepalive(None);
    Turn::linger();
    let rejection = Rejection::new(Reason::MethodNotAllowed, "no tunnels are made here");
    allow(
        ctx,
        HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    );
    without_route(session.req_header(), "/", ctx, rejection).await
}

fn allow(ctx: &mut Context, methods: HeaderValue) {
    ctx.exchange.response_edits.set(&ALLOW, methods);
}

fn set_limits(session: &mut Session, ctx: &Context) {
    let listener = &ctx.listener;
    if session.get_keepalive().is_some() {
        session.set_keepalive(Some(listener.keep_alive.as_secs().max(1)));
    }
    session.set_read_timeout(Some(listener.body_timeout));
    session.set_write_timeout(Some(listener.body_timeout));
    session.set_total_drain_timeout(Some(listener.body_timeout));
    session.set_pipelining_enabled(true);
    session.set_abort_on_close(false);
}

/// The host that is asked for; refuses a target of another scheme than the connection's (RFC 9110 §7.4).
fn authority(head: &RequestHeader, secure: bool) -> Result<Option<&str>, Rejection> {
    if let Some((scheme, authority)) = admission::absolute(head.raw_path()) {
        if scheme.eq_ignore_ascii_case("https") != secure {
            return Err(Rejection::new(
                Reason::Misdirected,
                "the target's scheme is not this connection's",
            ));
        }
        return Ok(Some(authority));
    }
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    Ok(host.or_else(|| head.uri.authority().map(http::uri::Authority::as_str)))
}

/// Refuses a host that the connection was not made for (RFC 9110 §7.4), except from trusted proxies: they put the
/// requests of many hosts on a connection that they made for one.
fn directed<'a>(
    host: Option<&'a str>,
    session: &Session,
    ctx: &Context,
) -> Result<Option<&'a str>, Rejection> {
    let (Some(asked), Some(secured)) = (host, Secured::of(ctx.ssl.as_ref())) else {
        return Ok(host);
    };
    let own = || {
        let own = session.server_addr()?.as_inet()?;
        Some(own.ip().to_canonical())
    };
    let asked = without_port(asked);
    let asked = asked
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(asked);
    if ctx.trusted || secured.serves(asked, own()) {
        return Ok(host);
    }
    Err(Rejection::new(
        Reason::Misdirected,
        "the host is neither the one that this connection was made for (SNI) nor in the certificate that was shown",
    ))
}

async fn route(head: &RequestHeader, host: Option<&str>, ctx: &mut Context) -> Decision {
    let path = match normalise(head.uri.path(), ctx.listener.paths) {
        Ok(path) => path,
        Err(error) => {
            return without_route(head, "/", ctx, malformed_path(&error)).await;
        }
    };
    let query = head.uri.query();
    let asked = router::Request {
        host,
        path: &path,
        query,
        method: &head.method,
        headers: &head.headers,
    };
    let Choice { route, rewritten } = match ctx.snapshot.choose(&asked) {
        Ok(choice) => choice,
        Err(Missing::Method(allow)) => {
            return method_not_allowed(head, &path, ctx, &allow).await;
        }
        Err(Missing::Route) => {
            let rejection = Rejection::new(Reason::NoRoute, "no route serves this host and path");
            return without_route(head, &path, ctx, rejection).await;
        }
    };
    let flow = run(&route.chain, head, &path, ctx).await;
    let normal = matches!(path, Cow::Owned(_)).then(|| path.into_owned().into_boxed_str());
    ctx.matched = Some(Matched {
        route,
        normal,
        rewritten,
    });
    flow.into()
}

async fn run(chain: &Chain, head: &RequestHeader, path: &str, ctx: &mut Context) -> Flow {
    let request = Request {
        method: &head.method,
        headers: &head.headers,
        path,
        query: head.uri.query(),
        client: ctx.client,
        trusted: ctx.trusted,
        secure: ctx.secure,
        certificate: Secured::of(ctx.ssl.as_ref()).and_then(Secured::certificate),
        now: ctx.started.duration_since(ctx.state.started),
        time: ctx.time,
    };
    chain.on_request(&request, &mut ctx.exchange).await
}

async fn fallback(head: &RequestHeader, path: &str, ctx: &mut Context) -> Flow {
    let snapshot = ctx.snapshot.clone();
    run(&snapshot.fallback, head, path, ctx).await
}

/// Where no route is known there is still the request's id to be told.
async fn without_route(
    head: &RequestHeader,
    path: &str,
    ctx: &mut Context,
    rejection: Rejection,
) -> Decision {
    match fallback(head, path, ctx).await {
        Flow::Next => Decision::Reject(rejection),
        other => other.into(),
    }
}

async fn method_not_allowed(
    head: &RequestHeader,
    path: &str,
    ctx: &mut Context,
    served: &Methods,
) -> Decision {
    let names: Vec<String> = served.iter().map(|method| method.to_string()).collect();
    let detail = format!("{} is not among the methods served here", head.method);
    let decision = without_route(
        head,
        path,
        ctx,
        Rejection::new(Reason::MethodNotAllowed, detail),
    )
    .await;
    if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
        allow(ctx, value);
    }
    decision
}

fn malformed_path(error: &PathError) -> Rejection {
    Rejection::new(Reason::MalformedPath, error.to_string())
}
