//! `observability`: a header's value in the access log and, from a declared set, in the metrics.
//!
//! The set is `values` and what `route-by-header` on the same route looks for; any other value is counted as `other` and
//! its absence as `none`, so a client cannot make labels.

use super::chain::Phases;
use super::exchange::{Exchange, Observed};
use super::registry::{Compile, Plugin, ROUTE_BY_HEADER};
use super::{Flow, OnRequest, Request};
use http::header::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// A header's value in log and metrics.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The header.
    include_header: String,
    /// Values that may become a metric's label, besides those of route-by-header.
    #[serde(default)]
    #[schemars(length(max = 32))]
    values: Vec<String>,
}

/// The longest value that the log keeps, in bytes.
const LONGEST: usize = 128;

/// The compiled form.
pub struct Observability {
    header: HeaderName,
    label: Arc<str>,
    values: Box<[Arc<str>]>,
    other: Arc<str>,
    none: Arc<str>,
}

impl Plugin for Observability {
    const NAME: &'static str = "observability";
    const SUMMARY: &'static str = "A header's value in the access log and in the metrics.";
    const EXAMPLE: &'static str =
        r#"{name: observability, config: {includeHeader: X-Canary, values: ["true", "false"]}}"#;
    type Config = Config;

    fn compile(
        config: Config,
        compile: &mut Compile<'_, '_>,
        phases: &mut Phases,
    ) -> Option<String> {
        let header = compile.header("includeHeader", &config.include_header)?;
        let mut values: Vec<Arc<str>> = config
            .values
            .iter()
            .map(|value| value.as_str().into())
            .collect();
        let canaries = compile
            .siblings
            .iter()
            .filter(|(name, _)| *name == ROUTE_BY_HEADER);
        for (_, canary) in canaries {
            let same = canary["header"]
                .as_str()
                .is_some_and(|name| name.eq_ignore_ascii_case(&config.include_header));
            if let (true, Some(value)) = (same, canary["value"].as_str()) {
                values.push(value.into());
            }
        }
        values.sort();
        values.dedup();
        phases.request(Arc::new(Self {
            label: header.as_str().into(),
            header,
            values: values.into(),
            other: "other".into(),
            none: "none".into(),
        }));
        Some(format!(
            "tells {} in log and metrics",
            config.include_header
        ))
    }
}

impl OnRequest for Observability {
    fn on_request(&self, request: &Request<'_>, exchange: &mut Exchange) -> Flow {
        let sent = request.headers.get_all(&self.header);
        // Of several fields one that is known, as route-by-header takes any of them.
        let known = sent.iter().find_map(|sent| self.known(sent.as_bytes()));
        let (value, label) = match (known, sent.iter().next()) {
            (Some(known), _) => (Some(known.clone()), known.clone()),
            (None, Some(sent)) => (Some(bounded(sent.as_bytes())), self.other.clone()),
            (None, None) => (None, self.none.clone()),
        };
        exchange.observed = Some(Observed {
            header: self.label.clone(),
            value,
            label,
        });
        Flow::Next
    }
}

impl Observability {
    fn known(&self, sent: &[u8]) -> Option<&Arc<str>> {
        self.values.iter().find(|value| value.as_bytes() == sent)
    }
}

fn bounded(value: &[u8]) -> Arc<str> {
    String::from_utf8_lossy(&value[..value.len().min(LONGEST)]).into()
}

#[cfg(test)]
mod tests;
