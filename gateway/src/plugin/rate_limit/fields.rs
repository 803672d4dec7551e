//! What a response says of the limits: `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10 §§3–4),
//! `X-RateLimit-*` on request, `Retry-After`.

use super::rule::Checked;
use crate::limit::Decision;
use crate::plugin::edits::Edits;
use bytes::Bytes;
use http::HeaderValue;
use http::header::HeaderName;
use http::header::RETRY_AFTER;
use smallvec::SmallVec;
use std::time::Duration;

/// Headers made once, and what is needed for those made per request.
pub struct Fields {
    policy: Option<(HeaderName, HeaderValue)>,
    rate_limit: HeaderName,
    /// What stands in front of each limit's rest.
    starts: Box<[Box<str>]>,
    x: Option<[HeaderName; 3]>,
    retry_after: HeaderName,
}

impl Fields {
    /// The fields of these limits; limits on requests at a time have none.
    pub fn new(rules: &[Checked], x: bool) -> Self {
        let rates = || {
            rules
                .iter()
                .filter_map(|rule| Some((rule, rule.quota.as_ref()?)))
        };
        let policies: Vec<_> = rates()
            .map(|(rule, quota)| {
                format!(
                    "\"{}\";q={};w={}",
                    rule.name,
                    quota.limit,
                    seconds_up(quota.window)
                )
            })
            .collect();
        let policy = HeaderValue::from_str(&policies.join(", "))
            .ok()
            .filter(|_| !policies.is_empty());
        Self {
            policy: policy.map(|value| (HeaderName::from_static("ratelimit-policy"), value)),
            rate_limit: HeaderName::from_static("ratelimit"),
            starts: rates()
                .map(|(rule, _)| format!("\"{}\";r=", rule.name).into())
                .collect(),
            x: x.then(|| {
                [
                    "x-ratelimit-limit",
                    "x-ratelimit-remaining",
                    "x-ratelimit-reset",
                ]
                .map(HeaderName::from_static)
            }),
            retry_after: RETRY_AFTER,
        }
    }

    /// Queues what the response says of the limits.
    pub fn write(&self, decisions: &[Decision], edits: &mut Edits) {
        if let Some((header, value)) = &self.policy {
            edits.append(header, value.clone());
        }
        if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from_owner(self.line(decisions))) {
            edits.append(&self.rate_limit, value);
        }
        // The old fields know one limit only: the one with the least left.
        if let (Some(headers), Some(tight)) = (
            &self.x,
            decisions.iter().min_by_key(|decision| decision.remaining),
        ) {
            let values = [tight.limit, tight.remaining, seconds_up(tight.reset)];
            for (header, value) in headers.iter().zip(values) {
                edits.set(header, value.into());
            }
        }
    }

    fn line(&self, decisions: &[Decision]) -> SmallVec<[u8; 64]> {
        let (mut line, mut number) = (SmallVec::new(), itoa::Buffer::new());
        for (start, decision) in self.starts.iter().zip(decisions) {
            if !line.is_empty() {
                line.extend_from_slice(b", ");
            }
            line.extend_from_slice(start.as_bytes());
            line.extend_from_slice(number.format(decision.remaining).as_bytes());
            line.extend_from_slice(b";t=");
            line.extend_from_slice(number.format(seconds_up(decision.reset)).as_bytes());
        }
        line
    }

    /// Queues how long to wait, rounded up and at least 1; nothing when no wait would help.
    pub fn retry_after(&self, decision: &Decision, edits: &mut Edits) {
        if let Some(wait) = decision.retry_after {
            edits.set(&self.retry_after, seconds_up(wait).max(1).into());
        }
    }
}

fn seconds_up(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
