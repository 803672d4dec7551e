//! The configuration as written, and its way to the compiled form.

use super::issuer::Issuer;
use super::{Judge, JwtValidate};
use crate::config::secret::SecretText;
use crate::config::units::DurationText;
use crate::config::{PemText, raw};
use crate::identity::token::Scope;
use crate::plugin::bearer::{
    Challenge, ClaimHeaders, Places, Refusals, ScopeText, Scopes, Texts, TokenPlaces,
};
use crate::plugin::registry::{CONSUMER_HEADER, Compile};
use crate::plugin::settings::Realm;
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;

mod issuers;
mod keys;

/// JSON Web Tokens.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Config {
    /// One issuer.
    #[serde(flatten)]
    issuer: IssuerConfig,
    /// Several issuers, instead of one; each has its own keys, audience and rules.
    #[serde(default)]
    issuers: Vec<IssuerConfig>,
    /// Where the token is looked for, if not in `Authorization: Bearer` alone.
    token: Option<TokenPlaces>,
    /// Claims that the upstream is told, each with its header; `a.b` is the member `b` of the claim `a`. The members of a
    /// list are joined by commas; control characters, commas, `%` and what is not ASCII are percent-encoded. Clients'
    /// own headers of these names never pass, on no route.
    #[serde(default)]
    #[schemars(extend("x-expects" = "an object of claims and headers, as in `{sub: X-User-Id}`"))]
    claims_to_headers: IndexMap<String, String>,
    /// The claims that are looked for among the `tokens` of consumers, the first first; `sub` by default.
    consumer_claim: Option<Texts>,
    /// Scopes that a token must have, all of them, in `scope` or `scp`; otherwise 403.
    #[serde(default)]
    scopes: Vec<ScopeText>,
    /// The protection space that challenges name (RFC 9110 §11.5).
    #[serde(default)]
    realm: Realm,
    /// The address of the protected resource's metadata, which challenges tell (RFC 9728 §5.1).
    resource_metadata: Option<String>,
    /// Whether the upstream gets the token.
    #[serde(default = "yes")]
    forward: bool,
}

/// One issuer as it stands in the document.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct IssuerConfig {
    /// Who issues the tokens, exactly as their `iss` says it. Required, here or in each of `issuers`.
    #[schemars(length(min = 1))]
    issuer: Option<String>,
    /// The address of the issuer's JWK set; one of `jwks`, `discovery` and `keys` is required.
    jwks: Option<String>,
    /// The issuer's own URL; its metadata (OpenID Connect Discovery, or RFC 8414) says where the keys are.
    discovery: Option<String>,
    /// The keys themselves: each has `pem`, `jwk` or `secret`, and with them `kid` and `algorithm`.
    #[schemars(length(min = 1))]
    keys: Option<Vec<KeyConfig>>,
    /// For whom tokens must be: one of these has to be in their `aud`. Not checked where absent, which lint warns of.
    audience: Option<Texts>,
    /// Algorithms that are accepted; by default those that the keys allow.
    #[schemars(length(min = 1))]
    algorithms: Option<Vec<AlgorithmText>>,
    /// How far the clocks may be apart, 5m at most.
    #[schemars(extend("default" = "30s"))]
    leeway: Option<DurationText>,
    /// Claims that must be there, besides `iss`, `exp` and, with an audience, `aud`.
    required_claims: Option<Vec<String>>,
    /// For how long tokens may be valid, from `iat` to `exp`; `iat` is required then.
    max_lifetime: Option<DurationText>,
    /// The `typ` that tokens must have. `at+jwt` asks for RFC 9068 in full, so for `sub`, `client_id`, `iat`, `jti` and
    /// `aud` as well. By default `JWT`, `at+jwt` or none.
    #[schemars(length(min = 1))]
    typ: Option<String>,
    /// Whether keys may be fetched over plain `http` from elsewhere than this machine.
    allow_http: Option<bool>,
    /// Whom to trust and what to show when keys are fetched; the system's authorities and nothing by default.
    tls: Option<raw::ClientTls>,
    /// How long fetched keys are used, and how often they are fetched.
    key_set: Option<KeySetConfig>,
}

/// The life of a fetched key set.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeySetConfig {
    /// The least time to live, whatever the server says.
    #[schemars(extend("default" = "1m"))]
    min_ttl: Option<DurationText>,
    /// The most.
    #[schemars(extend("default" = "24h"))]
    max_ttl: Option<DurationText>,
    /// How long keys are used beyond that, while they cannot be fetched.
    #[schemars(extend("default" = "24h"))]
    stale: Option<DurationText>,
    /// The least time between two fetches that unknown `kid`s cause.
    #[schemars(extend("default" = "30s"))]
    cooldown: Option<DurationText>,
    /// For one fetch.
    #[schemars(extend("default" = "5s"))]
    timeout: Option<DurationText>,
}

/// One key as it stands in the document.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyConfig {
    /// A public key or a certificate.
    pem: Option<PemText>,
    /// A public key as a JWK (RFC 7517).
    jwk: Option<Map<String, Value>>,
    /// A secret for HS256, HS384 or HS512, as long as the hash at least.
    secret: Option<SecretText>,
    /// The name that tokens call a PEM's key or a secret by; without it the key is tried for every token.
    #[schemars(length(min = 1))]
    kid: Option<String>,
    /// The one algorithm of a PEM's key or a secret; HS256 for a secret by default, and all that fit for a key.
    algorithm: Option<AlgorithmText>,
}

/// The name of an algorithm.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct AlgorithmText(String);

impl JsonSchema for AlgorithmText {
    fn schema_name() -> Cow<'static, str> {
        "Algorithm".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let known = crate::identity::jwk::Algorithm::ALL.map(|one| one.name());
        json_schema!({"type": "string", "enum": known})
    }
}

fn yes() -> bool {
    true
}

impl Config {
    /// The plugin, and what it does in one line; mistakes go to the report.
    pub(super) fn compile(self, compile: &mut Compile<'_, '_>) -> Option<(JwtValidate, String)> {
        let mistakes = compile.report.len();
        let issuers = issuers::compile(&self.issuer, &self.issuers, compile);
        let places = Places::compile(self.token, compile);
        let challenge = Challenge::compile(&self.realm, self.resource_metadata.as_deref(), compile);
        let consumer_header = CONSUMER_HEADER;
        let taken = [
            places
                .as_ref()
                .map(|places| (places.header(), "carries the token")),
            Some((&consumer_header, "tells who the consumer is")),
        ];
        let taken: Vec<_> = taken.into_iter().flatten().collect();
        let claim_headers = ClaimHeaders::compile(&self.claims_to_headers, &taken, compile);
        if compile.report.len() > mistakes {
            return None;
        }
        let (issuers, places, claim_headers) = (issuers?, places?, claim_headers?);
        let scopes = Scopes::new(&self.scopes);
        let does = does(&issuers, &places, &scopes, &claim_headers, self.forward);
        let consumer_claims = self.consumer_claim.as_ref().map(Texts::all);
        let consumer_claims = consumer_claims.map_or(vec!["sub".into()], |claims| {
            claims.iter().map(|claim| claim.as_str().into()).collect()
        });
        let judge = Judge {
            scope: scope(&issuers, &scopes, &claim_headers),
            refusals: Refusals::new(challenge?, &scopes),
            issuers: issuers.into(),
            claim_headers,
            scopes,
            consumer_claims: consumer_claims.into(),
            consumer_header,
            consumers: compile.consumers.clone(),
            remembered: compile.identities.remembered().clone(),
        };
        let plugin = JwtValidate {
            places,
            forward: self.forward,
            judge: Arc::new(judge),
        };
        Some((plugin, does))
    }
}

/// What a remembered token was verified by, keys and time excepted: both are looked at each time.
fn scope(issuers: &[Issuer], scopes: &Scopes, headers: &ClaimHeaders) -> Scope {
    let rules = issuers.iter().map(|issuer| format!("{:?}", issuer.rules));
    let others = [format!("{scopes:?}"), format!("{headers:?}")];
    let parts: Vec<String> = rules.chain(others).collect();
    Scope::of(parts.iter().map(String::as_bytes))
}

fn does(
    issuers: &[Issuer],
    places: &Places,
    scopes: &Scopes,
    headers: &ClaimHeaders,
    forward: bool,
) -> String {
    let of = |issuer: &Issuer| match &issuer.rules.audience[..] {
        [] => issuer.rules.issuer.clone(),
        audience => format!("{} for {}", issuer.rules.issuer, audience.join(" or ")),
    };
    let of: Vec<_> = issuers.iter().map(of).collect();
    let mut does = format!("wants a token of {} in {places}", of.join(", or of "));
    if !scopes.is_empty() {
        does.push_str(&format!(", with the scopes {}", scopes.text()));
    }
    let told: Vec<_> = headers.told().collect();
    if !told.is_empty() {
        does.push_str(&format!(", and tells the upstream {}", told.join(", ")));
    }
    if !forward {
        does.push_str("; the token does not go upstream");
    }
    does
}
