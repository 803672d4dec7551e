//! A token's header (RFC 7515 §4), and what is never accepted in it (RFC 8725 §3).

use super::Fault;
use crate::identity::jwk::{Algorithm, strict};
use serde_json::{Map, Value};

/// Parameters that bring a key, or say where one is. The key is the issuer's, as the configuration knows it.
const OWN_KEYS: [&str; 4] = ["jwk", "jku", "x5u", "x5c"];

/// What a header says that matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// How the token is signed.
    pub algorithm: Algorithm,
    /// The name of the key.
    pub kid: Option<String>,
    /// What the token is: a media type, `application/` left away or not.
    pub typ: Option<String>,
}

impl Header {
    pub(super) fn read(json: &[u8]) -> Result<Self, Fault> {
        let header = strict::parse(json).map_err(|_| Fault::Header)?;
        let Value::Object(header) = header else {
            return Err(Fault::Header);
        };
        extensions(&header)?;
        if OWN_KEYS.iter().any(|name| header.contains_key(*name)) {
            return Err(Fault::OwnKey);
        }
        if text(&header, "cty")?.is_some_and(|cty| is_type(cty, "JWT")) {
            return Err(Fault::Nested);
        }
        let algorithm = text(&header, "alg")?.ok_or(Fault::Header)?;
        Ok(Self {
            algorithm: algorithm.parse().map_err(|_| Fault::Algorithm)?,
            kid: text(&header, "kid")?.map(str::to_owned),
            typ: text(&header, "typ")?.map(str::to_owned),
        })
    }

    /// Whether the token says to be of this type.
    #[must_use]
    pub fn is(&self, wanted: &str) -> bool {
        self.typ.as_deref().is_some_and(|typ| is_type(typ, wanted))
    }
}

/// `crit` lists what has to be understood, and nothing is; an empty list is malformed (RFC 7515 §4.1.11). A payload that
/// is not encoded (RFC 7797) would be other bytes than those that are read.
fn extensions(header: &Map<String, Value>) -> Result<(), Fault> {
    match header.get("crit") {
        None => {}
        Some(Value::Array(names)) if !names.is_empty() && names.iter().all(Value::is_string) => {
            return Err(Fault::Extension);
        }
        Some(_) => return Err(Fault::Header),
    }
    match header.get("b64") {
        None | Some(Value::Bool(true)) => Ok(()),
        Some(Value::Bool(false)) => Err(Fault::Extension),
        Some(_) => Err(Fault::Header),
    }
}

fn text<'a>(header: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Fault> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Fault::Header),
    }
}

/// Media types are compared without regard to case, and `application/` may be left away where no other `/` follows
/// (RFC 7515 §4.1.9).
pub(super) fn is_type(one: &str, other: &str) -> bool {
    short(one).eq_ignore_ascii_case(short(other))
}

fn short(media_type: &str) -> &str {
    match media_type.split_once('/') {
        Some((kind, rest)) if kind.eq_ignore_ascii_case("application") && !rest.contains('/') => {
            rest
        }
        _ => media_type,
    }
}
