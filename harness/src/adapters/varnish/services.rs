//! Services: a backend for each target, and a director where there are several.

use serde_json::Value;

use super::words::{name, text};
use crate::adapters::common::values::duration;
use crate::adapters::{Bindings, Unsupported};
use crate::fixtures::Service;

/// The backends and directors of the services that a route chooses among.
#[derive(Default)]
pub(super) struct Chosen {
    /// Backends by name, and their definitions.
    pub backends: Vec<(String, String)>,
    /// Directors by name, and the statements that make them.
    pub directors: Vec<(String, String)>,
}

impl Chosen {
    /// Adds a service, and gives the statements that send a request there.
    pub fn add(&mut self, service: &Service, bindings: &Bindings) -> Result<String, Unsupported> {
        can_be_said(service)?;
        let id = name(&service.name);
        let mut names = Vec::new();
        for (number, (authority, _)) in service.authorities().into_iter().enumerate() {
            let address = bindings.upstreams.get(&authority);
            let address =
                address.ok_or_else(|| Unsupported::new(format!("{authority} has no address")))?;
            let backend = format!("{id}_{number}");
            let (connect, answer) = timeouts(service)?;
            self.backends.push((
                backend.clone(),
                format!(
                    "\
backend {backend} {{
    .host = \"{}\";
    .port = \"{}\";
    .connect_timeout = {connect};
    .first_byte_timeout = {answer};
}}
",
                    address.ip(),
                    address.port(),
                ),
            ));
            names.push(backend);
        }
        let mut statements = match names.as_slice() {
            [only] => format!("    set req.backend_hint = {only};\n"),
            several => {
                let (kind, argument) = balancing(service)?;
                let mut made = format!("    new {id} = directors.{kind}();\n");
                let weight = if kind == "hash" { ", 1.0" } else { "" };
                for backend in several {
                    made += &format!("    {id}.add_backend({backend}{weight});\n");
                }
                self.directors.push((id.clone(), made));
                format!("    set req.backend_hint = {id}.backend({argument});\n")
            }
        };
        let base = path_of(service)?;
        if !base.is_empty() {
            statements += &format!("    set req.url = {} + req.url;\n", text(&base)?);
        }
        if let Some(host) = host(service)? {
            statements += &format!("    set req.http.Host = {};\n", text(&host)?);
        }
        Ok(statements)
    }
}

fn can_be_said(service: &Service) -> Result<(), Unsupported> {
    let targets = service.targets();
    let weights = targets.iter().map(|(_, weight)| weight);
    let several = targets.len() > 1;
    let reason = if targets.iter().any(|(url, _)| url.starts_with("https://")) {
        "https: backends are not spoken to over TLS"
    } else if service.http2 {
        "http2: backends are spoken to in HTTP/1.1"
    } else if service.timeouts.idle.is_some() {
        "timeouts.idle: one time is for all backends"
    } else if several && service.retries.attempts != Some(0) {
        "retries: a connection that failed can't be told from an answer that was lost, so a POST would be sent twice or not tried again"
    } else if several && weights.collect::<std::collections::BTreeSet<_>>().len() > 1 {
        "weights: only a random director has them, whose shares are not exact"
    } else {
        return Ok(());
    };
    Err(Unsupported::new(reason))
}

/// There is but one try, so the time for all of them has to be enough for that.
fn timeouts(service: &Service) -> Result<(&str, &str), Unsupported> {
    let given = &service.timeouts;
    let connect = given.connect.as_deref().unwrap_or("2s");
    let answer = given.r#try.as_deref().unwrap_or("10s");
    let total = duration(given.total.as_deref().unwrap_or("30s"))?;
    if duration(connect)? + duration(answer)? > total {
        return Err(Unsupported::new(
            "timeouts.total: each try has its times alone",
        ));
    }
    Ok((connect, answer))
}

fn balancing(service: &Service) -> Result<(&'static str, String), Unsupported> {
    let Some(balancing) = &service.balancing else {
        return Ok(("round_robin", String::new()));
    };
    let by = balancing.pointer("/consistentHash");
    Ok(match (balancing.as_str(), by.and_then(Value::as_str)) {
        (Some("round-robin"), _) => ("round_robin", String::new()),
        (_, Some("ip")) => ("hash", "client.ip".to_owned()),
        (_, Some("path")) => ("hash", "req.http.Gateway-Path".to_owned()),
        _ => match by.and_then(|by| by.get("header")?.as_str()) {
            Some(header) => ("hash", format!("req.http.{header}")),
            None => {
                return Err(Unsupported::new(format!(
                    "balancing {balancing}: there is no such director"
                )));
            }
        },
    })
}

fn path_of(service: &Service) -> Result<String, Unsupported> {
    let targets = service.targets().into_iter();
    let paths = targets.map(|(url, _)| {
        let uri = url.parse::<http::Uri>();
        let path = uri.map_or_else(|_| String::new(), |uri| uri.path().to_owned());
        path.trim_end_matches('/').to_owned()
    });
    let mut paths: Vec<String> = paths.collect();
    paths.dedup();
    match paths.as_slice() {
        [only] => Ok(only.clone()),
        _ => Err(Unsupported::new("targets with different paths")),
    }
}

/// The Host that the service is sent; none: that of the client.
fn host(service: &Service) -> Result<Option<String>, Unsupported> {
    match &service.host {
        Some(Value::String(word)) if word == "preserve" => return Ok(None),
        Some(Value::Object(map)) => {
            if let Some(host) = map.get("set").and_then(Value::as_str) {
                return Ok(Some(host.to_owned()));
            }
        }
        _ => {}
    }
    match service.authorities().as_slice() {
        [(authority, _)] => Ok(Some(authority.clone())),
        _ => Err(Unsupported::new(
            "host: upstream with several targets: Host is set before the director chooses",
        )),
    }
}
