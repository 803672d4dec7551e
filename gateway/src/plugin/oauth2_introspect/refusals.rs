//! What a client is told whose token is not let through (RFC 6750 §3), made when the configuration loads.

use super::Rejection;
use crate::identity::token::Fault;
use crate::plugin::authenticate::Refusal;
use crate::plugin::bearer::{Challenge, Scopes};
use crate::reason::Reason;
use http::HeaderValue;

/// The server does not say whether the token has ended, was revoked or never was (RFC 7662 §2.2).
const INACTIVE: &str = "the token is not active";
/// Seconds after which a client may ask again while the server does not answer. The next request asks anew.
const RETRY_AFTER: u32 = 1;

/// Every refusal.
pub(super) struct Refusals {
    start: Challenge,
    bare: HeaderValue,
    /// By the numbers of the faults.
    faults: Box<[HeaderValue]>,
    inactive: HeaderValue,
    scope: HeaderValue,
}

impl Refusals {
    pub fn new(start: Challenge, scopes: &Scopes) -> Self {
        let invalid = |text: &str| start.error("invalid_token", text);
        Self {
            bare: start.bare(),
            faults: Fault::ALL
                .iter()
                .map(|fault| invalid(fault.text()))
                .collect(),
            inactive: invalid(INACTIVE),
            scope: start.insufficient_scope(&scopes.text()),
            start,
        }
    }

    /// The challenge for a request without a token.
    pub fn bare(&self) -> HeaderValue {
        self.bare.clone()
    }

    /// The server says that the token is active, and it is not for here.
    pub fn fault(&self, fault: Fault) -> Refusal {
        let rejection = Rejection::new(Reason::CredentialInvalid, fault.text());
        Refusal::new(rejection, Some(self.faults[fault as usize].clone()))
    }

    /// The server says that the token is not active.
    pub fn inactive(&self) -> Refusal {
        let rejection = Rejection::new(Reason::CredentialInvalid, INACTIVE);
        Refusal::new(rejection, Some(self.inactive.clone()))
    }

    /// What was sent can be no token, or was sent twice.
    pub fn malformed(&self, why: &'static str) -> Refusal {
        let rejection = Rejection::new(Reason::MalformedCredential, why);
        let challenge = self.start.error("invalid_request", why);
        Refusal::new(rejection, Some(challenge))
    }

    /// The token is active, and may not do this.
    pub fn scope(&self) -> Refusal {
        let what = "the token's scope does not reach so far";
        let rejection = Rejection::new(Reason::InsufficientScope, what);
        Refusal::new(rejection, Some(self.scope.clone()))
    }

    /// Nothing is known of the token, so it is not called wrong.
    pub fn unavailable() -> Refusal {
        let what = "the server that knows the token cannot be asked at the moment";
        let rejection = Rejection::new(Reason::IntrospectionUnavailable, what);
        Refusal {
            retry_after: Some(RETRY_AFTER),
            ..Refusal::new(rejection, None)
        }
    }
}
