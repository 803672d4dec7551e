//! Responses that caches may keep, and their revalidation (RFC 9110 §13.1.2 and §13.1.3).

use std::io;

use super::{Act, Headers, with};
use crate::behaviour::{Behaviour, Ending};
use crate::received::Received;
use crate::reply::Reply;

impl<R: Reply> Act<'_, R> {
    pub(super) async fn cacheable(&mut self, behaviour: &Behaviour) -> io::Result<Ending> {
        let Behaviour::Cacheable {
            max_age,
            etag,
            last_modified,
            vary,
            headers,
            key,
        } = behaviour
        else {
            return self.misused("not cacheable").await;
        };
        let cache_control = max_age.map(|seconds| format!("max-age={seconds}"));
        let all = [
            ("Cache-Control", cache_control.as_ref()),
            ("ETag", etag.as_ref()),
            ("Last-Modified", last_modified.as_ref()),
            ("Vary", vary.as_ref()),
        ];
        let all = all
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
        let all: Headers = all.chain(headers.0.iter().cloned()).collect();
        if not_modified(self.received, etag.as_deref(), last_modified.as_deref()) {
            return self.whole(304, all, "").await;
        }
        let key = key.as_deref().unwrap_or(&self.received.target);
        let count = self.state.count(format!("cacheable {key}")) + 1;
        self.whole(
            200,
            with(all, "Content-Type", "application/json"),
            format!("{{\"count\": {count}}}\n"),
        )
        .await
    }
}

/// Whether what the client has is still good. `If-Modified-Since` counts only without `If-None-Match`.
fn not_modified(received: &Received, etag: Option<&str>, last_modified: Option<&str>) -> bool {
    if !matches!(received.method.as_str(), "GET" | "HEAD") {
        return false;
    }
    let mut known = received
        .header_values("if-none-match")
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .peekable();
    if known.peek().is_some() {
        let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
        return known.any(|tag| etag.is_some_and(|etag| tag == "*" || opaque(tag) == opaque(etag)));
    }
    let date = |text: Option<&str>| text.and_then(|text| httpdate::parse_http_date(text).ok());
    match (
        date(received.header("if-modified-since")),
        date(last_modified),
    ) {
        (Some(since), Some(modified)) => modified <= since,
        _ => false,
    }
}
