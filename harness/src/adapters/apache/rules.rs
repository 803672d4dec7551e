//! A route as rules of mod_rewrite: whether a request is for it, what is noted and refused, and where it goes.

use serde_json::Value;

use super::access::{Access, pattern};
use super::cors;
use super::text::{Lines, escaped, literal, quoted};
use super::upstream::Balancer;
use crate::adapters::common::authorization::Person;
use crate::adapters::common::callers::Callers;
use crate::adapters::common::plugins::{
    Cors, Observability, RequestSizeLimit, RouteByHeader, Settings as _, largest_request,
};
use crate::adapters::common::routes::{End, Path, Segment, methods};
use crate::adapters::{Bindings, Unsupported};
use crate::fixtures::{Matcher, Plugin, RouteApi};

/// A route, translated.
pub(super) struct Translated {
    /// Each host and path, from which requests come.
    pub places: Vec<Place>,
    /// The methods it takes, HEAD following GET; empty for any.
    pub methods: Vec<String>,
    /// Directives for the whole server.
    pub global: Lines,
    /// Directives for its requests alone.
    pub section: Lines,
    /// The services.
    pub balancers: Vec<Balancer>,
    /// Files that it needs.
    pub files: Vec<(String, String)>,
    /// Headers that the access log has.
    pub logged: Vec<String>,
}

/// One of the places that a route is at.
pub(super) struct Place {
    /// Where it stands among all; the least comes first.
    pub order: (u8, Vec<u8>, bool, usize, usize),
    /// Conditions on the host.
    pub host: Vec<String>,
    /// The pattern of the path.
    pub pattern: String,
    /// Conditions on headers and query.
    pub conditions: Vec<String>,
    /// What answers a preflight, if anything does.
    pub preflight: Option<Lines>,
    /// What becomes of a request.
    pub handler: Lines,
}

/// Plugins that are read where they are needed.
const KNOWN: [&str; 9] = [
    "anonymous",
    "authorize",
    "basic-auth",
    "cors",
    "key-auth",
    "observability",
    "request-id",
    "request-size-limit",
    "route-by-header",
];

/// Translates the route that is called `name` here.
pub(super) fn translate(
    route: &RouteApi,
    name: &str,
    bindings: &Bindings,
    callers: &Callers,
    people: &[Person],
    http2: bool,
) -> Result<Translated, Unsupported> {
    let unknown = |plugin: &&Plugin| !KNOWN.contains(&plugin.name.as_str());
    if let Some(plugin) = route.plugins.iter().find(unknown) {
        return Err(without_counterpart(&plugin.name));
    }
    let access = Access::compile(route, name, callers, people)?;
    let cross_origin = Cors::on(route)?;
    let mut balancers = vec![Balancer::compile(&route.service, bindings)?];
    let canary = RouteByHeader::on(route)?;
    if let Some(canary) = &canary {
        balancers.push(Balancer::compile(canary.service(route)?, bindings)?);
    }
    let mut section = hosts(&balancers);
    section.append(access.section);
    let (mut common, mut global) = (Lines::default(), access.global);
    common.line(format!(
        "RewriteRule ^ - [E=route:{name},E=service:{}]",
        balancers[0].name
    ));
    if let Some(config) = &cross_origin {
        common.append(cors::rules(config, name));
        global.append(cors::headers(config, name)?);
    }
    common.append(size(route, http2)?);
    common.append(access.rules);
    if let (Some(canary), Some(other)) = (&canary, balancers.get(1)) {
        common.line(format!(
            "RewriteCond %{{HTTP:{}}} {}",
            literal(&canary.header)?,
            quoted(&format!("={}", literal(&canary.value)?))
        ));
        common.line(format!("RewriteRule ^ - [E=service:{}]", other.name));
    }
    let mut places = Vec::new();
    for path in Path::of(&route.route) {
        let mut handler = common.clone();
        handler.append(forward(route, &path, &balancers)?);
        places.extend(at(
            route,
            &path,
            &handler,
            cross_origin.as_ref().map(|config| preflight(config, name)),
        )?);
    }
    let logged = Observability::on(route)?.map(|config| literal(&config.include_header));
    Ok(Translated {
        places,
        methods: methods(&route.route)
            .into_iter()
            .map(literal)
            .collect::<Result<_, _>>()?,
        global,
        section,
        balancers,
        files: access.files,
        logged: logged.transpose()?.into_iter().collect(),
    })
}

fn at(
    route: &RouteApi,
    path: &Path,
    handler: &Lines,
    preflight: Option<Lines>,
) -> Result<Vec<Place>, Unsupported> {
    let conditions = conditions(route)?;
    let hosts: Vec<Option<&String>> = match route.route.hosts.as_slice() {
        [] => vec![None],
        hosts => hosts.iter().map(Some).collect(),
    };
    let (headers, query) = (route.route.headers.len(), route.route.query.len());
    let places = hosts.into_iter().map(|host| {
        let (class, expression) = match host.map(|host| (host, host.strip_prefix('*'))) {
            None => (2, None),
            Some((_, Some(suffix))) => (1, Some(format!("^[^:]+{}(:[0-9]*)?$", escaped(suffix)))),
            Some((host, None)) => (0, Some(format!("^{}(:[0-9]*)?$", escaped(host)))),
        };
        let condition = |text: String| format!("%{{HTTP_HOST}} {} [NC]", quoted(&text));
        Place {
            order: (
                class,
                path.order(),
                route.route.methods.is_empty(),
                usize::MAX - headers,
                usize::MAX - query,
            ),
            host: expression.map(condition).into_iter().collect(),
            pattern: format!("^{}$", pattern(path)),
            conditions: conditions.clone(),
            preflight: preflight.clone(),
            handler: handler.clone(),
        }
    });
    Ok(places.collect())
}

fn conditions(route: &RouteApi) -> Result<Vec<String>, Unsupported> {
    let mut conditions = Vec::new();
    for (name, matcher) in &route.route.headers {
        let pattern = match kind(matcher)? {
            Kind::Is(value) => format!("^{}$", escaped(value)),
            Kind::Present => ".".to_owned(),
            Kind::Like(expression) => expression.to_owned(),
        };
        let name = literal(name)?;
        conditions.push(format!("%{{HTTP:{name}}} {}", quoted(&pattern)));
    }
    for (name, matcher) in &route.route.query {
        let name = escaped(name);
        let pattern = match kind(matcher)? {
            Kind::Is(value) => format!("(^|&){name}={}(&|$)", escaped(value)),
            Kind::Present => format!("(^|&){name}(=|&|$)"),
            Kind::Like(_) => {
                return Err(Unsupported::new(
                    "a pattern for the query: it would be held against the whole",
                ));
            }
        };
        conditions.push(format!("%{{QUERY_STRING}} {}", quoted(&pattern)));
    }
    Ok(conditions)
}

enum Kind<'a> {
    Is(&'a str),
    Present,
    Like(&'a str),
}

fn kind(matcher: &Matcher) -> Result<Kind<'_>, Unsupported> {
    let other = match matcher {
        Matcher::Value(value) => return Ok(Kind::Is(value)),
        Matcher::Other(other) => other,
    };
    let like = other.get("regex").and_then(Value::as_str);
    match like {
        Some(expression) => Ok(Kind::Like(expression)),
        None if other.get("present") == Some(&Value::Bool(true)) => Ok(Kind::Present),
        None => Err(Unsupported::new(format!("the condition {other}"))),
    }
}

fn preflight(config: &Cors, name: &str) -> Lines {
    let mut lines = cors::rules(config, name);
    lines.line("RewriteRule ^ - [E=preflight:1,R=204,L]");
    lines
}

/// `LimitRequestBody` is not for what is forwarded, so an announced length is compared. Where somebody has asked for a
/// limit, a body of another length than an announced one is refused, as RFC 9110 §15.5.12 allows.
fn size(route: &RouteApi, http2: bool) -> Result<Lines, Unsupported> {
    let mut rules = Lines::default();
    let Some(bytes) = largest_request(route)? else {
        return Ok(rules);
    };
    rules.line(format!(
        "RewriteCond expr \"%{{HTTP:Content-Length}} -gt {bytes}\""
    ));
    rules.line("RewriteRule ^ - [R=413,L]");
    if RequestSizeLimit::on(route)?.is_some() {
        if http2 {
            return Err(Unsupported::new(
                "request-size-limit: over HTTP/2 a body without an announced length is not told from none",
            ));
        }
        rules.line("RewriteCond %{HTTP:Transfer-Encoding} .");
        rules.line("RewriteRule ^ - [R=411,L]");
    }
    Ok(rules)
}

/// The Host that each service is sent.
fn hosts(balancers: &[Balancer]) -> Lines {
    let mut lines = Lines::default();
    for balancer in balancers {
        if let Some(host) = &balancer.host {
            let condition = match balancers {
                [_] => String::new(),
                _ => format!(" \"expr=reqenv('service') == '{}'\"", balancer.name),
            };
            lines.line(format!("RequestHeader set Host \"{host}\"{condition}"));
        }
    }
    lines
}

/// The rule that sends a request on, for each service.
fn forward(route: &RouteApi, path: &Path, balancers: &[Balancer]) -> Result<Lines, Unsupported> {
    let mut lines = Lines::default();
    let beginning = path.expression(escaped, |_| "([^/]+)".to_owned());
    let parameters = path.segments.iter().filter_map(|segment| match segment {
        Segment::Parameter(name) => Some(name.as_str()),
        Segment::Literal(_) => None,
    });
    let parameters: Vec<&str> = parameters.collect();
    let rest = parameters.len() + 1;
    let (pattern, target) = match (&route.route.rewrite, route.route.strip_prefix) {
        (Some(template), _) => (
            format!("^{beginning}(/.*)?$"),
            format!("{}${rest}", target(template, &parameters)?),
        ),
        (None, true) => (format!("^{beginning}/?(.*)$"), format!("/${rest}")),
        (None, false) => ("^(.*)$".to_owned(), "$1".to_owned()),
    };
    if rest > 9 {
        return Err(Unsupported::new("a path with more than eight parameters"));
    }
    let pattern = if path.end == End::Prefix || route.route.rewrite.is_none() {
        pattern
    } else {
        format!("^{beginning}(/?)$")
    };
    for (index, balancer) in balancers.iter().enumerate().rev() {
        let Balancer { name, base, .. } = balancer;
        if index > 0 {
            lines.line(format!("RewriteCond %{{ENV:service}} ={name}"));
        }
        lines.line(format!(
            "RewriteRule {} \"balancer://{name}{base}{target}\" [P]",
            quoted(&pattern)
        ));
    }
    Ok(lines)
}

/// The substitution in which the path's parameters are groups.
fn target(template: &str, parameters: &[&str]) -> Result<String, Unsupported> {
    let mut text = literal(template)?;
    for (index, name) in parameters.iter().enumerate() {
        text = text.replace(&format!("{{{name}}}"), &format!("${}", index + 1));
    }
    Ok(text)
}

fn without_counterpart(plugin: &str) -> Unsupported {
    let why = match plugin {
        "jwt-validate" => "tokens are checked by modules that are not part of httpd",
        "oauth2-introspect" => {
            "servers are asked about tokens by modules that are not part of httpd"
        }
        "mtls-auth" => "a certificate's names are told one by one, and its fingerprint not at all",
        "rate-limit" => {
            "mod_ratelimit is for bytes; requests are counted by modules that are not part of httpd"
        }
        "response-size-limit" => "LimitRequestBody has no counterpart for responses",
        _ => "it has no counterpart",
    };
    Unsupported::new(format!("the plugin {plugin}: {why}"))
}
