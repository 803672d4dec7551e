//! A request that a route takes, made up from its patterns.

use super::configuration::{Configuration, Route};
use crate::checks::secrets::Text;
use crate::checks::suite::{Body, Request};

/// A request for a route.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// The path alone.
    pub path: String,
    /// Path and query.
    pub target: String,
    /// `Host` and what the route asks for besides.
    pub headers: Vec<(String, Text)>,
    /// The method, one that only reads where there is one.
    pub method: String,
    /// Whether the service changes something by it.
    pub writes: bool,
}

impl Sample {
    /// For the first path of a route; none where nobody can say what it takes.
    pub(super) fn of(route: &Route) -> Option<Self> {
        let conditions = route.conditions.as_ref()?;
        let pattern = route.paths.first();
        let path = pattern.map_or_else(|| "/".to_owned(), |(pattern, ..)| path(pattern));
        let query: Vec<String> = conditions
            .query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let target = match query.is_empty() {
            true => path.clone(),
            false => format!("{path}?{}", query.join("&")),
        };
        let host = route
            .hosts
            .first()
            .map(|host| host.replacen('*', "gatecheck", 1));
        let host = host.map(|host| ("Host".to_owned(), Text::plain(host)));
        let headers = conditions.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), Text::plain(value)));
        let method = method(&route.methods);
        Some(Self {
            path,
            target,
            headers: host.into_iter().chain(headers).collect(),
            writes: !["GET", "HEAD", "OPTIONS"].contains(&method),
            method: method.to_owned(),
        })
    }

    /// A request with this method.
    pub(super) fn with(&self, method: &str) -> Request {
        let mut request = Request::new(method, &self.target);
        request.headers.clone_from(&self.headers);
        if ["POST", "PUT", "PATCH"].contains(&method) {
            request.body = Some(Body::Text(Text::plain("{}")));
        }
        request
    }

    /// A request that the route takes.
    pub(super) fn request(&self) -> Request {
        self.with(&self.method)
    }
}

fn method(methods: &[String]) -> &str {
    let has = |method: &str| methods.iter().any(|known| known == method);
    match methods.first() {
        None => "GET",
        Some(_) if has("GET") => "GET",
        Some(_) if has("HEAD") => "HEAD",
        Some(first) => first,
    }
}

/// A path that fits a pattern.
pub(super) fn path(pattern: &str) -> String {
    let segment = |segment: &str| match segment.starts_with('{') {
        true => "1".to_owned(),
        false => segment.to_owned(),
    };
    let segments: Vec<String> = pattern.split('/').map(segment).collect();
    segments.join("/")
}

/// Whether a pattern takes a path: a prefix on the borders of segments, or the whole.
pub(super) fn fits(pattern: &str, exact: bool, path: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        let trimmed = text.trim_start_matches('/');
        let parts = trimmed.split('/').filter(|_| !trimmed.is_empty());
        parts.map(str::to_owned).collect()
    };
    let (pattern, path) = (parts(pattern), parts(path));
    let length = match exact {
        true => pattern.len() == path.len(),
        false => pattern.len() <= path.len(),
    };
    let same = |(wanted, found): (&String, &String)| wanted.starts_with('{') || wanted == found;
    length && pattern.iter().zip(&path).all(same)
}

/// The routes of a configuration that may take this path, for a host of this route.
pub(super) fn takers<'c>(
    configuration: &'c Configuration,
    route: &Route,
    path: &str,
) -> Vec<&'c Route> {
    let wild = |host: &String| host.contains('*');
    let meets = |other: &Route| {
        other.hosts.is_empty()
            || route.hosts.is_empty()
            || other.hosts.iter().chain(&route.hosts).any(wild)
            || other.hosts.iter().any(|host| route.hosts.contains(host))
    };
    let takes = |other: &Route| {
        other.paths.is_empty()
            || other
                .paths
                .iter()
                .any(|(pattern, exact, _)| fits(pattern, *exact, path))
    };
    let routes = configuration.routes.iter();
    routes
        .filter(|other| meets(other) && takes(other))
        .collect()
}

/// Where the gateway probably is.
pub(super) fn address(configuration: &Configuration) -> Option<reqwest::Url> {
    let listener = configuration.listeners.first();
    let scheme = match listener.and_then(|listener| listener.tls.as_ref()) {
        Some(_) => "https",
        None => "http",
    };
    let hosts = configuration.routes.iter().flat_map(|route| &route.hosts);
    let host = hosts.filter(|host| !host.contains('*')).min();
    let address = listener.map_or("127.0.0.1:8080", |listener| &listener.address);
    let address = address
        .replace("0.0.0.0:", "127.0.0.1:")
        .replace("[::]:", "[::1]:");
    let authority = match (host, address.rsplit_once(':')) {
        (Some(host), Some((_, port))) => format!("{host}:{port}"),
        (Some(host), None) => host.clone(),
        (None, _) => address,
    };
    reqwest::Url::parse(&format!("{scheme}://{authority}")).ok()
}
