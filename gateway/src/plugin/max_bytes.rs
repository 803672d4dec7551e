//! What both size limits share: their one option, and the length that a head declares.

use super::registry::Compile;
use crate::config::units::SizeText;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;

/// A size, or `unlimited`.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct MaxBytes(SizeText);

/// The configuration of a size limit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The largest body: a size such as `10MiB`, or `unlimited`.
    pub max_bytes: MaxBytes,
}

impl MaxBytes {
    /// The limit in bytes, `u64::MAX` for none; mistakes go to the report.
    pub fn bytes(&self, compile: &mut Compile<'_, '_>) -> Option<u64> {
        match &self.0 {
            SizeText::Text(text) if text == "unlimited" => Some(u64::MAX),
            size => match size.parse() {
                Ok(bytes) => Some(bytes),
                Err(error) => {
                    let at = compile.at.key("maxBytes");
                    compile.report.error(at, "invalid-size", error.to_string());
                    None
                }
            },
        }
    }
}

/// The length that a head declares, `u64::MAX` for one that is longer still.
pub fn declared_length(headers: &HeaderMap) -> Option<u64> {
    let digits = headers.get(CONTENT_LENGTH)?.to_str().ok()?;
    let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    whole.then(|| digits.parse().unwrap_or(u64::MAX))
}

impl JsonSchema for MaxBytes {
    fn schema_name() -> Cow<'static, str> {
        "MaxBytes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "string"],
            "minimum": 0,
            "pattern": "^([0-9]+(KiB|MiB|GiB|kB|MB|GB)?|unlimited)$",
            "x-expects": "a size such as `512`, `64KiB` or `10MiB`, or `unlimited`",
        })
    }
}
