//! The plugins of a route, as directives: what stands in the `http` block, and what in the location.

use serde_json::Value;

use super::access::Access;
use super::location::{escaped, service_host};
use super::people::People;
use super::render::{braced, header_variable, line};
use crate::adapters::Unsupported;
use crate::adapters::common::callers::OF_CERTIFICATES;
use crate::adapters::common::plugins::{
    Cors, Observability, RouteByHeader, Settings as _, largest_request,
};
use crate::fixtures::{RouteApi, Service};

/// The plugins of a route.
#[derive(Default)]
pub(super) struct Plugins {
    /// Maps and zones.
    pub http: String,
    /// What comes before the check of the method: a preflight.
    pub before: String,
    /// What comes after it.
    pub after: String,
    /// Request headers that the access log has, as in variables.
    pub logged: Vec<String>,
    /// Files besides the configuration.
    pub files: Vec<(String, String)>,
    /// Whether a limit is only rehearsed, which the access log has to tell.
    pub rehearses: bool,
    /// Whether something is taken from the query.
    pub changes_query: bool,
    /// Whether the service depends on the request.
    pub chooses_service: bool,
    /// The route's place in the configuration, which keeps variables apart.
    pub(super) index: usize,
    pub(super) authenticates: bool,
    told: Vec<String>,
}

impl Plugins {
    /// Translates the plugins of a route.
    pub fn compile(index: usize, route: &RouteApi, people: &People) -> Result<Self, Unsupported> {
        let mut plugins = Self {
            index,
            ..Self::default()
        };
        for plugin in &route.plugins {
            let config = &plugin.config;
            match plugin.name.as_str() {
                "cors" => plugins.cors(&Cors::read(config)?)?,
                "route-by-header" => {
                    plugins.route_by_header(&RouteByHeader::read(config)?, route)?
                }
                "observability" => {
                    let Observability { include_header, .. } = Observability::read(config)?;
                    plugins
                        .logged
                        .push(include_header.to_lowercase().replace('-', "_"));
                }
                "request-id" if !is_empty(config) => {
                    return Err(Unsupported::new(
                        "request-id: the log and every answer have it in X-Request-Id",
                    ));
                }
                "request-id" | "request-size-limit" | "key-auth" | "mtls-auth" | "basic-auth"
                | "anonymous" | "authorize" | "rate-limit" => {}
                other => return Err(without_counterpart(other)),
            }
        }
        plugins.access(&Access::of(route)?, people)?;
        if let Some(config) = route.plugin("rate-limit") {
            plugins.rate_limit(config, route)?;
        }
        plugins.defaults(route, people)?;
        Ok(plugins)
    }

    /// What `$service` is set to.
    pub fn service(&self, service: &Service) -> String {
        if self.chooses_service {
            format!("$service_{}", self.index)
        } else {
            quoted(&service.name)
        }
    }

    /// What `$caller` is set to.
    pub fn caller(&self) -> String {
        if self.authenticates {
            format!("$consumer_{}", self.index)
        } else {
            "\"\"".to_owned()
        }
    }

    fn route_by_header(
        &mut self,
        config: &RouteByHeader,
        route: &RouteApi,
    ) -> Result<(), Unsupported> {
        let RouteByHeader { header, value, .. } = config;
        let other = config.service(route)?;
        self.chooses_service = true;
        let (index, variable, value) = (self.index, header_variable(header), exactly(value));
        for (name, usual, chosen) in [
            ("service", quoted(&route.service.name), quoted(&other.name)),
            ("host", service_host(&route.service)?, service_host(other)?),
        ] {
            braced(
                &mut self.http,
                1,
                &format!("map {variable} ${name}_{index} {{ default {usual}; {value} {chosen}; }}"),
            );
        }
        Ok(())
    }

    /// What is in force without being written.
    fn defaults(&mut self, route: &RouteApi, people: &People) -> Result<(), Unsupported> {
        // 0 is no limit.
        let size = largest_request(route)?.unwrap_or(0);
        self.after(&format!("client_max_body_size {size}"));
        self.after("add_header X-Request-Id $request_id always");
        self.after("proxy_hide_header X-Request-Id");
        self.after("proxy_set_header X-Request-Id $request_id");
        let of_certificates = OF_CERTIFICATES.iter().copied();
        for header in people
            .callers
            .headers
            .iter()
            .map(String::as_str)
            .chain(of_certificates)
        {
            if !self.tells(header) {
                self.after(&format!("proxy_set_header {header} \"\""));
            }
        }
        Ok(())
    }

    /// Tells the upstream who calls, in this header.
    pub(super) fn tell(&mut self, header: &str, value: &str) {
        self.after(&format!("proxy_set_header {header} {value}"));
        self.told.push(header.to_owned());
    }

    /// Whether the upstream is told who calls in this header.
    fn tells(&self, header: &str) -> bool {
        self.told
            .iter()
            .any(|told| told.eq_ignore_ascii_case(header))
    }

    /// Adds a map.
    pub(super) fn map(&mut self, map: &str) {
        braced(&mut self.http, 1, map);
    }

    /// Adds a map of several lines, to nothing by default.
    pub(super) fn entries(
        &mut self,
        from: &str,
        variable: &str,
        entries: impl Iterator<Item = String>,
    ) {
        braced(&mut self.http, 1, &format!("map {from} {variable} {{"));
        line(&mut self.http, 2, "default \"\"");
        for entry in entries {
            line(&mut self.http, 2, &entry);
        }
        self.http.push_str("    }\n");
    }

    /// Adds a directive to what comes after the check of the method.
    pub(super) fn after(&mut self, directive: &str) {
        line(&mut self.after, 3, directive);
    }
}

fn without_counterpart(plugin: &str) -> Unsupported {
    let why = match plugin {
        "jwt-validate" => {
            "tokens are checked by nginx Plus (auth_jwt) or by modules that distributions don't have"
        }
        "oauth2-introspect" => {
            "auth_request asks without the token in a form, and reads nothing but the status of the answer"
        }
        _ => "it has no counterpart",
    };
    Unsupported::new(format!("the plugin {plugin}: {why}"))
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A map's entry for this very text; a plain one would match upper and lower case alike.
pub(super) fn exactly(text: &str) -> String {
    quoted(&format!("~^{}$", escaped(text)))
}

fn is_empty(config: &Value) -> bool {
    config.is_null() || config.as_object().is_some_and(serde_json::Map::is_empty)
}
