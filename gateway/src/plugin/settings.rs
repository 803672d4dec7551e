//! Settings that several auth plugins have, each with the same words, the same default and the same mistakes.

use super::registry::Compile;
use http::HeaderValue;
use http::header::HeaderName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The header that tells the upstream who calls.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct ConsumerHeader(String);

impl Default for ConsumerHeader {
    fn default() -> Self {
        Self("X-Consumer-Name".to_owned())
    }
}

impl ConsumerHeader {
    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The header, or a mistake at `consumerHeader`.
    pub fn compile(&self, compile: &mut Compile<'_, '_>) -> Option<HeaderName> {
        compile.header("consumerHeader", &self.0)
    }
}

/// The protection space that a challenge names (RFC 9110 §11.5).
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    inline,
    extend("pattern" = r#"^[ !#-\[\]-~]*$"#),
    extend("x-expects" = "visible ASCII characters and spaces, without `\"` and `\\`")
)]
pub struct Realm(String);

impl Default for Realm {
    fn default() -> Self {
        Self("gateway".to_owned())
    }
}

impl Realm {
    /// The start of a challenge of this scheme.
    pub fn start(&self, scheme: &str) -> String {
        format!("{scheme} realm=\"{}\"", self.0)
    }

    /// A challenge of this scheme with what follows the realm in it, or a mistake at `realm`.
    pub fn challenge(
        &self,
        scheme: &str,
        rest: &str,
        compile: &mut Compile<'_, '_>,
    ) -> Option<HeaderValue> {
        let challenge = HeaderValue::from_str(&(self.start(scheme) + rest));
        if challenge.is_err() {
            let at = compile.at.key("realm");
            compile.report.error(
                at,
                "invalid-realm",
                "a realm is made of visible ASCII characters and spaces",
            );
        }
        challenge.ok()
    }
}
