//! The two files: the gateway's with endpoints and pipelines, and the system's with a store that lives in memory.

use serde_json::{Map, Value, json};

use super::pipeline::Pipeline;
use super::{GATEWAY, SYSTEM, secure};
use crate::adapters::common::callers::Callers;
use crate::adapters::common::routes::{End, Path, methods};
use crate::adapters::{Bindings, LeftOut, Rendered, Unsupported};
use crate::fixtures::{Document, Fixture, Listener, RouteApi, Service};

/// Renders a fixture, without the routes that can't be said.
pub(super) fn configuration(
    fixture: &Fixture,
    bindings: &Bindings,
) -> Result<Rendered, Unsupported> {
    let document = fixture
        .typed()
        .map_err(|error| Unsupported::new(format!("scenarios/{}: {error}", fixture.name)))?;
    let listener = document.listeners.first().cloned().unwrap_or_default();
    refuse_globals(&document, &listener)?;
    let callers = Callers::of(fixture, &document);
    let mut gateway = Gateway::default();
    let mut left_out = Vec::new();
    for (index, route) in document.routes().iter().enumerate() {
        if let Err(why) = gateway.route(index, route, &callers, bindings) {
            left_out.push(LeftOut::new(route, why));
        }
    }
    if gateway.endpoints.is_empty() {
        let why = left_out.into_iter().next().map(|route| route.reason);
        return Err(Unsupported::new(
            why.unwrap_or_else(|| "no route".to_owned()),
        ));
    }
    let at = json!({"hostname": bindings.listen.ip().to_string(), "port": bindings.listen.port()});
    let (scheme, at) = match &listener.tls {
        None => ("http", at),
        Some(tls) => ("https", secure::listener(fixture, tls, at)?),
    };
    let yaml = |value: &Value| {
        serde_yaml::to_string(value).expect("a value with texts as keys can be written")
    };
    Ok(Rendered {
        files: vec![
            (GATEWAY.to_owned(), yaml(&gateway.finish(scheme, &at))),
            (SYSTEM.to_owned(), yaml(&system())),
        ],
        left_out,
        ..Rendered::default()
    })
}

/// What the two maps and the pipelines come to.
#[derive(Default)]
struct Gateway {
    /// Endpoints, each with its place: those for a host first, then the more specific path.
    endpoints: Vec<Endpoint>,
    services: Map<String, Value>,
    pipelines: Map<String, Value>,
}

/// How closely an endpoint names its host, the closest first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Host {
    Exact,
    Wildcard,
    Any,
}

impl Host {
    fn of(host: Option<&String>) -> Self {
        match host {
            None => Self::Any,
            Some(host) if host.starts_with('*') => Self::Wildcard,
            Some(_) => Self::Exact,
        }
    }
}

struct Endpoint {
    order: (Host, Vec<u8>, bool),
    name: String,
    value: Value,
}

impl Gateway {
    fn route(
        &mut self,
        index: usize,
        route: &RouteApi,
        callers: &Callers,
        bindings: &Bindings,
    ) -> Result<(), Unsupported> {
        if !route.route.headers.is_empty() || !route.route.query.is_empty() {
            return Err(Unsupported::new(
                "routes by header or query: endpoints are chosen by host, path and method",
            ));
        }
        if route.route.rewrite.is_some() || route.route.strip_prefix {
            return Err(Unsupported::new(
                "rewriting: stripPath looks for a wildcard, and endpoints by expression have none",
            ));
        }
        let pipeline = Pipeline::compile(route, callers)?;
        let services = std::iter::once(&route.service).chain(&route.alternatives);
        let services: Vec<_> = services
            .map(|service| Ok((service.name.clone(), endpoint(service, bindings)?)))
            .collect::<Result<_, Unsupported>>()?;
        self.services.extend(services);
        let name = format!("{}-{index}", route.name);
        let mut methods: Vec<String> = methods(&route.route)
            .iter()
            .map(ToString::to_string)
            .collect();
        if pipeline.answers_options && !methods.is_empty() {
            methods.push("OPTIONS".to_owned());
        }
        let others = format!("{name}-other-methods");
        for (nth, path) in Path::of(&route.route).into_iter().enumerate() {
            let hosts = if route.route.hosts.is_empty() {
                vec![None]
            } else {
                route.route.hosts.iter().map(Some).collect()
            };
            for host in hosts {
                self.endpoint(&name, nth, host, &path, Some(&methods));
                if !methods.is_empty() {
                    self.endpoint(&others, nth, host, &path, None);
                }
            }
        }
        let own = |name: &str| {
            let endpoints = self.endpoints.iter().map(|endpoint| endpoint.name.as_str());
            let own = endpoints.filter(|endpoint| {
                endpoint
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('.'))
            });
            own.map(str::to_owned).collect::<Vec<_>>()
        };
        let entry = json!({"apiEndpoints": own(&name), "policies": pipeline.policies});
        let refusal = json!({"terminate": [{"action": {"statusCode": 405, "message": "Method Not Allowed"}}]});
        let refused = json!({"apiEndpoints": own(&others), "policies": [refusal]});
        self.pipelines.insert(name, entry);
        if !methods.is_empty() {
            self.pipelines.insert(others, refused);
        }
        Ok(())
    }

    fn endpoint(
        &mut self,
        pipeline: &str,
        nth: usize,
        host: Option<&String>,
        path: &Path,
        methods: Option<&Vec<String>>,
    ) {
        let mut value = json!({"pathRegex": expression(path)});
        if let Some(host) = host {
            value["host"] = json!(host);
        }
        if let Some(methods) = methods.filter(|methods| !methods.is_empty()) {
            value["methods"] = json!(methods);
        }
        let name = format!("{pipeline}.{}", nth + 1);
        let name = host.map_or(name.clone(), |host| format!("{name}.{host}"));
        self.endpoints.push(Endpoint {
            order: (Host::of(host), path.order(), methods.is_none()),
            name,
            value,
        });
    }

    fn finish(mut self, scheme: &str, at: &Value) -> Value {
        self.endpoints.sort_by(|a, b| a.order.cmp(&b.order));
        let endpoints = self.endpoints.into_iter();
        let endpoints: Map<_, _> = endpoints.map(|one| (one.name, one.value)).collect();
        json!({
            scheme: at,
            "apiEndpoints": endpoints,
            "serviceEndpoints": self.services,
            "policies": ["cors", "proxy", "rate-limit", "request-transformer", "terminate"],
            "pipelines": self.pipelines,
        })
    }
}

fn expression(path: &Path) -> String {
    let beginning = path.expression(escaped, |_| "[^/]+".to_owned());
    let end = match path.end {
        End::Prefix => "(/.*)?$",
        End::Exact => "$",
        End::ExactSlash => "/$",
    };
    format!("^{beginning}{end}")
}

fn escaped(text: &str) -> String {
    let special = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    text.chars().fold(String::new(), |mut escaped, c| {
        if special(c) {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    })
}

fn endpoint(service: &Service, bindings: &Bindings) -> Result<Value, Unsupported> {
    let plain = [
        ("balancing: it goes round", service.balancing.is_some()),
        ("http2 to a service", service.http2),
        (
            "tls to a service: its agents know the system's authorities alone",
            service.tls.is_some(),
        ),
        (
            "retries: nothing is sent twice",
            service.retries.attempts.is_some_and(|n| n > 0),
        ),
        (
            "timeouts.connect, total and idle: there is one timeout",
            service.timeouts.connect.is_some()
                || service.timeouts.total.is_some()
                || service.timeouts.idle.is_some(),
        ),
    ];
    if let Some((what, _)) = plain.into_iter().find(|(_, present)| *present) {
        return Err(Unsupported::new(what));
    }
    let mut urls = Vec::new();
    for ((url, _), (authority, weight)) in service.targets().iter().zip(service.authorities()) {
        if weight != 1 || url.starts_with("https://") {
            return Err(Unsupported::new("a target with a weight, or of https"));
        }
        let address = bindings.upstreams.get(&authority);
        let address =
            address.ok_or_else(|| Unsupported::new(format!("{authority} has no address")))?;
        urls.push(format!("http://{address}"));
    }
    Ok(match urls.as_slice() {
        [only] => json!({"url": only}),
        _ => json!({"urls": urls}),
    })
}

/// A store in memory; nothing of the rest is used.
fn system() -> Value {
    json!({
        "db": {"redis": {"emulate": true, "namespace": "EG"}},
        "crypto": {"cipherKey": "unused", "algorithm": "aes256", "saltRounds": 10},
        "session": {"secret": "unused", "resave": false, "saveUninitialized": false},
        "accessTokens": {"timeToExpiry": 7_200_000},
        "refreshTokens": {"timeToExpiry": 7_200_000},
        "authorizationCodes": {"timeToExpiry": 300_000},
    })
}

fn refuse_globals(document: &Document, listener: &Listener) -> Result<(), Unsupported> {
    let present = [
        ("admin", document.admin.is_some()),
        ("telemetry", document.telemetry.is_some()),
        ("runtime", document.runtime.is_some()),
        ("several listeners", document.listeners.len() > 1),
        ("trustedProxies", !listener.trusted_proxies.is_empty()),
        ("http2", listener.http2),
        ("timeouts of a listener", !listener.timeouts.is_empty()),
        ("limits of a listener", !listener.limits.is_empty()),
        ("paths of a listener", !listener.paths.is_empty()),
        ("a plugin that is switched off", switched_off(document)),
    ];
    match present.into_iter().find(|(_, present)| *present) {
        Some((name, _)) => Err(Unsupported::new(format!(
            "{name}: nothing in Express Gateway corresponds to it"
        ))),
        None => Ok(()),
    }
}

/// Whether a plugin that is in force without being written is switched off somewhere.
fn switched_off(document: &Document) -> bool {
    let inner = document.apis.iter().flat_map(|api| &api.plugins);
    let mut all = document.plugins.iter().chain(inner);
    all.any(|plugin| !plugin.enabled)
}
