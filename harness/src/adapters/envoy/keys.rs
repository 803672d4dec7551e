//! The keys of an issuer: fetched by a cluster for each host of keys, or written down as a key set.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::clusters::Clusters;
use super::secure::{self, only};
use super::values::duration;
use crate::adapters::common::callers::referred;
use crate::adapters::common::tokens::{KeyServerTls, KeySet, TokenIssuer, TokenKey};
use crate::adapters::{Bindings, Unsupported};
use crate::fixtures::jwks_server::JwksServer;
use crate::fixtures::{Fixture, pem_name, variable};

/// Stands where a key is yet to be made, since Envoy refuses an empty set: the Ed25519 key of RFC 8410 §10.1.
const STAND_IN: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

/// Where the keys of an issuer are.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// The provider's member that says so, and what it says.
    pub source: (&'static str, Value),
    /// Whether one of them is yet to be made, as where a configuration is only looked at: no token counts then.
    pub unmade: bool,
    /// The server that they are fetched from.
    server: Option<Server>,
}

/// Host and port, and by which authority it is believed, where it speaks TLS.
#[derive(Clone, Debug)]
struct Server {
    authority: String,
    believed: Option<String>,
}

/// What keys that stand in the configuration are made of.
pub(super) struct Material<'a> {
    pub fixture: &'a Fixture,
    pub bindings: &'a Bindings,
}

impl Keys {
    /// Those of an issuer.
    pub fn of(issuer: &TokenIssuer, material: &Material<'_>) -> Result<Self, Unsupported> {
        match (&issuer.jwks, &issuer.discovery, &issuer.keys) {
            (Some(url), None, None) => Self::fetched(url, issuer),
            (None, None, Some(keys)) => {
                let set = keys.iter().map(|key| material.key(key));
                let set: Vec<Value> = set.collect::<Result<_, _>>()?;
                let text = json!({"keys": set}).to_string();
                Ok(Self {
                    source: ("local_jwks", json!({"inline_string": text})),
                    unmade: keys.iter().any(|key| material.pem(key) == Some("")),
                    server: None,
                })
            }
            (None, Some(url), None) => Self::fetched(&named_by_metadata(url)?, issuer),
            _ => Err(Unsupported::new(
                "jwt-validate: one of jwks, discovery and keys",
            )),
        }
    }

    /// Whether they are fetched.
    pub fn are_fetched(&self) -> bool {
        self.server.is_some()
    }

    /// The cluster that they come from, if any.
    pub fn cluster(&self, clusters: &Clusters<'_>) -> Result<Option<Value>, Unsupported> {
        let Some(Server {
            authority,
            believed,
        }) = &self.server
        else {
            return Ok(None);
        };
        let socket = believed.as_ref().map(|believed| {
            secure::socket(secure::upstream(secure::host(authority), believed, false))
        });
        let name = cluster_name(authority);
        clusters
            .plain(&name, &duration("2s")?, authority, socket)
            .map(Some)
    }

    fn fetched(url: &str, issuer: &TokenIssuer) -> Result<Self, Unsupported> {
        let (authority, secure) = server(url)?;
        let believed = match &issuer.tls {
            Some(KeyServerTls { ca }) => only(ca)?,
            None => None,
        };
        let believed = believed.unwrap_or_else(|| secure::ROOTS.to_owned());
        let KeySet {
            min_ttl,
            stale,
            timeout,
            ..
        } = &issuer.key_set;
        let text =
            |given: &Option<String>, usual: &str| duration(given.as_deref().unwrap_or(usual));
        let mut source = json!({
            "http_uri": {
                "uri": url,
                "cluster": cluster_name(&authority),
                "timeout": text(timeout, "5s")?,
            },
            "cache_duration": text(min_ttl, "1m")?,
        });
        // Keys that are fetched ahead stay until others come; without that a request fetches what has run out.
        if text(stale, "24h")? != "0s" {
            source["async_fetch"] = json!({"failed_refetch_duration": "1s"});
        }
        Ok(Self {
            source: ("remote_jwks", source),
            unmade: false,
            server: Some(Server {
                authority,
                believed: secure.then_some(believed),
            }),
        })
    }
}

impl Material<'_> {
    /// A key as a member of a key set (RFC 7517 §4).
    fn key(&self, key: &TokenKey) -> Result<Value, Unsupported> {
        let (mut jwk, usual) = match (&key.pem, &key.jwk, &key.secret) {
            (Some(pem), None, None) => {
                let text = self.pem(key);
                let text = text.ok_or_else(|| Unsupported::new("PEM that is not in a file"))?;
                let text = if text.is_empty() { STAND_IN } else { text };
                public_key(text).ok_or_else(|| {
                    Unsupported::new(format!("jwt-validate.keys: {pem} has no public key"))
                })?
            }
            (None, Some(jwk), None) => (Value::Object(jwk.clone()), None),
            (None, None, Some(secret)) => {
                let secret = self.secret(secret)?;
                let jwk = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(secret)});
                (jwk, Some("HS256"))
            }
            _ => {
                return Err(Unsupported::new(
                    "jwt-validate.keys: one of pem, jwk and secret",
                ));
            }
        };
        if let Some(kid) = &key.kid {
            jwk["kid"] = json!(kid);
        }
        if let Some(algorithm) = key.algorithm.as_deref().or(usual) {
            jwk["alg"] = json!(algorithm);
        }
        Ok(jwk)
    }

    /// The text of a key's file, which is empty where it is yet to be made.
    fn pem(&self, key: &TokenKey) -> Option<&str> {
        let name = pem_name(key.pem.as_deref()?)?;
        self.bindings.files.get(&name).map(String::as_str)
    }

    fn secret(&self, text: &str) -> Result<String, Unsupported> {
        let own = variable(text).and_then(|name| self.bindings.environment.get(name));
        let secret = own.cloned().or_else(|| referred(self.fixture, text));
        secret.ok_or_else(|| {
            Unsupported::new("jwt-validate.keys: a secret that is not in the environment")
        })
    }
}

/// A public key in PEM as a member of a key set, and the one algorithm that it is for, if there is but one.
fn public_key(pem: &str) -> Option<(Value, Option<&'static str>)> {
    let (_, pem) = parse_x509_pem(pem.as_bytes()).ok()?;
    let (_, key) = SubjectPublicKeyInfo::from_der(&pem.contents).ok()?;
    let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    match key.parsed().ok()? {
        PublicKey::RSA(rsa) => {
            let modulus = strip(rsa.modulus);
            let jwk =
                json!({"kty": "RSA", "n": encoded(modulus), "e": encoded(strip(rsa.exponent))});
            Some((jwk, None))
        }
        PublicKey::EC(point) => {
            let coordinates = point.data().strip_prefix(&[4])?;
            let (x, y) = coordinates.split_at(coordinates.len() / 2);
            let (curve, algorithm) = match x.len() {
                32 => ("P-256", "ES256"),
                48 => ("P-384", "ES384"),
                66 => ("P-521", "ES512"),
                _ => return None,
            };
            let jwk = json!({"kty": "EC", "crv": curve, "x": encoded(x), "y": encoded(y)});
            Some((jwk, Some(algorithm)))
        }
        // RFC 8410 §3
        _ if key.algorithm.algorithm.to_id_string() == "1.3.101.112" => {
            let x = encoded(&key.subject_public_key.data);
            let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
            Some((jwk, Some("EdDSA")))
        }
        _ => None,
    }
}

/// A number without the zero that says that it is not negative.
fn strip(number: &[u8]) -> &[u8] {
    number.strip_prefix(&[0]).unwrap_or(number)
}

/// The address of the keys of an issuer that has metadata. Envoy reads none: whoever writes its configuration has looked
/// it up in them (Istio does where there is no `jwksUri`), and that of the issuers of fixtures is this one.
fn named_by_metadata(issuer: &str) -> Result<String, Unsupported> {
    let (authority, secure) = server(issuer)?;
    let scheme = if secure { "https" } else { "http" };
    let host = match (secure::host(&authority), authority.ends_with(":443")) {
        (host, true) => host,
        _ => &authority,
    };
    Ok(format!("{scheme}://{host}{}", JwksServer::KEYS))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::fixtures::tokens::{Algorithm, Issuer};

    #[test]
    fn a_public_key_in_pem_is_the_one_that_its_issuer_publishes() {
        let issuer = Issuer::new("i", "a");
        for algorithm in [
            Algorithm::RS256,
            Algorithm::ES256,
            Algorithm::ES384,
            Algorithm::ES512,
            Algorithm::EdDSA,
        ] {
            let key = issuer.key(algorithm);
            let (read, only) = public_key(&key.public_pem().unwrap()).unwrap();
            let published = key.jwk();
            for (name, value) in read.as_object().unwrap() {
                assert_eq!(value, &published[name], "{name} of {algorithm:?}");
            }
            let only_one = algorithm != Algorithm::RS256;
            assert_eq!(only, only_one.then_some(algorithm.name()));
        }
        assert!(public_key("").is_none());
    }
}
