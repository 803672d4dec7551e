//! `route-by-header`: requests that carry a header with a given value go to another service (a header canary).

use super::chain::Phases;
use super::edits::Header;
use super::exchange::Exchange;
use super::registry::{Compile, Plugin};
use super::{Flow, OnRequest, Request};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// A header canary.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The header to look at.
    header: String,
    /// The value it must have, compared whole and with case.
    value: String,
    /// The name of the service that such requests go to.
    to_service: String,
}

/// The compiled form.
pub struct RouteByHeader {
    header: Header,
    value: Box<[u8]>,
    service: usize,
}

impl Plugin for RouteByHeader {
    const NAME: &'static str = "route-by-header";
    const SUMMARY: &'static str =
        "Requests with a header's value go to another service: a header canary.";
    const EXAMPLE: &'static str = r#"{name: route-by-header, config: {header: X-Canary, value: "true", toService: search-v2}}"#;
    type Config = Config;

    fn compile(
        config: Config,
        compile: &mut Compile<'_, '_>,
        phases: &mut Phases,
    ) -> Option<String> {
        let header = compile.header("header", &config.header);
        let service = compile
            .services
            .iter()
            .position(|name| **name == *config.to_service);
        if service.is_none() {
            let at = compile.at.key("toService");
            let known = compile.services.iter().map(AsRef::as_ref);
            compile
                .report
                .error(
                    at,
                    "unknown-service",
                    format!("there is no service {:?}", config.to_service),
                )
                .help(crate::config::suggest(&config.to_service, known));
        }
        let plugin = Self {
            header: header?,
            value: config.value.as_bytes().into(),
            service: service?,
        };
        phases.request(Arc::new(plugin));
        Some(format!(
            "sends {}: {} to {}",
            config.header, config.value, config.to_service
        ))
    }
}

impl OnRequest for RouteByHeader {
    fn on_request(&self, request: &Request<'_>, exchange: &mut Exchange) -> Flow {
        let mut values = request.headers.get_all(&self.header.name).iter();
        if values.any(|value| value.as_bytes() == &*self.value) {
            exchange.service = Some(self.service);
        }
        Flow::Next
    }
}
