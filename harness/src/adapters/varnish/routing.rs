//! Which route takes a request: conditions in `vcl_recv`, the most specific first.

use std::cmp::Reverse;

use super::rules::path_condition;
use super::words::{escaped, text};
use crate::adapters::Unsupported;
use crate::adapters::common::routes::{Path, methods};
use crate::fixtures::{Matcher, RouteApi};

/// One host and path of a route.
pub(super) struct Entry {
    host: Option<String>,
    path: Path,
    methods: Vec<String>,
    conditions: Vec<String>,
    specificity: (usize, usize),
    /// The route's subroutine; none where it is left out: its requests are nobody else's.
    id: Option<String>,
    cors: bool,
}

/// The entries of a route, whose subroutine is named by `id`; none where the route is left out.
pub(super) fn entries(route: &RouteApi, id: Option<&str>) -> Result<Vec<Entry>, Unsupported> {
    let mut conditions = Vec::new();
    for (header, matcher) in &route.route.headers {
        let header = format!("req.http.{header}");
        conditions.push(match told(matcher)? {
            Told::Value(value) => format!("{header} == {}", text(value)?),
            Told::Regex(regex) => format!("{header} ~ {}", text(regex)?),
            Told::Present => header,
        });
    }
    for (parameter, matcher) in &route.route.query {
        let name = escaped(parameter);
        let expression = match told(matcher)? {
            Told::Value(value) => format!("[?&]{name}={}(&|$)", escaped(value)),
            Told::Present => format!("[?&]{name}(=|&|$)"),
            Told::Regex(_) => {
                return Err(Unsupported::new("a pattern for a parameter of the query"));
            }
        };
        conditions.push(format!("req.url ~ {}", text(&expression)?));
    }
    let hosts: Vec<Option<String>> = match route.route.hosts.as_slice() {
        [] => vec![None],
        hosts => hosts.iter().cloned().map(Some).collect(),
    };
    let entry = |host: &Option<String>, path: Path| Entry {
        host: host.clone(),
        path,
        methods: methods(&route.route)
            .into_iter()
            .map(str::to_owned)
            .collect(),
        conditions: conditions.clone(),
        specificity: (route.route.headers.len(), route.route.query.len()),
        id: id.map(str::to_owned),
        cors: id.is_some() && route.plugin("cors").is_some(),
    };
    let pairs = hosts.iter().flat_map(|host| {
        let paths = Path::of(&route.route).into_iter();
        paths.map(move |path| (host, path))
    });
    Ok(pairs.map(|(host, path)| entry(host, path)).collect())
}

/// What a header or parameter has to be.
enum Told<'a> {
    Value(&'a str),
    Regex(&'a str),
    Present,
}

fn told(matcher: &Matcher) -> Result<Told<'_>, Unsupported> {
    match matcher {
        Matcher::Value(value) => Ok(Told::Value(value)),
        Matcher::Other(other) => match (other.get("regex"), other.get("present")) {
            (Some(regex), None) => Ok(Told::Regex(regex.as_str().unwrap_or_default())),
            (None, Some(present)) if present.as_bool() == Some(true) => Ok(Told::Present),
            _ => Err(Unsupported::new(format!("the condition {other}"))),
        },
    }
}

/// The statements that find the route.
pub(super) fn statements(mut entries: Vec<Entry>) -> Result<String, Unsupported> {
    entries.sort_by_cached_key(Entry::rank);
    let mut all = String::new();
    for group in entries.chunk_by(|a, b| a.host == b.host && a.path == b.path) {
        if let [only] = group {
            all += &only.call(false)?;
            continue;
        }
        if group.iter().any(|entry| entry.cors) {
            return Err(Unsupported::new(
                "several routes of one path, with CORS: whose preflight it is can't be said",
            ));
        }
        for entry in group {
            all += &entry.call(true)?;
        }
        for entry in group.iter().filter(|entry| !entry.methods.is_empty()) {
            let within = |other: &&Entry| {
                let mut conditions = other.conditions.iter();
                conditions.all(|condition| entry.conditions.contains(condition))
            };
            let mut allowed: Vec<&str> = Vec::new();
            for method in group.iter().filter(within).flat_map(|other| &other.methods) {
                if !allowed.contains(&method.as_str()) {
                    allowed.push(method);
                }
            }
            all += &format!(
                "    if ({}) {{
        set req.http.Gateway-Allow = \"{}\";
        return (synth(405));
    }}\n",
                entry.condition(false)?,
                allowed.join(", ")
            );
        }
    }
    Ok(all)
}

impl Entry {
    /// Less is more specific; what is of one host and path comes together.
    fn rank(&self) -> impl Ord + use<> {
        let host = match &self.host {
            Some(host) if !host.starts_with('*') => 0,
            Some(_) => 1,
            None => 2,
        };
        (
            (host, self.host.as_ref().map(|host| Reverse(host.len()))),
            self.host.clone(),
            self.path.order(),
            path_condition(&self.path),
            self.methods.is_empty(),
            Reverse(self.specificity),
        )
    }

    fn call(&self, by_method: bool) -> Result<String, Unsupported> {
        let condition = self.condition(by_method)?;
        let statement = match &self.id {
            Some(id) => format!("call receive_{id};"),
            None => "return (synth(404));".to_owned(),
        };
        Ok(format!(
            "    if ({condition}) {{\n        {statement}\n    }}\n"
        ))
    }

    fn condition(&self, by_method: bool) -> Result<String, Unsupported> {
        let mut all = Vec::new();
        if let Some(host) = &self.host {
            let host = host.to_lowercase();
            all.push(match host.strip_prefix('*') {
                Some(rest) => {
                    let expression = format!(".{}$", escaped(rest));
                    format!("req.http.Gateway-Host ~ {}", text(&expression)?)
                }
                None => format!("req.http.Gateway-Host == {}", text(&host)?),
            });
        }
        all.push(path_condition(&self.path));
        all.extend(self.conditions.iter().cloned());
        if by_method && !self.methods.is_empty() {
            all.push(format!("req.method ~ \"^({})$\"", self.methods.join("|")));
        }
        Ok(all.join(" && "))
    }
}
