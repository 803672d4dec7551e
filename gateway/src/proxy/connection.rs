//! Connections: the deadline for a request's head, which Pingora does not have.
//!
//! Pingora bounds each read of a head, not the head: a client that sends a byte now and then would stay for ever. So each
//! HTTP/1 request runs beside a deadline, which its context calls off when the head has arrived.

use super::Proxy;
use crate::snapshot::Listener;
use arc_swap::ArcSwap;
use async_trait::async_trait;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream};
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use pingora::time::fast_timeout::fast_sleep;
use std::cell::Cell;
use std::future::pending;
use std::sync::Arc;

tokio::task_local! {
    /// Whether the head of the request that this task reads has arrived.
    static HEAD_ARRIVED: Cell<bool>;
}

/// Calls the deadline off. HTTP/2 streams run in tasks of their own without one: their heads arrive whole.
pub(super) fn head_arrived() {
    HEAD_ARRIVED.try_with(|arrived| arrived.set(true)).ok();
}

/// Pingora counts down how often a connection may be reused; from the largest number, that tells the first request.
const REUSES: u32 = u32::MAX;

/// The connections of one listener.
pub struct Connections {
    proxy: Arc<HttpProxy<Proxy>>,
    listener: Arc<ArcSwap<Listener>>,
    options: HttpServerOptions,
}

impl Connections {
    /// The connections that `proxy` serves.
    #[must_use]
    pub fn new(proxy: HttpProxy<Proxy>, listener: Arc<ArcSwap<Listener>>) -> Self {
        let settings = listener.load();
        let mut options = HttpServerOptions::default();
        options.h2c = settings.http2;
        options.h2_idle_timeout = Some(settings.keep_alive);
        options.keepalive_request_limit = Some(REUSES);
        drop(settings);
        Self {
            proxy: Arc::new(proxy),
            listener,
            options,
        }
    }
}

#[async_trait]
impl HttpServerApp for Connections {
    async fn process_new_http(
        self: &Arc<Self>,
        session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        if session.is_http2() {
            return self.proxy.process_new_http(session, shutdown).await;
        }
        let settings = self.listener.load();
        let first = session.get_keepalive_reuses_remaining() == Some(REUSES);
        let patience = if first {
            settings.head_timeout
        } else {
            settings.keep_alive + settings.head_timeout
        };
        drop(settings);
        let request = async {
            tokio::select! {
                biased;
                reused = self.proxy.process_new_http(session, shutdown) => reused,
                () = deadline(patience) => None,
            }
        };
        HEAD_ARRIVED.scope(Cell::new(false), request).await
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        Some(&self.options)
    }

    async fn http_cleanup(&self) {
        self.proxy.http_cleanup().await;
    }
}

async fn deadline(patience: std::time::Duration) {
    fast_sleep(patience).await;
    if HEAD_ARRIVED.with(Cell::get) {
        pending::<()>().await;
    }
}
