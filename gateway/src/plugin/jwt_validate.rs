//! `jwt-validate`: a JSON Web Token (RFC 7519, RFC 8725, RFC 9068) as a bearer token (RFC 6750).
//!
//! The issuer that a token names chooses the rules and the keys; its `kid` and `alg` choose among them. What was verified
//! is remembered, so that a token's signature is checked once; time, certificate and key are looked at each time. Keys
//! are fetched and kept fresh elsewhere: a request waits for them only where its token names a key that nobody knows yet.

mod config;
mod issuer;

use super::authenticate::{Authenticate, Found, Identity, Refusal};
use super::bearer::{ClaimHeaders, Places, Presented, Refusals, Scopes};
use super::chain::Phases;
use super::exchange::Exchange;
use super::registry::{Compile, Plugin};
use super::{Rejection, Request};
use crate::identity::token::{Fault, Known, Remembered, Scope, Unverified, verify};
use crate::identity::{Consumers, Digest};
use crate::reason::Reason;
pub use config::Config;
use futures::FutureExt as _;
use http::HeaderValue;
use http::header::HeaderName;
use issuer::Issuer;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// Seconds after which a client may ask again while no keys are there: key sources try again sooner than that at first.
const RETRY_AFTER: u32 = 5;

/// The compiled form.
pub struct JwtValidate {
    places: Places,
    forward: bool,
    judge: Arc<Judge>,
}

impl Plugin for JwtValidate {
    const NAME: &'static str = "jwt-validate";
    const SUMMARY: &'static str =
        "A JSON Web Token from `Authorization: Bearer`, checked with its issuer's keys.";
    const EXAMPLE: &'static str = r#"{name: jwt-validate, config: {issuer: auth.example, jwks: "https://auth.example/.well-known/jwks.json", audience: api}}"#;
    const AUTHENTICATES: bool = true;
    type Config = Config;

    fn identity_headers(config: &Value) -> Vec<HeaderName> {
        ClaimHeaders::names(config)
    }

    fn compile(
        config: Config,
        compile: &mut Compile<'_, '_>,
        phases: &mut Phases,
    ) -> Option<String> {
        config.compile(compile).map(|(plugin, does)| {
            phases.authenticate(Arc::new(plugin));
            does
        })
    }
}

impl Authenticate for JwtValidate {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn authenticate(&self, request: &Request<'_>) -> Found {
        let (token, in_query) = match self.places.find(request) {
            Presented::Nothing => return Found::Absent,
            Presented::Malformed(why) => return self.judge.refusals.malformed(why).into(),
            Presented::One { token, in_query } => (token, in_query),
        };
        let moment = Moment {
            now: request.time,
            certificate: request
                .certificate
                .map(|certificate| *certificate.fingerprint()),
            in_query,
        };
        let digest = Digest::of(&token);
        if let Some(found) = self.judge.remembered(digest, &moment) {
            return found;
        }
        match self.judge.fresh(&token, digest, &moment) {
            Verdict::Found(found) => found,
            Verdict::UnknownKey { issuer, kid } => {
                let keys = self.judge.issuers[issuer].keys.after_fetch(&kid);
                let (judge, token, began) =
                    (self.judge.clone(), token.into_owned(), Instant::now());
                Found::Waits(
                    async move {
                        keys.await;
                        let now = moment.now + began.elapsed();
                        match judge.fresh(&token, digest, &Moment { now, ..moment }) {
                            Verdict::Found(found) => found,
                            Verdict::UnknownKey { .. } => judge.refuse(Fault::Key),
                        }
                    }
                    .boxed(),
                )
            }
        }
    }

    fn conceal(&self, believed: bool, request: &Request<'_>, exchange: &mut Exchange) {
        self.places
            .conceal(believed, self.forward, request, exchange);
    }

    fn wanted(&self) -> &'static str {
        "a bearer token is needed"
    }

    fn state(&self) -> Vec<String> {
        self.judge.issuers.iter().flat_map(Issuer::state).collect()
    }

    fn challenge(&self) -> Option<HeaderValue> {
        Some(self.judge.refusals.bare())
    }
}

/// What a request brings besides its token.
#[derive(Debug, Clone, Copy)]
struct Moment {
    now: SystemTime,
    /// SHA-256 of the certificate that the client has shown.
    certificate: Option<[u8; 32]>,
    in_query: bool,
}

/// What comes of a token that nobody remembers.
enum Verdict {
    Found(Found),
    /// The token names a key that its issuer may have made since.
    UnknownKey {
        issuer: usize,
        kid: String,
    },
}

/// What decides about tokens.
struct Judge {
    issuers: Box<[Issuer]>,
    claim_headers: ClaimHeaders,
    scopes: Scopes,
    consumer_claims: Box<[Box<str>]>,
    consumer_header: HeaderName,
    consumers: Arc<Consumers>,
    remembered: Arc<Remembered>,
    scope: Scope,
    refusals: Refusals,
}

impl Judge {
    /// What comes of a token that was verified before and whose key is still there.
    fn remembered(&self, digest: Digest, moment: &Moment) -> Option<Found> {
        let known = self.remembered.find(self.scope, digest)?;
        let Some(keys) = self.issuers[known.issuer].keys.now() else {
            return Some(self.unavailable());
        };
        if !keys.contains(known.verified.key()) {
            self.remembered.forget(self.scope, digest);
            return None;
        }
        match known
            .verified
            .holds(moment.now, moment.certificate.as_ref())
        {
            Ok(()) => Some(self.admit(&known, digest, moment)),
            Err(fault) => {
                if fault == Fault::Expired {
                    self.remembered.forget(self.scope, digest);
                }
                Some(self.refuse(fault))
            }
        }
    }

    fn fresh(&self, token: &[u8], digest: Digest, moment: &Moment) -> Verdict {
        self.verify(token, digest, moment)
            .unwrap_or_else(|fault| Verdict::Found(self.refuse(fault)))
    }

    fn verify(&self, token: &[u8], digest: Digest, moment: &Moment) -> Result<Verdict, Fault> {
        let token = Unverified::parse(token)?;
        let named = token.issuer()?;
        let place = self
            .issuers
            .iter()
            .position(|issuer| issuer.rules.issuer == named);
        let place = place.ok_or(Fault::Issuer)?;
        let issuer = &self.issuers[place];
        issuer.rules.check_header(&token.header)?;
        let Some(keys) = issuer.keys.now() else {
            return Ok(Verdict::Found(self.unavailable()));
        };
        if let Some(kid) = &token.header.kid
            && issuer.keys.are_fetched()
            && !keys.knows(kid)
        {
            let kid = kid.clone();
            return Ok(Verdict::UnknownKey { issuer: place, kid });
        }
        let verified = verify(token, &issuer.rules, &keys, moment.now)?;
        verified.holds(moment.now, moment.certificate.as_ref())?;
        let fields = self.claim_headers.fields(verified.claims());
        let known = Arc::new(Known {
            fields: fields.map_err(|_| Fault::Upstream)?,
            suffices: self.scopes.suffice(verified.claims()),
            issuer: place,
            verified,
        });
        let found = self.admit(&known, digest, moment);
        self.remembered.keep(self.scope, digest, known);
        Ok(Verdict::Found(found))
    }

    fn admit(&self, known: &Known, digest: Digest, moment: &Moment) -> Found {
        if !self.scopes.is_empty() && !known.suffices {
            return self.refusals.scope().into();
        }
        let claims = known.verified.claims();
        let issuer = &self.issuers[known.issuer].rules.issuer;
        let consumer = self
            .consumers
            .of_token(Some(issuer), claims, &self.consumer_claims);
        Found::Known(Identity {
            consumer: consumer.cloned(),
            credential: Some(digest),
            claims: Some(claims.clone()),
            consumer_header: Some(self.consumer_header.clone()),
            fields: Some(known.fields.clone()),
            private: moment.in_query,
            ..Identity::default()
        })
    }

    fn refuse(&self, fault: Fault) -> Found {
        self.refusals.fault(fault).into()
    }

    /// Nothing is known of the token, so it is not called wrong.
    fn unavailable(&self) -> Found {
        let rejection = Rejection::new(
            Reason::KeysUnavailable,
            "the keys of the token's issuer cannot be had at the moment",
        );
        Found::Refused(Refusal {
            retry_after: Some(RETRY_AFTER),
            ..Refusal::new(rejection, None)
        })
    }
}

#[cfg(test)]
mod tests;
