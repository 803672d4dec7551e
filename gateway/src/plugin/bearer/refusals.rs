//! What a client is told whose token is not let through (RFC 6750 §3), made when the configuration loads.

use super::{Challenge, Scopes};
use crate::identity::token::Fault;
use crate::plugin::Rejection;
use crate::plugin::authenticate::Refusal;
use crate::reason::Reason;
use http::HeaderValue;

/// Every refusal.
pub struct Refusals {
    start: Challenge,
    bare: HeaderValue,
    /// By the numbers of the faults.
    faults: Box<[HeaderValue]>,
    scope: HeaderValue,
}

impl Refusals {
    /// Those of a realm, for tokens that need these scopes.
    #[must_use]
    pub fn new(start: Challenge, scopes: &Scopes) -> Self {
        let faults = Fault::ALL.iter();
        let faults = faults.map(|fault| start.error("invalid_token", fault.text()));
        Self {
            bare: start.bare(),
            faults: faults.collect(),
            scope: start.insufficient_scope(&scopes.text()),
            start,
        }
    }

    /// The challenge for a request without a token.
    #[must_use]
    pub fn bare(&self) -> HeaderValue {
        self.bare.clone()
    }

    /// The token is not accepted.
    #[must_use]
    pub fn fault(&self, fault: Fault) -> Refusal {
        let rejection = Rejection::new(Reason::CredentialInvalid, fault.text());
        Refusal::new(rejection, Some(self.faults[fault as usize].clone()))
    }

    /// What was sent can be no token, or was sent twice.
    #[must_use]
    pub fn malformed(&self, why: &'static str) -> Refusal {
        let rejection = Rejection::new(Reason::MalformedCredential, why);
        let challenge = self.start.error("invalid_request", why);
        Refusal::new(rejection, Some(challenge))
    }

    /// The token is accepted, and may not do this.
    #[must_use]
    pub fn scope(&self) -> Refusal {
        let what = "the token's scope does not reach so far";
        let rejection = Rejection::new(Reason::InsufficientScope, what);
        Refusal::new(rejection, Some(self.scope.clone()))
    }
}
