//! Locations: what happens to a route's requests.

use serde_json::Value;

use super::plugins::{Plugins, quoted};
use super::render::{braced, duration, line};
use super::retries::Policy;
use super::routing::Location;
use super::{conditions, routing, secure};
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::largest_request;
use crate::adapters::common::routes::{End, Path, methods};
use crate::fixtures::{RouteApi, Service};

/// The locations of a route, where `all` are all routes.
pub(super) fn locations(
    index: usize,
    route: &RouteApi,
    all: &[RouteApi],
    plugins: &Plugins,
) -> Result<Vec<Location>, Unsupported> {
    let conditions = conditions::of(route, all)?;
    let allowed = conditions::allowed(&route.route, all);
    let policy = Policy::of(&route.service.retries)?;
    let base = base(route, plugins)?;
    let mut locations = Vec::new();
    if let Some(methods) = &policy.methods {
        if route.plugin("cors").is_some() || conditions::has_siblings(route, all) {
            return Err(Unsupported::new(
                "retries.methods: they take locations of their own, which CORS and other routes of the path do too",
            ));
        }
        let body = body(index, route, &allowed, plugins, &policy.directives(true))?;
        for mut location in bare(index, route, &body) {
            location.name.push_str("_retried");
            let own = std::mem::take(&mut location.methods);
            let of_route = |method: &&String| own.is_empty() || own.contains(method);
            location.methods = methods.iter().filter(of_route).cloned().collect();
            locations.push(location);
        }
        locations.retain(|location| !location.methods.is_empty());
    }
    let directives = policy.directives(policy.methods.is_none());
    let body = body(index, route, &allowed, plugins, &directives)?;
    locations.extend(bare(index, route, &body));
    for location in &mut locations {
        let pattern = routing::pattern(&location.path);
        if let Some(rewrite) = rewrite(route, &location.path, &pattern, &base) {
            line(&mut location.body, 3, &rewrite);
        }
        location.conditions.clone_from(&conditions);
        location.largest = largest_request(route)?.unwrap_or(0);
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
        largest: 0,
        body: body.to_owned(),
    };
    paths.map(location).collect()
}

/// The path of the upstream's URL, which comes before each target's; without a slash at its end.
fn base(route: &RouteApi, plugins: &Plugins) -> Result<String, Unsupported> {
    let others = route
        .alternatives
        .iter()
        .filter(|_| plugins.chooses_service);
    let mut paths: Vec<String> = std::iter::once(&route.service)
        .chain(others)
        .flat_map(Service::targets)
        .map(|(url, _)| path_of(url))
        .collect();
    paths.dedup();
    match paths.as_slice() {
        [only] => Ok(only.trim_end_matches('/').to_owned()),
        _ => Err(Unsupported::new(
            "upstreams' URLs with several paths: a target is changed before the upstream is chosen",
        )),
    }
}

fn path_of(url: &str) -> String {
    let uri = url.parse::<http::Uri>();
    uri.map_or_else(|_| String::new(), |uri| uri.path().to_owned())
}

fn rewrite(route: &RouteApi, path: &Path, pattern: &str, base: &str) -> Option<String> {
    let rest = if path.end == End::Prefix { "$rest" } else { "" };
    let target = match (&route.route.rewrite, route.route.strip_prefix) {
        (Some(template), _) => template.replace('{', "${"),
        (None, true) => String::new(),
        (None, false) => return None,
    };
    // A target that would be empty is the root.
    let target = match (target.as_str(), rest) {
        ("", _) => format!("{base}/$bare"),
        (target, rest) => format!("{base}{target}{rest}"),
    };
    let pattern = if target.ends_with("/$bare") {
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
    retries: &[String],
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
    retries.iter().for_each(|directive| add(directive));
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
    let unchanged = route.route.rewrite.is_none() && !route.route.strip_prefix;
    let target = match base(route, plugins)?.as_str() {
        base if unchanged && !base.is_empty() && plugins.changes_query => {
            return Err(Unsupported::new(
                "a key in the query and a path in the upstream's URL: behind it the target is passed on as it came",
            ));
        }
        base if unchanged && !base.is_empty() => format!("{base}$request_uri"),
        _ => String::new(),
    };
    add(&format!("proxy_pass {scheme}://$service{target}"));
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
