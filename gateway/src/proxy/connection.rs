//! Connections: the deadline for a request's head, which Pingora does not have.
//!
//! Pingora bounds each read of a head, not the head: a client that sends a byte now and then would stay for ever. So each
//! HTTP/1 request runs beside a deadline, which its context calls off when the head has arrived.

use super::wire::{TURN, Turn, Wire};
use super::{Proxy, State, record};
use crate::snapshot::Listener;
use arc_swap::ArcSwap;
use async_trait::async_trait;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream, ServerApp};
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use pingora::time::fast_timeout::fast_sleep;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

/// The connections of one listener.
pub struct Connections(Arc<Http>);

/// What is spoken on them.
struct Http {
    state: Arc<State>,
    proxy: Arc<HttpProxy<Proxy>>,
    listener: Arc<ArcSwap<Listener>>,
    options: HttpServerOptions,
}

impl Connections {
    /// The connections that `proxy` serves.
    #[must_use]
    pub fn new(
        state: Arc<State>,
        mut proxy: HttpProxy<Proxy>,
        listener: Arc<ArcSwap<Listener>>,
    ) -> Self {
        let settings = listener.load();
        let mut options = HttpServerOptions::default();
        options.h2c = settings.http2;
        options.h2_idle_timeout = Some(settings.keep_alive);
        // No tunnel is made, but it is refused as everything is, not past the log.
        options.allow_connect_method_proxying = true;
        drop(settings);
        proxy.server_options = Some(options.clone());
        Self(Arc::new(Http {
            state,
            proxy: Arc::new(proxy),
            listener,
            options,
        }))
    }
}

#[async_trait]
impl ServerApp for Connections {
    async fn process_new(
        self: &Arc<Self>,
        stream: Stream,
        shutdown: &ShutdownWatch,
    ) -> Option<Stream> {
        self.0
            .process_new(Box::new(Wire::new(stream)), shutdown)
            .await
    }

    async fn cleanup(&self) {
        self.0.cleanup().await;
    }
}

#[async_trait]
impl HttpServerApp for Http {
    async fn process_new_http(
        self: &Arc<Self>,
        session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        if session.is_http2() {
            return self.proxy.process_new_http(session, shutdown).await;
        }
        TURN.scope(Turn::default(), self.turn(session, shutdown))
            .await
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        Some(&self.options)
    }

    async fn http_cleanup(&self) {
        self.proxy.http_cleanup().await;
    }
}

impl Http {
    /// One request.
    async fn turn(
        &self,
        session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        let began = Instant::now();
        let client = session
            .client_addr()
            .and_then(|address| address.as_inet())
            .map(|address| address.ip().to_canonical());
        let reused = tokio::select! {
            biased;
            reused = self.proxy.process_new_http(session, shutdown) => reused,
            () = Deadline::new(&self.listener) => None,
        };
        if let Some((reason, id)) = Turn::refused() {
            record::unread(&self.state, client, reason, id, began.elapsed());
        }
        reused
    }
}

/// Ends when a head takes too long.
///
/// The first time it is asked, the request has not begun: how long a connection may be idle is Pingora's to say. Whoever
/// asks again does so because something has arrived; when that was not the whole head, time runs. So a head that comes in
/// one piece, as nearly all do, costs no timer.
struct Deadline<'a> {
    listener: &'a ArcSwap<Listener>,
    asked: bool,
    timer: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<'a> Deadline<'a> {
    fn new(listener: &'a ArcSwap<Listener>) -> Self {
        Self {
            listener,
            asked: false,
            timer: None,
        }
    }
}

impl Future for Deadline<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if Turn::has_head() || !mem::replace(&mut self.asked, true) {
            return Poll::Pending;
        }
        let listener = self.listener;
        let start = || -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(fast_sleep(listener.load().head_timeout))
        };
        self.timer.get_or_insert_with(start).as_mut().poll(context)
    }
}
