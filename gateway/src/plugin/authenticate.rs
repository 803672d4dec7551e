//! How auth plugins find out who calls, and how several of them on one route combine.
//!
//! Each says what it found; here it is decided, and told in one challenge (RFC 9110 §11.6.1). Whatever a plugin's
//! credential was, unless the plugin believed it and is to send it on, the upstream does not see it.

use super::exchange::{Attempt, Exchange, OPEN};
use super::{Flow, Rejection, Request};
use crate::identity::{Claims, Consumer, Digest};
use crate::reason::Reason;
use futures::future::BoxFuture;
use http::header::{CACHE_CONTROL, HeaderName, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use smallvec::SmallVec;
use std::sync::Arc;

/// A plugin that finds out who calls.
pub trait Authenticate: Send + Sync {
    /// The plugin's name.
    fn name(&self) -> &'static str;

    /// Looks for the credential and says whose it is.
    fn authenticate(&self, request: &Request<'_>) -> Found;

    /// Takes the credential away from the upstream and the log. `believed`: the plugin has vouched for it in this request.
    fn conceal(&self, believed: bool, request: &Request<'_>, exchange: &mut Exchange);

    /// What a request without the credential is told, such as `an API key is needed`.
    fn wanted(&self) -> &'static str;

    /// What it can tell about itself at this moment, a line each, for `gateway explain`.
    fn state(&self) -> Vec<String> {
        vec![]
    }

    /// The challenge for a request without the credential; none for what HTTP has no scheme for.
    fn challenge(&self) -> Option<HeaderValue>;
}

/// What an auth plugin found.
pub enum Found {
    /// The credential is somebody's, and in force.
    Known(Identity),
    /// The request carries no such credential.
    Absent,
    /// The credential is refused, or cannot be judged now.
    Refused(Refusal),
    /// It takes an answer from elsewhere, which this waits for.
    Waits(BoxFuture<'static, Found>),
}

/// Who calls, as far as one credential says.
#[derive(Debug, Default)]
pub struct Identity {
    /// Who owns the credential.
    pub consumer: Option<Arc<Consumer>>,
    /// The credential's digest.
    pub credential: Option<Digest>,
    /// What a token says.
    pub claims: Option<Arc<Claims>>,
    /// The header that tells the upstream who the consumer is.
    pub consumer_header: Option<HeaderName>,
    /// Further headers for the upstream.
    pub fields: Option<super::edits::Fields>,
    /// The credential stood in the URL, so that no shared cache may keep the response (RFC 6750 §2.3).
    pub private: bool,
    /// Nobody could check the credential, and the configuration lets the request go on all the same.
    pub unchecked: bool,
}

/// Why a credential is not enough.
#[derive(Debug)]
pub struct Refusal {
    /// What the client is told.
    pub rejection: Rejection,
    /// The challenge that goes with it.
    pub challenge: Option<HeaderValue>,
    /// Seconds until another attempt makes sense.
    pub retry_after: Option<u32>,
}

impl Refusal {
    /// A refusal with its challenge.
    pub fn new(rejection: Rejection, challenge: Option<HeaderValue>) -> Self {
        Self {
            rejection,
            challenge,
            retry_after: None,
        }
    }
}

impl From<Refusal> for Found {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// How several auth plugins on one route combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Combine {
    /// Every one has to know its credential.
    #[default]
    All,
    /// One that knows its credential is enough; the first in the registry's order decides who calls.
    Any,
}

/// The auth plugins of a route.
#[derive(Default)]
pub(super) struct Authentication {
    pub combine: Combine,
    /// Each with its link in the chain.
    pub plugins: Vec<(usize, Arc<dyn Authenticate>)>,
    /// Who calls where no credential is given at all, with the link in the chain.
    pub anonymous: Option<(usize, Identity)>,
}

/// What the plugins found, gathered.
#[derive(Default)]
struct Gathered {
    known: SmallVec<[(usize, Identity); 1]>,
    refused: SmallVec<[(usize, Refusal); 1]>,
    absent: SmallVec<[usize; 2]>,
}

/// One plugin's part in what was gathered.
enum Part<'a> {
    Known,
    Absent,
    Refused(&'a Refusal),
}

impl Gathered {
    /// What the plugin at this place found; none where it was not asked.
    fn part(&self, place: usize) -> Option<Part<'_>> {
        let refused = self.refused.iter().find(|(at, _)| *at == place);
        if self.known.iter().any(|(at, _)| *at == place) {
            Some(Part::Known)
        } else if self.absent.contains(&place) {
            Some(Part::Absent)
        } else {
            refused.map(|(_, refusal)| Part::Refused(refusal))
        }
    }
}

impl Authentication {
    /// Finds out who calls, or refuses; tells each plugin's part by its link.
    pub async fn run(
        &self,
        request: &Request<'_>,
        exchange: &mut Exchange,
        mut tell: impl FnMut(usize, &Flow, &Exchange),
    ) -> Flow {
        let gathered = self.gather(request).await;
        let decided = self.decide(&gathered, exchange);
        let passed = matches!(decided, Flow::Next);
        for (place, (link, plugin)) in self.plugins.iter().enumerate() {
            let part = gathered.part(place);
            plugin.conceal(matches!(part, Some(Part::Known)), request, exchange);
            match part {
                // What one plugin refuses or misses is no end where another lets the request through.
                Some(Part::Refused(refusal)) if !passed => {
                    tell(*link, &refusal.rejection.clone().into(), exchange);
                }
                Some(Part::Absent | Part::Refused(_)) => tell(*link, &decided, exchange),
                Some(Part::Known) => tell(*link, &Flow::Next, exchange),
                None => {}
            }
        }
        if let Some((link, _)) = &self.anonymous
            && passed
        {
            tell(*link, &Flow::Next, exchange);
        }
        decided
    }

    async fn gather(&self, request: &Request<'_>) -> Gathered {
        let mut gathered = Gathered::default();
        for (place, (_, plugin)) in self.plugins.iter().enumerate() {
            // Nobody waits for what does not matter any more.
            if self.combine == Combine::All && !gathered.refused.is_empty() {
                break;
            }
            let mut found = plugin.authenticate(request);
            while let Found::Waits(later) = found {
                found = later.await;
            }
            match found {
                Found::Known(identity) => {
                    gathered.known.push((place, identity));
                    if self.combine == Combine::Any {
                        break;
                    }
                }
                Found::Refused(refusal) => gathered.refused.push((place, refusal)),
                Found::Absent | Found::Waits(_) => gathered.absent.push(place),
            }
        }
        gathered
    }

    fn decide(&self, gathered: &Gathered, exchange: &mut Exchange) -> Flow {
        let Gathered {
            known,
            refused,
            absent,
        } = gathered;
        let enough = match self.combine {
            Combine::All => refused.is_empty() && absent.is_empty(),
            Combine::Any => !known.is_empty(),
        };
        if enough {
            return self.admit(known, exchange);
        }
        if let Some((_, anonymous)) = &self.anonymous
            && known.is_empty()
            && refused.is_empty()
        {
            exchange.attempt = Some(Attempt::new("anonymous", "success"));
            anonymous.write(exchange);
            return Flow::Next;
        }
        self.refuse(refused, absent, exchange)
    }

    fn admit(&self, known: &[(usize, Identity)], exchange: &mut Exchange) -> Flow {
        for (place, identity) in known {
            let name = self.plugins[*place].1.name();
            if let (Some(one), Some(other)) = (&exchange.consumer, &identity.consumer)
                && one.name() != other.name()
            {
                exchange.attempt = Some(Attempt::new(name, "invalid"));
                let places: Vec<_> = known.iter().map(|(place, _)| *place).collect();
                self.challenge_for(&places, exchange);
                let detail = "the credentials belong to different consumers";
                return Rejection::new(Reason::CredentialInvalid, detail).into();
            }
            let result = if identity.unchecked { OPEN } else { "success" };
            exchange.attempt = Some(Attempt::new(name, result));
            identity.write(exchange);
        }
        Flow::Next
    }

    /// What cannot be judged now might be right, so it comes first; then what is somebody's, but does not reach so far;
    /// then what is wrong; then what is missing.
    fn refuse(
        &self,
        refused: &[(usize, Refusal)],
        absent: &[usize],
        exchange: &mut Exchange,
    ) -> Flow {
        let decisive = refused.iter().min_by_key(|(_, refusal)| {
            let status = refusal.rejection.reason.facts().status;
            match status {
                status if status.is_server_error() => 0,
                StatusCode::FORBIDDEN => 1,
                _ => 2,
            }
        });
        let Some((place, refusal)) = decisive else {
            exchange.attempt = absent
                .first()
                .map(|place| Attempt::new(self.plugins[*place].1.name(), "missing"));
            self.challenge_for(absent, exchange);
            let rejection = Rejection::new(Reason::CredentialMissing, self.wanted(absent));
            return rejection.into();
        };
        let status = refusal.rejection.reason.facts().status;
        let outcome = match status {
            StatusCode::FORBIDDEN => "forbidden",
            status if status.is_server_error() => "unavailable",
            _ => "invalid",
        };
        exchange.attempt = Some(Attempt::new(self.plugins[*place].1.name(), outcome));
        if let Some(challenge) = refusal.challenge.clone() {
            exchange.response_edits.append(&WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = refusal.retry_after {
            exchange
                .response_edits
                .set(&http::header::RETRY_AFTER, seconds.into());
        }
        // Other ways in are worth telling only where a credential is wrong.
        if status == StatusCode::UNAUTHORIZED {
            self.challenge_for(absent, exchange);
        }
        refusal.rejection.clone().into()
    }

    /// Tells the challenges, those that are alike once: two plugins may take the same token.
    fn challenge_for(&self, places: &[usize], exchange: &mut Exchange) {
        let mut told = SmallVec::<[HeaderValue; 2]>::new();
        let challenges = places.iter().map(|at| self.plugins[*at].1.challenge());
        for challenge in challenges.flatten() {
            if !told.contains(&challenge) {
                told.push(challenge.clone());
                exchange.response_edits.append(&WWW_AUTHENTICATE, challenge);
            }
        }
    }

    fn wanted(&self, absent: &[usize]) -> std::borrow::Cow<'static, str> {
        match absent {
            [one] => self.plugins[*one].1.wanted().into(),
            _ => {
                let all = absent.iter().map(|at| self.plugins[*at].1.wanted());
                let all: indexmap::IndexSet<_> = all.collect();
                let all: Vec<_> = all.into_iter().collect();
                let between = match self.combine {
                    Combine::All => "; and ",
                    Combine::Any => "; or ",
                };
                all.join(between).into()
            }
        }
    }
}

impl Identity {
    fn write(&self, exchange: &mut Exchange) {
        if let Some(consumer) = &self.consumer {
            if let Some(header) = &self.consumer_header {
                exchange
                    .request_edits
                    .set(header, consumer.header().clone());
            }
            exchange.consumer = Some(consumer.clone());
        }
        if let Some(fields) = &self.fields {
            exchange.request_edits.set_all(fields);
        }
        if self.private {
            let private = HeaderValue::from_static("private");
            exchange.response_edits.append(&CACHE_CONTROL, private);
        }
        if exchange.credential.is_none() {
            exchange.credential = self.credential;
        }
        if exchange.claims.is_none() {
            exchange.claims.clone_from(&self.claims);
        }
    }
}

#[cfg(test)]
mod tests;
