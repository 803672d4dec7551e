//! `response-size-limit`: an upstream's body that is too large becomes a 502 while nothing of it is out, and a cut
//! connection after that.

use super::chain::Phases;
use super::max_bytes::{Config, declared_length};
use super::registry::{Compile, Plugin};
use super::{OnResponse, OnResponseBody, Rejection};
use crate::reason::Reason;
use http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// The compiled form.
pub struct ResponseSizeLimit {
    max: u64,
}

impl Plugin for ResponseSizeLimit {
    const NAME: &'static str = "response-size-limit";
    const SUMMARY: &'static str = "The largest response body.";
    const EXAMPLE: &'static str = r#"{name: response-size-limit, config: {maxBytes: 10MiB}}"#;
    type Config = Config;

    fn compile(
        config: Config,
        compile: &mut Compile<'_, '_>,
        phases: &mut Phases,
    ) -> Option<String> {
        let max = config.max_bytes.bytes(compile)?;
        if max == u64::MAX {
            return Some("lets response bodies of any size pass".to_owned());
        }
        let plugin = Arc::new(Self { max });
        phases.response(plugin.clone());
        phases.response_body(plugin);
        Some(format!("refuses response bodies over {max} bytes"))
    }
}

impl ResponseSizeLimit {
    fn check(&self, bytes: u64) -> Result<(), Rejection> {
        if bytes > self.max {
            return Err(Rejection::new(
                Reason::ResponseTooLarge,
                "the upstream's answer is larger than is let through",
            ));
        }
        Ok(())
    }
}

impl OnResponse for ResponseSizeLimit {
    fn on_response(&self, _: StatusCode, headers: &HeaderMap) -> Result<(), Rejection> {
        declared_length(headers).map_or(Ok(()), |length| self.check(length))
    }
}

impl OnResponseBody for ResponseSizeLimit {
    fn on_response_body(&self, seen: u64) -> Result<(), Rejection> {
        self.check(seen)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::plugin::testing::{mistakes, one};
    use http::HeaderValue;
    use http::header::CONTENT_LENGTH;
    use serde_json::json;

    #[test]
    fn a_declared_length_is_refused_before_anything_is_out() {
        let chain = one("response-size-limit", json!({"maxBytes": "1KiB"}));
        let with = |length: &'static str| {
            let length = HeaderValue::from_static(length);
            let headers = HeaderMap::from_iter([(CONTENT_LENGTH, length)]);
            chain.on_response(StatusCode::OK, &headers)
        };
        assert!(with("1024").is_ok());
        assert!(chain.on_response(StatusCode::OK, &HeaderMap::new()).is_ok());
        for over in ["1025", "18446744073709551616"] {
            assert_eq!(with(over).unwrap_err().reason, Reason::ResponseTooLarge);
        }
    }

    #[test]
    fn an_undeclared_length_is_counted() {
        let chain = one("response-size-limit", json!({"maxBytes": 1024}));
        assert!(chain.on_response_body(1024).is_ok());
        let refused = chain.on_response_body(1025).unwrap_err();
        assert_eq!(refused.reason, Reason::ResponseTooLarge);
    }

    #[test]
    fn unlimited_takes_no_part() {
        let chain = one("response-size-limit", json!({"maxBytes": "unlimited"}));
        assert!(chain.on_response_body(u64::MAX).is_ok());
    }

    #[test]
    fn mistakes_are_told() {
        let told = |config| mistakes("response-size-limit", config);
        assert_eq!(told(json!({})), ["missing-key at "]);
        assert_eq!(told(json!({"maxBytes": "all"})), ["bad-value at /maxBytes"]);
        assert_eq!(
            told(json!({"maxBytes": "99999999999999999999"})),
            ["invalid-size at /maxBytes"]
        );
    }
}
