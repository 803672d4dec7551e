//! The gateway's plugins and their options, as docs/plugins.md has them; a test holds this list to that page.

macro_rules! plugins {
    ($($name:literal => [$($option:literal),* $(,)?],)*) => {
        /// All plugins.
        pub(super) const NAMES: [&str; [$($name),*].len()] = [$($name),*];

        /// The options of a plugin.
        pub(super) fn options(name: &str) -> Option<&'static [&'static str]> {
            match name {
                $($name => Some(&[$($option),*]),)*
                _ => None,
            }
        }
    };
}

plugins! {
    "request-id" => ["header"],
    "cors" => ["origins", "methods", "headers", "exposeHeaders", "allowCredentials", "maxAge", "allowPrivateNetwork"],
    "request-size-limit" => ["maxBytes"],
    "key-auth" => ["header", "query", "realm", "consumerHeader"],
    "mtls-auth" => ["forwardCertificate", "consumerRequired", "consumerHeader"],
    "jwt-validate" => ["issuer", "jwks", "discovery", "keys", "audience", "algorithms", "leeway", "requiredClaims", "maxLifetime", "typ", "allowHttp", "tls", "keySet", "issuers", "token", "claimsToHeaders", "consumerClaim", "scopes", "realm", "resourceMetadata", "forward"],
    "oauth2-introspect" => ["endpoint", "clientId", "clientSecret", "clientAuth", "tokenTypeHint", "issuer", "audience", "scopes", "token", "claimsToHeaders", "consumerClaim", "cache", "onOutage", "timeout", "allowHttp", "tls", "realm", "resourceMetadata", "forward"],
    "basic-auth" => ["realm", "consumerHeader", "forward"],
    "anonymous" => ["consumer", "consumerHeader"],
    "authorize" => ["allow", "deny", "roles", "groups", "scopes", "claims", "rolesClaim", "groupsClaim", "scopesClaim"],
    "rate-limit" => ["key", "limitPerSecond", "limitPerMinute", "limitPerHour", "limitPerDay", "limit", "window", "burst", "concurrent", "cost", "name", "limits", "dryRun", "xRateLimitHeaders"],
    "route-by-header" => ["header", "value", "toService"],
    "observability" => ["includeHeader", "values"],
    "response-size-limit" => ["maxBytes"],
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_list_is_that_of_the_documentation() {
        let page = include_str!("../../../../docs/plugins.md");
        let chapters: Vec<&str> = page.split("\n## ").skip(1).collect();
        let names: Vec<&str> = chapters
            .iter()
            .map(|text| text.lines().next().unwrap())
            .collect();
        assert_eq!(names, NAMES);
        for (name, chapter) in names.iter().zip(chapters) {
            let rows = chapter.lines().filter_map(|line| line.strip_prefix("| `"));
            let documented: Vec<&str> = rows.map(|row| row.split('`').next().unwrap()).collect();
            assert_eq!(options(name).unwrap(), documented, "{name}");
        }
    }
}
