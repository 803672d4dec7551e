//! `request-id`: one id for a request, at the upstream, on the response, in the log and in every problem document.
//!
//! The client's id is taken only from a trusted peer and only in a sound form; otherwise one is made (UUID version 7).

use super::chain::Phases;
use super::exchange::{Exchange, RequestId as Id};
use super::registry::{Compile, Plugin};
use super::{Flow, OnRequest, Request};
use http::header::HeaderName;
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
    header: HeaderName,
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
        let mut theirs = request.headers.get_all(&self.header).iter();
        let taken = match (request.trusted, theirs.next(), theirs.next()) {
            (true, Some(value), None) => Id::parse(value.as_bytes()).map(|id| (id, value.clone())),
            _ => None,
        };
        let (id, value) = taken.unwrap_or_else(|| {
            let id = if exchange.request_id.is_empty() {
                Id::make()
            } else {
                exchange.request_id
            };
            (id, id.header())
        });
        exchange.request_id = id;
        exchange.request_edits.set(&self.header, value.clone());
        exchange.response_edits.set(&self.header, value);
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::plugin::chain::Chain;
    use crate::plugin::testing::{Call, edited, mistakes, one};
    use futures::executor::block_on;
    use serde_json::json;

    /// The id that response, upstream, log and problem documents share.
    fn id(call: &Call, chain: &Chain, header: &str) -> String {
        let outcome = call.on(chain);
        assert!(outcome.passed());
        let id = outcome.exchange.request_id.as_str().to_owned();
        let line = format!("{}: {id}", header.to_lowercase());
        assert_eq!(outcome.response(), [line.as_str()]);
        let forged = [("x-request-id", "forged"), ("x-correlation", "forged")];
        let upstream = edited(&forged, &outcome.exchange.request_edits);
        assert!(upstream.contains(&line), "{upstream:?}");
        assert_eq!(upstream.len(), 2, "the client's is replaced");
        id
    }

    fn is_made(id: &str) -> bool {
        uuid::Uuid::parse_str(id).is_ok_and(|uuid| uuid.get_version_num() == 7)
    }

    #[test]
    fn a_stranger_s_id_is_replaced() {
        let chain = one("request-id", json!({}));
        let call = Call::get().header("X-Request-Id", "abc-123");
        let (first, second) = (
            id(&call, &chain, "X-Request-Id"),
            id(&call, &chain, "X-Request-Id"),
        );
        assert!(is_made(&first) && is_made(&second), "{first} {second}");
        assert_ne!(first, second);
    }

    #[test]
    fn a_trusted_peer_s_id_is_taken_in_a_sound_form_only() {
        let chain = one("request-id", json!({}));
        let from = |value: &str| {
            let call = Call::get().trusted().header("X-Request-Id", value);
            id(&call, &chain, "X-Request-Id")
        };
        assert_eq!(from("abc-123"), "abc-123");
        assert_eq!(from(&"a".repeat(64)), "a".repeat(64));
        for wrong in ["", "a b", "<script>", "ü", &"a".repeat(65)] {
            assert!(is_made(&from(wrong)), "{wrong:?}");
        }
        assert!(is_made(&id(&Call::get().trusted(), &chain, "X-Request-Id")));
    }

    #[test]
    fn of_two_ids_none_is_taken() {
        let chain = one("request-id", json!({}));
        let call = Call::get()
            .trusted()
            .header("X-Request-Id", "a")
            .header("X-Request-Id", "b");
        assert!(is_made(&id(&call, &chain, "X-Request-Id")));
    }

    #[test]
    fn the_header_is_the_configuration_s() {
        let chain = one("request-id", json!({"header": "X-Correlation"}));
        let call = Call::get().trusted().header("x-correlation", "abc");
        assert_eq!(id(&call, &chain, "X-Correlation"), "abc");
        let other = Call::get().trusted().header("X-Request-Id", "abc");
        assert!(is_made(&id(&other, &chain, "X-Correlation")));
    }

    #[test]
    fn an_id_that_is_there_already_stays() {
        let chain = one("request-id", json!({}));
        let first = Call::get().on(&chain);
        let mut exchange = Exchange {
            request_id: first.exchange.request_id,
            ..Exchange::default()
        };
        let call = Call::get();
        let request = call.request();
        assert!(matches!(
            block_on(chain.on_request(&request, &mut exchange)),
            Flow::Next
        ));
        assert_eq!(
            exchange.request_id.as_str(),
            first.exchange.request_id.as_str()
        );
    }

    #[test]
    fn mistakes_are_told() {
        assert_eq!(
            mistakes("request-id", json!({"header": "X Id"})),
            ["invalid-header-name at /header"]
        );
    }
}
