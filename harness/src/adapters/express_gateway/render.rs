//! The two files: the gateway's with endpoints and pipelines, and the system's with a store that lives in memory.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::pipeline::{Pipeline, expression, on};
use super::routing::{Guard, path_expression};
use super::service::{believed, endpoint};
use super::users::users;
use super::{GATEWAY, SYSTEM, USERS, secure, yaml};
use crate::adapters::common::authorization::{Person, people};
use crate::adapters::common::callers::Callers;
use crate::adapters::common::routes::{Path, methods};
use crate::adapters::{Bindings, LeftOut, Rendered, Unsupported};
use crate::fixtures::{Document, Fixture, Listener, RouteApi};

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
    let people = people(fixture, &document);
    let mut gateway = Gateway {
        untrusted: secure::untrusted(listener.tls.as_ref()),
        ..Gateway::default()
    };
    let mut left_out = Vec::new();
    let routes = document.routes();
    for (index, route) in routes.iter().enumerate() {
        if let Err(why) = gateway.route(index, route, (&callers, &people), bindings) {
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
        Some(tls) => (
            "https",
            secure::listener(fixture, tls, at, &bindings.files)?,
        ),
    };
    let mut rendered = Rendered {
        files: vec![
            (GATEWAY.to_owned(), yaml(gateway.finish(scheme, &at))),
            (SYSTEM.to_owned(), yaml(system())),
        ],
        left_out,
        ..Rendered::default()
    };
    if let Some(users) = users(&callers)? {
        rendered.files.push((USERS.to_owned(), users));
    }
    if let Some([file, variable]) = believed(&routes, bindings) {
        rendered.files.push(file);
        rendered.environment.push(variable);
    }
    Ok(rendered)
}

/// What the two maps and the pipelines come to.
#[derive(Default)]
struct Gateway {
    /// Endpoints, each with its place: those for a host first, then the more specific path, then the more conditions.
    endpoints: Vec<Endpoint>,
    services: Map<String, Value>,
    pipelines: Map<String, Value>,
    /// The policy that comes first everywhere, if any.
    untrusted: Option<Value>,
    /// What is allowed at each place.
    places: Vec<Place>,
}

/// How closely an endpoint names its host, the closest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Host {
    Exact,
    Wildcard,
    Any,
}

impl Host {
    fn of(host: Option<&str>) -> Self {
        match host {
            None => Self::Any,
            Some(host) if host.starts_with('*') => Self::Wildcard,
            Some(_) => Self::Exact,
        }
    }
}

type Order = (Host, Vec<u8>, bool, usize, usize);

struct Endpoint {
    order: Order,
    name: String,
    value: Value,
}

/// A host and a path, with the methods of all routes there.
struct Place {
    host: Option<String>,
    path: Path,
    methods: Vec<String>,
    /// What these routes look at besides; one of them looks at nothing where this is none.
    guards: Option<Vec<Guard>>,
}

impl Gateway {
    fn route(
        &mut self,
        index: usize,
        route: &RouteApi,
        (callers, people): (&Callers, &[Person]),
        bindings: &Bindings,
    ) -> Result<(), Unsupported> {
        let guard = Guard::of(route)?;
        let first = self.untrusted.clone();
        let pipeline = Pipeline::compile(route, callers, people, (first, guard.as_ref()))?;
        let services = std::iter::once(&route.service).chain(&route.alternatives);
        let services: Vec<_> = services
            .map(|service| Ok((service.name.clone(), endpoint(service, bindings)?)))
            .collect::<Result<_, Unsupported>>()?;
        self.services.extend(services);
        let name = format!("{}-{index}", route.name);
        let methods = methods(&route.route);
        let mut methods: Vec<String> = methods.iter().map(ToString::to_string).collect();
        let allowed = |method: &str| methods.iter().any(|one| one == method);
        if pipeline.answers_options && !methods.is_empty() && !allowed("OPTIONS") {
            methods.push("OPTIONS".to_owned());
        }
        let conditions = (route.route.headers.len(), route.route.query.len());
        let mut own = Vec::new();
        for (nth, path) in Path::of(&route.route).into_iter().enumerate() {
            let hosts = route.route.hosts.iter().map(|host| Some(host.as_str()));
            let none = route.route.hosts.is_empty().then_some(None);
            for host in hosts.chain(none) {
                let title = format!("{name}.{}", nth + 1);
                let title = host.map_or(title.clone(), |host| format!("{title}.{host}"));
                let order = (
                    Host::of(host),
                    path.order(),
                    methods.is_empty(),
                    usize::MAX - conditions.0,
                    usize::MAX - conditions.1,
                );
                self.endpoint(order, &title, (host, &path), &methods);
                own.push(title);
                if !methods.is_empty() {
                    self.allow((host, &path), &methods, guard.as_ref());
                }
            }
        }
        let entry = json!({"apiEndpoints": own, "policies": pipeline.policies});
        self.pipelines.insert(name, entry);
        Ok(())
    }

    fn endpoint(
        &mut self,
        order: Order,
        name: &str,
        (host, path): (Option<&str>, &Path),
        methods: &[String],
    ) {
        let mut value = json!({"pathRegex": path_expression(path)});
        if let Some(host) = host {
            value["host"] = json!(host);
        }
        if !methods.is_empty() {
            value["methods"] = json!(methods);
        }
        self.endpoints.push(Endpoint {
            order,
            name: name.to_owned(),
            value,
        });
    }

    fn allow(
        &mut self,
        (host, path): (Option<&str>, &Path),
        methods: &[String],
        guard: Option<&Guard>,
    ) {
        let mut places = self.places.iter_mut();
        let known = places.find(|place| place.host.as_deref() == host && place.path == *path);
        let Some(place) = known else {
            self.places.push(Place {
                host: host.map(str::to_owned),
                path: path.clone(),
                methods: methods.to_vec(),
                guards: guard.map(|guard| vec![guard.clone()]),
            });
            return;
        };
        for method in methods {
            if !place.methods.contains(method) {
                place.methods.push(method.clone());
            }
        }
        match (&mut place.guards, guard) {
            (Some(guards), Some(guard)) => guards.push(guard.clone()),
            (guards, _) => *guards = None,
        }
    }

    /// Refuses the methods that no route of a place has.
    fn refuse_others(&mut self) {
        for (index, place) in std::mem::take(&mut self.places).into_iter().enumerate() {
            let name = format!("other-methods-{index}");
            let path = (place.host.as_deref(), &place.path);
            let order = (
                Host::of(path.0),
                path.1.order(),
                true,
                usize::MAX,
                usize::MAX,
            );
            self.endpoint(order, &name, path, &[]);
            let allow = json!(place.methods.join(", "));
            let mut policies: Vec<Value> = self.untrusted.clone().into_iter().collect();
            policies.extend([
                expression(&format!("res.setHeader('Allow', {allow})")),
                json!({"terminate": [{"action": {"statusCode": 405, "message": "Method Not Allowed"}}]}),
            ]);
            if let Some(guards) = place.guards {
                let guard = Guard::either(&guards);
                for policy in &mut policies {
                    on(policy, guard.condition());
                }
            }
            let entry = json!({"apiEndpoints": [name], "policies": policies});
            self.pipelines.insert(name, entry);
        }
    }

    fn finish(mut self, scheme: &str, at: &Value) -> Value {
        self.refuse_others();
        self.endpoints.sort_by(|a, b| a.order.cmp(&b.order));
        let endpoints = self.endpoints.into_iter();
        let endpoints: Map<_, _> = endpoints.map(|one| (one.name, one.value)).collect();
        json!({
            scheme: at,
            "apiEndpoints": endpoints,
            "serviceEndpoints": self.services,
            "policies": used(&self.pipelines),
            "pipelines": self.pipelines,
        })
    }
}

/// The policies that pipelines have: the others need not be loaded.
fn used(pipelines: &Map<String, Value>) -> BTreeSet<&String> {
    let pipelines = pipelines.values();
    let policies = pipelines.filter_map(|pipeline| pipeline["policies"].as_array());
    let policies = policies.flatten().filter_map(Value::as_object);
    policies.flat_map(Map::keys).collect()
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
