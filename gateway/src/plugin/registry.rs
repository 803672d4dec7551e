//! THE list of plugins: name, place in the order, the reason for the place.
//!
//! Users list plugins in any order; the gateway runs them in this one. Schema, documentation, `gateway explain` and the
//! tests over all plugins derive from it.

use super::chain::Phases;
use super::{
    anonymous, authorize, basic_auth, cors, jwt_validate, key_auth, mtls_auth, oauth2_introspect,
    observability, rate_limit, request_id, request_size_limit, response_size_limit,
    route_by_header,
};
use crate::config::units::DurationText;
use crate::config::{At, Report};
use crate::identity::{self, Consumers};
use crate::limit::Limits;
use http::header::HeaderName;
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// What a plugin's file defines.
pub trait Plugin {
    /// As in `plugins: [{name: …}]`.
    const NAME: &'static str;
    /// What it is for, in one line.
    const SUMMARY: &'static str;
    /// An entry of `plugins` as someone may write it, in YAML.
    const EXAMPLE: &'static str;
    /// The configuration, as JSON, that is in force where nobody names the plugin.
    const DEFAULT: Option<&'static str> = None;
    /// Whether it finds out who calls, and refuses whom it does not know.
    const AUTHENTICATES: bool = false;
    /// The configuration as it stands in the document.
    type Config: DeserializeOwned + JsonSchema;

    /// Headers by which it speaks to upstreams, as configured: a client's own are taken away on every route.
    #[must_use]
    fn identity_headers(_: &Value) -> Vec<HeaderName> {
        vec![]
    }

    /// Raw to compiled: puts the plugin into the phases it wants and says in one line what it will do. Mistakes go to the
    /// report; `None` then.
    fn compile(
        config: Self::Config,
        compile: &mut Compile<'_, '_>,
        phases: &mut Phases,
    ) -> Option<String>;
}

/// What a plugin may know while it is compiled.
pub struct Compile<'a, 'r> {
    /// Where its `config` stands.
    pub at: At<'a>,
    /// Where its mistakes go.
    pub report: &'r mut Report,
    /// The declaration, the same for each route that it holds for: what shares its counters.
    pub scope: &'a str,
    /// The name of the route.
    pub route: &'a str,
    /// Every plugin in force on the route, by name, with its `config`.
    pub siblings: &'a [(&'a str, &'a Value)],
    /// The names of the services within reach, the route's own first.
    pub services: &'a [Arc<str>],
    /// Every consumer, with what shows who one is.
    pub consumers: &'a Arc<Consumers>,
    /// What identity keeps over a reload.
    pub identities: &'a Arc<identity::Lasting>,
    /// Addresses for `host:port`, instead of asking a name server.
    pub resolve: &'a [(String, SocketAddr)],
    /// Counters, which outlive a reload.
    pub limits: &'a Limits,
}

impl Compile<'_, '_> {
    /// A duration from the configuration, `usual` where there is none, or a mistake: the schema knows the form, so what
    /// cannot be read is too large.
    pub fn duration(
        &mut self,
        text: Option<&DurationText>,
        usual: Duration,
        at: At<'_>,
    ) -> Option<Duration> {
        match text.map_or(Ok(usual), DurationText::parse) {
            Ok(duration) => Some(duration),
            Err(error) => {
                self.report.error(at, "invalid-duration", error.to_string());
                None
            }
        }
    }

    /// Whether a plugin on the route finds out who calls.
    #[must_use]
    pub fn authenticated(&self) -> bool {
        let authenticates = |name| find(name).is_some_and(|kind| kind.authenticates);
        self.siblings.iter().any(|(name, _)| authenticates(name))
    }

    /// A header's name from the configuration, or a mistake at `key`.
    pub fn header(&mut self, key: &str, name: &str) -> Option<HeaderName> {
        match HeaderName::from_bytes(name.as_bytes()) {
            Ok(header) => Some(header),
            Err(_) => {
                let at = self.at.key(key);
                self.report
                    .error(at, "invalid-header-name", format!("{name:?} is not a header's name"))
                    .help("a header's name is made of letters, digits and - _ . ! # $ % & ' * + ^ ` | ~");
                None
            }
        }
    }
}

/// A line of the registry.
pub struct Kind {
    /// As in `plugins: [{name: …}]`.
    pub name: &'static str,
    /// Why it stands at this place in the order.
    pub reason: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// An entry of `plugins` as someone may write it, in YAML.
    pub example: &'static str,
    /// The configuration, as JSON, that is in force where nobody names the plugin.
    pub default: Option<&'static str>,
    /// Whether it finds out who calls, and refuses whom it does not know.
    pub authenticates: bool,
    /// The schema of its `config`.
    pub schema: fn() -> Schema,
    /// See [`Plugin::identity_headers`].
    pub identity_headers: fn(&Value) -> Vec<HeaderName>,
    /// See [`Plugin::compile`].
    pub compile: fn(&Value, &mut Compile<'_, '_>, &mut Phases) -> Option<String>,
}

const fn kind<P: Plugin>(reason: &'static str) -> Kind {
    Kind {
        name: P::NAME,
        reason,
        summary: P::SUMMARY,
        example: P::EXAMPLE,
        default: P::DEFAULT,
        authenticates: P::AUTHENTICATES,
        identity_headers: P::identity_headers,
        schema: || schemars::schema_for!(P::Config),
        compile: |value, compile, phases| match serde_json::from_value(value.clone()) {
            Ok(config) => P::compile(config, compile, phases),
            Err(error) => {
                compile
                    .report
                    .error(compile.at, "invalid-value", error.to_string());
                None
            }
        },
    }
}

/// The plugins, in the order in which they run.
pub const REGISTRY: &[Kind] = &[
    kind::<request_id::RequestId>("first: whatever is answered from here on carries the id"),
    kind::<cors::Cors>(
        "before auth: a preflight carries no credentials; and what is refused later needs the headers too",
    ),
    kind::<request_size_limit::RequestSizeLimit>(
        "before auth: what is too large is refused before work is spent on it",
    ),
    kind::<key_auth::KeyAuth>("before limits: they may be keyed by who calls"),
    kind::<mtls_auth::MtlsAuth>(
        "beside the other auth plugins: the handshake has seen to the certificate already",
    ),
    kind::<jwt_validate::JwtValidate>(
        "beside the other auth plugins, before limits: they may be keyed by who calls or by what the token says",
    ),
    kind::<oauth2_introspect::Introspect>(
        "behind jwt-validate, which asks nobody; before limits: they may be keyed by who calls",
    ),
    kind::<basic_auth::BasicAuth>(
        "after the other auth plugins: where one of them is enough, no password is checked, which takes long",
    ),
    kind::<anonymous::Anonymous>(
        "after all auth plugins: it is for requests in which they find nothing",
    ),
    kind::<authorize::Authorize>(
        "after auth: it asks who calls; before limits: what is forbidden uses nothing up",
    ),
    kind::<rate_limit::RateLimit>(
        "after auth: it can see the consumer; before routing: a refused request goes nowhere",
    ),
    kind::<route_by_header::RouteByHeader>(
        "after limits: only requests that go on choose a service",
    ),
    kind::<observability::Observability>("after routing: it tells what was decided"),
    kind::<response_size_limit::ResponseSizeLimit>("last: it looks at what comes back"),
];

/// The schema of every configuration, plugins included.
#[must_use]
pub fn schema() -> crate::config::Schema {
    let parts: Vec<_> = REGISTRY
        .iter()
        .map(|kind| (kind.name, (kind.schema)(), kind.summary))
        .collect();
    crate::config::Schema::new(parts)
}

/// The plugin of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Kind> {
    REGISTRY.iter().find(|kind| kind.name == name)
}

/// The header that tells upstreams who calls, where nobody names another.
pub const CONSUMER_HEADER: HeaderName = HeaderName::from_static(key_auth::CONSUMER_HEADER);

/// The headers that tell upstreams who calls, where nobody names others: no client's own pass on any route.
#[must_use]
pub fn default_identity_headers() -> [HeaderName; 3] {
    [
        CONSUMER_HEADER,
        mtls_auth::CLIENT_CERT,
        mtls_auth::CLIENT_CERT_CHAIN,
    ]
}

/// The header that `consumerHeader` of a plugin's config names.
#[must_use]
pub fn consumer_header(config: &Value) -> Vec<HeaderName> {
    let named = config.get("consumerHeader").and_then(Value::as_str);
    named
        .into_iter()
        .filter_map(|name| name.parse().ok())
        .collect()
}

/// The name of the plugin that carries the request's id.
pub const REQUEST_ID: &str = request_id::RequestId::NAME;
/// The name of the plugin that answers preflights.
pub const CORS: &str = cors::Cors::NAME;
/// The name of the plugin that checks tokens.
pub const JWT_VALIDATE: &str = jwt_validate::JwtValidate::NAME;
/// The name of the plugin that says who may do what.
pub const AUTHORIZE: &str = authorize::Authorize::NAME;
/// The name of the plugin that knows callers by their certificates.
pub const MTLS_AUTH: &str = mtls_auth::MtlsAuth::NAME;
/// The name of the plugin that counts requests.
pub const RATE_LIMIT: &str = rate_limit::RateLimit::NAME;
/// The name of the plugin that chooses another service.
pub const ROUTE_BY_HEADER: &str = route_by_header::RouteByHeader::NAME;
/// The name of the plugin that bounds requests.
pub const REQUEST_SIZE_LIMIT: &str = request_size_limit::RequestSizeLimit::NAME;
/// The name of the plugin that bounds responses.
pub const RESPONSE_SIZE_LIMIT: &str = response_size_limit::ResponseSizeLimit::NAME;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_each_place_has_its_reason() {
        let names: HashSet<_> = REGISTRY.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), REGISTRY.len());
        assert!(
            REGISTRY
                .iter()
                .all(|kind| !kind.reason.is_empty() && !kind.summary.is_empty())
        );
    }
}
