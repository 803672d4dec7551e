//! Services: where and how requests are forwarded.

use std::time::Duration;

use serde_json::Value;

use super::lines::{Lines, literal, word};
use super::listener::{file, files};
use crate::adapters::common::values;
use crate::adapters::{Bindings, Unsupported};
use crate::fixtures::{Retries, Service};

/// How long a target may take until it begins to answer, where nobody says so.
const TRY: &str = "10s";
const CONNECT: &str = "2s";
const TOTAL: &str = "30s";
/// Tries follow one another without a pause that anybody asked for.
const BETWEEN_TRIES: &str = "10ms";
/// How long a target that failed is passed over, or the next try might be at the same one.
const PASSED_OVER: &str = "1s";

/// A service as `reverse_proxy`.
pub(super) struct Proxy {
    targets: Vec<String>,
    inner: Lines,
    /// The path that its targets' URLs have, without a slash at its end.
    pub base: String,
    /// Whether it is known by the authorities that the system trusts.
    pub trusts_system: bool,
}

impl Proxy {
    /// Translates a service.
    pub fn compile(service: &Service, bindings: &Bindings) -> Result<Self, Unsupported> {
        let mut inner = Lines::default();
        balancing(service, &mut inner)?;
        retries(service, &mut inner)?;
        if let Some(host) = host(service)? {
            inner.line(format!("header_up Host {host}"));
        }
        let mut proxy = Self {
            targets: targets(service, bindings)?,
            inner,
            base: base(service)?,
            trusts_system: false,
        };
        let transport = proxy.transport(service)?;
        proxy.inner.block("transport http", transport);
        Ok(proxy)
    }

    /// The directive, for requests that fit `matcher`; `edits` are the headers that are changed both ways.
    pub fn directive(&self, matcher: Option<&str>, edits: &Lines) -> Lines {
        let mut inner = edits.clone();
        inner.append(self.inner.clone());
        let matcher = matcher.map(|name| format!("{name} ")).unwrap_or_default();
        let mut lines = Lines::default();
        let opening = format!("reverse_proxy {matcher}{}", self.targets.join(" "));
        lines.block(opening, inner);
        lines
    }

    fn transport(&mut self, service: &Service) -> Result<Lines, Unsupported> {
        let timeouts = &service.timeouts;
        let or = |given: &Option<String>, default: &str| {
            values::duration(given.as_deref().unwrap_or(default))
        };
        let first_byte = or(&timeouts.r#try, TRY)?.min(or(&timeouts.total, TOTAL)?);
        let mut lines = Lines::default();
        lines.line(format!(
            "dial_timeout {}",
            written(or(&timeouts.connect, CONNECT)?)
        ));
        lines.line(format!("response_header_timeout {}", written(first_byte)));
        if timeouts.idle.is_some() {
            return Err(Unsupported::new(
                "timeouts.idle: a pause is not told from a wait for the next request",
            ));
        }
        if secure(service)? {
            self.tls(service, &mut lines)?;
        } else if service.http2 {
            lines.line("versions h2c 2");
        }
        Ok(lines)
    }

    fn tls(&mut self, service: &Service, lines: &mut Lines) -> Result<(), Unsupported> {
        if service.http2 {
            return Err(Unsupported::new(
                "http2 over TLS: an upstream that doesn't agree would be spoken to in HTTP/1.1",
            ));
        }
        let tls = service.tls.clone().unwrap_or_default();
        let name = match (&tls.server_name, service.authorities().as_slice()) {
            (Some(name), _) => name.clone(),
            (None, [(authority, _)]) => {
                let host = authority.rsplit_once(':').map(|(host, _)| host);
                host.unwrap_or(authority).to_owned()
            }
            (None, _) => {
                return Err(Unsupported::new(
                    "https to several targets: there is one name for all handshakes",
                ));
            }
        };
        lines.line("versions 1.1");
        lines.line("tls");
        lines.line(format!("tls_server_name {}", literal(&name)?));
        match files(&tls.ca)?.as_slice() {
            [] => self.trusts_system = true,
            authorities => lines.line(format!("tls_trusted_ca_certs {}", authorities.join(" "))),
        }
        if let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) {
            lines.line(format!(
                "tls_client_auth {} {}",
                file(certificate)?,
                file(key)?
            ));
        }
        Ok(())
    }
}

/// The address of each target, as often as its weight says: a round robin then gives it its share.
fn targets(service: &Service, bindings: &Bindings) -> Result<Vec<String>, Unsupported> {
    let authorities = service.authorities();
    let least = authorities.iter().map(|(_, weight)| *weight).min();
    let equal = authorities
        .iter()
        .all(|(_, weight)| Some(*weight) == least && *weight > 0);
    let round_robin = service
        .balancing
        .as_ref()
        .is_none_or(|balancing| balancing == "round-robin");
    if !equal && !round_robin {
        return Err(Unsupported::new(
            "weights: no policy but a round robin can be given them",
        ));
    }
    let mut targets = Vec::new();
    for (authority, weight) in &authorities {
        let address = bindings.upstreams.get(authority);
        let address =
            address.ok_or_else(|| Unsupported::new(format!("{authority} has no address")))?;
        let times = if equal { 1 } else { *weight };
        if times > 100 {
            return Err(Unsupported::new(
                "weights over 100: a target would be listed that often",
            ));
        }
        targets.extend((0..times).map(|_| address.to_string()));
    }
    if targets.is_empty() {
        return Err(Unsupported::new("a service without targets"));
    }
    Ok(targets)
}

fn balancing(service: &Service, lines: &mut Lines) -> Result<(), Unsupported> {
    let default = Value::from("round-robin");
    let balancing = service.balancing.as_ref().unwrap_or(&default);
    let by = balancing.pointer("/consistentHash");
    let header = by.and_then(|by| by.get("header")?.as_str());
    let policy = match (
        balancing.as_str(),
        by.and_then(serde_json::Value::as_str),
        header,
    ) {
        (Some("round-robin"), ..) => "round_robin".to_owned(),
        (Some("least-connections"), ..) => "least_conn".to_owned(),
        (_, Some("ip"), _) => "ip_hash".to_owned(),
        (_, _, Some(header)) => format!("header {}", literal(header)?),
        (_, Some("path"), _) => {
            return Err(Unsupported::new(
                "balancing by path: uri_hash counts the query in",
            ));
        }
        _ => {
            return Err(Unsupported::new(format!(
                "balancing {balancing}: there is no such policy"
            )));
        }
    };
    if service.targets().len() > 1 {
        lines.line(format!("lb_policy {policy}"));
    }
    Ok(())
}

/// A failed connection is always tried again, any other failure where the request's method is among those named. Which
/// failures count can't be chosen; where nobody does, they are those that Caddy knows.
fn retries(service: &Service, lines: &mut Lines) -> Result<(), Unsupported> {
    let Retries {
        attempts,
        on,
        methods,
        backoff,
        budget,
    } = &service.retries;
    if backoff.is_some() || budget.is_some() {
        return Err(Unsupported::new(
            "retries: there is neither back-off nor a budget",
        ));
    }
    let others = u32::try_from(service.targets().len() - 1).unwrap_or(u32::MAX);
    let attempts = attempts.unwrap_or(1).min(others);
    if attempts == 0 {
        return Ok(());
    }
    let mut conditions: Vec<&str> = Vec::new();
    for condition in on.iter().flatten() {
        match condition.as_str() {
            Some(known @ ("connect" | "reset" | "timeout")) => conditions.push(known),
            _ => {
                return Err(Unsupported::new(format!(
                    "retries.on {condition}: a response is never tried again"
                )));
            }
        }
    }
    let all = ["connect", "reset", "timeout"];
    if on.is_some() && !all.iter().all(|each| conditions.contains(each)) {
        return Err(Unsupported::new(
            "retries.on: connections that fail, break or take too long are tried again alike",
        ));
    }
    let idempotent = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];
    let methods = methods.as_ref().map_or_else(
        || Ok(idempotent.map(str::to_owned).to_vec()),
        |methods| {
            methods
                .iter()
                .map(|method| literal(method))
                .collect::<Result<Vec<_>, _>>()
        },
    )?;
    let total = service.timeouts.total.as_deref().unwrap_or(TOTAL);
    lines.line(format!("lb_retries {attempts}"));
    lines.line(format!(
        "lb_try_duration {}",
        written(values::duration(total)?)
    ));
    lines.line(format!("lb_try_interval {BETWEEN_TRIES}"));
    lines.line(format!("fail_duration {PASSED_OVER}"));
    let mut matching = Lines::default();
    matching.line(format!("method {}", methods.join(" ")));
    lines.block("lb_retry_match", matching);
    Ok(())
}

/// The Host that a service is sent; none: as it came.
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
        [(authority, _)] => word(authority).map(Some),
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
        [only] => Ok(only.clone()),
        _ => Err(Unsupported::new(
            "targets below several paths: the path is changed before the target is chosen",
        )),
    }
}

/// Whether a service is spoken to over TLS.
fn secure(service: &Service) -> Result<bool, Unsupported> {
    let targets = service.targets();
    let secure = targets
        .iter()
        .filter(|(url, _)| url.starts_with("https://"))
        .count();
    if secure != 0 && secure != targets.len() {
        return Err(Unsupported::new(
            "http and https in one service: there is one transport",
        ));
    }
    Ok(secure != 0)
}

/// A duration as Go reads it.
fn written(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    if milliseconds.is_multiple_of(1000) {
        format!("{}s", milliseconds / 1000)
    } else {
        format!("{milliseconds}ms")
    }
}
