//! The bootstrap as a whole.

use serde_json::{Map, Value, json};

use super::callers::Identity;
use super::clusters::Clusters;
use super::keys::Material;
use super::plugins::Plugins;
use super::routes::{Entry, virtual_hosts};
use super::tokens::Required;
use super::{CONFIGURATION, listener};
use crate::adapters::common::callers::Callers;
use crate::adapters::{Bindings, LeftOut, Rendered, Unsupported};
use crate::fixtures::{Document, Fixture, Plugin, RouteApi};

/// Plugins that are in force without being written.
const IN_FORCE: [&str; 2] = ["request-id", "request-size-limit"];

/// Renders a fixture, without the routes that can't be said.
pub(super) fn configuration(
    fixture: &Fixture,
    bindings: &Bindings,
) -> Result<Rendered, Unsupported> {
    let document = fixture
        .typed()
        .map_err(|error| Unsupported::new(format!("scenarios/{}: {error}", fixture.name)))?;
    refuse_globals(&document)?;
    let settings = document.listeners.first().cloned().unwrap_or_default();
    let mut whole = Whole {
        callers: Callers::of(fixture, &document),
        identity: Identity::of(fixture, &document),
        material: Material { fixture, bindings },
        bound: settings
            .tls
            .as_ref()
            .is_some_and(|tls| tls.client_certificates.is_some()),
        clusters: Clusters::new(bindings),
        required: Vec::new(),
        filters: Vec::new(),
        logged: Vec::new(),
        told: Vec::new(),
        entries: Vec::new(),
    };
    let mut left_out = Vec::new();
    let mut served = false;
    for route in &document.routes() {
        match whole.route(route) {
            Ok(()) => served = true,
            Err(why) => {
                whole.entries.extend(Entry::closed(route));
                left_out.push(LeftOut::new(route, why));
            }
        }
    }
    if !served {
        let why = left_out.into_iter().next().map(|route| route.reason);
        let why = why.unwrap_or_else(|| "no route".to_owned());
        return Err(Unsupported::new(why));
    }
    let routes = json!({
        "name": "routes",
        "ignore_port_in_host_matching": true,
        "virtual_hosts": virtual_hosts(&whole.entries, &settings)?,
        "request_headers_to_add": listener::told_to_upstreams(),
    });
    let listener = listener::Parts {
        settings: &settings,
        address: bindings.listen,
        routes,
        filters: whole.filters,
        required: whole.required,
        callers: &whole.callers,
        logged: &whole.logged,
        told: &whole.told,
    };
    let bootstrap = json!({
        // Paths and lengths make longer expressions than the hundred instructions that are the default.
        "layered_runtime": {"layers": [{
            "name": "static",
            "static_layer": {"re2.max_program_size.error_level": 8192},
        }]},
        "static_resources": {
            "listeners": [listener.render()?],
            "clusters": whole.clusters.render(),
        },
    });
    let text = serde_yaml::to_string(&bootstrap)
        .map_err(|error| Unsupported::new(format!("the bootstrap can't be written: {error}")))?;
    Ok(Rendered {
        files: vec![(CONFIGURATION.to_owned(), text)],
        left_out,
        ..Rendered::default()
    })
}

/// What comes together from all routes.
struct Whole<'a> {
    callers: Callers,
    identity: Identity,
    material: Material<'a>,
    /// Whether tokens may be bound to clients' certificates.
    bound: bool,
    required: Vec<Required>,
    clusters: Clusters<'a>,
    /// The filters of which a route has settings, by name.
    filters: Vec<String>,
    logged: Vec<String>,
    /// The headers in which upstreams are told who calls.
    told: Vec<String>,
    entries: Vec<Entry>,
}

impl Whole<'_> {
    /// Adds a route, if all of it can be said.
    fn route(&mut self, route: &RouteApi) -> Result<(), Unsupported> {
        let plugins = Plugins::compile(route, &self.callers, &self.identity, &self.material)?;
        if self.bound && plugins.required.is_some() {
            return Err(Unsupported::new(
                "jwt-validate: whether a token is bound to the client's certificate is not looked at",
            ));
        }
        let told = plugins
            .told
            .iter()
            .filter(|header| !self.told.contains(header));
        let told: Vec<String> = told.cloned().collect();
        if self.told.len() + told.len() > 2 {
            return Err(Unsupported::new(
                "callers are told in a third header: the log takes the first of two",
            ));
        }
        let mut clusters = Vec::new();
        for service in std::iter::once(&route.service).chain(&route.alternatives) {
            clusters.push(self.clusters.of(service)?);
        }
        if let Some(required) = &plugins.required {
            clusters.extend(required.clusters(&self.clusters)?);
        }
        let entries = Entry::of(route, &plugins)?;
        for cluster in clusters {
            self.clusters.add(cluster);
        }
        for (filter, _) in &plugins.filters {
            if !self.filters.contains(filter) {
                self.filters.push(filter.clone());
            }
        }
        for header in plugins.logged {
            if !self.logged.contains(&header) {
                self.logged.push(header);
            }
        }
        self.required.extend(plugins.required);
        self.told.extend(told);
        self.entries.extend(entries);
        Ok(())
    }
}

/// What an object has besides, where there is something.
pub(super) fn put(object: &mut Value, key: &str, value: impl Into<Value>) {
    let value = value.into();
    let empty = match &value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    if let (false, Some(map)) = (empty, object.as_object_mut()) {
        map.insert(key.to_owned(), value);
    }
}

/// An object of these members.
pub(super) fn object(members: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Object(Map::from_iter(members))
}

fn refuse_globals(document: &Document) -> Result<(), Unsupported> {
    let switched_off =
        |plugin: &&Plugin| !plugin.enabled && IN_FORCE.contains(&plugin.name.as_str());
    let inner = document.apis.iter().flat_map(|api| &api.plugins);
    if let Some(plugin) = document.plugins.iter().chain(inner).find(switched_off) {
        return Err(Unsupported::new(format!(
            "{}: it is in force everywhere",
            plugin.name
        )));
    }
    let present = [
        ("admin", document.admin.is_some()),
        ("telemetry", document.telemetry.is_some()),
        ("runtime", document.runtime.is_some()),
        ("several listeners", document.listeners.len() > 1),
    ];
    match present.into_iter().find(|(_, present)| *present) {
        Some((name, _)) => Err(Unsupported::new(format!(
            "{name}: it is not translated to Envoy's"
        ))),
        None => Ok(()),
    }
}
