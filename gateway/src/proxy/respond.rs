//! The gateway's own answers: problem documents (RFC 9457), trailers-only answers for gRPC, preflights.

use super::context::Context;
use super::edits;
use super::wire::Turn;
use crate::plugin::Rejection;
use crate::plugin::exchange::RequestId;
use crate::reason::{Facts, Reason};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, TRANSFER_ENCODING};
use http::{HeaderMap, Method, StatusCode};
use pingora::Result;
use pingora::http::ResponseHeader;
use pingora::prelude::Session;
use pingora::protocols::http::ServerSession;
use std::time::SystemTime;

/// The gateway's name in `Proxy-Status` and `Via`.
pub const NAME: &str = "gateway";

/// Answers without a body.
pub async fn answer(session: &mut Session, ctx: &mut Context, status: StatusCode) -> Result<()> {
    let mut head = ResponseHeader::build(status, Some(8))?;
    edits::apply_to_response(&mut head, &ctx.exchange.response_edits);
    end(session, false);
    send(session, head, true).await
}

/// Sends a head. Pingora leaves an HTTP/2 stream open after it, and resets it where nothing follows: a trailers-only
/// answer has to end with its head.
async fn send(session: &mut Session, head: ResponseHeader, bodiless: bool) -> Result<()> {
    match &mut *session.downstream_session {
        ServerSession::H2(stream) if bodiless => stream.write_response_header(Box::new(head), true),
        _ => {
            session
                .write_response_header(Box::new(head), bodiless)
                .await
        }
    }
}

/// Decides what becomes of the connection: a small body that nobody wants is read, so that the next request can follow;
/// a large one is not worth it, and one that waits for leave (`Expect`) may never come.
fn end(session: &mut Session, closes: bool) {
    let headers = &session.req_header().headers;
    let length = headers.get(CONTENT_LENGTH);
    let length = length.map(|length| length.to_str().ok().and_then(|text| text.parse().ok()));
    let waits = headers.contains_key(EXPECT) || headers.contains_key(TRANSFER_ENCODING);
    let small =
        !waits && length.is_none_or(|length| length.is_some_and(|bytes: u64| bytes <= SMALL));
    if closes || !small || session.is_process_shutting_down() {
        session.set_keepalive(None);
        Turn::linger();
    }
    session.set_close_on_response_before_downstream_finish(!small);
}

/// What is read of an unwanted body, in bytes.
const SMALL: u64 = 64 * 1024;

/// Answers with a problem document, or as gRPC expects it.
pub async fn reject(session: &mut Session, ctx: &mut Context, rejection: Rejection) -> Result<()> {
    let facts = rejection.reason.facts();
    ctx.reason = Some(rejection.reason);
    if ctx.exchange.request_id.is_empty() {
        ctx.exchange.request_id = RequestId::make();
    }
    end(session, facts.closes);
    let request = session.req_header();
    let (mut head, body) = if is_grpc(&request.headers) {
        (grpc(&rejection)?, Bytes::new())
    } else {
        let body = problem(&rejection, ctx.exchange.request_id.as_str());
        let mut head = ResponseHeader::build(facts.status, Some(12))?;
        head.insert_header(CONTENT_TYPE, "application/problem+json")?;
        head.insert_header(CONTENT_LENGTH, body.len())?;
        (head, body)
    };
    head.insert_header(CACHE_CONTROL, "no-store")?;
    head.insert_header("Proxy-Status", proxy_status(&facts))?;
    edits::apply_to_response(&mut head, &ctx.exchange.response_edits);
    let bodiless = body.is_empty() || request.method == Method::HEAD;
    send(session, head, bodiless).await?;
    if !bodiless {
        ctx.response_bytes = body.len() as u64;
        session.write_response_body(Some(body), true).await?;
    }
    Ok(())
}

/// A whole HTTP/1.1 message, for a client whose request could not be read.
pub fn bytes(rejection: &Rejection, id: &str) -> Bytes {
    let facts = rejection.reason.facts();
    let body = problem(rejection, id);
    let now = httpdate::fmt_http_date(SystemTime::now());
    let head = format!(
        "HTTP/1.1 {}\r\nDate: {now}\r\nContent-Type: application/problem+json\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nProxy-Status: {}\r\nX-Request-Id: {id}\r\nConnection: close\r\n\r\n",
        facts.status,
        body.len(),
        proxy_status(&facts),
    );
    [head.as_bytes(), &body].concat().into()
}

/// Whether the client expects gRPC's way to tell errors.
pub fn is_grpc(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|content| content.as_bytes().starts_with(b"application/grpc"))
}

fn problem(rejection: &Rejection, id: &str) -> Bytes {
    let facts = rejection.reason.facts();
    let problem = serde_json::json!({
        "type": format!("urn:gateway:problem:{}", facts.code),
        "title": facts.title,
        "status": facts.status.as_u16(),
        "detail": rejection.detail,
        "instance": id,
        "code": facts.code,
    });
    problem.to_string().into()
}

/// RFC 9209 §2: who, and what happened.
fn proxy_status(facts: &Facts) -> String {
    format!(
        "{NAME}; error={}; details=\"{}\"",
        facts.proxy_status, facts.code
    )
}

/// A trailers-only answer (gRPC over HTTP/2, Responses).
fn grpc(rejection: &Rejection) -> Result<ResponseHeader> {
    let mut head = ResponseHeader::build(StatusCode::OK, Some(8))?;
    head.insert_header(CONTENT_TYPE, "application/grpc")?;
    head.insert_header("grpc-status", grpc_code(rejection.reason))?;
    let message =
        percent_encoding::utf8_percent_encode(&rejection.detail, percent_encoding::CONTROLS)
            .to_string();
    head.insert_header("grpc-message", message)?;
    Ok(head)
}

/// The codes of gRPC's own mapping from HTTP, but for limits, which gRPC has a code for.
fn grpc_code(reason: Reason) -> &'static str {
    match reason.facts().status.as_u16() {
        400 | 431 | 414 => "13",
        401 => "16",
        403 => "7",
        404 | 405 | 501 => "12",
        408 | 504 => "4",
        413 | 429 => "8",
        421 | 502 | 503 => "14",
        499 => "1",
        _ => "2",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn every_reason_makes_a_sound_problem() {
        for reason in Reason::ALL {
            let body = problem(&Rejection::new(*reason, "why"), "id-1");
            let read: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(read["status"], reason.facts().status.as_u16());
            assert_eq!(read["instance"], "id-1");
            assert!(
                read["type"]
                    .as_str()
                    .unwrap()
                    .ends_with(read["code"].as_str().unwrap())
            );
        }
    }

    #[test]
    fn a_grpc_message_is_percent_encoded() {
        let head = grpc(&Rejection::new(Reason::RateLimited, "über\n100 %")).unwrap();
        assert_eq!(head.headers["grpc-status"], "8");
        assert!(
            head.headers["grpc-message"]
                .to_str()
                .unwrap()
                .contains("%0A")
        );
    }
}
