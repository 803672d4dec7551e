//! The response as it comes from upstream: tried again or not, taken as HTTP/1.1 or HTTP/2 allow, within its limits.

use super::context::Context;
use super::failure;
use crate::plugin::Rejection;
use crate::reason::Reason;
use crate::upstream::{RetryCause, parse_retry_after};
use http::StatusCode;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, RETRY_AFTER, TE, UPGRADE};
use pingora::http::ResponseHeader;
use pingora::prelude::Session;
use pingora::{Error, ErrorType, Result};
use smallvec::SmallVec;
use std::time::Instant;

/// Looks at the head before anything of it is sent.
pub fn accept(
    session: &mut Session,
    response: &mut ResponseHeader,
    ctx: &mut Context,
) -> Result<()> {
    if response.status.is_informational() && response.status != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(());
    }
    retry(session, response, ctx)?;
    in_time(ctx)?;
    let stream = response.status == StatusCode::SWITCHING_PROTOCOLS || is_stream(response);
    if stream {
        ctx.attempt.stream = true;
        // A gRPC client's own deadline stays; the gateway's is for answers that end.
        ctx.attempt.deadline = ctx
            .attempt
            .deadline
            .filter(|_| super::respond::is_grpc(&session.req_header().headers));
    }
    strip_hop_by_hop(response);
    if let Some(rejection) = ctx.route().and_then(|route| {
        route
            .chain
            .on_response(response.status, &response.headers)
            .err()
    }) {
        return Err(ctx.refuse(rejection));
    }
    Ok(())
}

fn retry(session: &Session, response: &ResponseHeader, ctx: &mut Context) -> Result<()> {
    let asked = response
        .headers
        .get(RETRY_AFTER)
        .and_then(|value| parse_retry_after(value.as_bytes(), ctx.time));
    if !failure::again(session, ctx, RetryCause::Status(response.status), asked) {
        return Ok(());
    }
    ctx.attempt.decided = true;
    let mut error = Error::new_up(ErrorType::HTTPStatus(response.status.as_u16()));
    error.set_retry(true);
    Err(error)
}

fn is_stream(response: &ResponseHeader) -> bool {
    response.headers.get(CONTENT_TYPE).is_some_and(|content| {
        content.as_bytes().starts_with(b"text/event-stream")
            || content.as_bytes().starts_with(b"application/grpc")
    })
}

/// RFC 9110 §7.6.1. Transfer-Encoding stays: it is Pingora's to read, and to write anew.
fn strip_hop_by_hop(response: &mut ResponseHeader) {
    let upgrade = response.status == StatusCode::SWITCHING_PROTOCOLS;
    let kept = |name: &HeaderName| upgrade && (name == UPGRADE || name == CONNECTION);
    for name in nominated(response) {
        if !kept(&name) && !is_framing(&name) {
            response.remove_header(&name);
        }
    }
    for name in &HOP_BY_HOP {
        if !kept(name) {
            response.remove_header(name);
        }
    }
}

const HOP_BY_HOP: [HeaderName; 5] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    UPGRADE,
];

/// The fields that `Connection` names; `keep-alive` and `close` are no fields.
fn nominated(response: &ResponseHeader) -> SmallVec<[HeaderName; 2]> {
    let values = response.headers.get_all(CONNECTION).iter();
    let options = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    options
        .map(str::trim)
        .filter(|option| {
            !option.eq_ignore_ascii_case("keep-alive") && !option.eq_ignore_ascii_case("close")
        })
        .filter_map(|option| option.parse().ok())
        .collect()
}

/// What a `Connection` header cannot take away without changing where the message ends.
fn is_framing(name: &HeaderName) -> bool {
    name == http::header::CONTENT_LENGTH || name == http::header::TRANSFER_ENCODING
}

/// Counts the body and ends it at its limits: the head is out, so all that is left is to cut.
pub fn body(bytes: u64, ctx: &mut Context) -> Result<()> {
    ctx.response_bytes += bytes;
    let seen = ctx.response_bytes;
    if let Some(rejection) = ctx
        .route()
        .and_then(|route| route.chain.on_response_body(seen).err())
    {
        return Err(ctx.refuse(rejection));
    }
    in_time(ctx)
}

/// Timeouts of reads don't end an upstream that sends a byte now and then; the total does.
fn in_time(ctx: &mut Context) -> Result<()> {
    match ctx.attempt.deadline {
        Some(deadline) if Instant::now() > deadline => Err(ctx.refuse(Rejection::new(
            Reason::UpstreamTimeout,
            "the upstream took too long",
        ))),
        _ => Ok(()),
    }
}
