//! CORS (Fetch §3.2) by the filter of that name, which says nothing of what its answers vary by.

use serde_json::{Value, json};

use super::render::put;
use super::values::{escaped, typed};
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::Cors;
use crate::adapters::common::values::duration;

/// What an upstream says itself is replaced.
pub(super) const OF_THE_UPSTREAM: [&str; 6] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
];

/// The policy of a route.
pub(super) fn policy(config: &Cors) -> Result<Value, Unsupported> {
    let Cors {
        origins,
        methods,
        headers,
        expose_headers,
        allow_credentials,
        max_age,
    } = config;
    let origins: Vec<Value> = origins.iter().map(|origin| matcher(origin)).collect();
    let mut policy = json!({
        "allow_origin_string_match": origins,
        "allow_methods": methods.join(", "),
        "max_age": duration(max_age)?.as_secs().to_string(),
        "forward_not_matching_preflights": false,
    });
    for (key, names) in [
        ("allow_headers", headers),
        ("expose_headers", expose_headers),
    ] {
        if !names.is_empty() {
            put(&mut policy, key, names.join(", "));
        }
    }
    if *allow_credentials {
        put(&mut policy, "allow_credentials", true);
    }
    Ok(typed("extensions.filters.http.cors.v3.CorsPolicy", policy))
}

/// What is in force on preflights: neither keys nor limits.
pub(super) fn preflight(policy: &Value) -> Value {
    json!({
        "cors": policy,
        "vary": vary("Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
    })
}

/// Tells caches what every answer depends on, refusals too.
pub(super) fn vary(names: &str) -> Value {
    typed(
        "extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute",
        json!({"mutations": {"response_mutations": [{"append": {
            "header": {"key": "vary", "value": names},
            "append_action": "APPEND_IF_EXISTS_OR_ADD",
        }}]}}),
    )
}

/// `*` within an origin stands for one or more labels.
fn matcher(origin: &str) -> Value {
    match origin {
        "*" => json!({"safe_regex": {"regex": ".*"}}),
        pattern if pattern.contains('*') => {
            let parts: Vec<String> = pattern.split('*').map(escaped).collect();
            json!({"safe_regex": {"regex": parts.join("[A-Za-z0-9.-]+")}})
        }
        origin => json!({"exact": origin}),
    }
}
