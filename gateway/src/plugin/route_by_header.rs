//! `route-by-header`: requests that carry a header with a given value go to another service (a header canary).

use super::chain::Phases;
use super::exchange::Exchange;
use super::registry::{Compile, Plugin};
use super::{Flow, OnRequest, Request};
use http::header::HeaderName;
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
    header: HeaderName,
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
        let mut values = request.headers.get_all(&self.header).iter();
        if values.any(|value| value.as_bytes() == &*self.value) {
            exchange.service = Some(self.service);
        }
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use crate::plugin::testing::{Call, Surroundings, mistakes_among};
    use serde_json::json;

    fn services() -> Surroundings {
        Surroundings {
            services: vec!["main", "v2", "v3"],
            ..Surroundings::default()
        }
    }

    #[test]
    fn a_whole_value_decides() {
        let config = json!({"header": "X-Canary", "value": "true", "toService": "v3"});
        let chain = services()
            .compile(&json!([{"name": "route-by-header", "config": config}]))
            .unwrap();
        let service = |call: Call| {
            let outcome = call.on(&chain);
            assert!(outcome.passed());
            outcome.exchange.service
        };
        let canary = |value| Call::get().header("x-canary", value);
        assert_eq!(service(canary("true")), Some(2));
        assert_eq!(service(canary("false").header("X-Canary", "true")), Some(2));
        assert_eq!(service(Call::get()), None);
        for other in ["", "TRUE", "true ", "truer", "tru", "true,true"] {
            assert_eq!(service(canary(other)), None, "{other:?}");
        }
        assert_eq!(service(Call::get().header("X-Other", "true")), None);
    }

    #[test]
    fn mistakes_are_told() {
        let told = |config| {
            mistakes_among(
                services(),
                json!([{"name": "route-by-header", "config": config}]),
            )
        };
        assert_eq!(
            told(json!({"header": "X:", "value": "true", "toService": "v4"})),
            [
                "invalid-header-name at /header",
                "unknown-service at /toService"
            ]
        );
        assert_eq!(
            told(json!({"header": "X", "value": "true"})),
            ["missing-key at "]
        );
        assert_eq!(
            told(json!({"header": "X", "value": true, "toService": "v2"})),
            ["wrong-type at /value"]
        );
    }
}
