//! The plugins of a route, as settings of filters. A filter does nothing on routes that have no settings for it.

use serde_json::{Map, Value, json};

use super::callers::Identity;
use super::challenges::Challenges;
use super::headers::Told;
use super::keys::Material;
use super::render::{object, put};
use super::rules::{self, Rules};
use super::tokens::{self, Required};
use super::values::{extension, typed};
use super::{claims, cors, limits, places};
use crate::adapters::Unsupported;
use crate::adapters::common::callers::{ApiKey, Callers};
use crate::adapters::common::plugins::{
    Cors, KeyAuth, Observability, RouteByHeader, Settings as _, largest_request,
};
use crate::adapters::common::tokens::JwtValidate;
use crate::fixtures::{OneOrMany, RouteApi, Service};

/// The filters in the order in which requests come to them: a preflight carries no key, limits count by who calls, and what
/// is refused is not read. Each with its type, and what it says where no route says more.
const CHAIN: [(&str, &str, &str); 13] = [
    ("cors", "cors.v3.Cors", "{}"),
    (
        "vary",
        "header_mutation.v3.HeaderMutation",
        r#"{"mutations": {}}"#,
    ),
    (
        "api_key_auth",
        "api_key_auth.v3.ApiKeyAuth",
        r#"{"key_sources": [{"header": "x-api-key"}]}"#,
    ),
    ("offered", "set_filter_state.v3.Config", "{}"),
    ("invalid-request", "rbac.v3.RBAC", "{}"),
    ("jwt_authn", "jwt_authn.v3.JwtAuthentication", "{}"),
    ("token", "set_filter_state.v3.Config", "{}"),
    ("invalid-token", "rbac.v3.RBAC", "{}"),
    (
        "consumer",
        "header_mutation.v3.HeaderMutation",
        r#"{"mutations": {}}"#,
    ),
    ("scopes", "rbac.v3.RBAC", "{}"),
    ("deny", "rbac.v3.RBAC", "{}"),
    ("allow", "rbac.v3.RBAC", "{}"),
    (
        "local_ratelimit",
        "local_ratelimit.v3.LocalRateLimit",
        r#"{"stat_prefix": "limits"}"#,
    ),
];

/// The filter that comes last, one for each size.
const SIZE: &str = "body_size_limit";
const AUTHENTICATIONS: [&str; 4] = [
    "key-auth",
    "basic-auth",
    "jwt-validate",
    "oauth2-introspect",
];
/// The header in which upstreams are told whose a token is.
const CONSUMER: &str = "X-Consumer-Name";

/// The plugins of a route.
#[derive(Default)]
pub(super) struct Plugins {
    /// The settings of filters, by the names of these.
    pub filters: Vec<(String, Value)>,
    /// Request headers that the access log has.
    pub logged: Vec<String>,
    /// CORS, where it is in force.
    pub cors: Option<cors::Policy>,
    /// How tokens are checked.
    pub required: Option<Required>,
    /// The header in which the upstream is told who calls.
    pub told: Option<String>,
    /// Which header chooses another service.
    canary: Option<RouteByHeader>,
    challenges: Challenges,
    /// What the upstream does not get.
    removed: Vec<String>,
    answers_without: Vec<&'static str>,
}

impl Plugins {
    /// Translates the plugins of a route.
    pub fn compile(
        route: &RouteApi,
        callers: &Callers,
        identity: &Identity,
        material: &Material<'_>,
    ) -> Result<Self, Unsupported> {
        let mut plugins = Self::default();
        let authenticates = |name: &&str| route.plugin(name).is_some();
        if AUTHENTICATIONS
            .iter()
            .copied()
            .filter(|name| authenticates(name))
            .count()
            > 1
        {
            return Err(Unsupported::new(
                "several ways to say who calls: nothing compares whom they name",
            ));
        }
        for plugin in &route.plugins {
            let config = &plugin.config;
            match plugin.name.as_str() {
                "cors" => plugins.cors(&Cors::read(config)?)?,
                "key-auth" => plugins.key_auth(&KeyAuth::read(config)?, route, callers)?,
                "jwt-validate" => {
                    plugins.tokens(&JwtValidate::read(config)?, route, identity, material)?;
                }
                "authorize" => {}
                "rate-limit" => {
                    let limit = limits::filter(config, route)?;
                    plugins.set("local_ratelimit", limit);
                }
                "route-by-header" => plugins.canary = Some(RouteByHeader::read(config)?),
                "observability" => plugins
                    .logged
                    .push(Observability::read(config)?.include_header),
                "request-id" if !is_empty(config) => {
                    return Err(Unsupported::new(
                        "request-id: the log and every answer have it in X-Request-Id",
                    ));
                }
                "request-id" | "request-size-limit" => {}
                other => return Err(without_counterpart(other)),
            }
        }
        if let Some(config) = route.plugin("authorize") {
            plugins.authorize(config, identity)?;
        }
        if let Some(bytes) = largest_request(route)? {
            plugins.limit_size(bytes)?;
        }
        Ok(plugins)
    }

    /// The services that requests go to, each with the conditions under which they do.
    pub fn services<'a>(
        &self,
        route: &'a RouteApi,
    ) -> Result<Vec<(Vec<Value>, &'a Service)>, Unsupported> {
        let mut services = Vec::new();
        if let Some(canary) = &self.canary {
            let wanted = json!({"name": canary.header, "string_match": {"exact": canary.value}});
            services.push((vec![wanted], canary.service(route)?));
        }
        services.push((Vec::new(), &route.service));
        Ok(services)
    }

    /// What a route of Envoy's has besides what it matches and where it goes.
    pub fn put_into(&self, route: &mut Value) {
        let filters = self.filters.iter();
        let filters = filters.map(|(name, settings)| (name.clone(), settings.clone()));
        put(route, "typed_per_filter_config", object(filters));
        put(route, "request_headers_to_remove", self.removed.clone());
        put(
            route,
            "response_headers_to_remove",
            self.answers_without.clone(),
        );
        self.challenges.put_into(route);
    }

    fn set(&mut self, filter: &str, settings: Value) {
        self.filters.push((filter.to_owned(), settings));
    }

    /// The filter has no settings of routes, so there is one of each size, which routes switch on.
    fn limit_size(&mut self, bytes: u64) -> Result<(), Unsupported> {
        let bytes = u32::try_from(bytes)
            .map_err(|_| Unsupported::new("request-size-limit: more than 4 GiB"))?;
        let on = json!({"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "config": {}});
        self.set(&format!("{SIZE}-{bytes}"), on);
        Ok(())
    }

    fn cors(&mut self, config: &Cors) -> Result<(), Unsupported> {
        let policy = cors::Policy::of(config)?;
        self.set("cors", policy.filter.clone());
        self.cors = Some(policy);
        self.set("vary", cors::vary("Origin"));
        self.answers_without.extend(cors::OF_THE_UPSTREAM);
        Ok(())
    }

    fn tokens(
        &mut self,
        config: &JwtValidate,
        route: &RouteApi,
        identity: &Identity,
        material: &Material<'_>,
    ) -> Result<(), Unsupported> {
        let required = Required::of(config, route, material)?;
        let place = config.token.as_ref();
        self.set("offered", places::gathered(place));
        self.set("invalid-request", places::turned_away(place));
        self.set("jwt_authn", required.by_route());
        let [told, turned_away] = claims::filters(&required.rules);
        self.set("token", told);
        self.set("invalid-token", turned_away);
        self.required = Some(required);
        self.challenges
            .of_tokens(&config.realm, config.resource_metadata.as_deref());
        let usual = OneOrMany(vec!["sub".to_owned()]);
        let OneOrMany(named_by) = config.consumer_claim.as_ref().unwrap_or(&usual);
        let told = Told::all(&config.claims_to_headers)?;
        let mut mutations: Vec<Value> = told.iter().flat_map(Told::mutations).collect();
        if let Some(mutation) = identity.told(CONSUMER, named_by)? {
            mutations.push(mutation);
            self.told = Some(CONSUMER.to_owned());
        }
        if !mutations.is_empty() {
            let settings = typed(
                "extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute",
                json!({"mutations": {"request_mutations": mutations}}),
            );
            self.set("consumer", settings);
        }
        if !config.scopes.is_empty() {
            self.set("scopes", rules::scoped(&config.scopes));
            self.challenges.of_scopes(&config.scopes);
        }
        Ok(())
    }

    fn authorize(&mut self, config: &Value, identity: &Identity) -> Result<(), Unsupported> {
        let rules = Rules::of(config, self.told.as_deref(), identity)?;
        for (filter, settings) in [("deny", rules.deny), ("allow", rules.allow)] {
            if let Some(settings) = settings {
                self.set(filter, settings);
            }
        }
        if !rules.scopes.is_empty() {
            self.challenges.of_scopes(&rules.scopes);
        }
        Ok(())
    }

    fn key_auth(
        &mut self,
        config: &KeyAuth,
        route: &RouteApi,
        callers: &Callers,
    ) -> Result<(), Unsupported> {
        let keys = callers.keys.as_ref().map_err(Clone::clone)?;
        let credentials: Vec<Value> = keys
            .iter()
            .map(|ApiKey { consumer, secret }| json!({"key": secret, "client": consumer}))
            .collect();
        let mut sources = vec![json!({"header": config.header})];
        sources.extend(config.query.iter().map(|name| json!({"query": name})));
        self.told = Some(config.consumer_header.clone());
        let mut forwarding = json!({"header": config.consumer_header});
        if limits::by_key(route) {
            // The limit, which comes later, has to see it.
            self.removed.push(config.header.clone());
        } else {
            put(&mut forwarding, "hide_credentials", true);
        }
        self.set(
            "api_key_auth",
            typed(
                "extensions.filters.http.api_key_auth.v3.ApiKeyAuthPerRoute",
                json!({"credentials": credentials, "key_sources": sources, "forwarding": forwarding}),
            ),
        );
        self.challenges.of_keys(&config.realm);
        Ok(())
    }
}

/// The filters that some route has settings for, in their order.
pub(super) fn chain(used: &[String], required: &[Required]) -> Vec<Value> {
    let known = CHAIN
        .iter()
        .filter(|(name, ..)| used.iter().any(|used| used == name));
    let known = known.map(|(name, kind, usual)| {
        let usual = match *name {
            "jwt_authn" => tokens::filter(required),
            _ => serde_json::from_str(usual).unwrap_or_default(),
        };
        ((*name).to_owned(), *kind, usual)
    });
    let sizes = used.iter().filter_map(|name| {
        let bytes: u32 = name.strip_prefix(SIZE)?.strip_prefix('-')?.parse().ok()?;
        let settings = json!({"max_request_bytes": bytes});
        Some((name.clone(), "body_size_limit.v3.BodySizeLimit", settings))
    });
    known
        .chain(sizes)
        .map(|(name, kind, usual)| {
            let mut filter = extension(&name, &format!("extensions.filters.http.{kind}"), usual);
            put(&mut filter, "disabled", true);
            filter
        })
        .collect()
}

fn without_counterpart(plugin: &str) -> Unsupported {
    let why = match plugin {
        "basic-auth" => "its passwords are known by their SHA-1 alone (htpasswd -s)",
        "oauth2-introspect" => "ext_authz asks in a protocol of its own, not in that of RFC 7662",
        "response-size-limit" => "responses have no limit",
        "anonymous" => "a key that is asked for has to be there",
        _ => "it has no counterpart",
    };
    Unsupported::new(format!("the plugin {plugin}: {why}"))
}

fn is_empty(config: &Value) -> bool {
    config.is_null() || config.as_object().is_some_and(Map::is_empty)
}
