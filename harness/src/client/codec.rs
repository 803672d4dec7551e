//! HTTP/1.1 messages as bytes (RFC 9112).

use anyhow::{Context as _, bail};

use super::message::{Body, Request, Response};

/// The most header fields of a response that are read.
const MAX_HEADERS: usize = 4096;

/// How the rest of the body on a connection is told from what follows it (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Done,
    Length(u64),
    Chunked,
    UntilClose,
}

/// A request's head.
pub(super) fn encode_head(request: &Request) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match &request.body {
        Body::Sized(body) if request.header("Content-Length").is_none() => {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        Body::Chunked(_) => head.push_str("Transfer-Encoding: chunked\r\n"),
        _ => {}
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// A request's body, framed.
pub(super) fn encode_body(body: &Body) -> Vec<u8> {
    match body {
        Body::None => Vec::new(),
        Body::Sized(bytes) => bytes.to_vec(),
        Body::Chunked(bytes) => {
            let mut encoded = Vec::new();
            for chunk in bytes.chunks(8192) {
                encoded.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                encoded.extend_from_slice(chunk);
                encoded.extend_from_slice(b"\r\n");
            }
            encoded.extend_from_slice(b"0\r\n\r\n");
            encoded
        }
    }
}

/// A response's head and its length in bytes; none if it isn't whole.
pub(super) fn parse_head(bytes: &[u8]) -> anyhow::Result<Option<(Response, usize)>> {
    let mut fields = vec![httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut fields);
    let status = parsed
        .parse(bytes)
        .context("what came is not an HTTP/1 response")?;
    let httparse::Status::Complete(length) = status else {
        return Ok(None);
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let response = Response {
        version: format!("HTTP/1.{}", parsed.version.unwrap_or(1)),
        status: parsed.code.unwrap_or_default(),
        reason: parsed.reason.unwrap_or_default().to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|field| (field.name.to_owned(), text(field.value)))
            .collect(),
        ..Response::default()
    };
    Ok(Some((response, length)))
}

/// How a response's body is framed (§6.3).
pub(super) fn framing(method: &str, response: &Response) -> anyhow::Result<Framing> {
    if method == "HEAD" || response.status < 200 || matches!(response.status, 204 | 304) {
        return Ok(Framing::Done);
    }
    if let Some(codings) = response.header("Transfer-Encoding") {
        let chunked = codings
            .rsplit(',')
            .next()
            .is_some_and(|last| last.trim().eq_ignore_ascii_case("chunked"));
        return Ok(if chunked {
            Framing::Chunked
        } else {
            Framing::UntilClose
        });
    }
    match response.header_values("Content-Length").as_slice() {
        [] => Ok(Framing::UntilClose),
        [length] => Ok(Framing::Length(
            length
                .parse()
                .with_context(|| format!("Content-Length: {length}"))?,
        )),
        several => bail!("the response has {} Content-Length fields", several.len()),
    }
}
