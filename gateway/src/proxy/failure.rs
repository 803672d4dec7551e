//! What went wrong with an upstream, and whether to try again.
//!
//! A try is repeated by the service's policy: for its methods, causes and number; never at the same target, but for a
//! pooled connection that had gone stale; within the budget and the deadline; and only while the body can be sent again.

use super::context::Context;
use super::secure;
use crate::plugin::Rejection;
use crate::reason::Reason;
use crate::upstream::RetryCause;
use pingora::prelude::Session;
use pingora::{BError, Error, ErrorSource, ErrorType};
use std::time::{Duration, Instant};

/// No connection was made.
pub fn connecting(session: &mut Session, ctx: &mut Context, mut error: BError) -> BError {
    // The name may stand for several addresses, the first of which nobody listens on.
    let others = ctx
        .attempt
        .pick
        .as_ref()
        .map_or(0, |pick| pick.target().addresses().len());
    if ctx.attempt.tries < u32::try_from(others).unwrap_or(u32::MAX) && time_left(ctx) {
        ctx.attempt.same_target = true;
        error.set_retry(true);
        return error;
    }
    let again = again(session, ctx, RetryCause::Connect, None);
    error.set_retry(again);
    error
}

/// The connection was there and the exchange failed.
pub fn proxying(
    session: &mut Session,
    ctx: &mut Context,
    mut error: BError,
    reused: bool,
) -> BError {
    if ctx.rejection.is_some() || *error.esource() == ErrorSource::Downstream {
        error.set_retry(false);
        return error;
    }
    if ctx.attempt.decided {
        // `upstream_response_filter` asked for it, after a status.
        ctx.attempt.decided = false;
        error.set_retry(true);
        return error;
    }
    let cause = match error.etype() {
        ErrorType::ReadTimedout | ErrorType::WriteTimedout => RetryCause::Timeout,
        ErrorType::ConnectionClosed | ErrorType::ReadError | ErrorType::WriteError => {
            RetryCause::Reset
        }
        _ => {
            error.set_retry(false);
            return error;
        }
    };
    let stale = reused && cause == RetryCause::Reset && session.req_header().method.is_idempotent();
    if stale && can_repeat(session) && time_left(ctx) {
        ctx.attempt.same_target = true;
        error.set_retry(true);
        return error;
    }
    let again = again(session, ctx, cause, None);
    error.set_retry(again);
    error
}

/// Decides on another try, and takes its permit.
pub fn again(
    session: &Session,
    ctx: &mut Context,
    cause: RetryCause,
    retry_after: Option<Duration>,
) -> bool {
    let Some(active) = &ctx.attempt.active else {
        return false;
    };
    let service = active.service().clone();
    let retries = ctx.attempt.retries;
    if !service
        .retry()
        .allows(cause, &session.req_header().method, retries)
        || !can_repeat(session)
    {
        return false;
    }
    if !service.has_another(&ctx.attempt.tried) {
        return false;
    }
    let left = ctx.attempt.deadline.map_or(Duration::MAX, |deadline| {
        deadline.saturating_duration_since(Instant::now())
    });
    let Some(wait) = service
        .retry()
        .wait(retries, retry_after, left, &mut rand::rng())
    else {
        return false;
    };
    let Some(permit) = service.retry_permit() else {
        return false;
    };
    ctx.attempt.permit = Some(permit);
    ctx.attempt.wait = Some(wait);
    ctx.attempt.retries += 1;
    ctx.state
        .metrics
        .retries
        .with_label_values(&[service.name()])
        .inc();
    true
}

/// Whether nothing is out yet and the body, as far as it was read, is still here.
fn can_repeat(session: &Session) -> bool {
    session.response_written().is_none() && !session.as_ref().retry_buffer_truncated()
}

fn time_left(ctx: &Context) -> bool {
    ctx.attempt
        .deadline
        .is_none_or(|deadline| Instant::now() < deadline)
}

/// What is answered for an error.
pub fn rejection(error: &Error, ctx: &mut Context) -> Rejection {
    if let Some(rejection) = ctx.rejection.take() {
        return rejection;
    }
    if let Some(reason) = of_tls(error, ctx) {
        return Rejection::new(reason, "no secure connection to the upstream could be made");
    }
    let reason = reason(error, ctx);
    let detail = match reason.facts().status.as_u16() {
        408 => "the rest of the request's body did not arrive in time",
        502 => "the upstream gave no valid answer",
        504 => "the upstream took too long",
        400 => "the request could not be read",
        _ => "the gateway could not handle the request",
    };
    Rejection::new(reason, detail)
}

/// What failed of TLS with the upstream. Who runs the gateway needs to know why, and the client does not.
fn of_tls(error: &Error, ctx: &Context) -> Option<Reason> {
    if *error.esource() != ErrorSource::Upstream {
        return None;
    }
    let target = ctx.attempt.pick.as_ref()?.target();
    let secure = target.secure()?;
    let reason = secure::failed(error)?;
    if secure.may_tell(Instant::now()) {
        tracing::warn!(target = %target.endpoint(), name = secure.name.as_str(), %error, "TLS with an upstream failed");
    }
    Some(reason)
}

fn reason(error: &Error, ctx: &Context) -> Reason {
    match (error.esource(), error.etype()) {
        (ErrorSource::Downstream, ErrorType::ReadTimedout) => Reason::BodyTimeout,
        (
            ErrorSource::Downstream,
            ErrorType::ConnectionClosed
            | ErrorType::ReadError
            | ErrorType::WriteError
            | ErrorType::WriteTimedout,
        ) => Reason::ClientClosed,
        (ErrorSource::Downstream, ErrorType::H2Error) => Reason::ClientClosed,
        (ErrorSource::Downstream, _) => Reason::MalformedRequest,
        (ErrorSource::Upstream, ErrorType::ConnectTimedout) => Reason::ConnectTimeout,
        (
            ErrorSource::Upstream,
            ErrorType::ConnectRefused | ErrorType::ConnectNoRoute | ErrorType::ConnectError,
        ) => Reason::UpstreamRefused,
        (ErrorSource::Upstream, ErrorType::ReadTimedout | ErrorType::WriteTimedout) => {
            Reason::UpstreamTimeout
        }
        (
            ErrorSource::Upstream,
            ErrorType::ConnectionClosed | ErrorType::ReadError | ErrorType::WriteError,
        ) => {
            if time_left(ctx) {
                Reason::UpstreamReset
            } else {
                Reason::UpstreamTimeout
            }
        }
        (ErrorSource::Upstream, _) => Reason::UpstreamInvalid,
        _ => Reason::Internal,
    }
}
