//! What `jwt-validate` asks of tokens, of one issuer or of several. What isn't here is refused when it is read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::plugins::{Settings, parse};
use crate::adapters::Unsupported;
use crate::fixtures::OneOrMany;

/// The options that each issuer has of its own; where there is one issuer they stand beside the others.
const OF_ISSUERS: [&str; 12] = [
    "issuer",
    "jwks",
    "discovery",
    "keys",
    "audience",
    "algorithms",
    "leeway",
    "requiredClaims",
    "maxLifetime",
    "typ",
    "tls",
    "keySet",
];

/// `jwt-validate`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::adapters) struct JwtValidate {
    pub issuers: Vec<TokenIssuer>,
    pub token: Option<TokenPlace>,
    #[serde(default)]
    pub claims_to_headers: BTreeMap<String, String>,
    pub consumer_claim: Option<OneOrMany>,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default = "realm")]
    pub realm: String,
    pub resource_metadata: Option<String>,
    #[serde(default = "yes")]
    pub forward: bool,
}

/// An issuer, and what is asked of its tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::adapters) struct TokenIssuer {
    pub issuer: String,
    pub jwks: Option<String>,
    pub discovery: Option<String>,
    pub keys: Option<Vec<TokenKey>>,
    pub audience: Option<OneOrMany>,
    pub algorithms: Option<Vec<String>>,
    pub leeway: Option<String>,
    #[serde(default)]
    pub required_claims: Vec<String>,
    pub max_lifetime: Option<String>,
    pub typ: Option<String>,
    pub tls: Option<KeyServerTls>,
    #[serde(default)]
    pub key_set: KeySet,
}

/// A key that stands in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::adapters) struct TokenKey {
    pub pem: Option<String>,
    pub jwk: Option<Map<String, Value>>,
    pub secret: Option<String>,
    pub kid: Option<String>,
    pub algorithm: Option<String>,
}

/// How long fetched keys are used.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::adapters) struct KeySet {
    pub min_ttl: Option<String>,
    #[expect(
        dead_code,
        reason = "what is used no longer than the least keeps to the most"
    )]
    pub max_ttl: Option<String>,
    pub stale: Option<String>,
    #[expect(
        dead_code,
        reason = "where unknown keys cause no fetch, there is none too early"
    )]
    pub cooldown: Option<String>,
    pub timeout: Option<String>,
}

/// Where a token is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::adapters) struct TokenPlace {
    pub header: Option<String>,
    pub scheme: Option<String>,
    pub cookie: Option<String>,
    pub query: Option<String>,
}

/// Whom to trust when keys are fetched.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::adapters) struct KeyServerTls {
    pub ca: OneOrMany,
}

impl Settings for JwtValidate {
    const PLUGIN: &'static str = "jwt-validate";

    fn read(config: &Value) -> Result<Self, Unsupported> {
        let mut config = config.clone();
        if let Some(options) = config.as_object_mut()
            && !options.contains_key("issuers")
        {
            let one: Map<_, _> = OF_ISSUERS
                .iter()
                .filter_map(|name| options.shift_remove_entry(*name))
                .collect();
            options.insert("issuers".to_owned(), json!([one]));
        }
        parse(Self::PLUGIN, config)
    }
}

fn realm() -> String {
    "gateway".to_owned()
}

const fn yes() -> bool {
    true
}
