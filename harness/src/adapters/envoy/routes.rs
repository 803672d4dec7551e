//! Routes: a route of the fixture is several of Envoy's, each path with its preflight, what it serves, and what it refuses
//! because of the method. The first that fits is taken, so they stand in the order of their specificity.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::plugins::Plugins;
use super::render::put;
use super::values::{escaped, header};
use super::{clusters, retries};
use crate::adapters::Unsupported;
use crate::adapters::common::routes::{End, Path, methods};
use crate::fixtures::{Listener, Matcher, RouteApi, Service};

/// A route of Envoy's and where it belongs.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    hosts: Vec<String>,
    /// Its place in a virtual host; the least comes first.
    order: Order,
    path: Path,
    methods: Vec<String>,
    route: Value,
}

/// What has not been taken by anything else may be refused, so refusals come last.
type Order = (u8, Vec<u8>, bool, usize, usize, u8);

const SERVES: u8 = 0;
const REFUSES: u8 = 1;

impl Entry {
    /// Those of a route.
    pub fn of(route: &RouteApi, plugins: &Plugins) -> Result<Vec<Self>, Unsupported> {
        let mut entries = Vec::new();
        for path in Path::of(&route.route) {
            if let Some(cors) = &plugins.cors {
                for (rank, part) in cors.preflights(route).into_iter().enumerate() {
                    let mut preflight = asked(&path, route)?;
                    conditions(&mut preflight, part.when);
                    let mut answer = part.route;
                    put(&mut answer, "name", route.name.as_str());
                    put(&mut answer, "match", preflight);
                    let rank = u8::try_from(rank).unwrap_or(1);
                    entries.push(Self::new(route, &path, (SERVES, rank), answer));
                }
            }
            for (step, (chosen, service)) in plugins.services(route)?.into_iter().enumerate() {
                for (turn, part) in retries::parts(service)?.into_iter().enumerate() {
                    let mut served = matched(&path, route)?;
                    conditions(&mut served, part.when.into_iter().chain(chosen.clone()));
                    let rank = 2 + 2 * u8::try_from(step).unwrap_or(u8::MAX / 4);
                    let rank = rank + u8::try_from(turn).unwrap_or(1);
                    let action = action(route, &path, service, part.settings)?;
                    let mut text = json!({"name": route.name, "match": served, "route": action});
                    plugins.put_into(&mut text);
                    entries.push(Self::new(route, &path, (SERVES, rank), text));
                }
            }
        }
        Ok(entries)
    }

    /// Those of a route which is not served: nothing less specific may take its requests.
    pub fn closed(route: &RouteApi) -> Vec<Self> {
        let paths = Path::of(&route.route).into_iter();
        paths
            .map(|path| {
                let refused = matched(&path, route).unwrap_or_else(|_| base(&path));
                let text = json!({
                    "name": route.name,
                    "match": refused,
                    "direct_response": {"status": 501},
                });
                Self::new(route, &path, (SERVES, 0), text)
            })
            .collect()
    }

    fn new(of: &RouteApi, path: &Path, (kind, rank): (u8, u8), route: Value) -> Self {
        let of = &of.route;
        let order = (
            kind,
            path.order(),
            of.methods.is_empty(),
            usize::MAX - of.headers.len(),
            usize::MAX - of.query.len(),
            rank,
        );
        Self {
            hosts: of.hosts.clone(),
            order,
            path: path.clone(),
            methods: methods(of).into_iter().map(str::to_owned).collect(),
            route,
        }
    }
}

/// A virtual host for each host; those routes that name no host stand in each.
pub(super) fn virtual_hosts(
    entries: &[Entry],
    listener: &Listener,
) -> Result<Vec<Value>, Unsupported> {
    let hosts: BTreeSet<&String> = entries.iter().flat_map(|entry| &entry.hosts).collect();
    let too_long = too_long(listener)?;
    let hosts = std::iter::once(None).chain(hosts.into_iter().map(Some));
    Ok(hosts
        .map(|host| {
            let applies = |entry: &&Entry| match host {
                Some(host) => entry.hosts.contains(host) || entry.hosts.is_empty(),
                None => entry.hosts.is_empty(),
            };
            let chosen: Vec<&Entry> = entries.iter().filter(applies).collect();
            let refusals = refusals(&chosen);
            let mut all: Vec<&Entry> = chosen.into_iter().chain(&refusals).collect();
            all.sort_by_key(|entry| (entry.order.0, entry.hosts.is_empty(), &entry.order));
            let routes = all.into_iter().map(|entry| entry.route.clone());
            let host = host.map_or("*", String::as_str);
            json!({
                "name": if host == "*" { "any" } else { host },
                "domains": [host],
                "routes": too_long.iter().cloned().chain(routes).collect::<Vec<_>>(),
            })
        })
        .collect())
}

/// What answers other methods than those of a path's routes.
fn refusals(entries: &[&Entry]) -> Vec<Entry> {
    let mut refusals: Vec<Entry> = Vec::new();
    for entry in entries {
        let seen = |refusal: &Entry| refusal.path == entry.path;
        if refusals.iter().any(seen) {
            continue;
        }
        let of_path = || entries.iter().filter(|other| other.path == entry.path);
        if of_path().any(|other| other.methods.is_empty()) {
            continue;
        }
        let mut allowed: Vec<&str> = Vec::new();
        for method in of_path().flat_map(|other| &other.methods) {
            if !allowed.contains(&method.as_str()) {
                allowed.push(method);
            }
        }
        let mut refused = base(&entry.path);
        conditions(
            &mut refused,
            [json!({
                "name": ":method",
                "string_match": {"safe_regex": {"regex": allowed.join("|")}},
                "invert_match": true,
            })],
        );
        let text = json!({
            "name": entry.route["name"],
            "match": refused,
            "direct_response": {"status": 405},
            "response_headers_to_add": [header("allow", &allowed.join(", "))],
        });
        let mut refusal = (*entry).clone();
        refusal.order.0 = REFUSES;
        refusal.route = text;
        refusals.push(refusal);
    }
    refusals
}

fn too_long(listener: &Listener) -> Result<Option<Value>, Unsupported> {
    let Some(value) = listener.limits.get("targetBytes") else {
        return Ok(None);
    };
    let bytes = crate::adapters::common::values::bytes(value)?;
    if bytes >= 1000 {
        return Err(Unsupported::new(
            "limits.targetBytes: an expression counts to 1000, and there is no other limit",
        ));
    }
    let expression = format!(".{{{},}}", bytes + 1);
    Ok(Some(json!({
        "name": "too-long",
        "match": {
            "prefix": "/",
            "headers": [{"name": ":path", "string_match": {"safe_regex": {"regex": expression}}}],
        },
        "direct_response": {"status": 414},
    })))
}

fn base(path: &Path) -> Value {
    match (path.literal(), path.end) {
        (Some(text), End::Prefix) if text == "/" => json!({"prefix": "/"}),
        (Some(text), End::Prefix) => json!({"path_separated_prefix": text}),
        (Some(text), End::Exact | End::ExactSlash) => json!({"path": text}),
        (None, end) => {
            let end = match end {
                End::Prefix => "(/.*)?",
                End::Exact => "",
                End::ExactSlash => "/",
            };
            json!({"safe_regex": {"regex": expression(path) + end}})
        }
    }
}

fn expression(path: &Path) -> String {
    path.expression(escaped, |_| "([^/]+)".to_owned())
}

fn conditions(matched: &mut Value, more: impl IntoIterator<Item = Value>) {
    let mut all = matched["headers"].as_array().cloned().unwrap_or_default();
    all.extend(more);
    put(matched, "headers", all);
}

/// What a route's requests are, whatever their method.
fn asked(path: &Path, of: &RouteApi) -> Result<Value, Unsupported> {
    let of = &of.route;
    let read = |conditions: &indexmap::IndexMap<String, Matcher>| {
        let conditions = conditions.iter();
        conditions
            .map(|(name, matcher)| condition(name, matcher))
            .collect::<Result<Vec<Value>, Unsupported>>()
    };
    let mut matched = base(path);
    put(&mut matched, "headers", read(&of.headers)?);
    put(&mut matched, "query_parameters", read(&of.query)?);
    Ok(matched)
}

fn matched(path: &Path, of: &RouteApi) -> Result<Value, Unsupported> {
    let mut matched = asked(path, of)?;
    if !of.route.methods.is_empty() {
        let expression = methods(&of.route).join("|");
        conditions(
            &mut matched,
            [json!({"name": ":method", "string_match": {"safe_regex": {"regex": expression}}})],
        );
    }
    Ok(matched)
}

fn condition(name: &str, matcher: &Matcher) -> Result<Value, Unsupported> {
    let of = |key: &str| match matcher {
        Matcher::Value(_) => None,
        Matcher::Other(value) => value.get(key),
    };
    match (matcher, of("present"), of("regex").and_then(Value::as_str)) {
        (Matcher::Value(value), ..) => Ok(json!({"name": name, "string_match": {"exact": value}})),
        (_, Some(Value::Bool(true)), _) => Ok(json!({"name": name, "present_match": true})),
        // Envoy's have to match the whole value.
        (_, _, Some(regex)) => Ok(json!({
            "name": name,
            "string_match": {"safe_regex": {"regex": format!(".*(?:{regex}).*")}},
        })),
        (Matcher::Other(value), ..) => Err(Unsupported::new(format!("the condition {value}"))),
    }
}

/// Where a route's requests go, and how.
fn action(
    of: &RouteApi,
    path: &Path,
    service: &Service,
    settings: Value,
) -> Result<Value, Unsupported> {
    let mut action = json!({"cluster": service.name});
    if let (Value::Object(action), Value::Object(settings)) = (&mut action, settings) {
        action.extend(settings);
    }
    match &service.host {
        Some(Value::String(word)) if word == "preserve" => {}
        Some(Value::Object(map)) => {
            let name = map.get("set").and_then(Value::as_str);
            let name = name.ok_or_else(|| Unsupported::new("host: neither a word nor set"))?;
            put(&mut action, "host_rewrite_literal", name);
        }
        _ => match service.authorities().as_slice() {
            [(authority, _)] => put(&mut action, "host_rewrite_literal", authority.as_str()),
            // Each endpoint has its name as hostname.
            _ => put(&mut action, "auto_host_rewrite", true),
        },
    }
    put(&mut action, "hash_policy", clusters::hashed_by(service)?);
    put(&mut action, "regex_rewrite", rewrite(of, path, service)?);
    Ok(action)
}

fn rewrite(of: &RouteApi, path: &Path, service: &Service) -> Result<Value, Unsupported> {
    let base = clusters::base_path(service)?;
    let substitution = match (&of.route.rewrite, of.route.strip_prefix) {
        (Some(template), _) => format!("{base}{}", filled(template, path)),
        (None, true) => format!("{base}/"),
        (None, false) if base.is_empty() => return Ok(Value::Null),
        (None, false) => return Ok(replaced("^/", &format!("{base}/"))),
    };
    let border = if substitution.ends_with('/') {
        "/?"
    } else {
        ""
    };
    Ok(replaced(
        &format!("^{}{border}", expression(path)),
        &substitution,
    ))
}

fn replaced(regex: &str, substitution: &str) -> Value {
    json!({"pattern": {"regex": regex}, "substitution": substitution})
}

/// A template with the numbers of the path's parameters.
fn filled(template: &str, path: &Path) -> String {
    use crate::adapters::common::routes::Segment;
    let names = path.segments.iter().filter_map(|segment| match segment {
        Segment::Parameter(name) => Some(name),
        Segment::Literal(_) => None,
    });
    let text = template.replace('\\', "\\\\");
    names.zip(1..).fold(text, |text, (name, number)| {
        text.replace(&format!("{{{name}}}"), &format!("\\{number}"))
    })
}
