//! Tokens: the filter jwt_authn with a provider for each route, whose keys are fetched by a cluster for each host of keys.

use serde_json::{Value, json};

use super::clusters::Clusters;
use super::render::put;
use super::secure::{self, only};
use super::values::{duration, typed};
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::{JwtValidate, KeyServerTls, TokenPlace};
use crate::adapters::common::values;
use crate::fixtures::RouteApi;

/// Where the filter puts what a token says, for those that come later.
pub(super) const NAMESPACE: &str = "envoy.filters.http.jwt_authn";
/// The member of that which has the claims.
pub(super) const PAYLOAD: &str = "payload";

/// How the tokens of a route are checked.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    /// The route's name, by which it asks for this.
    pub name: String,
    /// The provider.
    pub settings: Value,
    /// The server of its keys: host and port, and by which authority it is believed, where it speaks TLS.
    server: (String, Option<String>),
}

impl Provider {
    /// That of a route.
    pub fn of(config: &JwtValidate, route: &RouteApi) -> Result<Self, Unsupported> {
        let JwtValidate {
            issuer,
            jwks,
            audience,
            algorithms,
            leeway,
            token,
            tls,
            claims_to_headers,
            scopes: _,
            realm: _,
            forward,
        } = config;
        if algorithms.is_some() {
            return Err(Unsupported::new(
                "jwt-validate.algorithms: keys say themselves what they are for",
            ));
        }
        let jwks = jwks.as_deref().ok_or_else(|| {
            Unsupported::new("jwt-validate without jwks: metadata of issuers is not read")
        })?;
        let (authority, secure) = server(jwks)?;
        let believed = match tls {
            Some(KeyServerTls { ca }) => only(ca)?,
            None => None,
        };
        let believed = believed.unwrap_or_else(|| secure::ROOTS.to_owned());
        let leeway = values::duration(leeway.as_deref().unwrap_or("30s"))?.as_secs();
        let mut settings = json!({
            "issuer": issuer,
            "remote_jwks": {
                "http_uri": {"uri": jwks, "cluster": cluster_name(&authority), "timeout": "5s"},
            },
            "clock_skew_seconds": leeway,
            "require_expiration": true,
            "payload_in_metadata": PAYLOAD,
        });
        let audiences = audience.as_ref().map(|audience| audience.0.clone());
        put(&mut settings, "audiences", audiences.unwrap_or_default());
        if *forward {
            put(&mut settings, "forward", true);
        }
        let (key, place) = place(token.as_ref(), *forward)?;
        put(&mut settings, key, place);
        let told = claims_to_headers.iter();
        let told: Vec<Value> = told
            .map(|(claim, header)| json!({"header_name": header, "claim_name": claim}))
            .collect();
        put(&mut settings, "claim_to_headers", told);
        Ok(Self {
            name: route.name.clone(),
            settings,
            server: (authority, secure.then_some(believed)),
        })
    }

    /// The cluster that its keys come from.
    pub fn cluster(&self, clusters: &Clusters<'_>) -> Result<Value, Unsupported> {
        let (authority, believed) = &self.server;
        let socket = believed.as_ref().map(|believed| {
            secure::socket(secure::upstream(secure::host(authority), believed, false))
        });
        clusters.plain(
            &cluster_name(authority),
            &duration("2s")?,
            authority,
            socket,
        )
    }
}

/// What a route says to the filter.
pub(super) fn required(name: &str) -> Value {
    typed(
        "extensions.filters.http.jwt_authn.v3.PerRouteConfig",
        json!({"requirement_name": name}),
    )
}

/// The filter's own settings.
pub(super) fn filter(providers: &[Provider]) -> Value {
    let each = |value: &dyn Fn(&Provider) -> Value| {
        super::render::object(
            providers
                .iter()
                .map(|provider| (provider.name.clone(), value(provider))),
        )
    };
    json!({
        "providers": each(&|provider| provider.settings.clone()),
        "requirement_map": each(&|provider| json!({"provider_name": provider.name})),
    })
}

fn cluster_name(authority: &str) -> String {
    format!("keys of {authority}")
}

/// Host and port of an address, and whether it is of https.
fn server(url: &str) -> Result<(String, bool), Unsupported> {
    let unusable = || Unsupported::new(format!("jwks: {url}"));
    let uri: http::Uri = url.parse().map_err(|_| unusable())?;
    let host = uri.host().ok_or_else(unusable)?;
    let secure = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    Ok((format!("{host}:{port}"), secure))
}

/// Where a token is looked for. By itself the filter would take one from the query as well.
fn place(place: Option<&TokenPlace>, forward: bool) -> Result<(&'static str, Value), Unsupported> {
    let usual = TokenPlace {
        header: None,
        scheme: None,
        cookie: None,
        query: None,
    };
    let TokenPlace {
        header,
        scheme,
        cookie,
        query,
    } = place.unwrap_or(&usual);
    match (cookie, query) {
        (None, None) => {
            let name = header.as_deref().unwrap_or("Authorization");
            let scheme = match (scheme, header) {
                (Some(scheme), _) => format!("{scheme} "),
                (None, None) => "Bearer ".to_owned(),
                (None, Some(_)) => String::new(),
            };
            let mut place = json!({"name": name});
            if !scheme.is_empty() {
                put(&mut place, "value_prefix", scheme);
            }
            Ok(("from_headers", json!([place])))
        }
        (Some(name), None) if forward => Ok(("from_cookies", json!([name]))),
        (None, Some(name)) if forward => Ok(("from_params", json!([name]))),
        _ => Err(Unsupported::new(
            "jwt-validate.forward: only a token of a header is taken away",
        )),
    }
}
