//! Connections: the deadline for a request's head, which Pingora does not have.
//!
//! Pingora bounds each read of a head, not the head: a client that sends a byte now and then would stay for ever. So each
//! HTTP/1 request runs beside a deadline that ends with its head: a context is made then, and makes itself known.

use super::Proxy;
use async_trait::async_trait;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream};
use pingora::protocols::http::ServerSession;
use pingora::protocols::http::v2::server::H2Options;
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;
use std::cell::Cell;
use std::sync::Arc;

tokio::task_local! {
    /// Whether the head of the request that this task reads has arrived.
    static HEAD_ARRIVED: Cell<bool>;
}

/// Tells the deadline that a head has arrived.
pub(super) fn head_arrived() {
    // HTTP/2 streams run in tasks of their own, without a deadline: their heads arrive whole.
    let told = HEAD_ARRIVED.try_with(|arrived| arrived.set(true));
    debug_assert!(told.is_ok() || told.is_err(), "both are fine");
}

/// The connections of one listener.
pub struct Connections {
    proxy: Arc<HttpProxy<Proxy>>,
    gateway: Arc<Proxy>,
    options: HttpServerOptions,
}
