//! The listener: the HTTP connection manager, what it does before routes are chosen, and its access log.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::render::{object, put};
use super::tokens::{NAMESPACE, PAYLOAD, Required};
use super::values::{duration, extension, header, typed};
use super::{ACCESS_LOG, challenges, plugins, secure};
use crate::adapters::Unsupported;
use crate::adapters::common::callers::Callers;
use crate::fixtures::Listener;

const MANAGER: &str = "envoy.filters.network.http_connection_manager";

/// Headers that a client may not speak with in the name of a proxy.
const OF_PROXIES: [&str; 6] = [
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "forwarded",
    "client-cert",
    "client-cert-chain",
];

/// What a listener is made of.
pub(super) struct Parts<'a> {
    pub settings: &'a Listener,
    pub address: SocketAddr,
    pub routes: Value,
    pub filters: Vec<String>,
    pub required: Vec<Required>,
    pub callers: &'a Callers,
    pub logged: &'a [String],
    pub told: &'a [String],
}

/// What upstreams are told of where a request came from; X-Forwarded-For and X-Forwarded-Proto come by themselves.
pub(super) fn told_to_upstreams() -> Vec<Value> {
    vec![
        header("x-forwarded-host", "%REQ(:AUTHORITY)%"),
        header(
            "forwarded",
            "for=%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%;host=\"%REQ(:AUTHORITY)%\";proto=%REQ(X-FORWARDED-PROTO)%",
        ),
    ]
}

impl Parts<'_> {
    /// The listener.
    pub fn render(self) -> Result<Value, Unsupported> {
        let Listener {
            address: _,
            trusted_proxies,
            http2,
            timeouts,
            paths,
            limits,
            tls,
        } = self.settings;
        if !trusted_proxies.is_empty() {
            return Err(Unsupported::new(
                "trustedProxies: proxies are trusted by their number (xff_num_trusted_hops), and X-Forwarded-Host is \
                 not among what they are believed",
            ));
        }
        let secure = tls.is_some();
        let mut manager = self.manager(*http2 || secure);
        for (name, value) in timeouts {
            let value = duration(value)?;
            match name.as_str() {
                "head" => put(&mut manager, "request_headers_timeout", value),
                "body" => put(&mut manager, "request_timeout", value),
                "keepAlive" => {
                    manager["common_http_protocol_options"]["idle_timeout"] = value.into();
                    // What is idle is drained before it is closed.
                    put(&mut manager, "drain_timeout", "0.1s");
                }
                other => return Err(Unsupported::new(format!("timeouts.{other} is unknown"))),
            }
        }
        for (name, value) in paths {
            match (name.as_str(), value) {
                ("mergeSlashes", Value::Bool(merge)) => put(&mut manager, "merge_slashes", *merge),
                ("encodedSlashes", Value::String(word)) if word == "reject" => {}
                ("encodedSlashes", Value::String(word)) if word == "keep" => {
                    manager["path_with_escaped_slashes_action"] = "KEEP_UNCHANGED".into();
                }
                _ => return Err(Unsupported::new(format!("paths.{name} {value}"))),
            }
        }
        for (name, value) in limits {
            match name.as_str() {
                "headerBytes" => {
                    let bytes = crate::adapters::common::values::bytes(value)?;
                    put(&mut manager, "max_request_headers_kb", bytes.div_ceil(1024));
                }
                "headerCount" => {
                    manager["common_http_protocol_options"]["max_headers_count"] = value.clone();
                }
                // A route answers what is longer.
                "targetBytes" => {}
                other => return Err(Unsupported::new(format!("limits.{other} is unknown"))),
            }
        }
        let mut chain = json!({"filters": [{"name": MANAGER, "typed_config": manager}]});
        if let Some(tls) = tls {
            put(&mut chain, "transport_socket", secure::listener(tls)?);
        }
        Ok(json!({
            "name": "main",
            "address": socket(self.address),
            "filter_chains": [chain],
        }))
    }

    fn manager(&self, http2: bool) -> Value {
        let mut filters: Vec<Value> = plugins::chain(&self.filters, &self.required);
        filters.push(extension(
            "envoy.filters.http.router",
            "extensions.filters.http.router.v3.Router",
            // Neither what a try took nor how often it was tried is told to either side.
            json!({"suppress_envoy_headers": true}),
        ));
        typed(
            "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            json!({
                "stat_prefix": "main",
                "codec_type": if http2 { "AUTO" } else { "HTTP1" },
                "access_log": [self.access_log()],
                "use_remote_address": true,
                "internal_address_config": {},
                "normalize_path": true,
                "path_with_escaped_slashes_action": "REJECT_REQUEST",
                "common_http_protocol_options": {"headers_with_underscores_action": "DROP_HEADER"},
                "server_header_transformation": "PASS_THROUGH",
                "always_set_request_id_in_response": true,
                "proxy_100_continue": true,
                "upgrade_configs": [{"upgrade_type": "websocket"}],
                "early_header_mutation_extensions": [self.forgeries()],
                "local_reply_config": {"mappers": challenges::replies(!self.required.is_empty())},
                "route_config": self.routes,
                "http_filters": filters,
            }),
        )
    }

    /// Takes away what a client could say in the gateway's or a proxy's name.
    fn forgeries(&self) -> Value {
        let names = self.callers.headers.iter().map(|name| name.to_lowercase());
        let names = OF_PROXIES.into_iter().map(str::to_owned).chain(names);
        let mutations: Vec<Value> = names.map(|name| json!({"remove": name})).collect();
        extension(
            "envoy.http.early_header_mutation.header_mutation",
            "extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
            json!({"mutations": mutations}),
        )
    }

    fn access_log(&self) -> Value {
        let fixed = [
            ("timestamp", "%START_TIME%"),
            ("request_id", "%REQ(X-REQUEST-ID)%"),
            ("client", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
            ("method", "%REQ(:METHOD)%"),
            ("path", "%PATH(NQ)%"),
            ("route", "%ROUTE_NAME%"),
            ("service", "%UPSTREAM_CLUSTER_RAW%"),
            ("status", "%RESPONSE_CODE%"),
            ("flags", "%RESPONSE_FLAGS%"),
            ("duration_ms", "%DURATION%"),
            ("response_bytes", "%BYTES_SENT%"),
        ];
        let fixed = fixed.map(|(name, format)| (name.to_owned(), Value::from(format)));
        // The header that upstreams are told in: a client's own has been taken away.
        let consumer = self.told.join("?").to_uppercase();
        let consumer = (!self.told.is_empty()).then(|| {
            (
                "consumer".to_owned(),
                Value::from(format!("%REQ({consumer})%")),
            )
        });
        let subject = format!("%DYNAMIC_METADATA({NAMESPACE}:{PAYLOAD}:sub)%");
        let subject =
            (!self.required.is_empty()).then(|| ("subject".to_owned(), Value::from(subject)));
        let logged = self.logged.iter().map(|name| {
            let member = name.to_lowercase().replace('-', "_");
            (member, format!("%REQ({})%", name.to_uppercase()).into())
        });
        extension(
            "envoy.access_loggers.file",
            "extensions.access_loggers.file.v3.FileAccessLog",
            json!({
                "path": ACCESS_LOG,
                "log_format": {
                    "omit_empty_values": true,
                    "json_format": object(fixed.into_iter().chain(consumer).chain(subject).chain(logged)),
                },
            }),
        )
    }
}

/// An address as Envoy writes it.
pub(super) fn socket(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}
