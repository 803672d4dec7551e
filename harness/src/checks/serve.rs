//! The status server: page, JSON, metrics and liveness over HTTP/1.1, for reading only.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use super::board::Board;
use super::{metrics, page, status};

/// How many connections are served at once; more wait.
const CONNECTIONS: usize = 128;
/// How long a client may take for the head of a request.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// A running server, which stops when it is dropped.
#[derive(Debug)]
pub struct StatusServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl StatusServer {
    /// Starts on this address; with port 0 on any free port.
    ///
    /// # Errors
    /// When the address can't be bound.
    pub async fn start(address: SocketAddr, board: Arc<Board>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, board));
        Ok(Self { address, task })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for StatusServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, board: Arc<Board>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let place = places.clone().acquire_owned().await;
        let place = place.expect("the semaphore is never closed");
        let Ok((socket, _)) = listener.accept().await else {
            // Out of file descriptors, or a client that went away while it waited.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let board = board.clone();
        connections.spawn(async move {
            if let Err(error) = converse(socket, board).await {
                tracing::debug!(%error, "a connection to the status page ended");
            }
            drop(place);
        });
    }
}

async fn converse(socket: TcpStream, board: Arc<Board>) -> hyper::Result<()> {
    let service = service_fn(move |request| {
        let answer = answer(&request, &board, Timestamp::now());
        async move { Ok::<_, Infallible>(answer) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(socket), service)
        .await
}

fn answer<B>(request: &Request<B>, board: &Board, now: Timestamp) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let only = "only GET and HEAD are served here\n".to_owned();
        let mut refusal = respond(StatusCode::METHOD_NOT_ALLOWED, TEXT, only);
        let allowed = HeaderValue::from_static("GET, HEAD");
        refusal.headers_mut().insert(ALLOW, allowed);
        return refusal;
    }
    match request.uri().path() {
        "/" => {
            let refresh = request.uri().query() != Some("refresh=off");
            let html = page::page(&board.view(), now, refresh);
            let mut answer = respond(StatusCode::OK, HTML, html);
            let policy = HeaderValue::try_from(page::policy());
            let policy = policy.expect("a policy is made of printable characters");
            answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
            answer
        }
        "/status.json" => {
            let document = format!("{:#}\n", status::document(&board.view()));
            respond(StatusCode::OK, JSON, document)
        }
        "/metrics" => {
            let text = metrics::text(&board.view());
            respond(StatusCode::OK, metrics::CONTENT_TYPE, text)
        }
        "/healthz" => health(&board.view().stalled(now)),
        _ => {
            let here = "served here: / /status.json /metrics /healthz\n".to_owned();
            respond(StatusCode::NOT_FOUND, TEXT, here)
        }
    }
}

/// Whether this program does its work; not how the gateway fares.
fn health(stalled: &[&str]) -> Response<Full<Bytes>> {
    if stalled.is_empty() {
        return respond(StatusCode::OK, TEXT, "ok\n".to_owned());
    }
    let told = format!("not run when they should have: {}\n", stalled.join(", "));
    respond(StatusCode::SERVICE_UNAVAILABLE, TEXT, told)
}

fn respond(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
