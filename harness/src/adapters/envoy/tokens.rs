//! Tokens: the filter jwt_authn with a provider for each issuer of a route; [`super::claims`] has what it doesn't look at.

use serde_json::{Value, json};

use super::clusters::Clusters;
use super::headers::Told;
use super::keys::{Keys, Material};
use super::render::{object, put};
use super::values::typed;
use super::{claims, places};
use crate::adapters::Unsupported;
use crate::adapters::common::tokens::{JwtValidate, TokenIssuer};
use crate::fixtures::RouteApi;

/// Where the filter puts what a token says, for those that come later.
pub(super) const NAMESPACE: &str = "envoy.filters.http.jwt_authn";
/// The member of that which has the claims.
pub(super) const PAYLOAD: &str = "payload";
/// The one which has the token's header.
pub(super) const HEADER: &str = "header";

/// How the tokens of a route are checked.
#[derive(Clone, Debug)]
pub(super) struct Required {
    /// The route's name, by which it asks for this.
    name: String,
    /// What is asked of tokens besides.
    pub rules: String,
    providers: Vec<Provider>,
}

#[derive(Clone, Debug)]
struct Provider {
    name: String,
    settings: Value,
    keys: Keys,
}

impl Required {
    /// What a route asks for.
    pub fn of(
        config: &JwtValidate,
        route: &RouteApi,
        material: &Material<'_>,
    ) -> Result<Self, Unsupported> {
        let told = Told::all(&config.claims_to_headers)?;
        let common = common(config, &told)?;
        let (mut rules, mut providers) = (Vec::new(), Vec::new());
        for issuer in &config.issuers {
            let keys = Keys::of(issuer, material)?;
            rules.push(if keys.unmade {
                "false".to_owned()
            } else {
                claims::rules(issuer, keys.are_fetched())?
            });
            providers.push(Provider {
                name: match config.issuers.as_slice() {
                    [_] => route.name.clone(),
                    _ => format!("{} by {}", route.name, issuer.issuer),
                },
                settings: provider(issuer, &keys, &common)?,
                keys,
            });
        }
        Ok(Self {
            name: route.name.clone(),
            rules: std::iter::once(format!("({})", rules.join(" || ")))
                .chain(told.iter().map(Told::rule))
                .collect::<Vec<_>>()
                .join(" && "),
            providers,
        })
    }

    /// The clusters that the keys come from.
    pub fn clusters(&self, clusters: &Clusters<'_>) -> Result<Vec<Value>, Unsupported> {
        let all = self.providers.iter();
        all.filter_map(|provider| provider.keys.cluster(clusters).transpose())
            .collect()
    }

    /// What the route says to the filter.
    pub fn by_route(&self) -> Value {
        typed(
            "extensions.filters.http.jwt_authn.v3.PerRouteConfig",
            json!({"requirement_name": self.name}),
        )
    }
}

/// The filter's own settings. What it tells by itself is replaced: it names the address as the realm.
pub(super) fn filter(all: &[Required]) -> Value {
    let providers = all.iter().flat_map(|required| &required.providers);
    let providers = providers.map(|provider| (provider.name.clone(), provider.settings.clone()));
    let requirement = |required: &Required| {
        let one = |provider: &Provider| json!({"provider_name": provider.name});
        match required.providers.as_slice() {
            [only] => one(only),
            several => {
                let several: Vec<Value> = several.iter().map(one).collect();
                json!({"requires_any": {"requirements": several}})
            }
        }
    };
    let requirements = all
        .iter()
        .map(|required| (required.name.clone(), requirement(required)));
    json!({
        "providers": object(providers),
        "requirement_map": object(requirements),
        "strip_failure_response": true,
    })
}

/// What the providers of a route have in common.
fn common(
    config: &JwtValidate,
    told: &[Told<'_>],
) -> Result<Vec<(&'static str, Value)>, Unsupported> {
    let (key, place) = places::looked_at(config.token.as_ref(), config.forward)?;
    let told: Vec<Value> = told.iter().map(Told::setting).collect();
    let mut common = vec![(key, place), ("claim_to_headers", told.into())];
    if config.forward {
        common.push(("forward", true.into()));
    }
    Ok(common)
}

fn provider(
    issuer: &TokenIssuer,
    keys: &Keys,
    common: &[(&'static str, Value)],
) -> Result<Value, Unsupported> {
    let (source, from) = &keys.source;
    let mut settings = json!({
        "issuer": issuer.issuer,
        *source: from,
        // None would be taken for a minute.
        "clock_skew_seconds": claims::leeway(issuer)?.max(1),
        "require_expiration": true,
        "payload_in_metadata": PAYLOAD,
        "header_in_metadata": HEADER,
    });
    let audiences = issuer.audience.as_ref();
    let audiences = audiences.map(|audience| audience.0.clone());
    put(&mut settings, "audiences", audiences.unwrap_or_default());
    for (key, value) in common {
        put(&mut settings, key, value.clone());
    }
    Ok(settings)
}
