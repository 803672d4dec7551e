//! Locations: what happens to a route's requests.

use serde_json::Value;

use super::plugins::{Plugins, quoted};
use super::render::{braced, duration, line};
use super::routing::Location;
use super::{conditions, routing, secure};
use crate::adapters::Unsupported;
use crate::adapters::common::routes::{End, Path, methods};
use crate::fixtures::{Retries, RouteApi, Service};

/// The locations of a route, where `all` are all routes.
pub(super) fn locations(
    index: usize,
    route: &RouteApi,
    all: &[RouteApi],
    plugins: &Plugins,
) -> Result<Vec<Location>, Unsupported> {
    let conditions = conditions::of(route, all)?;
    let allowed = conditions::allowed(&route.route, all);
    let body = body(index, route, &allowed, plugins)?;
    let mut locations = bare(index, route, &body);
    for location in &mut locations {
        let pattern = routing::pattern(&location.path);
        if let Some(rewrite) = rewrite(route, &location.path, &pattern) {
            line(&mut location.body, 3, &rewrite);
        }
        location.conditions.clone_from(&conditions);
    }
    Ok(locations)
}

/// The locations of a route that is left out: its requests are nobody else's. Where it can't be said which these are, no
/// route of its paths gets any.
pub(super) fn nowhere(index: usize, route: &RouteApi, all: &[RouteApi]) -> Vec<Location> {
    let mut body = String::new();
    line(&mut body, 3, "return 404");
    let mut locations = bare(index, route, &body);
    let conditions = conditions::of(route, all);
    for location in &mut locations {
        match &conditions {
            Ok(conditions) => location.conditions.clone_from(conditions),
            Err(_) => location.specificity = (usize::MAX, usize::MAX),
        }
    }
    locations
}

/// A location for each path of a route.
fn bare(index: usize, route: &RouteApi, body: &str) -> Vec<Location> {
    let paths = Path::of(&route.route).into_iter().enumerate();
    let location = |(place, path): (usize, Path)| Location {
        name: match place {
            0 => format!("route_{index}"),
            _ => format!("route_{index}_{place}"),
        },
        hosts: route.route.hosts.clone(),
        pattern: routing::pattern(&path),
        path,
        methods: methods(&route.route)
            .into_iter()
            .map(str::to_owned)
            .collect(),
        conditions: Vec::new(),
        specificity: (route.route.headers.len(), route.route.query.len()),
        body: body.to_owned(),
    };
    paths.map(location).collect()
}

fn rewrite(route: &RouteApi, path: &Path, pattern: &str) -> Option<String> {
    let rest = if path.end == End::Prefix { "$rest" } else { "" };
    let target = match (&route.route.rewrite, route.route.strip_prefix) {
        (Some(template), _) => template.replace('{', "${"),
        (None, true) => String::new(),
        (None, false) => return None,
    };
    // A target that would be empty is the root.
    let target = match (target.as_str(), rest) {
        ("", _) => "/$bare".to_owned(),
        (target, rest) => format!("{target}{rest}"),
    };
    let pattern = if target == "/$bare" {
        pattern.replace("(?<rest>/.*)?$", "/?(?<bare>.*)$")
    } else {
        pattern.to_owned()
    };
    Some(format!(
        "rewrite {} {} break",
        quoted(&format!("^{pattern}")),
        quoted(&target)
    ))
}

/// What happens to a request, in the order in which nginx comes to it.
fn body(
    index: usize,
    route: &RouteApi,
    allowed: &[String],
    plugins: &Plugins,
) -> Result<String, Unsupported> {
    let mut text = String::new();
    let mut add = |directive: &str| line(&mut text, 3, directive);
    add(&format!("set $route {}", quoted(&route.name)));
    add(&format!("set $service {}", plugins.service(&route.service)));
    add(&format!("set $caller {}", plugins.caller()));
    add("set $allow \"\"");
    add("set $challenge \"\"");
    text.push_str(&plugins.before);
    if !allowed.is_empty() {
        braced(
            &mut text,
            3,
            &format!(
                "if ($request_method !~ ^({})$) {{ set $allow {}; return 405; }}",
                allowed.join("|"),
                quoted(&allowed.join(", ")),
            ),
        );
    }
    text.push_str(&plugins.after);
    let mut add = |directive: &str| line(&mut text, 3, directive);
    add("add_header Allow $allow always");
    add("add_header WWW-Authenticate $challenge always");
    timeouts(&route.service, &mut add)?;
    retries(&route.service.retries, &mut add)?;
    add(&format!(
        "proxy_set_header Host {}",
        host(index, route, plugins)?
    ));
    for (name, value) in [
        ("Connection", "$connection_upgrade"),
        ("Upgrade", "$http_upgrade"),
        ("X-Forwarded-For", "$remote_addr"),
        ("X-Forwarded-Host", "$http_host"),
        ("X-Forwarded-Proto", "$scheme"),
        (
            "Forwarded",
            "\"for=$remote_addr;host=\\\"$http_host\\\";proto=$scheme\"",
        ),
        ("TE", "\"\""),
        ("Keep-Alive", "\"\""),
        ("Proxy-Connection", "\"\""),
    ] {
        add(&format!("proxy_set_header {name} {value}"));
    }
    let scheme = secure::scheme(&route.service)?;
    for other in route
        .alternatives
        .iter()
        .filter(|_| plugins.chooses_service)
    {
        if scheme == "https" || secure::scheme(other)? == "https" {
            return Err(Unsupported::new(
                "https where the service depends on the request: its settings don't",
            ));
        }
    }
    secure::upstream(&route.service, &mut add)?;
    add(&format!("proxy_pass {scheme}://$service"));
    Ok(text)
}

fn timeouts(service: &Service, add: &mut dyn FnMut(&str)) -> Result<(), Unsupported> {
    let timeouts = &service.timeouts;
    if timeouts.idle.is_some() {
        return Err(Unsupported::new(
            "timeouts.idle: one proxy_read_timeout goes for answers and for streams",
        ));
    }
    let or =
        |given: &Option<String>, default: &str| given.clone().unwrap_or_else(|| default.to_owned());
    add(&format!(
        "proxy_connect_timeout {}",
        duration(&or(&timeouts.connect, "2s"))?
    ));
    let per_try = or(&timeouts.r#try, "10s");
    add(&format!("proxy_read_timeout {}", duration(&per_try)?));
    add(&format!("proxy_send_timeout {}", duration(&per_try)?));
    add(&format!(
        "proxy_next_upstream_timeout {}",
        duration(&or(&timeouts.total, "30s"))?
    ));
    Ok(())
}

/// The methods that nginx tries again unless told otherwise.
const IDEMPOTENT: [&str; 6] = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];

/// nginx tries another target, never the same one twice, and by default no request that isn't idempotent.
fn retries(retries: &Retries, add: &mut dyn FnMut(&str)) -> Result<(), Unsupported> {
    if retries.backoff.is_some() || retries.budget.is_some() {
        return Err(Unsupported::new(
            "retries: there is neither back-off nor a budget",
        ));
    }
    let mut on: Vec<String> = Vec::new();
    let default = [Value::from("connect"), Value::from("reset")];
    for condition in retries.on.as_deref().unwrap_or(&default) {
        on.push(match (condition.as_str(), condition.as_u64()) {
            (Some("connect" | "reset"), _) => "error".to_owned(),
            (Some("timeout"), _) => "timeout".to_owned(),
            (_, Some(status @ (500 | 502 | 503 | 504 | 403 | 404 | 429))) => {
                format!("http_{status}")
            }
            _ => {
                return Err(Unsupported::new(format!(
                    "retries.on {condition}: there is no such condition"
                )));
            }
        });
    }
    if let Some(methods) = &retries.methods {
        let listed = |names: &[&str]| {
            let named = names
                .iter()
                .filter(|name| methods.iter().any(|one| one == *name));
            named.count()
        };
        let all = listed(&IDEMPOTENT) == IDEMPOTENT.len();
        let others = listed(&["POST", "PATCH"]);
        match (all, others) {
            (true, 0) => {}
            (true, 2) => on.push("non_idempotent".to_owned()),
            _ => {
                return Err(Unsupported::new(
                    "retries.methods: it is all idempotent methods or all methods",
                ));
            }
        }
    }
    on.dedup();
    let attempts = retries.attempts.unwrap_or(1);
    add(&format!(
        "proxy_next_upstream {}",
        if attempts == 0 {
            "off".to_owned()
        } else {
            on.join(" ")
        }
    ));
    add(&format!("proxy_next_upstream_tries {}", attempts + 1));
    Ok(())
}

fn host(index: usize, route: &RouteApi, plugins: &Plugins) -> Result<String, Unsupported> {
    if plugins.chooses_service {
        return Ok(format!("$host_{index}"));
    }
    service_host(&route.service)
}

/// The Host that a service is sent.
pub(super) fn service_host(service: &Service) -> Result<String, Unsupported> {
    match &service.host {
        Some(Value::String(word)) if word == "preserve" => return Ok("$http_host".to_owned()),
        Some(Value::Object(map)) => {
            if let Some(name) = map.get("set").and_then(Value::as_str) {
                return Ok(quoted(name));
            }
        }
        _ => {}
    }
    match service.authorities().as_slice() {
        [(authority, _)] => Ok(quoted(authority)),
        _ => Err(Unsupported::new(
            "host: upstream with several targets: Host is set before the target is chosen",
        )),
    }
}

/// A text as a regular expression that matches it alone.
pub(super) fn escaped(text: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | ':');
    text.chars().fold(String::new(), |mut escaped, c| {
        if !plain(&c) {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    })
}
