//! JSON Web Tokens, by public keys that stand in the configuration: `jwt_verify` looks at the signature alone, the rest is
//! compared here.

use serde::Deserialize;

use super::rules::{Rules, Source};
use super::words::{escaped, format_word, word};
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::Settings;
use crate::fixtures::{OneOrMany, pem_name};

/// The algorithms that `jwt_verify` knows for public keys.
const KNOWN: [&str; 6] = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];
/// How far the clocks may be apart, in seconds.
const LEEWAY: u32 = 30;
/// Plugins that would want to know whose a token is.
const ABOUT_CALLERS: [&str; 6] = [
    "key-auth",
    "basic-auth",
    "mtls-auth",
    "anonymous",
    "authorize",
    "rate-limit",
];

/// `jwt-validate`, as far as it is about keys in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tokens {
    issuers: Vec<Issuer>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Issuer {
    issuer: String,
    audience: Option<OneOrMany>,
    keys: Vec<Key>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    pem: String,
    algorithm: Option<String>,
}

impl Settings for Tokens {
    const PLUGIN: &'static str = "jwt-validate";
}

/// Adds the rules, where the route has the plugin.
pub(super) fn add(rules: &mut Rules, source: &Source<'_>) -> Result<(), Unsupported> {
    let Some(config) = source.route.plugin(Tokens::PLUGIN) else {
        return Ok(());
    };
    let fetched = config.to_string();
    if ["\"jwks\"", "\"discovery\""]
        .iter()
        .any(|key| fetched.contains(key))
    {
        return Err(Unsupported::new(
            "the plugin jwt-validate: jwt_verify takes public keys from files; nothing fetches a key set or an issuer's metadata",
        ));
    }
    let tokens = Tokens::read(config)?;
    let mut others = ABOUT_CALLERS.iter();
    if others.any(|plugin| source.route.plugin(plugin).is_some()) || source.tokens_name_consumers {
        return Err(Unsupported::new(
            "jwt-validate beside rules about callers: a token names none",
        ));
    }
    read(rules);
    for issuer in &tokens.issuers {
        trust(rules, issuer)?;
    }
    refuse(rules);
    Ok(())
}

/// What a token says, in variables.
fn read(rules: &mut Rules) {
    let challenge = format_word("Bearer realm=\"gateway\"");
    rules.add(&format!(
        "http-request return status 401 hdr WWW-Authenticate {challenge} unless {{ req.fhdr(Authorization) -m found }}"
    ));
    rules.add(
        "http-request set-var(txn.token) http_auth_bearer if { req.fhdr_cnt(Authorization) eq 1 }",
    );
    for (name, from) in [
        ("alg", "header_query('$.alg')"),
        ("typ", "header_query('$.typ')"),
        ("crit", "header_query('$.crit')"),
        ("iss", "payload_query('$.iss')"),
        ("aud", "payload_query('$.aud')"),
        ("exp", "payload_query('$.exp','int')"),
        ("nbf", "payload_query('$.nbf','int')"),
    ] {
        rules.add(&format!(
            "http-request set-var(txn.token_{name}) var(txn.token),jwt_{from}"
        ));
    }
    rules.add("http-request set-var(txn.now) date");
}

/// A token of this issuer, by one of its keys, for one of the audiences.
fn trust(rules: &mut Rules, issuer: &Issuer) -> Result<(), Unsupported> {
    let audiences = issuer.audience.iter().flat_map(|audience| &audience.0);
    let audiences: Vec<String> = audiences
        .flat_map(|audience| {
            let listed = format!(
                "^\\[(.*,)?[[:space:]]*\"{}\"[[:space:]]*(,.*)?\\]$",
                escaped(audience)
            );
            [
                format!("var(txn.token_aud) -m str {}", word(audience)),
                format!("var(txn.token_aud) -m reg {}", word(&listed)),
            ]
        })
        .collect();
    let audience = if audiences.is_empty() {
        String::new()
    } else {
        let acl = rules.acls.any("token_for_us", audiences);
        format!(" {acl}")
    };
    for key in &issuer.keys {
        let algorithm = key.algorithm.as_deref();
        let Some(algorithm) = algorithm.filter(|algorithm| KNOWN.contains(algorithm)) else {
            return Err(Unsupported::new(format!(
                "jwt-validate: a public key for {}: jwt_verify knows {}, and is told which",
                algorithm.unwrap_or("whatever fits"),
                KNOWN.join(", ")
            )));
        };
        let file = pem_name(&key.pem);
        let file = file.ok_or_else(|| Unsupported::new("PEM that is not in a file"))?;
        rules.add(&format!(
            "http-request set-var(txn.trusted) bool(true) if {{ var(txn.token_iss) -m str {} }} \
             {{ var(txn.token_alg) -m str {algorithm} }} \
             {{ var(txn.token),jwt_verify(txn.token_alg,\"{file}\") -m int 1 }}{audience}",
            word(&issuer.issuer)
        ));
    }
    Ok(())
}

/// Tokens that are over or not yet valid, of another type, or that want something to be understood.
fn refuse(rules: &mut Rules) {
    let typed = "{ var(txn.token_typ) -m found } !{ var(txn.token_typ) -m str -i JWT at+jwt application/at+jwt }";
    for condition in [
        format!("!{{ var(txn.token_exp),add({LEEWAY}),sub(txn.now) -m int gt 0 }}"),
        format!(
            "{{ var(txn.token_nbf) -m found }} {{ var(txn.token_nbf),sub({LEEWAY}),sub(txn.now) -m int gt 0 }}"
        ),
        typed.to_owned(),
        "{ var(txn.token_crit) -m found }".to_owned(),
    ] {
        rules.add(&format!(
            "http-request unset-var(txn.trusted) if {condition}"
        ));
    }
    let challenge = format_word("Bearer realm=\"gateway\", error=\"invalid_token\"");
    rules.add(&format!(
        "http-request return status 401 hdr WWW-Authenticate {challenge} unless {{ var(txn.trusted) -m bool }}"
    ));
}
