//! CORS (Fetch §3.2) by the filter of that name, which says nothing of what its answers vary by.

use serde_json::{Value, json};

use super::render::put;
use super::values::{escaped, typed};
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::Cors;
use crate::adapters::common::values::duration;
use crate::fixtures::RouteApi;

/// What an upstream says itself is replaced.
pub(super) const OF_THE_UPSTREAM: [&str; 6] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
];

/// CORS on a route.
pub(super) struct Policy {
    /// The settings of the filter.
    pub filter: Value,
    /// What allowed origins look like.
    origins: Value,
}

/// A route of a preflight: the conditions on its headers, and the rest of it.
pub(super) struct Preflight {
    pub when: Vec<Value>,
    pub route: Value,
}

impl Policy {
    /// Reads it.
    pub fn of(config: &Cors) -> Result<Self, Unsupported> {
        let Cors {
            origins,
            methods,
            headers,
            expose_headers,
            allow_credentials,
            max_age,
        } = config;
        let origins: Vec<String> = origins.iter().map(|origin| expression(origin)).collect();
        let origins = json!({"safe_regex": {"regex": origins.join("|")}});
        let mut policy = json!({
            "allow_origin_string_match": [origins],
            "allow_methods": methods.join(", "),
            "max_age": duration(max_age)?.as_secs().to_string(),
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
        Ok(Self {
            filter: typed("extensions.filters.http.cors.v3.CorsPolicy", policy),
            origins,
        })
    }

    /// The routes of preflights, on which there are neither keys nor limits: for allowed origins, which the filter answers
    /// (but not before a route that is an answer itself), and for others, whom it would tell the methods.
    pub fn preflights(&self, route: &RouteApi) -> [Preflight; 2] {
        let asks = [
            json!({"name": ":method", "string_match": {"exact": "OPTIONS"}}),
            json!({"name": "access-control-request-method", "present_match": true}),
        ];
        let varies = vary("Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
        let when = |origin: Value| asks.iter().cloned().chain([origin]).collect();
        [
            Preflight {
                when: when(json!({"name": "origin", "string_match": self.origins})),
                route: json!({
                    "route": {"cluster": route.service.name},
                    "typed_per_filter_config": {"cors": self.filter, "vary": varies},
                }),
            },
            Preflight {
                when: when(json!({"name": "origin", "present_match": true})),
                route: json!({
                    "direct_response": {"status": 204},
                    "typed_per_filter_config": {"vary": varies},
                }),
            },
        ]
    }
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

/// An origin as an expression; `*` within it stands for one or more labels.
fn expression(origin: &str) -> String {
    match origin {
        "*" => ".*".to_owned(),
        origin => {
            let parts: Vec<String> = origin.split('*').map(escaped).collect();
            parts.join("[A-Za-z0-9.-]+")
        }
    }
}
