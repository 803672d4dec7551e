//! What is asked of the tokens of one issuer (RFC 7519 §4.1, RFC 8725 §3, RFC 9068 §4).

use super::date::{Validity, date, since_1970};
use super::header::is_type;
use super::{Fault, Header};
use crate::identity::jwk::Algorithm;
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime};

/// The claims that RFC 9068 §2.2 requires besides `iss`, `exp` and `aud`.
const PROFILE: [&str; 4] = ["sub", "client_id", "iat", "jti"];
/// The type of that profile.
const ACCESS_TOKEN: &str = "at+jwt";

/// What the tokens of one issuer have to be like.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rules {
    /// Who issues them, exactly as `iss` says it.
    pub issuer: String,
    /// For whom they are: one of these. Empty: for anyone.
    pub audience: Vec<String>,
    /// How they are signed. Empty: as the keys allow.
    pub algorithms: Vec<Algorithm>,
    /// What they say to be.
    pub typ: Typ,
    /// Claims that have to be there, besides those that always have to.
    pub required: Vec<String>,
    /// How far clocks may be apart.
    pub leeway: Duration,
    /// How long they may be valid, from `iat` to `exp`.
    pub max_lifetime: Option<Duration>,
}

/// What tokens say to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Typ {
    /// `JWT`, `at+jwt`, or nothing. Never another: a token made for another purpose is no access token.
    Usual,
    /// Exactly this. `at+jwt` brings all of RFC 9068 with it.
    Exactly(String),
}

impl Rules {
    /// Looks at the header.
    ///
    /// # Errors
    /// When the type or the algorithm is not accepted.
    pub fn check_header(&self, header: &Header) -> Result<(), Fault> {
        let fits = match &self.typ {
            Typ::Usual => header.typ.is_none() || header.is("JWT") || header.is(ACCESS_TOKEN),
            Typ::Exactly(typ) => header.is(typ),
        };
        if !fits {
            return Err(Fault::Type);
        }
        let accepted = self.algorithms.is_empty() || self.algorithms.contains(&header.algorithm);
        accepted.then_some(()).ok_or(Fault::Algorithm)
    }

    /// Looks at the claims of a token whose issuer is this one; says when it is valid.
    ///
    /// # Errors
    /// What is wrong with them at `now`.
    pub(super) fn check_claims(
        &self,
        claims: &Map<String, Value>,
        now: SystemTime,
    ) -> Result<Validity, Fault> {
        let validity = self.check_dates(claims, now)?;
        self.check_audience(claims)?;
        let profile: &[&str] = if self.is_profile() { &PROFILE } else { &[] };
        let required = self.required.iter().map(String::as_str);
        for name in required.chain(profile.iter().copied()) {
            if claims.get(name).is_none_or(Value::is_null) {
                return Err(Fault::Missing);
            }
        }
        Ok(validity)
    }

    /// RFC 9068 has to be kept in full.
    fn is_profile(&self) -> bool {
        matches!(&self.typ, Typ::Exactly(typ) if is_type(typ, ACCESS_TOKEN))
    }

    fn check_dates(&self, claims: &Map<String, Value>, now: SystemTime) -> Result<Validity, Fault> {
        let expires = date(claims, "exp")?.ok_or(Fault::Missing)?;
        let not_before = date(claims, "nbf")?;
        let issued = date(claims, "iat")?;
        let validity = Validity {
            start: not_before.unwrap_or_default().saturating_sub(self.leeway),
            end: expires.saturating_add(self.leeway),
        };
        validity.holds(now)?;
        if issued.is_some_and(|issued| issued > since_1970(now).saturating_add(self.leeway)) {
            return Err(Fault::Future);
        }
        if let Some(most) = self.max_lifetime
            && expires.saturating_sub(issued.ok_or(Fault::Missing)?) > most
        {
            return Err(Fault::Lifetime);
        }
        Ok(validity)
    }

    /// A text or a list of texts (RFC 7519 §4.1.3), compared exactly.
    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), Fault> {
        let wanted = |name: &str| self.audience.iter().any(|one| one == name);
        let found = match claims.get("aud") {
            None if self.audience.is_empty() && !self.is_profile() => return Ok(()),
            None => return Err(Fault::Audience),
            Some(Value::String(name)) => wanted(name),
            Some(Value::Array(names)) if names.iter().all(Value::is_string) => {
                names.iter().filter_map(Value::as_str).any(wanted)
            }
            Some(_) => return Err(Fault::Audience),
        };
        let found = found || self.audience.is_empty();
        found.then_some(()).ok_or(Fault::Audience)
    }
}
