//! A backend: the rules of a route, and the servers of one of its services.

use serde_json::Value;

use super::rules::Rules;
use super::secure;
use super::words::{escaped, format_word, line, name, word};
use crate::adapters::common::routes::{End, Path, Segment};
use crate::adapters::common::values::duration;
use crate::adapters::{Bindings, Unsupported};
use crate::fixtures::{Retries, RouteApi, Service};

/// The methods that are safe to repeat (RFC 9110 §9.2.2).
const IDEMPOTENT: &str = "GET HEAD OPTIONS TRACE PUT DELETE";

/// The section for the requests of a route that go to a service.
pub(super) fn section(
    backend: &str,
    route: &RouteApi,
    service: &Service,
    rules: &Rules,
    bindings: &Bindings,
) -> Result<String, Unsupported> {
    let mut text = format!("\nbackend {}\n", name(backend)?);
    text.push_str(&rules.acls.lines());
    let mut add = |directive: &str| line(&mut text, directive);
    add(&format!(
        "http-request set-var(txn.route) str({})",
        name(&route.name)?
    ));
    add(&format!(
        "http-request set-var(txn.service) str({})",
        name(&service.name)?
    ));
    text.push_str(&rules.text);
    let mut add = |directive: &str| line(&mut text, directive);
    rewrite(route, &mut add)?;
    base(service, &mut add)?;
    host(service, &mut add)?;
    let tries = retries(service, &mut add)?;
    timeouts(service, tries, &mut add)?;
    let servers = servers(service, bindings)?;
    if servers.len() > 1 {
        balancing(service, &mut add)?;
    }
    for server in servers {
        add(&server);
    }
    Ok(text)
}

fn rewrite(route: &RouteApi, add: &mut dyn FnMut(&str)) -> Result<(), Unsupported> {
    let template = match (&route.route.rewrite, route.route.strip_prefix) {
        (Some(template), _) => template.as_str(),
        (None, true) => "",
        (None, false) => return Ok(()),
    };
    let paths = Path::of(&route.route);
    let [path] = paths.as_slice() else {
        return Err(Unsupported::new(
            "several paths that are rewritten: what one leaves, another would change again",
        ));
    };
    let mut pattern = path.expression(escaped, |_| "([^/]+)".to_owned());
    let mut target = template.trim_end_matches('/').replace('%', "%%");
    let mut groups = 0;
    for segment in &path.segments {
        if let Segment::Parameter(name) = segment {
            groups += 1;
            target = target.replace(&format!("{{{name}}}"), &format!("\\{groups}"));
        }
    }
    let rest = groups + 1;
    match (path.end, target.is_empty()) {
        // What would be empty is the root.
        (End::Prefix, true) => {
            pattern += "/?(.*)$";
            target = format!("/\\{rest}");
        }
        (End::Prefix, false) => {
            pattern += "(/.*)?$";
            target += &format!("\\{rest}");
        }
        (_, true) => target.push('/'),
        (_, false) => {}
    }
    add(&format!(
        "http-request replace-path {} {}",
        word(&format!("^{pattern}")),
        word(&target)
    ));
    Ok(())
}

/// The path of the upstream's URL comes before that of the request.
fn base(service: &Service, add: &mut dyn FnMut(&str)) -> Result<(), Unsupported> {
    let paths = service.targets().into_iter().map(|(url, _)| path_of(url));
    let mut paths: Vec<String> = paths.collect();
    paths.dedup();
    match paths.as_slice() {
        [base] if base.is_empty() => Ok(()),
        [base] => {
            let base = base.replace('%', "%%");
            add(&format!(
                "http-request set-path {}",
                word(&format!("{base}%[path]"))
            ));
            Ok(())
        }
        _ => Err(Unsupported::new(
            "targets with different paths: the path is set before the target is chosen",
        )),
    }
}

fn path_of(url: &str) -> String {
    let uri = url.parse::<http::Uri>();
    let path = uri.map_or_else(|_| String::new(), |uri| uri.path().to_owned());
    path.trim_end_matches('/').to_owned()
}

fn host(service: &Service, add: &mut dyn FnMut(&str)) -> Result<(), Unsupported> {
    let set = match &service.host {
        Some(Value::String(word)) if word == "preserve" => return Ok(()),
        Some(Value::Object(map)) => map.get("set").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    let host = match (set, service.authorities().as_slice()) {
        (Some(host), _) => host,
        (None, [(authority, _)]) => authority.clone(),
        (None, _) => {
            return Err(Unsupported::new(
                "host: upstream with several targets: Host is set before the target is chosen",
            ));
        }
    };
    add(&format!(
        "http-request set-header Host {}",
        format_word(&host)
    ));
    Ok(())
}

/// Gives how often a request is tried at most. Of two targets the other one is taken; of more, only the one just tried is
/// passed over.
fn retries(service: &Service, add: &mut dyn FnMut(&str)) -> Result<u32, Unsupported> {
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
    let others = u32::try_from(service.targets().len().saturating_sub(1)).unwrap_or(u32::MAX);
    let attempts = attempts.unwrap_or(1).min(others);
    add(&format!("retries {attempts}"));
    if attempts == 0 {
        return Ok(1);
    }
    if attempts > 1 {
        return Err(Unsupported::new(
            "retries at several targets: only the one just tried is not tried again",
        ));
    }
    let mut conditions = Vec::new();
    let default = [Value::from("connect"), Value::from("reset")];
    for condition in on.as_deref().unwrap_or(&default) {
        conditions.push(match (condition.as_str(), condition.as_u64()) {
            (Some("connect"), _) => "conn-failure".to_owned(),
            (Some("reset"), _) => "empty-response".to_owned(),
            (Some("timeout"), _) => "response-timeout".to_owned(),
            (_, Some(status @ (401 | 403 | 404 | 408 | 425 | 500..=504))) => status.to_string(),
            _ => {
                return Err(Unsupported::new(format!(
                    "retries.on {condition}: there is no such condition"
                )));
            }
        });
    }
    add("option redispatch 1");
    add(&format!("retry-on {}", conditions.join(" ")));
    let methods = methods.as_ref().map(|methods| methods.join(" "));
    let methods = methods.as_deref().unwrap_or(IDEMPOTENT);
    add(&format!(
        "http-request disable-l7-retry unless {{ method {methods} }}"
    ));
    Ok(attempts + 1)
}

/// There is no time for all tries together, so they have to fit into it one by one: only the last of them waits for an
/// answer unless a timeout is tried again.
fn timeouts(service: &Service, tries: u32, add: &mut dyn FnMut(&str)) -> Result<(), Unsupported> {
    let given = &service.timeouts;
    if given.idle.is_some() {
        return Err(Unsupported::new(
            "timeouts.idle: connections to servers are purged by their number",
        ));
    }
    let connect = given.connect.as_deref().unwrap_or("2s");
    let answer = given.r#try.as_deref().unwrap_or("10s");
    let total = duration(given.total.as_deref().unwrap_or("30s"))?;
    let again = service.retries.on.iter().flatten();
    let waits = if again.into_iter().any(|condition| condition == "timeout") {
        tries
    } else {
        1
    };
    if duration(connect)? * tries + duration(answer)? * waits > total {
        return Err(Unsupported::new(
            "timeouts.total: each try has its times, all of them together have none",
        ));
    }
    add(&format!("timeout connect {connect}"));
    add(&format!("timeout server {answer}"));
    Ok(())
}

fn balancing(service: &Service, add: &mut dyn FnMut(&str)) -> Result<(), Unsupported> {
    let Some(balancing) = &service.balancing else {
        add("balance roundrobin");
        return Ok(());
    };
    let by = balancing.pointer("/consistentHash");
    let algorithm = match (balancing.as_str(), by.and_then(Value::as_str)) {
        (Some("round-robin"), _) => "roundrobin".to_owned(),
        (Some("least-connections"), _) => "leastconn".to_owned(),
        (_, Some("ip")) => "source".to_owned(),
        (_, Some("path")) => "uri path-only".to_owned(),
        (_, Some("consumer")) => "hash var(txn.consumer)".to_owned(),
        _ => match by.and_then(|by| by.get("header")?.as_str()) {
            Some(header) => format!("hdr({header})"),
            None => {
                return Err(Unsupported::new(format!(
                    "balancing {balancing}: there is no such method"
                )));
            }
        },
    };
    add(&format!("balance {algorithm}"));
    if by.is_some() {
        add("hash-type consistent sdbm avalanche");
    }
    Ok(())
}

/// A server for each target, named as the target is, so that logs tell it.
fn servers(service: &Service, bindings: &Bindings) -> Result<Vec<String>, Unsupported> {
    let targets = service.targets();
    let heaviest = targets.iter().map(|(_, weight)| *weight).max();
    // The more weight, the more points on a consistent hash's circle, and the more even the shares.
    let factor = 256 / heaviest.unwrap_or(1).max(1);
    if factor == 0 {
        return Err(Unsupported::new("a weight above 256"));
    }
    let options = secure::server(service)?;
    let mut servers = Vec::new();
    for ((authority, weight), options) in service.authorities().into_iter().zip(options) {
        let address = bindings.upstreams.get(&authority);
        let address =
            address.ok_or_else(|| Unsupported::new(format!("{authority} has no address")))?;
        let weight = if targets.len() > 1 {
            format!(" weight {}", weight * factor)
        } else {
            String::new()
        };
        let authority = name(&authority)?;
        servers.push(format!("server {authority} {address}{weight}{options}"));
    }
    Ok(servers)
}
