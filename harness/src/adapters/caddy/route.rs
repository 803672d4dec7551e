//! A route: the requests that it takes, and what becomes of them.

use serde_json::Value;

use super::auth::{Access, expression};
use super::cors::CrossOrigin;
use super::lines::{Lines, escaped, literal, word};
use super::render::RequestId;
use super::upstream::Proxy;
use crate::adapters::common::authorization::Person;
use crate::adapters::common::callers::Callers;
use crate::adapters::common::plugins::{
    Cors, Observability, RouteByHeader, Settings as _, largest_request,
};
use crate::adapters::common::routes::{End, Path, Segment, methods};
use crate::adapters::{Bindings, Unsupported};
use crate::fixtures::{Matcher, RouteApi};

/// What of the whole configuration matters to each route.
pub(super) struct Surroundings<'a> {
    pub bindings: &'a Bindings,
    pub callers: &'a Callers,
    pub people: &'a [Person],
    pub trusted: &'a [String],
    pub request_id: &'a RequestId,
}

/// A route, translated.
pub(super) struct Translated {
    /// Each host and path, with what requests have to fit besides their method.
    pub places: Vec<Place>,
    /// The methods it takes, HEAD following GET; empty for any.
    pub methods: Vec<String>,
    /// What becomes of a preflight, if there are any.
    pub preflight: Option<Lines>,
    /// Headers that the access log leaves out.
    pub secret: Vec<String>,
    /// Whether an upstream is known by the authorities that the system trusts.
    pub trusts_system: bool,
}

/// One of the places that a route is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Where it stands among all; the least comes first.
    pub order: (u8, Vec<u8>, bool, usize, usize),
    /// What requests have to fit: by host and path.
    pub address: Lines,
    /// And by header and query.
    pub conditions: Vec<String>,
    /// What becomes of requests.
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

/// Translates a route.
pub(super) fn translate(
    route: &RouteApi,
    around: &Surroundings<'_>,
) -> Result<Translated, Unsupported> {
    let unknown = |plugin: &&crate::fixtures::Plugin| !KNOWN.contains(&plugin.name.as_str());
    if let Some(plugin) = route.plugins.iter().find(unknown) {
        return Err(without_counterpart(&plugin.name));
    }
    // The access log has every header.
    Observability::on(route)?;
    let access = Access::compile(route, around.callers, around.people)?;
    let cors = Cors::on(route)?.map(|config| CrossOrigin::compile(&config));
    let cors = cors.transpose()?;
    let proxy = Proxy::compile(&route.service, around.bindings)?;
    let (first, other) = canary(route, around.bindings)?;
    let edits = edits(&access, cors.is_some(), around)?;
    let mut places = Vec::new();
    for path in Path::of(&route.route) {
        let mut handler = Lines::default();
        if let Some(cors) = &cors {
            handler.append(cors.responses());
        }
        handler.append(size(route)?);
        handler.append(rewriting(route, &path, &proxy.base)?);
        handler.append(access.lines.clone());
        if let Some((conditions, other)) = first.as_ref().zip(other.as_ref()) {
            handler.matcher("@canary", conditions.clone());
            handler.append(other.directive(Some("@canary"), &edits));
        }
        handler.append(proxy.directive(None, &edits));
        places.extend(at(route, &path, &handler)?);
    }
    Ok(Translated {
        places,
        methods: methods(&route.route)
            .into_iter()
            .map(literal)
            .collect::<Result<_, _>>()?,
        preflight: cors.as_ref().map(CrossOrigin::preflight),
        secret: access.secret,
        trusts_system: proxy.trusts_system || other.is_some_and(|other| other.trusts_system),
    })
}

fn at(route: &RouteApi, path: &Path, handler: &Lines) -> Result<Vec<Place>, Unsupported> {
    let conditions = conditions(route)?;
    let hosts: Vec<Option<&String>> = match route.route.hosts.as_slice() {
        [] => vec![None],
        hosts => hosts.iter().map(Some).collect(),
    };
    let mut places = Vec::new();
    for host in hosts {
        let mut address = Lines::default();
        let class = match host.map(|host| (host, host.strip_prefix('*'))) {
            None => 2,
            Some((_, Some(suffix))) => {
                // `host *.…` stands for one label, and this for one or more.
                let expression = format!("(?i)^.+{}$", escaped(suffix));
                address.line(format!("vars_regexp {{host}} {}", word(&expression)?));
                1
            }
            Some((host, None)) => {
                address.line(format!("host {}", literal(host)?));
                0
            }
        };
        address.append(path_matcher(path)?);
        let by_method = route.route.methods.is_empty();
        let (headers, query) = (route.route.headers.len(), route.route.query.len());
        places.push(Place {
            order: (
                class,
                path.order(),
                by_method,
                usize::MAX - headers,
                usize::MAX - query,
            ),
            address,
            conditions: conditions.clone(),
            handler: handler.clone(),
        });
    }
    Ok(places)
}

/// Requests below a path; none where every path is one. The matcher `path` would take upper and lower case alike.
fn path_matcher(path: &Path) -> Result<Lines, Unsupported> {
    let mut lines = Lines::default();
    if !path.segments.is_empty() || path.end != End::Prefix {
        let expression = format!("^{}$", expression(path));
        lines.line(format!("path_regexp {}", word(&expression)?));
    }
    Ok(lines)
}

fn conditions(route: &RouteApi) -> Result<Vec<String>, Unsupported> {
    let mut conditions = Vec::new();
    for (name, matcher) in &route.route.headers {
        let name = literal(name)?;
        conditions.push(match kind(matcher)? {
            Kind::Is(value) if value.contains('*') => {
                let expression = format!("^{}$", escaped(value));
                format!("header_regexp {name} {}", word(&expression)?)
            }
            Kind::Is(value) => format!("header {name} {}", literal(value)?),
            Kind::Present => format!("header {name} *"),
            Kind::Like(expression) => format!("header_regexp {name} {}", word(expression)?),
        });
    }
    if route.route.query.len() > 1 {
        return Err(Unsupported::new(
            "several parameters of the query: one of them is enough for the matcher query",
        ));
    }
    for (name, matcher) in &route.route.query {
        conditions.push(match kind(matcher)? {
            Kind::Is(value) if value != "*" => {
                format!("query {}", literal(&format!("{name}={value}"))?)
            }
            Kind::Present => format!("query {}", literal(&format!("{name}=*"))?),
            Kind::Is(_) | Kind::Like(_) => {
                return Err(Unsupported::new(
                    "a pattern for the query: one that is absent is not told from an empty one",
                ));
            }
        });
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

/// `request_body` alone would notice only once the upstream has been called.
fn size(route: &RouteApi) -> Result<Lines, Unsupported> {
    let mut lines = Lines::default();
    if let Some(bytes) = largest_request(route)? {
        let length = "{header.Content-Length}";
        lines.line(format!(
            "@too_large expression `{length} != \"\" && int({length}) > {bytes}`"
        ));
        lines.line("respond @too_large 413");
        let mut body = Lines::default();
        body.line(format!("max_size {bytes}"));
        lines.block("request_body", body);
    }
    Ok(lines)
}

fn rewriting(route: &RouteApi, path: &Path, base: &str) -> Result<Lines, Unsupported> {
    let mut lines = Lines::default();
    let beginning = path.expression(escaped, |_| "([^/]+)".to_owned());
    match (&route.route.rewrite, route.route.strip_prefix) {
        (Some(template), _) => lines.line(format!(
            "uri path_regexp {} {}",
            word(&format!("^{beginning}"))?,
            literal(&target(template, path)?)?
        )),
        (None, true) => match path.literal() {
            Some(text) if text == "/" => {}
            Some(text) => lines.line(format!("uri strip_prefix {}", literal(&text)?)),
            None => lines.line(format!(
                "uri path_regexp {} /",
                word(&format!("^{beginning}/?"))?
            )),
        },
        (None, false) => {}
    }
    if !base.is_empty() {
        lines.line(format!("uri path_regexp ^/? {}/", literal(base)?));
    }
    Ok(lines)
}

/// The replacement in which the path's parameters are groups.
fn target(template: &str, path: &Path) -> Result<String, Unsupported> {
    let mut text = template.to_owned();
    let parameters = path.segments.iter().filter_map(|segment| match segment {
        Segment::Parameter(name) => Some(name),
        Segment::Literal(_) => None,
    });
    for (index, name) in parameters.enumerate() {
        let name = format!("{{{name}}}");
        for (place, _) in template.match_indices(&name) {
            let next = template[place + name.len()..].chars().next();
            if next.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(Unsupported::new(
                    "rewrite: a parameter has to be told from what follows it",
                ));
            }
        }
        text = text.replace(&name, &format!("${}", index + 1));
    }
    Ok(text)
}

/// The requests that go to another service, and that service.
fn canary(
    route: &RouteApi,
    bindings: &Bindings,
) -> Result<(Option<Lines>, Option<Proxy>), Unsupported> {
    let Some(config) = RouteByHeader::on(route)? else {
        return Ok((None, None));
    };
    let proxy = Proxy::compile(config.service(route)?, bindings)?;
    if !proxy.base.is_empty() {
        return Err(Unsupported::new(
            "route-by-header to a service below a path: the path is changed before it is chosen",
        ));
    }
    if config.value.contains('*') {
        return Err(Unsupported::new(
            "route-by-header: an asterisk stands for anything",
        ));
    }
    let mut lines = Lines::default();
    lines.line(format!(
        "header {} {}",
        literal(&config.header)?,
        literal(&config.value)?
    ));
    Ok((Some(lines), Some(proxy)))
}

fn edits(
    access: &Access,
    cross_origin: bool,
    around: &Surroundings<'_>,
) -> Result<Lines, Unsupported> {
    let mut lines = Lines::default();
    if !around.trusted.is_empty() {
        let ranges: Result<Vec<String>, _> =
            around.trusted.iter().map(|range| literal(range)).collect();
        lines.line(format!("trusted_proxies {}", ranges?.join(" ")));
    }
    lines.line(format!(
        "header_up Forwarded {}",
        super::render::forwarded(around.trusted)
    ));
    if let Some((header, value)) = around.request_id.told() {
        lines.line(format!("header_up {header} {value}"));
        lines.line(format!("header_down -{header}"));
    }
    lines.append(access.edits.clone());
    if cross_origin {
        lines.line("header_down -Access-Control-*");
    }
    Ok(lines)
}

fn without_counterpart(plugin: &str) -> Unsupported {
    let why = match plugin {
        "jwt-validate" => "tokens are checked by modules that distributions don't have",
        "oauth2-introspect" => {
            "forward_auth asks without the token in a form, and reads nothing but the status of the answer"
        }
        "mtls-auth" => "the names of a certificate are told one by one, so none is looked for",
        "rate-limit" => "requests are counted by modules that distributions don't have",
        "response-size-limit" => "responses have no end that could be set",
        _ => "it has no counterpart",
    };
    Unsupported::new(format!("the plugin {plugin}: {why}"))
}
