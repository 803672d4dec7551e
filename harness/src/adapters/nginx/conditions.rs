//! What a request has to have besides its path: headers, and parameters of the query. Parameters are compared as they were
//! sent, so these are texts that nobody encodes; the query itself is looked at, as $arg_ takes the first of a name, however
//! it is spelt.

use super::location::escaped;
use super::plugins::{exactly, quoted};
use super::render::header_variable;
use super::routing::overlap;
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::largest_request;
use crate::adapters::common::routes::{Path, methods};
use crate::fixtures::{Matcher, Route, RouteApi};

/// A condition, as a map to 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    /// What is looked at.
    pub from: String,
    /// The entries of the map, besides its default, 0.
    pub entries: Vec<String>,
}

/// The conditions of a route, where `all` are all routes.
///
/// # Errors
/// When they can't be said, or not beside the other routes.
pub(super) fn of(route: &RouteApi, all: &[RouteApi]) -> Result<Vec<Condition>, Unsupported> {
    let own = &route.route;
    let headers = own.headers.iter();
    let headers = headers.map(|(name, matcher)| header(name, matcher));
    let query = own.query.iter();
    let query = query.map(|(name, matcher)| parameter(name, matcher));
    let conditions: Vec<Condition> = headers.chain(query).collect::<Result<_, _>>()?;
    let others = || others(route, all);
    let alone = conditions.is_empty() && !has_siblings(route, all);
    let size = largest_request(route)?;
    let mut siblings = others().filter(|other| shares(own, &other.route));
    if siblings.any(|other| largest_request(other).ok() != Some(size)) {
        return Err(Unsupported::new(
            "routes of one path with limits of their own for bodies: these are compared before a route is chosen",
        ));
    }
    if !alone && route.plugin("cors").is_some() {
        return Err(Unsupported::new(
            "CORS on a route that is not chosen by its path alone: whose preflight it is can't be said",
        ));
    }
    let rest = |other: &RouteApi| {
        let other = &other.route;
        let plain = other.headers.is_empty() && other.query.is_empty();
        plain && other.hosts == own.hosts && other.paths == own.paths
    };
    let settled = conditions.is_empty() || others().any(rest);
    if !settled && others().any(|other| falls_to(own, &other.route)) {
        return Err(Unsupported::new(
            "routes by header or query above a wider path: what doesn't fit stays in the location of its path",
        ));
    }
    Ok(conditions)
}

/// Whether other routes have a host and a path of this one.
pub(super) fn has_siblings(route: &RouteApi, all: &[RouteApi]) -> bool {
    others(route, all).any(|other| shares(&route.route, &other.route))
}

/// The methods that routes of the same hosts and paths allow together with this one; none: every method.
pub(super) fn allowed(route: &Route, all: &[RouteApi]) -> Vec<String> {
    let within = |other: &&Route| {
        let mut headers = other.headers.iter();
        let mut query = other.query.iter();
        other.hosts == route.hosts
            && other.paths == route.paths
            && headers.all(|(name, matcher)| route.headers.get(name) == Some(matcher))
            && query.all(|(name, matcher)| route.query.get(name) == Some(matcher))
    };
    let mut allowed: Vec<String> = Vec::new();
    for other in all.iter().map(|other| &other.route).filter(within) {
        if other.methods.is_empty() {
            return Vec::new();
        }
        for method in methods(other) {
            if !allowed.iter().any(|known| known == method) {
                allowed.push(method.to_owned());
            }
        }
    }
    allowed
}

fn others<'a>(route: &RouteApi, all: &'a [RouteApi]) -> impl Iterator<Item = &'a RouteApi> {
    all.iter().filter(|other| other.name != route.name)
}

fn header(name: &str, matcher: &Matcher) -> Result<Condition, Unsupported> {
    let entries = match matcher {
        Matcher::Value(value) if !value.is_empty() => vec![format!("{} 1", exactly(value))],
        Matcher::Value(_) => return Err(absent(name)),
        Matcher::Other(other) => match other.get("regex").and_then(|regex| regex.as_str()) {
            // Without the header the variable is empty.
            Some(regex) => vec![
                "\"\" 0".to_owned(),
                format!("{} 1", quoted(&format!("~{regex}"))),
            ],
            None => return Err(absent(name)),
        },
    };
    Ok(Condition {
        from: header_variable(name),
        entries,
    })
}

fn absent(name: &str) -> Unsupported {
    Unsupported::new(format!(
        "the header {name} by its presence: one that is empty is taken for none"
    ))
}

/// A parameter that comes more than once has to fit each time.
fn parameter(name: &str, matcher: &Matcher) -> Result<Condition, Unsupported> {
    let entries = match matcher {
        Matcher::Value(value) if is_plain(name) && is_plain(value) => {
            let (name, value) = (escaped(name), escaped(value));
            vec![
                format!(
                    "{} 0",
                    quoted(&format!("~(^|&){name}(?!={value}(&|$))(=|&|$)"))
                ),
                format!("{} 1", quoted(&format!("~(^|&){name}={value}(&|$)"))),
            ]
        }
        Matcher::Other(other)
            if is_plain(name) && *other == serde_json::json!({"present": true}) =>
        {
            let name = escaped(name);
            vec![format!("{} 1", quoted(&format!("~(^|&){name}(=|&|$)")))]
        }
        _ => {
            return Err(Unsupported::new(format!(
                "the parameter {name} by a pattern, or by what clients encode: a query is compared as it was sent"
            )));
        }
    };
    Ok(Condition {
        from: "$args".to_owned(),
        entries,
    })
}

/// Whether a text is written in a query as it stands (RFC 3986 §2.3).
pub(super) fn is_plain(text: &str) -> bool {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    !text.is_empty() && text.chars().all(unreserved)
}

/// Whether they have a host and a path in common.
fn shares(one: &Route, other: &Route) -> bool {
    let others = Path::of(other);
    let same_host = one.hosts.iter().any(|host| other.hosts.contains(host));
    (same_host || one.hosts.is_empty() && other.hosts.is_empty())
        && Path::of(one).iter().any(|path| others.contains(path))
}

/// Whether a request that doesn't fit one could be another's by another path, or for another host.
fn falls_to(one: &Route, other: &Route) -> bool {
    let others = Path::of(other);
    let other_hosts = one.hosts != other.hosts;
    Path::of(one).iter().any(|path| {
        let mut others = others.iter();
        others.any(|other| overlap(path, other) && (other_hosts || path != other))
    })
}
