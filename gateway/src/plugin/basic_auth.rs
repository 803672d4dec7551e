//! `basic-auth`: a user name and a password (RFC 7617) to a consumer.
//!
//! Passwords are checked by slow hashes, on threads that may block, a few at a time; a right one is remembered for five
//! minutes under a key of the process, and forgotten when its hash changes. For a name that nobody has a check is made all
//! the same. What cannot be read (no base64, no UTF-8, no colon, control characters) is refused like a wrong password,
//! with 401 and a challenge; two `Authorization` fields are refused with 400, since another reader might take the other.

use super::authenticate::{Authenticate, Found, Identity, Refusal};
use super::chain::Phases;
use super::exchange::Exchange;
use super::registry::{self, Compile, Plugin};
use super::settings::{ConsumerHeader, Realm};
use super::{Rejection, Request};
use crate::identity::passwords::{Checked, Checks, Passwords, Proof, User, has_control};
use crate::reason::Reason;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use futures::FutureExt;
use http::HeaderValue;
use http::header::{AUTHORIZATION, HeaderName};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// User names and passwords.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The protection space that the challenge names (RFC 9110 §11.5).
    #[serde(default)]
    realm: Realm,
    /// The header that tells the upstream who calls.
    #[serde(default)]
    consumer_header: ConsumerHeader,
    /// Whether the upstream gets a right password too.
    #[serde(default)]
    forward: bool,
}

const SCHEME: &str = "Basic";
/// Seconds until a password that could not be checked may be sent again.
const RETRY_AFTER: u32 = 1;
/// Clients differ in whether they pad, and it changes nothing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The compiled form.
pub struct BasicAuth {
    consumer_header: HeaderName,
    challenge: HeaderValue,
    forward: bool,
    scheme: Arc<str>,
    passwords: Arc<Passwords>,
    checks: Arc<Checks>,
}

impl Plugin for BasicAuth {
    const NAME: &'static str = "basic-auth";
    const SUMMARY: &'static str = "A user name and a password to a consumer.";
    const EXAMPLE: &'static str = r#"{name: basic-auth, config: {realm: ledger}}"#;
    const AUTHENTICATES: bool = true;
    type Config = Config;

    fn identity_headers(config: &Value) -> Vec<HeaderName> {
        registry::consumer_header(config)
    }

    fn compile(
        config: Config,
        compile: &mut Compile<'_, '_>,
        phases: &mut Phases,
    ) -> Option<String> {
        let consumer_header = config.consumer_header.compile(compile)?;
        if consumer_header == AUTHORIZATION {
            let at = compile.at.key("consumerHeader");
            compile
                .report
                .error(
                    at,
                    "same-header",
                    "Authorization carries the password already",
                )
                .help("name another header: clients can't send the one that tells who calls");
            return None;
        }
        let rest = ", charset=\"UTF-8\"";
        let challenge = config.realm.challenge(SCHEME, rest, compile)?;
        phases.authenticate(Arc::new(Self {
            consumer_header,
            challenge,
            forward: config.forward,
            scheme: SCHEME.into(),
            passwords: compile.consumers.passwords.clone(),
            checks: compile.identities.checks().clone(),
        }));
        Some(format!(
            "wants a user name and a password, and tells the upstream whose they are in {}",
            config.consumer_header.as_str()
        ))
    }
}

/// What was found where a password is looked for.
enum Presented {
    Nothing,
    Pair(String, String),
    Unreadable,
    Several,
}

impl BasicAuth {
    fn presented(request: &Request<'_>) -> Presented {
        let mut fields = request.headers.get_all(AUTHORIZATION).iter();
        match (fields.next(), fields.next()) {
            (None, _) => Presented::Nothing,
            (Some(field), None) => match credentials(field.as_bytes()) {
                None => Presented::Nothing,
                Some(text) => pair(text).map_or(Presented::Unreadable, |(name, password)| {
                    Presented::Pair(name, password)
                }),
            },
            _ => Presented::Several,
        }
    }

    fn known(&self, user: &User) -> Found {
        Found::Known(Identity {
            consumer: Some(user.consumer.clone()),
            credential: Some(user.credential),
            consumer_header: Some(self.consumer_header.clone()),
            ..Identity::default()
        })
    }

    /// Told alike, whether there is such a user or not.
    fn refuse(challenge: HeaderValue, detail: &'static str) -> Found {
        let rejection = Rejection::new(Reason::CredentialInvalid, detail);
        Refusal::new(rejection, Some(challenge)).into()
    }

    fn check(&self, username: &str, password: String, request: &Request<'_>) -> Found {
        let user = self.passwords.find(username);
        let proof = user.map(|user| Proof::new(username, &password, &user.stored));
        if let (Some(user), Some(proof)) = (user, &proof)
            && self.checks.remembers(proof, request.now)
        {
            return self.known(user);
        }
        let stored = match user {
            Some(user) => user.stored.clone(),
            None => self.passwords.stand_in(username),
        };
        let known = user.map(|user| self.known(user));
        let challenge = self.challenge.clone();
        let check = self
            .checks
            .clone()
            .check(stored, password, proof, request.now);
        let found = async move {
            match (check.await, known) {
                (Checked::Right, Some(known)) => known,
                (Checked::Busy, _) => busy(),
                _ => Self::refuse(challenge, "the user name or the password is not valid"),
            }
        };
        Found::Waits(found.boxed())
    }
}

impl Authenticate for BasicAuth {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn authenticate(&self, request: &Request<'_>) -> Found {
        match Self::presented(request) {
            Presented::Nothing => Found::Absent,
            Presented::Pair(username, password) => self.check(&username, password, request),
            Presented::Unreadable => Self::refuse(
                self.challenge.clone(),
                "the user name and the password can't be read",
            ),
            Presented::Several => {
                let detail = "more than one Authorization field was sent";
                Refusal::new(Rejection::new(Reason::MalformedCredential, detail), None).into()
            }
        }
    }

    fn conceal(&self, believed: bool, _: &Request<'_>, exchange: &mut Exchange) {
        if !(believed && self.forward) {
            exchange
                .request_edits
                .remove_scheme(AUTHORIZATION, self.scheme.clone());
        }
    }

    fn challenge(&self) -> Option<HeaderValue> {
        Some(self.challenge.clone())
    }

    fn wanted(&self) -> &'static str {
        "a user name and a password are needed"
    }
}

fn busy() -> Found {
    let detail = "too many passwords are waiting to be checked; try again";
    let rejection = Rejection::new(Reason::AuthenticationBusy, detail);
    let mut refusal = Refusal::new(rejection, None);
    refusal.retry_after = Some(RETRY_AFTER);
    refusal.into()
}

/// What stands behind the scheme; `None` under another one (RFC 9110 §11.4).
fn credentials(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(SCHEME.len())?;
    let ours = scheme.eq_ignore_ascii_case(SCHEME.as_bytes());
    (ours && rest.first().is_none_or(|byte| *byte == b' ')).then(|| rest.trim_ascii())
}

/// User name and password (RFC 7617 §2): the name ends at the first colon, and neither has control characters.
fn pair(text: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64.decode(text).ok()?).ok()?;
    if has_control(&text) {
        return None;
    }
    let (username, password) = text.split_once(':')?;
    Some((username.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests;
