//! `rate-limit`: so many requests in a time, or at a time, for each value of a key.
//!
//! Decided and counted in one step over all limits of the plugin: a refused request costs nothing. 429 (RFC 6585 §4) with
//! a `Retry-After` (RFC 9110 §10.2.3) that is true, `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10).

mod fields;
mod rule;

use super::chain::Phases;
use super::exchange::Exchange;
use super::registry::{Compile, Plugin};
use super::{Flow, OnRequest, Rejection, Request};
use crate::limit::{Check, Concurrency, Decisions, Key, Limiter, decide};
use crate::reason::Reason;
use rule::{KeySource, Rule};
use schemars::JsonSchema;
use serde::Deserialize;
use smallvec::SmallVec;
use std::sync::Arc;

/// So many requests in a time, or at a time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Config {
    /// One limit.
    #[serde(flatten)]
    rule: Rule,
    /// Several limits, all of which a request must keep; instead of one.
    #[serde(default)]
    limits: Vec<Rule>,
    /// Counts and tells in log and metrics, but refuses nothing and tells clients nothing: those that heed `RateLimit`
    /// would slow down already.
    #[serde(default)]
    dry_run: bool,
    /// Whether `X-RateLimit-Limit`, `-Remaining` and `-Reset` (in seconds) are sent as well.
    #[serde(default)]
    x_rate_limit_headers: bool,
}

/// A limit on requests in a time.
struct Rate {
    key: KeySource,
    limiter: Arc<Limiter>,
    cost: u64,
    name: Box<str>,
}

/// A limit on requests at a time.
struct AtATime {
    key: KeySource,
    concurrency: Arc<Concurrency>,
}

/// The compiled form.
pub struct RateLimit {
    rates: Box<[Rate]>,
    at_a_time: Box<[AtATime]>,
    fields: fields::Fields,
    dry_run: bool,
}

impl Plugin for RateLimit {
    const NAME: &'static str = "rate-limit";
    const SUMMARY: &'static str =
        "So many requests in a time, or at a time, for each consumer, key, address or header.";
    const EXAMPLE: &'static str = r#"{name: rate-limit, config: {limits: [{key: consumer, limitPerMinute: 100}, {key: ip, limitPerSecond: 20, burst: 40}]}}"#;
    type Config = Config;

    fn compile(
        config: Config,
        compile: &mut Compile<'_, '_>,
        phases: &mut Phases,
    ) -> Option<String> {
        let rules = rule::compile_all(&config, compile)?;
        if config.x_rate_limit_headers && rules.iter().all(|rule| rule.quota.is_none()) {
            let at = compile.at.key("xRateLimitHeaders");
            compile
                .report
                .error(at, "limit-without-number", "the headers tell of requests in a time, and only requests at a time are limited")
                .help("leave it out, or add a limit such as limitPerMinute");
            return None;
        }
        let does = rules
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ");
        let fields = fields::Fields::new(&rules, config.x_rate_limit_headers);
        let (mut rates, mut at_a_time) = (vec![], vec![]);
        for rule in rules {
            let scope = format!("{}/{}/{}", compile.scope, rule.name, rule.key);
            if let Some(quota) = rule.quota {
                let limiter = compile.limits.limiter(&scope, quota);
                rates.push(Rate {
                    key: rule.key.clone(),
                    limiter,
                    cost: rule.cost,
                    name: rule.name.into(),
                });
            }
            if let Some(most) = rule.concurrent {
                at_a_time.push(AtATime {
                    key: rule.key,
                    concurrency: compile.limits.concurrency(&scope, most),
                });
            }
        }
        let (rates, at_a_time) = (rates.into(), at_a_time.into());
        phases.request(Arc::new(Self {
            rates,
            at_a_time,
            fields,
            dry_run: config.dry_run,
        }));
        Some(if config.dry_run {
            format!("dry run: {does}")
        } else {
            does
        })
    }
}

impl OnRequest for RateLimit {
    fn on_request(&self, request: &Request<'_>, exchange: &mut Exchange) -> Flow {
        let flow = self.limit(request, exchange);
        match flow {
            Flow::Reject(rejection) if self.dry_run => {
                exchange.would_refuse = Some(rejection.reason);
                Flow::Next
            }
            flow => flow,
        }
    }
}

impl RateLimit {
    fn limit(&self, request: &Request<'_>, exchange: &mut Exchange) -> Flow {
        // Permits first: they go back by themselves when a rate refuses, so nothing is counted twice.
        let mut permits = SmallVec::<[_; 1]>::new();
        for limit in &self.at_a_time {
            let key = limit.key.with(request, exchange, Key::new);
            match limit.concurrency.acquire(key) {
                Some(permit) => permits.push(permit),
                None => {
                    return Rejection::new(
                        Reason::ConcurrencyLimited,
                        "too many requests are under way",
                    )
                    .into();
                }
            }
        }
        let rejection = self.count(request, exchange);
        if rejection.is_none() {
            exchange.permits.extend(permits);
        }
        rejection.map_or(Flow::Next, Into::into)
    }

    fn count(&self, request: &Request<'_>, exchange: &mut Exchange) -> Option<Rejection> {
        if self.rates.is_empty() {
            return None;
        }
        let checks: SmallVec<[Check<'_>; 4]> = self
            .rates
            .iter()
            .map(|rate| Check {
                limiter: &rate.limiter,
                key: rate.key.with(request, exchange, Key::new),
                cost: rate.cost,
            })
            .collect();
        let mut decisions = Decisions::new();
        decide(&checks, request.now, &mut decisions);
        if !self.dry_run {
            self.fields.write(&decisions, &mut exchange.response_edits);
        }
        let refused = decisions
            .iter()
            .zip(&self.rates)
            .filter(|(decision, _)| !decision.allowed);
        let (decision, rate) = refused.max_by_key(|(decision, _)| decision.retry_after)?;
        if !self.dry_run {
            self.fields
                .retry_after(decision, &mut exchange.response_edits);
        }
        Some(Rejection::new(
            Reason::RateLimited,
            format!("the limit {:?} is used up", rate.name),
        ))
    }
}

#[cfg(test)]
mod tests;
