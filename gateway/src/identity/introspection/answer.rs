//! The answer (RFC 7662 §2.2), read strictly: what is not as the standard says is no answer at all, neither for the token
//! nor against it.

use super::Outage;
use crate::identity::Claims;
use crate::identity::egress::Answer;
use crate::identity::jwk::strict;
use crate::identity::token::{Fault, confirmation, date};
use http::StatusCode;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Members that are text.
const TEXTS: [&str; 7] = [
    "scope",
    "client_id",
    "username",
    "token_type",
    "sub",
    "iss",
    "jti",
];

/// What the server says of a token that is active.
#[derive(Debug)]
pub struct Active {
    claims: Arc<Claims>,
    /// Since 1970.
    expires: Option<Duration>,
    not_before: Option<Duration>,
    bound: Result<Option<[u8; 32]>, Fault>,
    /// Bytes of the answer.
    pub(super) bytes: usize,
}

/// What is asked of tokens besides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Who must have issued them. None: whoever the server knows.
    pub issuer: Option<Box<str>>,
    /// For whom they must be: one of these. Empty: for anyone.
    pub audience: Box<[Box<str>]>,
}

/// Reads an answer: what is known of an active token, or `None` for one that is not active.
pub(super) fn read(answer: &Answer) -> Result<Option<Active>, Outage> {
    match answer.status {
        StatusCode::OK => {}
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            return Err(Outage::Rejected(status));
        }
        status => return Err(Outage::Status(status)),
    }
    let parsed = strict::parse(&answer.body);
    let Value::Object(members) = parsed.map_err(|_| Outage::Invalid("it is not JSON"))? else {
        return Err(Outage::Invalid("it is not an object"));
    };
    match members.get("active") {
        Some(Value::Bool(true)) => Active::new(members, answer.body.len()).map(Some),
        Some(Value::Bool(false)) => Ok(None),
        Some(_) => Err(Outage::Invalid("`active` is neither true nor false")),
        None => Err(Outage::Invalid("it has no `active`")),
    }
}

impl Active {
    fn new(mut members: Map<String, Value>, bytes: usize) -> Result<Self, Outage> {
        // Servers write null for a text that they do not have. Nothing is allowed for the lack of one.
        members.retain(|name, value| {
            !(value.is_null() && (TEXTS.contains(&&**name) || name == "aud"))
        });
        let texts = TEXTS.iter().filter_map(|name| members.get(*name));
        if !texts.clone().all(Value::is_string) {
            return Err(Outage::Invalid("a member that is text is something else"));
        }
        let sound = match members.get("aud") {
            None | Some(Value::String(_)) => true,
            Some(Value::Array(names)) => names.iter().all(Value::is_string),
            Some(_) => false,
        };
        if !sound {
            return Err(Outage::Invalid("`aud` is neither text nor a list of texts"));
        }
        if members.get("cnf").is_some_and(|cnf| !cnf.is_object()) {
            return Err(Outage::Invalid("`cnf` is not an object"));
        }
        let date = |name| date::date(&members, name).map_err(|_| Outage::Invalid("a date is none"));
        date("iat")?;
        Ok(Self {
            expires: date("exp")?,
            not_before: date("nbf")?,
            bound: confirmation::bound_to(&members),
            bytes,
            claims: Arc::new(Claims::new(members)),
        })
    }

    /// What the server says, `active` included.
    #[must_use]
    pub fn claims(&self) -> &Arc<Claims> {
        &self.claims
    }

    /// Who issued it, as far as the server says.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.claims.find("iss").and_then(Value::as_str)
    }

    /// Whether its end has come.
    #[must_use]
    pub fn has_expired(&self, time: SystemTime) -> bool {
        let now = date::since_1970(time);
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Whether the token may be used now, by who shows this certificate, if any: its SHA-256 digest.
    ///
    /// # Errors
    /// When its time has not come or is over, or it is another's: an issuer's, an audience's, a certificate's.
    pub fn holds(
        &self,
        rules: &Rules,
        time: SystemTime,
        certificate: Option<&[u8; 32]>,
    ) -> Result<(), Fault> {
        if self.has_expired(time) {
            return Err(Fault::Expired);
        }
        let now = date::since_1970(time);
        if self.not_before.is_some_and(|start| start > now) {
            return Err(Fault::Early);
        }
        // The same endpoint knows refresh tokens, which are nothing to call with; some servers tell them apart so.
        if self.claims.find("token_use").is_some_and(is_other_use) {
            return Err(Fault::Type);
        }
        if rules.issuer.is_some() && self.issuer() != rules.issuer.as_deref() {
            return Err(Fault::Issuer);
        }
        if !rules.audience.is_empty() && !self.is_for(&rules.audience) {
            return Err(Fault::Audience);
        }
        confirmation::holds(self.bound?.as_ref(), certificate)
    }

    fn is_for(&self, audience: &[Box<str>]) -> bool {
        let wanted = |name: &str| audience.iter().any(|one| **one == *name);
        match self.claims.find("aud") {
            Some(Value::String(name)) => wanted(name),
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(wanted),
            _ => false,
        }
    }
}

fn is_other_use(token_use: &Value) -> bool {
    !matches!(token_use.as_str(), Some("access_token" | "access"))
}
