//! `request-size-limit`: refuses a request body that is too large (413; RFC 9110 §15.5.14), at once where Content-Length
//! tells, otherwise when the count passes the limit while the body streams.

use super::chain::Phases;
use super::exchange::Exchange;
use super::max_bytes::Config;
use super::registry::{Compile, Plugin};
use super::{Flow, OnRequest, OnRequestBody, Rejection, Request};
use crate::reason::Reason;
use http::header::CONTENT_LENGTH;
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
        let declared = request
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        match declared {
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
