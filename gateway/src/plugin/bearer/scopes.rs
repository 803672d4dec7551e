//! How far a token's scope has to reach (RFC 6749 §3.3).

use crate::identity::Claims;
use schemars::JsonSchema;
use serde::Deserialize;

/// One scope.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    inline,
    extend("pattern" = r"^[!#-\[\]-~]+$"),
    extend("x-expects" = "a scope: visible ASCII characters without spaces, `\"` and `\\`")
)]
pub struct ScopeText(String);

/// Scopes all of which a token must have.
#[derive(Debug, Clone, Default)]
pub struct Scopes(Box<[String]>);

impl Scopes {
    /// These.
    #[must_use]
    pub fn new(scopes: &[ScopeText]) -> Self {
        Self(scopes.iter().map(|scope| scope.0.clone()).collect())
    }

    /// Whether the token has them all: in `scope` (RFC 8693 §4.2) or in `scp`, as some servers call it.
    #[must_use]
    pub fn suffice(&self, claims: &Claims) -> bool {
        let has = |wanted: &String| {
            let mut all = claims.list("scope").chain(claims.list("scp"));
            all.any(|scope| scope == wanted)
        };
        self.0.iter().all(has)
    }

    /// With spaces between, as a challenge tells them.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.join(" ")
    }

    /// Whether none is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
