//! `request-id`: one id for a request, at the upstream, on the response, in the log and in every problem document.
//!
//! The client's id is taken only from a trusted peer and only in a sound form; otherwise one is made (UUID version 7).

use super::chain::Phases;
use super::edits::Header;
use super::exchange::{Exchange, RequestId as Id};
use super::registry::{Compile, Plugin};
use super::{Flow, OnRequest, Request};
use http::HeaderValue;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// One id for a request, everywhere.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The header that carries the id both ways.
    #[serde(default = "header")]
    header: String,
}

fn header() -> String {
    "X-Request-Id".to_owned()
}

/// The compiled form.
pub struct RequestId {
    header: Header,
}

impl Plugin for RequestId {
    const NAME: &'static str = "request-id";
    const SUMMARY: &'static str =
        "One id for a request: at the upstream, on the response, in the log.";
    const EXAMPLE: &'static str = r#"{name: request-id, config: {header: X-Correlation-Id}}"#;
    const DEFAULT: Option<&'static str> = Some("{}");
    type Config = Config;

    fn compile(
        config: Config,
        compile: &mut Compile<'_, '_>,
        phases: &mut Phases,
    ) -> Option<String> {
        let header = compile.header("header", &config.header)?;
        phases.request(Arc::new(Self { header }));
        Some(format!("carries the request's id in {}", config.header))
    }
}

impl OnRequest for RequestId {
    fn on_request(&self, request: &Request<'_>, exchange: &mut Exchange) -> Flow {
        let theirs = request
            .trusted
            .then(|| request.headers.get(&self.header.name))
            .flatten();
        let taken = theirs.and_then(|value| Some((Id::parse(value.as_bytes())?, value.clone())));
        let (id, value) = taken.unwrap_or_else(|| {
            let id = if exchange.request_id.is_empty() {
                Id::make()
            } else {
                exchange.request_id
            };
            let value = HeaderValue::from_str(id.as_str()).expect("an id is visible ASCII");
            (id, value)
        });
        exchange.request_id = id;
        exchange.request_edits.set(&self.header, value.clone());
        exchange.response_edits.set(&self.header, value);
        Flow::Next
    }
}
