//! The end of a request: its series in the metrics, its line in the access log.

use super::State;
use super::context::Context;
use super::wire::Refused;
use crate::plugin::exchange::{Exchange, OPEN};
use crate::telemetry::{Line, Seen};
use http::header::USER_AGENT;
use http::uri::Uri;
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use pingora::Error;
use pingora::prelude::Session;
use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

/// Counts and logs a finished request.
pub fn finished(session: &mut Session, error: Option<&Error>, ctx: &mut Context) {
    let now = Instant::now();
    let duration = now.duration_since(ctx.started);
    let upstream = ctx.attempt.began.map(|began| now.duration_since(began));
    let status = session.response_written().map_or_else(
        || {
            ctx.reason
                .map_or(StatusCode::INTERNAL_SERVER_ERROR, |reason| {
                    reason.facts().status
                })
        },
        |response| response.status,
    );
    if let Some(error) = error {
        tracing::debug!(%error, "a request failed");
    }
    let metrics = ctx
        .route()
        .map_or(&ctx.state.unrouted, |route| &route.metrics);
    metrics.record(&Seen {
        method: &session.req_header().method,
        status,
        service: ctx.exchange.service.unwrap_or(0),
        duration,
        upstream,
        reason: ctx.reason,
        would_refuse: ctx.exchange.would_refuse,
        attempt: ctx.exchange.attempt,
        observed: ctx.exchange.observed.as_ref(),
    });
    let log = ctx.state.log.load();
    log.line(ctx.time, |line| {
        fill(line, session, ctx, status, duration, upstream)
    });
}

/// Counts and logs a request whose head could not be read; how long it took says nothing then.
pub fn unread(state: &State, refused: &Refused) {
    let facts = refused.reason.facts();
    state.unrouted.record(&Seen {
        method: &UNREAD,
        status: facts.status,
        service: 0,
        duration: Duration::ZERO,
        upstream: None,
        reason: Some(refused.reason),
        would_refuse: None,
        attempt: None,
        observed: None,
    });
    state.log.load().line(SystemTime::now(), |line| {
        line.text("request_id", refused.id.as_str());
        if let Some(client) = refused.client {
            line.address("client", client);
        }
        line.number("status", u64::from(facts.status.as_u16()));
        line.text("cause", facts.code);
    });
}

/// Stands for a method that could not be read.
static UNREAD: LazyLock<Method> =
    LazyLock::new(|| Method::from_bytes(b"UNREAD").expect("these letters are a token"));

fn fill(
    line: &mut Line<'_>,
    session: &Session,
    ctx: &Context,
    status: StatusCode,
    duration: Duration,
    upstream: Option<Duration>,
) {
    let request = session.req_header();
    let exchange = &ctx.exchange;
    line.text("request_id", exchange.request_id.as_str());
    line.address("client", ctx.client);
    line.text("method", request.method.as_str());
    line.text("path", request.uri.path());
    line.maybe("query", query(&request.uri, exchange).as_deref());
    line.maybe(
        "host",
        request
            .headers
            .get(http::header::HOST)
            .and_then(|host| host.to_str().ok()),
    );
    line.number("status", u64::from(status.as_u16()));
    line.millis("duration_ms", duration.as_micros());
    if let Some(upstream) = upstream {
        line.millis("upstream_ms", upstream.as_micros());
    }
    line.number("request_bytes", ctx.request_bytes);
    line.number("response_bytes", ctx.response_bytes);
    if let Some(route) = ctx.route() {
        line.text("route", &route.name);
    }
    if let Some(backend) = ctx.backend() {
        line.text("service", backend.service.name());
    }
    line.maybe(
        "target",
        ctx.attempt
            .pick
            .as_ref()
            .map(|pick| pick.target().authority()),
    );
    if ctx.attempt.tries > 1 {
        line.number("tries", u64::from(ctx.attempt.tries));
    }
    line.maybe(
        "consumer",
        exchange.consumer.as_ref().map(|consumer| consumer.name()),
    );
    let unchecked = exchange.attempt.filter(|attempt| attempt.result == OPEN);
    line.maybe("unchecked", unchecked.map(|attempt| attempt.plugin));
    line.maybe("subject", subject(exchange).as_deref());
    line.maybe("cause", ctx.reason.map(|reason| reason.facts().code));
    line.maybe(
        "dry_run",
        exchange.would_refuse.map(|reason| reason.facts().code),
    );
    if let Some(observed) = &exchange.observed
        && let Some(value) = &observed.value
    {
        line.nested("headers", &observed.header, value);
    }
    line.maybe(
        "user_agent",
        request
            .headers
            .get(USER_AGENT)
            .and_then(|agent| agent.to_str().ok()),
    );
}

/// Whom a token is about that is no consumer's.
fn subject(exchange: &Exchange) -> Option<Cow<'_, str>> {
    match &exchange.consumer {
        Some(_) => None,
        None => exchange.claims.as_ref()?.text("sub"),
    }
}

/// Parameters whose values are secrets wherever they turn up.
const SECRETS: &[&str] = &[
    "access_token",
    "api_key",
    "apikey",
    "api-key",
    "key",
    "token",
    "password",
    "secret",
    "sig",
    "signature",
    "code",
];

/// The query with the values of secret parameters taken out.
fn query<'a>(uri: &'a Uri, exchange: &Exchange) -> Option<Cow<'a, str>> {
    let query = uri.query()?;
    let secret = |pair: &str| {
        let name =
            percent_decode_str(pair.split('=').next().unwrap_or_default()).decode_utf8_lossy();
        let known = SECRETS.iter().any(|known| name.eq_ignore_ascii_case(known));
        known || exchange.secret_query.iter().any(|own| **own == *name)
    };
    if !query.split('&').any(secret) {
        return Some(Cow::Borrowed(query));
    }
    let redacted: Vec<Cow<'_, str>> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if secret(pair) => Cow::Owned(format!("{name}=REDACTED")),
            _ => Cow::Borrowed(pair),
        })
        .collect();
    Some(Cow::Owned(redacted.join("&")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::identity::{Claims, Consumer};
    use std::sync::Arc;

    fn redact(target: &str) -> String {
        let mut exchange = Exchange::default();
        exchange.secret_query.push("who".into());
        query(&target.parse().unwrap(), &exchange)
            .unwrap()
            .into_owned()
    }

    #[test]
    fn secrets_stay_out_of_the_log() {
        assert_eq!(redact("/?a=1&b=2"), "a=1&b=2");
        assert_eq!(
            redact("/?a=1&apikey=s3cret&API_KEY=x"),
            "a=1&apikey=REDACTED&API_KEY=REDACTED"
        );
        assert_eq!(
            redact("/?who=s3cret&w%68o=s3cret"),
            "who=REDACTED&w%68o=REDACTED"
        );
        assert_eq!(redact("/?token"), "token");
    }

    #[test]
    fn a_token_is_told_by_its_subject_where_nobody_owns_it() {
        let claims = serde_json::json!({"sub": "user-7", "email": "a@b.example"});
        let mut exchange = Exchange::default();
        assert_eq!(subject(&exchange), None);
        let claims = Claims::new(claims.as_object().unwrap().clone());
        exchange.claims = Some(Arc::new(claims));
        assert_eq!(subject(&exchange).as_deref(), Some("user-7"));
        let alice = Consumer::new("alice", vec![], indexmap::IndexMap::new()).unwrap();
        exchange.consumer = Some(Arc::new(alice));
        assert_eq!(subject(&exchange), None);
    }
}
