//! A key from the members of a JSON object (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).

use super::Algorithm;
use super::key::{KeyError, VerifyingKey};
use super::public::{Curve, Public};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

type Members = Map<String, Value>;

impl VerifyingKey {
    /// A key as the configuration writes it, which may be a secret (`oct`).
    ///
    /// # Errors
    /// When it is no key for checking signatures, shows a private part, or contradicts itself.
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        let members = jwk.as_object().ok_or(KeyError::NoObject)?;
        if text(members, "kty")? == "oct" {
            return secret(members);
        }
        Self::from_published(jwk)
    }

    /// A key of a document that everybody may read: never a secret.
    pub(super) fn from_published(jwk: &Value) -> Result<Self, KeyError> {
        let members = jwk.as_object().ok_or(KeyError::NoObject)?;
        let public = match text(members, "kty")? {
            "RSA" => Kind::Rsa,
            "EC" => Kind::Ec,
            "OKP" => Kind::Okp,
            "oct" => return Err(KeyError::Secret),
            other => return Err(KeyError::Type(other.to_owned())),
        };
        let algorithm = purpose(members)?;
        let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
        if private.iter().any(|name| members.contains_key(*name)) {
            return Err(KeyError::Private);
        }
        Self::from_public(&public.read(members)?, kid(members)?, algorithm)
    }
}

enum Kind {
    Rsa,
    Ec,
    Okp,
}

impl Kind {
    fn read(self, members: &Members) -> Result<Public, KeyError> {
        match self {
            Self::Rsa => Public::rsa(&bytes(members, "n")?, &bytes(members, "e")?),
            Self::Ec => {
                let name = text(members, "crv")?;
                let curve = Curve::named(name).ok_or_else(|| KeyError::Curve(name.to_owned()))?;
                Public::ec(curve, &bytes(members, "x")?, &bytes(members, "y")?)
            }
            Self::Okp => match text(members, "crv")? {
                "Ed25519" => Public::ed25519(&bytes(members, "x")?),
                other => Err(KeyError::Curve(other.to_owned())),
            },
        }
    }
}

fn secret(members: &Members) -> Result<VerifyingKey, KeyError> {
    let algorithm = purpose(members)?;
    let (secret, kid) = (bytes(members, "k")?, kid(members)?);
    match algorithm {
        Some(algorithm) => VerifyingKey::from_secret(&secret, kid, algorithm),
        None => VerifyingKey::from_any_secret(&secret, kid),
    }
}

/// Whether the key is for checking signatures (RFC 7517 §4.2, §4.3), and by which algorithm if it says so (§4.4).
fn purpose(members: &Members) -> Result<Option<Algorithm>, KeyError> {
    match optional(members, "use")? {
        None | Some("sig") => {}
        Some(other) => return Err(KeyError::Use(other.to_owned())),
    }
    if let Some(operations) = members.get("key_ops") {
        let operations = operations.as_array().ok_or(KeyError::Member("key_ops"))?;
        if !operations.iter().any(|one| one == "verify") {
            return Err(KeyError::Operations);
        }
    }
    let named = optional(members, "alg")?.map(str::parse).transpose();
    named.map_err(|unknown: super::UnknownAlgorithm| KeyError::Algorithm(unknown.0))
}

fn kid(members: &Members) -> Result<Option<&str>, KeyError> {
    optional(members, "kid")
}

fn text<'a>(members: &'a Members, name: &'static str) -> Result<&'a str, KeyError> {
    optional(members, name)?.ok_or(KeyError::Member(name))
}

fn optional<'a>(members: &'a Members, name: &'static str) -> Result<Option<&'a str>, KeyError> {
    let member = members.get(name);
    let text = member.map(|value| value.as_str().ok_or(KeyError::Member(name)));
    text.transpose()
}

fn bytes(members: &Members, name: &'static str) -> Result<Vec<u8>, KeyError> {
    let decoded = URL_SAFE_NO_PAD.decode(text(members, name)?);
    decoded.map_err(|_| KeyError::Encoding(name))
}
