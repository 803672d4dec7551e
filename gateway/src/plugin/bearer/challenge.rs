//! Challenges in `WWW-Authenticate` (RFC 6750 §3, RFC 9728 §5.1), made when the configuration loads.

use crate::plugin::registry::Compile;
use crate::plugin::settings::Realm;
use http::{HeaderValue, Uri};

/// What every challenge of a plugin begins with.
#[derive(Debug, Clone)]
pub struct Challenge(String);

impl Challenge {
    /// The challenge of a realm, with the address of the resource's metadata where there is one. A mistake in it goes to
    /// the report.
    pub fn compile(
        realm: &Realm,
        metadata: Option<&str>,
        compile: &mut Compile<'_, '_>,
    ) -> Option<Self> {
        let mut start = realm.start("Bearer");
        if let Some(address) = metadata {
            if !is_address(address) {
                compile
                    .report
                    .error(
                        compile.at.key("resourceMetadata"),
                        "invalid-url",
                        format!("`{address}` is not the address of a resource's metadata"),
                    )
                    .help("write it as in `https://api.example/.well-known/oauth-protected-resource` (RFC 9728)");
                return None;
            }
            start.push_str(&format!(", resource_metadata=\"{address}\""));
        }
        HeaderValue::from_str(&start).ok()?;
        Some(Self(start))
    }

    /// For a request without a token: no error, since nothing was wrong (RFC 6750 §3.1).
    #[must_use]
    pub fn bare(&self) -> HeaderValue {
        value(&self.0)
    }

    /// For a token that is not accepted: `invalid_token`; for a request that gives it in a wrong way: `invalid_request`.
    /// The description holds neither `"` nor `\`.
    #[must_use]
    pub fn error(&self, error: &str, description: &str) -> HeaderValue {
        let start = &self.0;
        value(&format!(
            "{start}, error=\"{error}\", error_description=\"{description}\""
        ))
    }

    /// For a token whose scope does not reach far enough.
    #[must_use]
    pub fn insufficient_scope(&self, scopes: &str) -> HeaderValue {
        let start = &self.0;
        value(&format!(
            "{start}, error=\"insufficient_scope\", scope=\"{scopes}\""
        ))
    }
}

fn is_address(text: &str) -> bool {
    let sound = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte));
    let uri = text.parse::<Uri>().ok().filter(|_| sound);
    uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("https" | "http")) && uri.host().is_some()
    })
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("realm, address and scopes are visible ASCII and spaces")
}
