//! What a response says of the limits: `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10 §§3–4),
//! `X-RateLimit-*` on request, `Retry-After`.

use super::rule::Checked;
use crate::limit::Decision;
use crate::plugin::edits::{Edits, Header};
use http::HeaderValue;
use http::header::RETRY_AFTER;
use std::io::Write;
use std::time::Duration;

/// Headers made once, and what is needed for those made per request.
pub struct Fields {
    policy: Option<(Header, HeaderValue)>,
    rate_limit: Header,
    names: Box<[Box<str>]>,
    x: Option<[Header; 3]>,
    retry_after: Header,
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
            policy: policy.map(|value| (Header::from_static("RateLimit-Policy"), value)),
            rate_limit: Header::from_static("RateLimit"),
            names: rates().map(|(rule, _)| rule.name.as_str().into()).collect(),
            x: x.then(|| {
                [
                    "X-RateLimit-Limit",
                    "X-RateLimit-Remaining",
                    "X-RateLimit-Reset",
                ]
                .map(Header::from_static)
            }),
            retry_after: Header {
                name: RETRY_AFTER,
                wire: "Retry-After".into(),
            },
        }
    }

    /// Queues what the response says of the limits.
    pub fn write(&self, decisions: &[Decision], edits: &mut Edits) {
        if let Some((header, value)) = &self.policy {
            edits.append(header, value.clone());
        }
        let mut line = smallvec::SmallVec::<[u8; 128]>::new();
        for (name, decision) in self.names.iter().zip(decisions) {
            let between = if line.is_empty() { "" } else { ", " };
            let (left, reset) = (decision.remaining, seconds_up(decision.reset));
            // Writing into memory cannot fail.
            write!(line, "{between}\"{name}\";r={left};t={reset}")
                .expect("memory takes every byte");
        }
        if let Ok(value) = HeaderValue::from_bytes(&line) {
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
