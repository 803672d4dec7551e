//! HTTP/2 (RFC 9113): over TLS as agreed on in the handshake, without it by prior knowledge (§3.3).

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::connection::Transport;
use super::message::{Request, Response};
use super::{Client, Connection};

/// Sends a request as the only one of its connection and reads the response to its end.
pub(super) async fn exchange(
    client: &Client,
    stream: Box<dyn Transport>,
    request: &Request,
) -> anyhow::Result<(Response, Option<Connection>)> {
    let stream = TokioIo::new(stream);
    let (mut sender, connection) =
        http2::handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), stream).await?;
    let driver = tokio::spawn(connection);
    let answer = sender
        .send_request(build(client, request)?)
        .await
        .context("no response over HTTP/2")?;
    let (head, body) = answer.into_parts();
    let body = body.collect().await.context("the body broke off")?;
    driver.abort();
    let trailers = body.trailers().map(fields).unwrap_or_default();
    let response = Response {
        version: "HTTP/2".to_owned(),
        status: head.status.as_u16(),
        headers: fields(&head.headers),
        body: body.to_bytes(),
        trailers,
        ..Response::default()
    };
    Ok((response, None))
}

fn build(client: &Client, request: &Request) -> anyhow::Result<http::Request<Full<Bytes>>> {
    let authority = request
        .header("Host")
        .map_or_else(|| client.host(), str::to_owned);
    let scheme = if client.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let mut builder = http::Request::builder()
        .method(request.method.as_str())
        .uri(format!("{scheme}://{authority}{}", request.target));
    for (name, value) in request
        .headers
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("host"))
    {
        builder = builder.header(name, value);
    }
    let body = Bytes::copy_from_slice(request.body.bytes());
    builder
        .body(Full::new(body))
        .context("the request can't be written as HTTP/2")
}

fn fields(headers: &http::HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}
