//! `oauth2-introspect`: a bearer token (RFC 6750) that the authorization server is asked about (RFC 7662).
//!
//! A token that the server has confirmed lately is let through at once; only a token that nobody remembers waits, for
//! the one question that all its requests share. Where the server cannot be asked, nothing is known of the token: 503,
//! or, where the configuration says so, the request goes on as nobody's.

mod config;

use super::authenticate::{Authenticate, Found, Identity, Refusal};
use super::bearer::{ClaimHeaders, Places, Presented, Refusals, Scopes};
use super::chain::Phases;
use super::exchange::Exchange;
use super::registry::{Compile, Plugin};
use super::{Rejection, Request};
use crate::identity::introspection::{
    Active, Introspector, Looked, Moment, Outage, Rules, Said, Status,
};
use crate::identity::token::{Fault, MAX_BYTES};
use crate::identity::{Consumers, Digest};
use crate::reason::Reason;
pub use config::Config;
use futures::FutureExt as _;
use http::HeaderValue;
use http::header::HeaderName;
use serde_json::Value;
use std::sync::Arc;
use tokio::time::Instant;

/// Seconds after which a client may ask again while the server does not answer. The next request asks anew.
const RETRY_AFTER: u32 = 1;

/// The compiled form.
pub struct Introspect {
    places: Places,
    forward: bool,
    judge: Arc<Judge>,
}

impl Plugin for Introspect {
    const NAME: &'static str = "oauth2-introspect";
    const SUMMARY: &'static str =
        "A bearer token of any form, which the authorization server is asked about.";
    const EXAMPLE: &'static str = r#"{name: oauth2-introspect, config: {endpoint: "https://auth.example/introspect", clientId: gateway, clientSecret: "${file:client-secret}", audience: api}}"#;
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
        let (plugin, does) = config.compile(compile)?;
        phases.authenticate(Arc::new(plugin));
        Some(does)
    }
}

impl Authenticate for Introspect {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn authenticate(&self, request: &Request<'_>) -> Found {
        let refusals = &self.judge.refusals;
        let (token, in_query) = match self.places.find(request) {
            Presented::Nothing => return Found::Absent,
            Presented::Malformed(why) => return refusals.malformed(why).into(),
            Presented::One { token, in_query } => (token, in_query),
        };
        if token.len() > MAX_BYTES {
            return refusals.fault(Fault::TooLarge).into();
        }
        let Ok(text) = std::str::from_utf8(&token) else {
            let why = "the token holds characters that no token has";
            return refusals.malformed(why).into();
        };
        let certificate = request.certificate.map(|shown| *shown.fingerprint());
        let asked = Asked {
            token: Digest::of(&token),
            at: Moment {
                now: request.now,
                time: request.time,
            },
            certificate,
            in_query,
        };
        match self.judge.introspector.look_up(text, asked.token, asked.at) {
            Looked::Remembered(said) => self.judge.follow(Ok(said), &asked),
            Looked::Waits(later) => {
                let (judge, began) = (self.judge.clone(), Instant::now());
                Found::Waits(
                    async move {
                        let said = later.await;
                        let at = asked.at.after(began.elapsed());
                        judge.follow(said, &Asked { at, ..asked })
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
        let status = self.judge.introspector.status();
        let Status {
            endpoint,
            active,
            inactive,
            in_flight,
            error,
            ..
        } = status;
        let mut lines = vec![format!(
            "{endpoint}: {active} active tokens and {inactive} others are remembered, {in_flight} questions are open"
        )];
        lines.extend(error.map(|(error, ago)| {
            let ago = ago.as_secs();
            format!("{endpoint}: the last question failed {ago} s ago: {error}")
        }));
        lines
    }

    fn challenge(&self) -> Option<HeaderValue> {
        Some(self.judge.refusals.bare())
    }
}

/// What a request asks about, and what it brings besides its token.
#[derive(Debug, Clone, Copy)]
struct Asked {
    token: Digest,
    at: Moment,
    /// SHA-256 of the certificate that the client has shown.
    certificate: Option<[u8; 32]>,
    in_query: bool,
}

/// What follows from what the server says.
struct Judge {
    introspector: Arc<Introspector>,
    rules: Rules,
    scopes: Scopes,
    claim_headers: ClaimHeaders,
    consumer_claims: Box<[Box<str>]>,
    consumer_header: HeaderName,
    consumers: Arc<Consumers>,
    refusals: Refusals,
    /// Whether requests go on while the server cannot be asked.
    open: bool,
}

impl Judge {
    fn follow(&self, said: Result<Said, Outage>, asked: &Asked) -> Found {
        match said {
            Ok(Said::Active(active)) => self
                .admit(&active, asked)
                .unwrap_or_else(|fault| self.refusals.fault(fault).into()),
            Ok(Said::Inactive) => self.refusals.fault(Fault::Inactive).into(),
            Err(outage) if self.open && !outage.is_misconfiguration() => {
                self.introspector.note_opened();
                Found::Known(Identity {
                    unchecked: true,
                    private: asked.in_query,
                    ..Identity::default()
                })
            }
            Err(_) => unavailable().into(),
        }
    }

    fn admit(&self, active: &Active, asked: &Asked) -> Result<Found, Fault> {
        active.holds(&self.rules, asked.at.time, asked.certificate.as_ref())?;
        let claims = active.claims();
        if !self.scopes.suffice(claims) {
            return Ok(self.refusals.scope().into());
        }
        let fields = self.claim_headers.fields(claims);
        let fields = fields.map_err(|_| Fault::Upstream)?;
        let issuer = active.issuer();
        let consumer = self
            .consumers
            .of_token(issuer, claims, &self.consumer_claims);
        Ok(Found::Known(Identity {
            consumer: consumer.cloned(),
            credential: Some(asked.token),
            claims: Some(claims.clone()),
            consumer_header: Some(self.consumer_header.clone()),
            fields: Some(fields),
            private: asked.in_query,
            ..Identity::default()
        }))
    }
}

/// Nothing is known of the token, so it is not called wrong.
fn unavailable() -> Refusal {
    let what = "the server that knows the token cannot be asked at the moment";
    let rejection = Rejection::new(Reason::IntrospectionUnavailable, what);
    Refusal {
        retry_after: Some(RETRY_AFTER),
        ..Refusal::new(rejection, None)
    }
}

#[cfg(test)]
mod tests;
