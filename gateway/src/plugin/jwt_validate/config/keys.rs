//! Keys that stand in the configuration.

use super::KeyConfig;
use crate::config::{At, Secret};
use crate::identity::jwk::{Algorithm, KeyError, KeySet, VerifyingKey};
use crate::plugin::registry::Compile;
use serde_json::Value;
use std::sync::Arc;

/// The key set; mistakes go to the report, and there is nothing then.
pub fn compile(
    list: &[KeyConfig],
    at: At<'_>,
    compile: &mut Compile<'_, '_>,
) -> Option<Arc<KeySet>> {
    let keys = list.iter().enumerate();
    let keys: Vec<_> = keys
        .map(|(place, raw)| key(raw, at.index(place), compile))
        .collect();
    let keys: Vec<_> = keys.into_iter().collect::<Option<_>>()?;
    let mut ids = std::collections::HashSet::new();
    if let Some(place) = keys
        .iter()
        .position(|key: &VerifyingKey| !ids.insert(key.id()))
    {
        compile
            .report
            .error(at.index(place), "duplicate-key", "the key is there already")
            .help("take one of them away");
        return None;
    }
    Some(Arc::new(KeySet::fixed(keys)))
}

fn key(raw: &KeyConfig, at: At<'_>, compile: &mut Compile<'_, '_>) -> Option<VerifyingKey> {
    let kid = raw.kid.as_deref();
    // The schema knows the names.
    let algorithm = raw.algorithm.as_ref().and_then(|name| name.0.parse().ok());
    let (place, key) = match (&raw.pem, &raw.jwk, &raw.secret) {
        (Some(pem), None, None) => {
            let at = at.key("pem");
            let pem = pem.resolve_at(at, compile.report)?;
            (
                at,
                VerifyingKey::from_pem(pem.text.as_bytes(), kid, algorithm),
            )
        }
        (None, Some(jwk), None) => {
            own_words(raw, at, compile)?;
            // A secret would stand in the document, where everybody can read it.
            let key = match jwk.get("kty").and_then(Value::as_str) {
                Some("oct") => Err(KeyError::Secret),
                _ => VerifyingKey::from_jwk(&Value::Object(jwk.clone())),
            };
            (at.key("jwk"), key)
        }
        (None, None, Some(secret)) => {
            let at = at.key("secret");
            let secret = match secret.resolve_at(at, compile.report)? {
                Secret::Value { value, .. } => value,
                Secret::Sha256(_) => {
                    let what = "signatures are checked with the secret itself, not with its digest";
                    let help = "write `${env:NAME}` or `${file:path}`";
                    compile.report.error(at, "invalid-secret", what).help(help);
                    return None;
                }
            };
            let algorithm = algorithm.unwrap_or(Algorithm::Hs256);
            (
                at,
                VerifyingKey::from_secret(secret.as_bytes(), kid, algorithm),
            )
        }
        _ => {
            compile
                .report
                .error(
                    at,
                    "key-of-no-kind",
                    "a key is one of `pem`, `jwk` and `secret`",
                )
                .help("give exactly one of them");
            return None;
        }
    };
    match key {
        Ok(key) => Some(key),
        Err(error) => {
            let what = match &error {
                KeyError::Secret => {
                    "a secret as a JWK stands in the document, where everybody can read it"
                        .to_owned()
                }
                error => format!("the key cannot be used: {error}"),
            };
            compile
                .report
                .error(place, "invalid-key", what)
                .help(help(&error));
            None
        }
    }
}

/// A JWK says itself how it is called and what it is for.
fn own_words(raw: &KeyConfig, at: At<'_>, compile: &mut Compile<'_, '_>) -> Option<()> {
    let given = [
        ("kid", raw.kid.is_some()),
        ("algorithm", raw.algorithm.is_some()),
    ];
    let mut sound = true;
    for (name, _) in given.iter().filter(|(_, given)| *given) {
        sound = false;
        compile
            .report
            .error(
                at.key(name),
                "without-effect",
                format!("`{name}` stands beside a JWK"),
            )
            .help("write it into the JWK, as `kid` or `alg`");
    }
    sound.then_some(())
}

fn help(error: &KeyError) -> &'static str {
    match error {
        KeyError::Short { .. } => "make one with: openssl rand -base64 64",
        KeyError::Secret => "write it as `secret: \"${env:NAME}\"` or `\"${file:path}\"`",
        KeyError::Private => "give the public key only, as from: openssl pkey -pubout",
        KeyError::Mismatch { .. } => "name an algorithm that goes with the key, or leave it out",
        _ => "give a public RSA, EC or Ed25519 key, as the issuer publishes it",
    }
}
