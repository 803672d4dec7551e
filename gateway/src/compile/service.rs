//! Services and their targets.

use super::listener::duration;
use super::outline::Api;
use super::secure;
use crate::config::{At, Report, raw};
use crate::domain::Mistake;
use crate::domain::pattern::Methods;
use crate::snapshot::{HashOf, Host};
use crate::upstream::{
    Backoff, Balancing, Endpoint, RetryBudget, RetryCause, RetryPolicy, Service, Target, Timeouts,
};
use http::{HeaderValue, StatusCode};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// The services by name.
pub struct Services<'a>(HashMap<&'a str, (Arc<Service>, At<'a>)>);

impl<'a> Services<'a> {
    /// The service of that name.
    pub fn find(&self, name: &str) -> Option<&Arc<Service>> {
        self.0.get(name).map(|(service, _)| service)
    }

    /// Each service once, by name.
    pub fn into_unique(self) -> Vec<Arc<Service>> {
        let mut services: Vec<_> = self.0.into_values().map(|(service, _)| service).collect();
        services.sort_by(|left, right| left.name().cmp(right.name()));
        services
    }
}

pub fn compile<'a>(apis: &[Api<'a>], report: &mut Report) -> Services<'a> {
    let mut services: HashMap<&str, (Arc<Service>, At<'_>)> = HashMap::new();
    for (raw, at) in apis.iter().flat_map(Api::services) {
        if let Some((known, first)) = services.get(raw.name.as_str()) {
            let same = first.value() == at.value() && secure::same(known, *first, raw, at, report);
            if !same {
                report
                    .error(
                        at.key("name"),
                        "duplicate-service",
                        format!("another service is named `{}`", raw.name),
                    )
                    .help("give it another name, or make both the same");
            }
            continue;
        }
        if let Some(service) = service(raw, at, report) {
            services.insert(&raw.name, (Arc::new(service), at));
        }
    }
    Services(services)
}

fn service(raw: &raw::Service, at: At<'_>, report: &mut Report) -> Option<Service> {
    let targets = targets(raw, at, report)?;
    let timeouts = timeouts(raw.timeouts.as_ref(), at.key("timeouts"), report);
    let retries = raw.retries.clone().unwrap_or_default();
    let retry = retry(&retries, at.key("retries"), report);
    let budget = retries.budget.unwrap_or_default();
    let budget = RetryBudget::new(budget.percent.unwrap_or(20).into(), budget.min.unwrap_or(3));
    let balancing = match &raw.balancing {
        None | Some(raw::Balancing::RoundRobin) => Balancing::RoundRobin,
        Some(raw::Balancing::LeastConnections) => Balancing::LeastConnections,
        Some(raw::Balancing::ConsistentHash(_)) => Balancing::ConsistentHash,
    };
    told(
        Service::new(&raw.name, targets, balancing, timeouts, retry, budget),
        at,
        report,
    )
}

/// The value, or its mistake in the report.
pub fn told<T>(result: Result<T, Mistake>, at: At<'_>, report: &mut Report) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(mistake) => {
            report.mistake(at, "invalid-value", mistake);
            None
        }
    }
}

fn targets(raw: &raw::Service, at: At<'_>, report: &mut Report) -> Option<Vec<Target>> {
    let url = raw
        .url
        .iter()
        .map(|url| (url, NonZeroU32::MIN, at.key("url")));
    let list = at.key("targets");
    let several = raw
        .targets
        .iter()
        .flatten()
        .enumerate()
        .map(|(place, target)| {
            let weight = target
                .weight
                .and_then(NonZeroU32::new)
                .unwrap_or(NonZeroU32::MIN);
            (&target.url, weight, list.index(place).key("url"))
        });
    let endpoints: Vec<_> = url
        .chain(several)
        .map(|(url, weight, at)| Some((told(Endpoint::new(url), at, report)?, weight, at)))
        .collect();
    let endpoints: Vec<_> = endpoints.into_iter().collect::<Option<_>>()?;
    let places = endpoints.iter().map(|(endpoint, _, at)| (endpoint, *at));
    let secure = secure::compile(raw.tls.as_ref(), at, places.collect(), report)?;
    let targets = endpoints.into_iter().zip(secure);
    let target = |((endpoint, weight, _), secure)| Target::new(endpoint, weight, secure);
    Some(targets.map(target).collect())
}

fn timeouts(raw: Option<&raw::ServiceTimeouts>, at: At<'_>, report: &mut Report) -> Timeouts {
    let defaults = Timeouts::default();
    let Some(raw) = raw else { return defaults };
    let mut read = |text, key, default| {
        let mut timeout = default;
        duration(text, at.key(key), &mut timeout, report);
        timeout
    };
    let connect = read(&raw.connect, "connect", defaults.connect());
    let per_try = read(&raw.per_try, "try", defaults.try_());
    let total = read(&raw.total, "total", defaults.total());
    let idle = read(&raw.idle, "idle", defaults.idle());
    told(Timeouts::new(connect, per_try, total, idle), at, report).unwrap_or(defaults)
}

fn retry(raw: &raw::Retries, at: At<'_>, report: &mut Report) -> RetryPolicy {
    let mut policy = RetryPolicy::default();
    policy.attempts = raw.attempts.unwrap_or(policy.attempts);
    if let Some(on) = &raw.on {
        policy.on = on.iter().filter_map(cause).collect();
    }
    if let Some(methods) = &raw.methods {
        let methods = Methods::new(methods.iter().map(String::as_str));
        policy.methods = told(methods, at.key("methods"), report).unwrap_or(policy.methods);
    }
    if let Some(backoff) = &raw.backoff {
        let (mut base, mut max) = (Duration::from_millis(25), Duration::from_millis(250));
        let at = at.key("backoff");
        duration(&backoff.base, at.key("base"), &mut base, report);
        duration(&backoff.max, at.key("max"), &mut max, report);
        policy.backoff = told(Backoff::new(base, max), at, report).unwrap_or(policy.backoff);
    }
    policy
}

fn cause(raw: &raw::RetryOn) -> Option<RetryCause> {
    Some(match raw {
        raw::RetryOn::Failure(raw::RetryFailure::Connect) => RetryCause::Connect,
        raw::RetryOn::Failure(raw::RetryFailure::Timeout) => RetryCause::Timeout,
        raw::RetryOn::Failure(raw::RetryFailure::Reset) => RetryCause::Reset,
        raw::RetryOn::Status(status) => RetryCause::Status(StatusCode::from_u16(*status).ok()?),
    })
}

/// The `Host` that the service's targets get.
pub fn host(raw: &raw::Service, at: At<'_>, report: &mut Report) -> Host {
    match &raw.host {
        None | Some(raw::UpstreamHost::Upstream) => Host::Upstream,
        Some(raw::UpstreamHost::Preserve) => Host::Preserve,
        Some(raw::UpstreamHost::Set(name)) => {
            let sound = name
                .parse::<http::uri::Authority>()
                .ok()
                .and_then(|_| HeaderValue::from_str(name).ok());
            if sound.is_none() {
                report.error(
                    at.key("host").key("set"),
                    "invalid-host",
                    format!("`{name}` is not a host"),
                );
            }
            sound.map_or(Host::Upstream, Host::Set)
        }
    }
}

/// What a consistent hash is made of.
pub fn hash(raw: &raw::Service, at: At<'_>, report: &mut Report) -> Option<HashOf> {
    let Some(raw::Balancing::ConsistentHash(key)) = &raw.balancing else {
        return None;
    };
    Some(match key {
        raw::HashKey::Ip => HashOf::Ip,
        raw::HashKey::Consumer => HashOf::Consumer,
        raw::HashKey::Path => HashOf::Path,
        raw::HashKey::Header(name) => match name.parse() {
            Ok(name) => HashOf::Header(name),
            Err(_) => {
                let at = at.key("balancing").key("consistentHash").key("header");
                report.error(
                    at,
                    "invalid-header-name",
                    format!("`{name}` is not a header's name"),
                );
                return None;
            }
        },
    })
}
