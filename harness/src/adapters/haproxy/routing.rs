//! Which backend a request goes to: `use_backend` lines, the most specific first, as the first that holds is taken.

use super::rules::{path_conditions, with_head};
use super::words::{Acls, escaped, line, word};
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::{RouteByHeader, Settings as _};
use crate::adapters::common::routes::Path;
use crate::fixtures::{Matcher, RouteApi};

/// The backend of what no route takes.
pub(super) const NOWHERE: &str = "no-route";

/// One host and path of a route.
pub(super) struct Entry {
    host: Option<String>,
    path: Path,
    methods: Vec<String>,
    /// Names and expressions of what headers and query have to be.
    conditions: Vec<(String, String)>,
    /// How many conditions on headers, and on the query.
    specificity: (usize, usize),
    backend: String,
    /// Where requests with a header's value go instead.
    canary: Option<Canary>,
    cors: bool,
}

/// A header canary.
#[derive(Clone)]
struct Canary {
    header: String,
    value: String,
    backend: String,
}

/// The name of the backend for a service of a route besides its own.
pub(super) fn other_backend(backend: &str, service: &str) -> String {
    format!("{backend}.{service}")
}

/// The entries of a route that is left out: its requests are nobody else's, however much a less specific route would take
/// them.
pub(super) fn nowhere(route: &RouteApi) -> Result<Vec<Entry>, Unsupported> {
    let mut entries = entries(route, NOWHERE)?;
    for entry in &mut entries {
        entry.canary = None;
        entry.cors = false;
    }
    Ok(entries)
}

/// The entries of a route.
pub(super) fn entries(route: &RouteApi, backend: &str) -> Result<Vec<Entry>, Unsupported> {
    let mut conditions = Vec::new();
    for (header, matcher) in &route.route.headers {
        let fetch = format!("req.fhdr({header})");
        conditions.push((format!("header_{header}"), matched(&fetch, matcher, None)?));
    }
    for (parameter, matcher) in &route.route.query {
        let fetch = format!("urlp({parameter}),url_dec");
        let present = format!("(^|&){}(=|&|$)", escaped(parameter));
        let present = format!("query -m reg {}", word(&present));
        let condition = matched(&fetch, matcher, Some(present))?;
        conditions.push((format!("query_{parameter}"), condition));
    }
    let canary = match RouteByHeader::on(route)? {
        Some(config) => Some(Canary {
            backend: other_backend(backend, &config.service(route)?.name),
            header: config.header,
            value: config.value,
        }),
        None => None,
    };
    let hosts = route.route.hosts.iter().cloned().map(Some);
    let mut hosts: Vec<Option<String>> = hosts.collect();
    if hosts.is_empty() {
        hosts.push(None);
    }
    let mut entries = Vec::new();
    for host in hosts {
        for path in Path::of(&route.route) {
            entries.push(Entry {
                host: host.clone(),
                path,
                methods: with_head(&route.route.methods),
                conditions: conditions.clone(),
                specificity: (route.route.headers.len(), route.route.query.len()),
                backend: backend.to_owned(),
                canary: canary.clone(),
                cors: route.plugin("cors").is_some(),
            });
        }
    }
    Ok(entries)
}

fn matched(fetch: &str, matcher: &Matcher, present: Option<String>) -> Result<String, Unsupported> {
    match matcher {
        Matcher::Value(value) => Ok(format!("{fetch} -m str {}", word(value))),
        Matcher::Other(other) => {
            let regex = other.get("regex").and_then(|regex| regex.as_str());
            let is_present = other.get("present").and_then(|present| present.as_bool());
            match (regex, is_present) {
                (Some(regex), None) => Ok(format!("{fetch} -m reg {}", word(regex))),
                (None, Some(true)) => Ok(present.unwrap_or_else(|| format!("{fetch} -m found"))),
                _ => Err(Unsupported::new(format!("the condition {other}"))),
            }
        }
    }
}

/// The methods that routes of the same hosts and paths allow together with this one; none: every method.
pub(super) fn allowed(route: &RouteApi, all: &[RouteApi]) -> Vec<String> {
    let within = |other: &&RouteApi| {
        let (own, other) = (&route.route, &other.route);
        let mut headers = other.headers.iter();
        let mut query = other.query.iter();
        other.hosts == own.hosts
            && other.paths == own.paths
            && headers.all(|(name, matcher)| own.headers.get(name) == Some(matcher))
            && query.all(|(name, matcher)| own.query.get(name) == Some(matcher))
    };
    let mut methods: Vec<String> = Vec::new();
    for other in all.iter().filter(within) {
        if other.route.methods.is_empty() {
            return Vec::new();
        }
        for method in with_head(&other.route.methods) {
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
    }
    methods
}

/// The lines that choose a backend, and the conditions that they refer to.
pub(super) fn lines(mut entries: Vec<Entry>) -> Result<(Acls, String), Unsupported> {
    entries.sort_by_cached_key(Entry::rank);
    let (mut acls, mut text) = (Acls::default(), String::new());
    for group in entries.chunk_by(|a, b| a.host == b.host && a.path == b.path) {
        let shared = group.len() > 1;
        if shared && group.iter().any(|entry| entry.cors) {
            return Err(Unsupported::new(
                "several routes of one path, with CORS: whose preflight it is can't be said",
            ));
        }
        for entry in group {
            entry.lines(&mut acls, &mut text, shared);
        }
        // A method that none of them takes is refused in the backend of the first.
        for entry in group
            .iter()
            .filter(|entry| shared && !entry.methods.is_empty())
        {
            entry.lines(&mut acls, &mut text, false);
        }
    }
    Ok((acls, text))
}

impl Entry {
    /// Less is more specific; what is of one host and path comes together.
    fn rank(&self) -> impl Ord + use<> {
        let host = match &self.host {
            Some(host) if !host.starts_with('*') => 0,
            Some(_) => 1,
            None => 2,
        };
        let (headers, query) = self.specificity;
        (
            (
                host,
                self.host.as_ref().map(|host| std::cmp::Reverse(host.len())),
            ),
            self.host.clone(),
            self.path.order(),
            path_conditions(&self.path),
            self.methods.is_empty(),
            std::cmp::Reverse((headers, query)),
        )
    }

    fn lines(&self, acls: &mut Acls, text: &mut String, by_method: bool) {
        let mut conditions = Vec::new();
        if let Some(host) = &self.host {
            let expression = match host.strip_prefix('*') {
                Some(rest) => format!("var(txn.host) -m end {}", word(&rest.to_lowercase())),
                None => format!("var(txn.host) -m str {}", word(&host.to_lowercase())),
            };
            conditions.push(acls.one(&format!("host_{host}"), expression));
        }
        let path = path_conditions(&self.path);
        let wish = self.path.expression(str::to_owned, str::to_owned);
        conditions.push(acls.any(&format!("path{wish}"), path));
        for (wish, expression) in &self.conditions {
            conditions.push(acls.one(wish, expression.clone()));
        }
        if by_method && !self.methods.is_empty() {
            let methods = self.methods.join(" ");
            let wish = format!("method_{}", self.methods.join("_"));
            conditions.push(acls.one(&wish, format!("method {methods}")));
        }
        let conditions = conditions.join(" ");
        if let Some(canary) = &self.canary {
            let expression = format!("req.fhdr({}) -m str {}", canary.header, word(&canary.value));
            let chosen = acls.one(&format!("canary_{}", canary.header), expression);
            line(
                text,
                &format!("use_backend {} if {conditions} {chosen}", canary.backend),
            );
        }
        line(
            text,
            &format!("use_backend {} if {conditions}", self.backend),
        );
    }
}
