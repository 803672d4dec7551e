//! Connections: the deadline for a request's head, which Pingora does not have.
//!
//! Pingora bounds each read of a head, not the head: a client that sends a byte now and then would stay for ever. So each
//! HTTP/1 request runs beside a deadline, which its context calls off when the head has arrived. TLS, where the listener
//! has it, comes before all that, with as much time as a head.

use super::handshake::{Failed, Handshakes};
use super::wire::{TURN, Turn, Wire};
use super::{Proxy, State, record};
use crate::snapshot::Listener;
use crate::tls::ServerTls;
use arc_swap::ArcSwap;
use async_trait::async_trait;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream, ServerApp};
use pingora::protocols::http::ServerSession;
use pingora::protocols::{ALPN, Stream};
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use pingora::time::fast_timeout::fast_sleep;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The connections of one listener.
pub struct Connections(Arc<Http>);

/// What is spoken on them.
struct Http {
    state: Arc<State>,
    proxy: Arc<HttpProxy<Proxy>>,
    listener: Arc<ArcSwap<Listener>>,
    options: HttpServerOptions,
    handshakes: Handshakes,
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
            handshakes: Handshakes::default(),
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
        let listener = self.0.listener.load_full();
        let wire = match &listener.tls {
            None => Wire::new(stream),
            Some(tls) => self.0.secured(stream, &listener, tls).await?,
        };
        self.0.process_new(Box::new(wire), shutdown).await
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
    /// The connection above TLS; nothing when the handshake comes to nothing.
    async fn secured(
        &self,
        stream: Stream,
        listener: &Listener,
        tls: &Arc<ServerTls>,
    ) -> Option<Wire> {
        let digest = stream.get_socket_digest();
        let handshake = self.handshakes.accept(tls, stream);
        let failed = match tokio::time::timeout(listener.head_timeout, handshake).await {
            Ok(Ok(stream)) if matches!(stream.selected_alpn_proto(), Some(ALPN::H2)) => {
                return Some(Wire::before_http2(stream, listener.head_timeout));
            }
            Ok(Ok(stream)) => return Some(Wire::new(stream)),
            Ok(Err(failed)) => failed,
            Err(_) => Failed::Late,
        };
        let address = listener.address.to_string();
        let failures = &self.state.metrics.tls_failures;
        failures.with_label_values(&[&address]).inc();
        let client = digest.as_ref().and_then(|digest| digest.peer_addr());
        let client = client.map(ToString::to_string).unwrap_or_default();
        tracing::debug!(listener = %address, client, cause = %failed, "a TLS handshake came to nothing");
        None
    }

    /// One request.
    async fn turn(
        &self,
        mut session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        if session.get_keepalive().is_some() {
            // Until the first byte, a new connection is as idle as one between two requests.
            session.set_keepalive(Some(self.listener.load().keep_alive.as_secs().max(1)));
        }
        let reused = tokio::select! {
            biased;
            reused = self.proxy.process_new_http(session, shutdown) => reused,
            () = Deadline::new(&self.listener) => None,
        };
        if let Some(refused) = Turn::refused() {
            record::unread(&self.state, &refused);
        }
        reused
    }
}

/// Ends when a head takes too long.
///
/// Time runs from when a part of it has arrived: how long a connection may be idle is Pingora's to say. So a head that
/// comes in one piece, as nearly all do, costs no timer.
struct Deadline<'a> {
    listener: &'a ArcSwap<Listener>,
    timer: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<'a> Deadline<'a> {
    fn new(listener: &'a ArcSwap<Listener>) -> Self {
        Self {
            listener,
            timer: None,
        }
    }
}

impl Future for Deadline<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if !Turn::has_part_of_head() {
            return Poll::Pending;
        }
        let listener = self.listener;
        let start = || -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(fast_sleep(listener.load().head_timeout))
        };
        self.timer.get_or_insert_with(start).as_mut().poll(context)
    }
}
