//! Routes: what they ask of a request, what becomes of its path, where it goes.

use super::chain;
use super::outline::Written;
use super::service::{self, Services, told};
use crate::config::{At, Report, raw};
use crate::domain::pattern::{HostPattern, Methods, PathPattern, Rewrite, ValueMatch};
use crate::plugin::registry;
use crate::router::{RouteMatch, Router};
use crate::snapshot::{Backend, PathChange, Route};
use crate::telemetry::RouteMetrics;
use http::header::HeaderName;
use indexmap::IndexMap;
use std::collections::HashSet;
use std::sync::Arc;

pub fn compile(
    written: &[Written<'_>],
    services: &Services<'_>,
    makings: &chain::Makings<'_>,
    report: &mut Report,
) -> Option<Router<Arc<Route>>> {
    let mut names = HashSet::new();
    let mut routes = vec![];
    for written in written {
        let (name, at) = (&written.name, written.at);
        if !names.insert(name) {
            report
                .error(
                    at,
                    "duplicate-route",
                    format!("two routes are named `{name}`"),
                )
                .help("give one of them a `name` of its own");
        }
        let matcher = matcher(written.raw, at, report);
        let route = route(written, services, makings, &matcher.paths, report);
        routes.extend(route.map(|route| (matcher, Arc::new(route))));
    }
    if report.prevents() {
        return None;
    }
    match Router::build(routes) {
        Ok(router) => Some(router),
        Err(conflicts) => {
            for conflict in conflicts {
                let first = crate::config::Place::from(written[conflict.first].at);
                let message = format!(
                    "{conflict} (the other is at {}:{})",
                    first.file,
                    first.line()
                );
                report.error(written[conflict.second].at, "routes-tie", message);
            }
            None
        }
    }
}

fn matcher(raw: &raw::Route, at: At<'_>, report: &mut Report) -> RouteMatch {
    let (hosts, paths) = (at.key("hosts"), at.key("paths"));
    let methods = Methods::new(raw.methods.iter().map(String::as_str));
    RouteMatch {
        hosts: all(raw
            .hosts
            .iter()
            .enumerate()
            .map(|(n, host)| told(HostPattern::new(host), hosts.index(n), report))),
        paths: all(raw.paths.iter().enumerate().map(|(n, path)| {
            let pattern = match path {
                raw::PathPattern::Prefix(path) => PathPattern::prefix(path),
                raw::PathPattern::Exact(path) => PathPattern::exact(&path.exact),
            };
            told(pattern, paths.index(n), report)
        })),
        methods: (!raw.methods.is_empty())
            .then(|| told(methods, at.key("methods"), report))
            .flatten(),
        headers: headers(&raw.headers, at.key("headers"), report),
        query: conditions(&raw.query, at.key("query"), report)
            .into_iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
    }
}

/// What could be read; mistakes are in the report, which stops the rest.
fn all<T>(read: impl Iterator<Item = Option<T>>) -> Vec<T> {
    read.flatten().collect()
}

fn headers(
    raw: &IndexMap<String, raw::Condition>,
    at: At<'_>,
    report: &mut Report,
) -> Vec<(HeaderName, ValueMatch)> {
    let mut headers = vec![];
    for (name, value) in conditions(raw, at, report) {
        match name.parse() {
            Ok(name) => headers.push((name, value)),
            Err(_) => {
                report.error(
                    at.key(name).on_key(),
                    "invalid-header-name",
                    format!("`{name}` is not a header's name"),
                );
            }
        }
    }
    headers
}

fn conditions<'a>(
    raw: &'a IndexMap<String, raw::Condition>,
    at: At<'_>,
    report: &mut Report,
) -> Vec<(&'a String, ValueMatch)> {
    let read = raw.iter().filter_map(|(name, condition)| {
        let value = match condition {
            raw::Condition::Value(text) => ValueMatch::exact(text),
            raw::Condition::Test(raw::ConditionTest::Present(true)) => ValueMatch::Present,
            raw::Condition::Test(raw::ConditionTest::Present(false)) => {
                report
                    .error(
                        at.key(name),
                        "unsupported-condition",
                        "a route cannot ask that something is absent",
                    )
                    .help("the route without the condition takes what the one with it leaves");
                return None;
            }
            raw::Condition::Test(raw::ConditionTest::Regex(text)) => {
                told(ValueMatch::regex(text), at.key(name), report)?
            }
        };
        Some((name, value))
    });
    read.collect()
}

fn route(
    written: &Written<'_>,
    services: &Services<'_>,
    makings: &chain::Makings<'_>,
    paths: &[PathPattern],
    report: &mut Report,
) -> Option<Route> {
    let name: Arc<str> = written.name.as_str().into();
    let within_reach = written.api.services();
    let backends: Option<Vec<Backend>> = within_reach
        .iter()
        .map(|&(raw, at)| {
            Some(Backend {
                host: service::host(raw, at, report),
                hash: service::hash(raw, at, report),
                http2: raw.http2.unwrap_or_default(),
                service: services.find(&raw.name)?.clone(),
            })
        })
        .collect();
    let service_names: Vec<Arc<str>> = within_reach
        .iter()
        .map(|(raw, _)| raw.name.as_str().into())
        .collect();
    let chain = makings.compile(
        &written.plugins,
        &name,
        &service_names,
        written.combine(),
        report,
    );
    let path = path_change(written.raw, written.at, paths, report)?;
    Some(Route {
        backends: backends?.into(),
        path,
        metrics: RouteMetrics::new(&makings.lasting.metrics, &name, service_names.into()),
        preflight: written
            .plugins
            .iter()
            .any(|entry| entry.kind.name == registry::CORS),
        name,
        chain: chain?,
    })
}

fn path_change(
    raw: &raw::Route,
    at: At<'_>,
    paths: &[PathPattern],
    report: &mut Report,
) -> Option<PathChange> {
    match (&raw.rewrite, raw.strip_prefix) {
        (Some(_), Some(true)) => {
            report
                .error(
                    at.key("rewrite"),
                    "two-path-changes",
                    "stripPrefix and rewrite exclude each other",
                )
                .help("a rewrite replaces the matched part, so nothing is left to strip");
            None
        }
        (Some(template), _) => {
            told(Rewrite::new(template, paths), at.key("rewrite"), report).map(PathChange::Rewrite)
        }
        (None, Some(true)) => Some(PathChange::Strip),
        (None, _) => Some(PathChange::Keep),
    }
}
