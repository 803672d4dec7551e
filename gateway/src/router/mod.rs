//! A pure matcher: a request to the most specific route, at a cost that doesn't grow with the number of routes.
//!
//! Exact host before wildcard (longer first) before none; then, segment by segment, literal before parameter before
//! end of prefix, and exact before prefix; then a route with methods before one without; then more header conditions,
//! then more query conditions. A route that fails on method, header or query leaves the request to the next one.

mod conflict;
mod hosts;
mod query;
mod trie;

use http::{HeaderMap, HeaderName, Method};

use crate::domain::pattern::{HostPattern, Methods, Params, PathPattern, ValueMatch};
pub use conflict::Conflict;
use hosts::Hosts;
use trie::{Candidate, Found};

/// What a route asks of a request. Empty lists ask nothing; without `paths` every path is taken.
#[derive(Clone, Debug, Default)]
pub struct RouteMatch {
    /// One of these hosts.
    pub hosts: Vec<HostPattern>,
    /// One of these paths.
    pub paths: Vec<PathPattern>,
    /// One of these methods; GET stands for HEAD too.
    pub methods: Option<Methods>,
    /// All of these header conditions.
    pub headers: Vec<(HeaderName, ValueMatch)>,
    /// All of these conditions on query parameters, compared after percent-decoding.
    pub query: Vec<(String, ValueMatch)>,
}

/// The parts of a request that choose its route.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `Host` field or authority; a port is ignored.
    pub host: Option<&'a str>,
    /// The path as [`crate::domain::path::normalise`] returns it.
    pub path: &'a str,
    /// The raw query, without `?`.
    pub query: Option<&'a str>,
    /// The method.
    pub method: &'a Method,
    /// The header.
    pub headers: &'a HeaderMap,
}

/// What the router says about a request.
#[derive(Debug)]
pub enum Outcome<'a, T> {
    /// This route takes it.
    Found {
        /// What was given for the route.
        route: &'a T,
        /// The place of the route in the list that the router was built from.
        index: usize,
        /// The one of the route's paths that matched.
        pattern: &'a PathPattern,
        /// How many bytes of the path the pattern took.
        matched_len: usize,
        /// The values of the pattern's parameters.
        params: Params<'a>,
    },
    /// Routes would take it with another method (405).
    MethodNotAllowed {
        /// What they would take, for `Allow`.
        allow: Methods,
    },
    /// No route takes it with any method (404).
    NotFound,
}

/// Routes, ready to be found.
#[derive(Debug)]
pub struct Router<T> {
    rules: Vec<RouteMatch>,
    routes: Vec<T>,
    hosts: Hosts,
}

impl<T> Router<T> {
    /// Sorts the routes in, or tells every two that tie and could both match one request.
    pub fn build(routes: Vec<(RouteMatch, T)>) -> Result<Self, Vec<Conflict>> {
        let (mut rules, routes): (Vec<RouteMatch>, Vec<T>) = routes.into_iter().unzip();
        let mut hosts = Hosts::default();
        for (route, rule) in rules.iter_mut().enumerate() {
            if rule.paths.is_empty() {
                rule.paths
                    .push(PathPattern::prefix("/").expect("`/` is a path"));
            }
            for (path, pattern) in rule.paths.iter().enumerate() {
                hosts.insert(&rule.hosts, pattern, Candidate::new(route, path));
            }
        }
        let mut conflicts = Vec::new();
        for leaf in hosts.leaves_mut() {
            leaf.sort_by_key(|candidate| std::cmp::Reverse(rank(&rules[candidate.route()])));
            conflict::collect(leaf, &rules, &mut conflicts);
        }
        if !conflicts.is_empty() {
            conflicts.sort_by_key(|conflict| (conflict.first, conflict.second));
            conflicts.dedup_by_key(|conflict| (conflict.first, conflict.second));
            return Err(conflicts);
        }
        Ok(Self {
            rules,
            routes,
            hosts,
        })
    }

    /// The most specific route that takes `request`. Allocates nothing, unless methods beyond HTTP's own are allowed.
    pub fn find<'a>(&'a self, request: &Request<'a>) -> Outcome<'a, T> {
        let mut allow = Methods::default();
        let mut fits = |candidate: Candidate| self.fits(candidate, request, &mut allow);
        match self.hosts.find(request.host, request.path, &mut fits) {
            Some(Found {
                candidate,
                matched_len,
            }) => {
                let index = candidate.route();
                let pattern = &self.rules[index].paths[candidate.path()];
                let params = Params::new(pattern, request.path);
                Outcome::Found {
                    route: &self.routes[index],
                    index,
                    pattern,
                    matched_len,
                    params,
                }
            }
            None if allow.is_empty() => Outcome::NotFound,
            None => Outcome::MethodNotAllowed { allow },
        }
    }

    /// The routes, in the order they were given.
    pub fn routes(&self) -> &[T] {
        &self.routes
    }

    /// Whether a route whose host and path match takes the rest; where only the method is wrong, `allow` grows.
    fn fits(&self, candidate: Candidate, request: &Request<'_>, allow: &mut Methods) -> bool {
        let rule = &self.rules[candidate.route()];
        let headers = &rule.headers;
        let conditions = headers.iter().all(|(name, wanted)| {
            wanted.matches_all(
                request
                    .headers
                    .get_all(name)
                    .iter()
                    .map(|value| value.as_bytes()),
            )
        }) && query::matches(&rule.query, request.query.unwrap_or_default());
        match &rule.methods {
            Some(methods) if conditions && !methods.takes(request.method) => {
                allow.extend_taken(methods);
                false
            }
            _ => conditions,
        }
    }
}

/// What is compared between routes of the same host and path; the greater goes first.
fn rank(rule: &RouteMatch) -> (bool, usize, usize) {
    (rule.methods.is_some(), rule.headers.len(), rule.query.len())
}

#[cfg(test)]
mod tests;
