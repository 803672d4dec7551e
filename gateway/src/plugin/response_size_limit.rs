//! `response-size-limit`: an upstream's body that is too large becomes a 502 while nothing of it is out, and a cut
//! connection after that.

use super::chain::Phases;
use super::max_bytes::Config;
use super::registry::{Compile, Plugin};
use super::{OnResponse, OnResponseBody, Rejection};
use crate::reason::Reason;
use http::header::CONTENT_LENGTH;
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
        let declared = headers
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        declared.map_or(Ok(()), |length| self.check(length))
    }
}

impl OnResponseBody for ResponseSizeLimit {
    fn on_response_body(&self, seen: u64) -> Result<(), Rejection> {
        self.check(seen)
    }
}
