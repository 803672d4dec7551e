//! `request-size-limit`: refuses a request body that is too large (413; RFC 9110 §15.5.14), at once where Content-Length
//! tells, otherwise when the count passes the limit while the body streams.

use super::chain::Phases;
use super::exchange::Exchange;
use super::max_bytes::{Config, declared_length};
use super::registry::{Compile, Plugin};
use super::{Flow, OnRequest, OnRequestBody, Rejection, Request};
use crate::reason::Reason;
use std::sync::Arc;

/// The compiled form.
pub struct RequestSizeLimit {
    max: u64,
}

impl Plugin for RequestSizeLimit {
    const NAME: &'static str = "request-size-limit";
    const SUMMARY: &'static str = "The largest request body; 10MiB where nobody says anything.";
    const EXAMPLE: &'static str = r#"{name: request-size-limit, config: {maxBytes: 64KiB}}"#;
    const DEFAULT: Option<&'static str> = Some(r#"{"maxBytes": "10MiB"}"#);
    type Config = Config;

    fn compile(
        config: Config,
        compile: &mut Compile<'_, '_>,
        phases: &mut Phases,
    ) -> Option<String> {
        let max = config.max_bytes.bytes(compile)?;
        if max == u64::MAX {
            return Some("lets request bodies of any size pass".to_owned());
        }
        let plugin = Arc::new(Self { max });
        phases.request(plugin.clone());
        phases.request_body(plugin);
        Some(format!("refuses request bodies over {max} bytes"))
    }
}

impl RequestSizeLimit {
    fn refuse(&self) -> Rejection {
        Rejection::new(
            Reason::BodyTooLarge,
            format!("a request body may have {} bytes at most", self.max),
        )
    }
}

impl OnRequest for RequestSizeLimit {
    fn on_request(&self, request: &Request<'_>, _: &mut Exchange) -> Flow {
        match declared_length(request.headers) {
            Some(length) if length > self.max => self.refuse().into(),
            _ => Flow::Next,
        }
    }
}

impl OnRequestBody for RequestSizeLimit {
    fn on_request_body(&self, seen: u64) -> Result<(), Rejection> {
        if seen > self.max {
            Err(self.refuse())
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::plugin::testing::{Call, mistakes, one};
    use serde_json::json;

    #[test]
    fn a_declared_length_is_refused_at_once() {
        let chain = one("request-size-limit", json!({"maxBytes": "1KiB"}));
        let with = |length: &str| Call::get().header("Content-Length", length).on(&chain);
        assert!(with("0").passed() && with("1024").passed());
        assert!(Call::get().on(&chain).passed());
        for over in [
            "1025",
            "18446744073709551615",
            "18446744073709551616",
            "99999999999999999999999",
        ] {
            assert_eq!(with(over).reason(), Some(Reason::BodyTooLarge), "{over}");
        }
    }

    #[test]
    fn an_undeclared_length_is_counted() {
        let chain = one("request-size-limit", json!({"maxBytes": 1024}));
        assert!(chain.on_request_body(1024).is_ok());
        let refused = chain.on_request_body(1025).unwrap_err();
        assert_eq!(refused.reason, Reason::BodyTooLarge);
        assert_eq!(refused.detail, "a request body may have 1024 bytes at most");
    }

    #[test]
    fn nothing_fits_into_nothing() {
        let chain = one("request-size-limit", json!({"maxBytes": 0}));
        assert!(chain.on_request_body(0).is_ok() && chain.on_request_body(1).is_err());
    }

    #[test]
    fn unlimited_is_said_aloud() {
        let chain = one("request-size-limit", json!({"maxBytes": "unlimited"}));
        assert!(chain.on_request_body(u64::MAX).is_ok());
        let call = Call::get().header("Content-Length", "99999999999");
        assert!(call.on(&chain).passed());
        assert_eq!(
            chain.links()[0].does,
            "lets request bodies of any size pass"
        );
    }

    #[test]
    fn mistakes_are_told() {
        let told = |config| mistakes("request-size-limit", config);
        assert_eq!(told(json!({})), ["missing-key at "]);
        assert_eq!(
            told(json!({"maxBytes": "10 MiB"})),
            ["bad-value at /maxBytes"]
        );
        assert_eq!(told(json!({"maxBytes": -1})), ["out-of-range at /maxBytes"]);
        assert_eq!(
            told(json!({"maxBytes": "99999999999999999999GiB"})),
            ["invalid-size at /maxBytes"]
        );
    }
}
