//! What plugins that take bearer tokens (RFC 6750) share: where a token is looked for, what a client is told, which
//! claims go upstream, how far a token's scope has to reach. No plugin itself.

mod challenge;
mod claim_headers;
mod extract;
mod refusals;
mod scopes;
#[cfg(test)]
mod tests;

pub use challenge::Challenge;
pub use claim_headers::ClaimHeaders;
pub use extract::{Places, Presented, TokenPlaces};
pub use refusals::Refusals;
pub use scopes::{ScopeText, Scopes};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;

/// One text or a list of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Texts {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Texts {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        }
    }
}

impl JsonSchema for Texts {
    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "array"],
            "items": {"type": "string", "minLength": 1},
            "minLength": 1,
            "minItems": 1,
            "x-expects": "text, or a list of texts",
        })
    }
}
