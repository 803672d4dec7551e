//! The one place that implements Pingora's [`ProxyHttp`]; it delegates, and it alone applies header edits.
//!
//! A request passes through: [`admission`] (is it HTTP that can be trusted?), [`client`] (who is the peer?), the router,
//! the route's chain, [`peer`] (which target?), [`upstream_request`] (what goes out), [`failure`] (what went wrong, again
//! or not), [`respond`] (the gateway's own answers) and [`record`] (metrics and log).

mod admission;
mod client;
mod connection;
mod context;
mod edits;
mod failure;
mod peer;
mod record;
mod respond;
mod routing;
mod secure;
mod upgrade;
mod upstream_request;
mod upstream_response;
mod wire;

pub(crate) use client::address as client_address;
pub use connection::Connections;
pub use context::Context;
pub(crate) use upstream_request::push_query;

use crate::reason::Reason;
use crate::snapshot::{Listener, Snapshot};
use crate::telemetry::{AccessLog, Metrics, RouteMetrics};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::modules::http::HttpModules;
use pingora::prelude::{Error, HttpPeer, ProxyHttp, Session};
use pingora::proxy::{FailToProxy, ProxyWarnLogContext};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What all listeners of a gateway share.
#[derive(Debug)]
pub struct State {
    /// The configuration in force.
    pub snapshot: ArcSwap<Snapshot>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// Counts what no route was found for.
    pub unrouted: RouteMetrics,
    /// The access log.
    pub log: ArcSwap<AccessLog>,
    /// The epoch of monotonic times.
    pub started: Instant,
    /// Told whenever no request is under way.
    pub idle: tokio::sync::Notify,
}

/// The proxy behind one listener.
#[derive(Debug)]
pub struct Proxy {
    state: Arc<State>,
    listener: Arc<ArcSwap<Listener>>,
}

impl Proxy {
    /// The proxy of a listener, whose settings may change while it runs.
    #[must_use]
    pub fn new(state: Arc<State>, listener: Arc<ArcSwap<Listener>>) -> Self {
        Self { state, listener }
    }
}

type Result<T> = pingora::Result<T>;

#[async_trait]
impl ProxyHttp for Proxy {
    type CTX = Box<Context>;

    fn new_ctx(&self) -> Box<Context> {
        Box::new(Context::new(&self.state, self.listener.load_full()))
    }

    /// No modules: compression is a plugin's business, and an unused module costs allocations on every request.
    fn init_downstream_modules(&self, _: &mut HttpModules) {}

    async fn request_filter(&self, session: &mut Session, ctx: &mut Box<Context>) -> Result<bool> {
        match routing::decide(session, ctx).await {
            routing::Decision::Forward => Ok(false),
            routing::Decision::Answer(status) => {
                respond::answer(session, ctx, status).await.map(|()| true)
            }
            routing::Decision::Reject(rejection) => respond::reject(session, ctx, rejection)
                .await
                .map(|()| true),
        }
    }

    async fn upstream_peer(
        &self,
        session: &mut Session,
        ctx: &mut Box<Context>,
    ) -> Result<Box<HttpPeer>> {
        peer::choose(session, ctx).await
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        ctx: &mut Box<Context>,
    ) -> Result<()> {
        upstream_request::prepare(session, request, ctx)
    }

    async fn request_body_filter(
        &self,
        _: &mut Session,
        body: &mut Option<Bytes>,
        _: bool,
        ctx: &mut Box<Context>,
    ) -> Result<()> {
        ctx.request_bytes += body.as_ref().map_or(0, Bytes::len) as u64;
        let seen = ctx.request_bytes;
        let refused = ctx
            .route()
            .and_then(|route| route.chain.on_request_body(seen).err());
        refused.map_or(Ok(()), |rejection| Err(ctx.refuse(rejection)))
    }

    async fn upstream_response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Box<Context>,
    ) -> Result<()> {
        upstream_response::accept(session, response, ctx)
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Box<Context>,
    ) -> Result<()> {
        // What plugins queued is for the final answer (RFC 9110 §15.2); the head of an upgrade is one.
        if response.status.is_informational() && response.status != StatusCode::SWITCHING_PROTOCOLS
        {
            return Ok(());
        }
        if session.is_process_shutting_down() {
            // The client is told now (RFC 9112 §9.6), rather than cut off in its next request.
            session.set_keepalive(None);
        }
        edits::apply_to_response(response, &ctx.exchange.response_edits);
        Ok(())
    }

    fn response_body_filter(
        &self,
        _: &mut Session,
        body: &mut Option<Bytes>,
        _: bool,
        ctx: &mut Box<Context>,
    ) -> Result<Option<Duration>> {
        upstream_response::body(body.as_ref().map_or(0, Bytes::len) as u64, ctx).map(|()| None)
    }

    fn fail_to_connect(
        &self,
        session: &mut Session,
        _: &HttpPeer,
        ctx: &mut Box<Context>,
        error: Box<Error>,
    ) -> Box<Error> {
        failure::connecting(session, ctx, error)
    }

    fn error_while_proxy(
        &self,
        _: &HttpPeer,
        session: &mut Session,
        error: Box<Error>,
        ctx: &mut Box<Context>,
        reused: bool,
    ) -> Box<Error> {
        failure::proxying(session, ctx, error, reused)
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        ctx: &mut Box<Context>,
    ) -> FailToProxy {
        let rejection = failure::rejection(error, ctx);
        let reason = rejection.reason;
        ctx.reason = Some(reason);
        if session.response_written().is_some() || reason == Reason::ClientClosed {
            return FailToProxy {
                error_code: 0,
                can_reuse_downstream: false,
            };
        }
        session.set_keepalive(None);
        if let Err(error) = respond::reject(session, ctx, rejection).await {
            tracing::debug!(%error, "the answer could not be sent");
        }
        FailToProxy {
            error_code: reason.facts().status.as_u16(),
            can_reuse_downstream: false,
        }
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, ctx: &mut Box<Context>) {
        record::finished(session, error, ctx);
    }

    fn suppress_error_log(&self, _: &Session, _: &Self::CTX, _: &Error) -> bool {
        true // The cause is in the access log and in the metrics.
    }

    fn suppress_proxy_warn_log(
        &self,
        _: &Session,
        _: &Self::CTX,
        _: &Error,
        _: ProxyWarnLogContext,
    ) -> bool {
        true // Retries are counted.
    }
}
