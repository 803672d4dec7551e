//! Services: each a balancer, of one member or several.

use std::time::Duration;

use serde_json::Value;

use super::text::{Lines, literal};
use crate::adapters::common::values;
use crate::adapters::{Bindings, Unsupported};
use crate::fixtures::{Retries, Service};

/// A service as a balancer.
#[derive(Debug)]
pub(super) struct Balancer {
    /// Its name.
    pub name: String,
    /// The directives.
    pub lines: Lines,
    /// The path that its targets' URLs have, without a slash at its end.
    pub base: String,
    /// The Host that it is sent; none: as it came.
    pub host: Option<String>,
}

impl Balancer {
    /// Translates a service.
    pub fn compile(service: &Service, bindings: &Bindings) -> Result<Self, Unsupported> {
        if service
            .targets()
            .iter()
            .any(|(url, _)| url.starts_with("https://"))
        {
            return Err(Unsupported::new(
                "https to an address: the name that is asked for is the host of the URL alone",
            ));
        }
        let scheme = if service.http2 { "h2c" } else { "http" };
        let several = service.targets().len() > 1;
        let (timeouts, attempts) = (times(service)?, attempts(service)?);
        if service.http2 && attempts > 0 {
            return Err(Unsupported::new(
                "retries over HTTP/2: a request that was sent would be sent again too, whatever its method",
            ));
        }
        // How long a member that failed is passed over, in seconds, or the next try might be at the same one.
        let retry = u8::from(attempts > 0);
        let mut inner = Lines::default();
        for (authority, weight) in service.authorities() {
            let address = bindings.upstreams.get(&authority);
            let address =
                address.ok_or_else(|| Unsupported::new(format!("{authority} has no address")))?;
            if !(1..=100).contains(&weight) {
                return Err(Unsupported::new("a weight that is not from 1 to 100"));
            }
            let share = if several {
                format!(" loadfactor={weight}")
            } else {
                String::new()
            };
            inner.line(format!(
                "BalancerMember \"{scheme}://{address}\" {timeouts} retry={retry} upgrade=websocket{share}"
            ));
        }
        if several {
            inner.line(format!(
                "ProxySet lbmethod={} maxattempts={attempts}",
                method(service)?
            ));
        }
        let name = literal(&service.name)?;
        let mut lines = Lines::default();
        lines.section("Proxy", &format!("\"balancer://{name}\""), inner);
        Ok(Self {
            name,
            lines,
            base: base(service)?,
            host: host(service)?,
        })
    }
}

/// How long connections and responses may take; both together stay within the total.
fn times(service: &Service) -> Result<String, Unsupported> {
    let timeouts = &service.timeouts;
    let or = |given: &Option<String>, default: &str| {
        values::duration(given.as_deref().unwrap_or(default))
    };
    if timeouts.idle.is_some() {
        return Err(Unsupported::new(
            "timeouts.idle: a pause is not told from a wait for the answer",
        ));
    }
    let connect = or(&timeouts.connect, "2s")?;
    let (each, total) = (or(&timeouts.r#try, "10s")?, or(&timeouts.total, "30s")?);
    if connect * (attempts(service)? + 1) + each > total {
        return Err(Unsupported::new(
            "timeouts.total: all tries together have no end of their own",
        ));
    }
    Ok(format!(
        "connectiontimeout={} timeout={}",
        written(connect),
        written(each)
    ))
}

/// How often another member is tried: only where no connection was made, whatever the method.
fn attempts(service: &Service) -> Result<u32, Unsupported> {
    let Retries {
        attempts,
        on,
        methods: _,
        backoff,
        budget,
    } = &service.retries;
    let others = u32::try_from(service.targets().len().saturating_sub(1)).unwrap_or(u32::MAX);
    let attempts = attempts.unwrap_or(1).min(others);
    if attempts == 0 {
        return Ok(0);
    }
    if backoff.is_some() || budget.is_some() {
        return Err(Unsupported::new(
            "retries: there is neither back-off nor a budget",
        ));
    }
    if on.iter().flatten().any(|condition| condition != "connect") {
        return Err(Unsupported::new(
            "retries.on: a request that has been sent is never tried again",
        ));
    }
    Ok(attempts)
}

fn method(service: &Service) -> Result<&'static str, Unsupported> {
    match service.balancing.as_ref().map(|by| (by, by.as_str())) {
        None | Some((_, Some("round-robin"))) => Ok("byrequests"),
        Some((_, Some("least-connections"))) => Ok("bybusyness"),
        Some((by, _)) => Err(Unsupported::new(format!(
            "balancing {by}: there is no such method"
        ))),
    }
}

fn host(service: &Service) -> Result<Option<String>, Unsupported> {
    match &service.host {
        Some(Value::String(word)) if word == "preserve" => return Ok(None),
        Some(Value::Object(map)) => {
            if let Some(name) = map.get("set").and_then(Value::as_str) {
                return literal(name).map(Some);
            }
        }
        _ => {}
    }
    match service.authorities().as_slice() {
        [(authority, _)] => literal(authority).map(Some),
        _ => Err(Unsupported::new(
            "host: upstream with several targets: Host is set before the target is chosen",
        )),
    }
}

fn base(service: &Service) -> Result<String, Unsupported> {
    let paths = service.targets().into_iter().map(|(url, _)| {
        let uri = url.parse::<http::Uri>();
        uri.map_or_else(
            |_| String::new(),
            |uri| uri.path().trim_end_matches('/').to_owned(),
        )
    });
    let mut paths: Vec<String> = paths.collect();
    paths.dedup();
    match paths.as_slice() {
        [only] => literal(only),
        _ => Err(Unsupported::new(
            "targets below several paths: the path is changed before the target is chosen",
        )),
    }
}

/// A duration as directives of mod_proxy read it.
pub(super) fn written(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    if milliseconds.is_multiple_of(1000) {
        (milliseconds / 1000).to_string()
    } else {
        format!("{milliseconds}ms")
    }
}
