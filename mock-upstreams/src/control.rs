//! The control address: what was received, and other behaviours while the servers run.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::{io, str};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mock_upstreams::{Behaviour, MockUpstream, Received};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use tokio::net::TcpListener;

use crate::Upstreams;

/// The size of the largest behaviour, in bytes.
const LARGEST: usize = 1 << 20;

/// The listener of the control address.
pub struct Control(TcpListener);

impl Control {
    /// Binds the address.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        TcpListener::bind(address).await.map(Self)
    }

    /// The address that was bound.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers until it is dropped.
    pub async fn serve(self, upstreams: Arc<Upstreams>) -> Infallible {
        loop {
            let Ok((socket, _)) = self.0.accept().await else {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                continue;
            };
            let upstreams = upstreams.clone();
            let service = service_fn(move |request| {
                let upstreams = upstreams.clone();
                async move { Ok::<_, Infallible>(answer(request, &upstreams).await) }
            });
            tokio::spawn(async move {
                // An error here is a client that went away.
                drop(
                    http1::Builder::new()
                        .serve_connection(TokioIo::new(socket), service)
                        .await,
                );
            });
        }
    }
}

async fn answer(request: Request<Incoming>, upstreams: &Upstreams) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    match (request.method(), path.strip_prefix("/__behaviour/")) {
        (&Method::PUT, Some(name)) => match upstreams.get(name) {
            Some(upstream) => change(request, upstream).await,
            None => text(
                StatusCode::NOT_FOUND,
                format!("there is no upstream `{name}`"),
            ),
        },
        (&Method::GET, None) if path == "/__received" => received(&request, upstreams),
        (&Method::DELETE, None) if path == "/__received" => {
            upstreams.values().for_each(MockUpstream::forget);
            text(StatusCode::NO_CONTENT, "")
        }
        _ => text(
            StatusCode::NOT_FOUND,
            "there is GET /__received, DELETE /__received and PUT /__behaviour/NAME",
        ),
    }
}

/// What the servers received, by their names; `upstream` and `tag` in the query choose.
fn received(request: &Request<Incoming>, upstreams: &Upstreams) -> Response<Full<Bytes>> {
    let query = request.uri().query().unwrap_or_default();
    let wanted = |key: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut values = pairs
            .filter(|(name, _)| *name == key)
            .map(|(_, value)| value);
        values
            .next()
            .map(|value| percent_decode_str(value).decode_utf8_lossy().into_owned())
    };
    let (name, tag) = (wanted("upstream"), wanted("tag"));
    if let Some(unknown) = name.as_ref().filter(|name| !upstreams.contains_key(*name)) {
        return text(
            StatusCode::NOT_FOUND,
            format!("there is no upstream `{unknown}`"),
        );
    }
    let chosen = upstreams
        .iter()
        .filter(|(other, _)| name.as_ref().is_none_or(|name| name == *other));
    let chosen = chosen.map(|(name, upstream)| {
        let requests: Vec<Received> = match &tag {
            Some(tag) => upstream.received_by(tag),
            None => upstream.received(),
        };
        serde_json::to_value(requests).map(|requests| (name.clone(), requests))
    });
    match chosen.collect::<Result<Map<String, Value>, _>>() {
        Ok(all) => respond(
            StatusCode::OK,
            "application/json",
            format!("{}\n", Value::Object(all)),
        ),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

async fn change(request: Request<Incoming>, upstream: &MockUpstream) -> Response<Full<Bytes>> {
    let body = match Limited::new(request.into_body(), LARGEST).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return text(StatusCode::BAD_REQUEST, error.to_string()),
    };
    let behaviour = match str::from_utf8(&body).map(str::parse::<Behaviour>) {
        Ok(Ok(behaviour)) => behaviour,
        Ok(Err(error)) => return text(StatusCode::BAD_REQUEST, error.to_string()),
        Err(error) => return text(StatusCode::BAD_REQUEST, error.to_string()),
    };
    match upstream.set_behaviour(behaviour) {
        Ok(()) => text(StatusCode::NO_CONTENT, ""),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn text(status: StatusCode, text: impl Into<String>) -> Response<Full<Bytes>> {
    let mut text = text.into();
    if !text.is_empty() {
        text.push('\n');
    }
    respond(status, "text/plain; charset=utf-8", text)
}

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    if status != StatusCode::NO_CONTENT {
        response.headers_mut().insert(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static(content_type),
        );
    }
    response
}
