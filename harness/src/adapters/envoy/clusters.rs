//! Clusters: a service's targets, how one is chosen, and how it is spoken to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::listener::socket;
use super::render::put;
use super::secure;
use super::values::{duration, extension, typed};
use crate::adapters::{Bindings, Unsupported};
use crate::fixtures::Service;

const PROTOCOL: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// The clusters, by name.
pub(super) struct Clusters<'a> {
    bindings: &'a Bindings,
    all: BTreeMap<String, Value>,
}

impl<'a> Clusters<'a> {
    /// None yet.
    pub fn new(bindings: &'a Bindings) -> Self {
        Self {
            bindings,
            all: BTreeMap::new(),
        }
    }

    /// That of a service.
    pub fn of(&self, service: &Service) -> Result<Value, Unsupported> {
        let mut endpoints = Vec::new();
        for (authority, weight) in service.authorities() {
            let mut endpoint = self.endpoint(&authority)?;
            put(&mut endpoint, "load_balancing_weight", weight);
            endpoints.push(endpoint);
        }
        let connect = service.timeouts.connect.as_deref().unwrap_or("2s");
        let mut cluster = cluster(&service.name, &duration(connect)?, endpoints);
        if let Some((key, settings)) = balancing(service)? {
            put(&mut cluster, key, settings);
        }
        if let Some(socket) = secure::service(service)? {
            put(&mut cluster, "transport_socket", socket);
        }
        if service.http2 {
            let options = json!({"explicit_http_config": {"http2_protocol_options": {}}});
            let options = typed("extensions.upstreams.http.v3.HttpProtocolOptions", options);
            cluster["typed_extension_protocol_options"] = json!({PROTOCOL: options});
        }
        Ok(cluster)
    }

    /// One with a single endpoint, which is no service.
    pub fn plain(
        &self,
        name: &str,
        connect: &str,
        authority: &str,
        socket: Option<Value>,
    ) -> Result<Value, Unsupported> {
        let mut cluster = cluster(name, connect, vec![self.endpoint(authority)?]);
        put(&mut cluster, "transport_socket", socket);
        Ok(cluster)
    }

    /// An endpoint at one of the fixture's authorities.
    fn endpoint(&self, authority: &str) -> Result<Value, Unsupported> {
        let address = self.bindings.upstreams.get(authority);
        let address =
            address.ok_or_else(|| Unsupported::new(format!("{authority} has no address")))?;
        Ok(json!({"endpoint": {"address": socket(*address), "hostname": authority}}))
    }

    /// Adds a cluster unless it is there.
    pub fn add(&mut self, cluster: Value) {
        let name = cluster["name"].as_str().unwrap_or_default().to_owned();
        self.all.entry(name).or_insert(cluster);
    }

    /// All of them.
    pub fn render(self) -> Vec<Value> {
        self.all.into_values().collect()
    }
}

fn cluster(name: &str, connect: &str, endpoints: Vec<Value>) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": connect,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    })
}

/// How a target is chosen, by the name of the setting.
fn balancing(service: &Service) -> Result<Option<(&'static str, Value)>, Unsupported> {
    let Some(balancing) = &service.balancing else {
        return Ok(None);
    };
    match balancing.as_str() {
        Some("round-robin") => Ok(None),
        // By itself it compares two that it picks by chance, which may be the same.
        Some("least-connections") => {
            let policy = extension(
                "envoy.load_balancing_policies.least_request",
                "extensions.load_balancing_policies.least_request.v3.LeastRequest",
                json!({"selection_method": "FULL_SCAN"}),
            );
            let policies = json!({"policies": [{"typed_extension_config": policy}]});
            Ok(Some(("load_balancing_policy", policies)))
        }
        _ if balancing.get("consistentHash").is_some() => {
            Ok(Some(("lb_policy", Value::from("RING_HASH"))))
        }
        _ => Err(Unsupported::new(format!("balancing {balancing}"))),
    }
}

/// What requests are shared out by.
pub(super) fn hashed_by(service: &Service) -> Result<Value, Unsupported> {
    let Some(by) = service
        .balancing
        .as_ref()
        .and_then(|by| by.get("consistentHash"))
    else {
        return Ok(Value::Null);
    };
    let header = by.get("header").and_then(Value::as_str);
    let policy = match (by.as_str(), header) {
        (Some("ip"), _) => json!({"connection_properties": {"source_ip": true}}),
        (Some("path"), _) => json!({"header": {
            "header_name": ":path",
            "regex_rewrite": {"pattern": {"regex": "\\?.*"}, "substitution": ""},
        }}),
        (None, Some(name)) => json!({"header": {"header_name": name}}),
        _ => {
            return Err(Unsupported::new(format!(
                "consistentHash {by}: who calls is told in another header on each route"
            )));
        }
    };
    Ok(json!([policy]))
}

/// The path of a service's URL, without a slash at its end.
pub(super) fn base_path(service: &Service) -> Result<String, Unsupported> {
    let mut paths = service.targets().into_iter().map(|(url, _)| {
        let uri = url.parse::<http::Uri>();
        uri.map_or_else(
            |_| String::new(),
            |uri| uri.path().trim_end_matches('/').to_owned(),
        )
    });
    let first = paths.next().unwrap_or_default();
    if paths.any(|path| path != first) {
        return Err(Unsupported::new(
            "targets of one service with different paths: the path is rewritten before one is chosen",
        ));
    }
    Ok(first)
}
