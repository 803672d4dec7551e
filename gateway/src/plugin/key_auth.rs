//! `key-auth`: an API key in a header, or in the query where that is switched on, to a consumer.
//!
//! A key that is missing, empty, unknown, past its end or given twice is refused with 401 and a challenge (RFC 9110
//! §11.6.1). The key never reaches the upstream; the consumer's name does, in a header that a client cannot forge.

use super::authenticate::{Authenticate, Found, Identity, Refusal};
use super::chain::Phases;
use super::exchange::Exchange;
use super::registry::{self, Compile, Plugin};
use super::settings::{ConsumerHeader, Realm};
use super::{Rejection, Request};
use crate::identity::{Digest, Keys, Verdict};
use crate::reason::Reason;
use http::HeaderValue;
use http::header::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// The header that tells the upstream who calls, where nobody names another.
pub const CONSUMER_HEADER: &str = "x-consumer-name";

/// API keys.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The header that carries the key.
    #[serde(default = "header")]
    header: String,
    /// A query parameter that may carry the key; off where absent, since a query ends up in histories and logs.
    #[schemars(length(min = 1))]
    query: Option<String>,
    /// The protection space that the challenge names (RFC 9110 §11.5).
    #[serde(default)]
    realm: Realm,
    /// The header that tells the upstream who calls.
    #[serde(default)]
    consumer_header: ConsumerHeader,
}

fn header() -> String {
    "X-API-Key".to_owned()
}

/// The compiled form.
pub struct KeyAuth {
    header: HeaderName,
    query: Option<Arc<str>>,
    consumer_header: HeaderName,
    challenge: HeaderValue,
    keys: Arc<Keys>,
}

impl Plugin for KeyAuth {
    const NAME: &'static str = "key-auth";
    const SUMMARY: &'static str = "An API key in a header, or in the query, to a consumer.";
    const EXAMPLE: &'static str = r#"{name: key-auth, config: {header: X-API-Key}}"#;
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
        let header = compile.header("header", &config.header);
        let consumer_header = config.consumer_header.compile(compile);
        if let (Some(header), Some(consumer_header)) = (&header, &consumer_header)
            && header == consumer_header
        {
            let at = compile.at.key("consumerHeader");
            compile
                .report
                .error(
                    at,
                    "same-header",
                    format!("{} carries the key already", config.header),
                )
                .help("name another header: clients can't send the one that tells who calls");
            return None;
        }
        let challenge = config.realm.challenge("ApiKey", "", compile);
        let place = match &config.query {
            Some(query) => format!("{} or the query's {query}", config.header),
            None => config.header,
        };
        phases.authenticate(Arc::new(Self {
            header: header?,
            query: config.query.map(Into::into),
            consumer_header: consumer_header?,
            challenge: challenge?,
            keys: compile.consumers.keys.clone(),
        }));
        Some(format!(
            "wants a key in {place} and tells the upstream whose it is in {}",
            config.consumer_header.as_str()
        ))
    }
}

/// What was found where keys are looked for.
enum Presented<'a> {
    Nothing,
    One(Cow<'a, [u8]>),
    Several,
}

impl KeyAuth {
    fn presented<'a>(&self, request: &Request<'a>) -> Presented<'a> {
        let in_headers = request
            .headers
            .get_all(&self.header)
            .iter()
            .map(|value| Cow::Borrowed(value.as_bytes()));
        let in_query = self.query.as_deref().into_iter();
        let in_query = in_query.flat_map(|name| request.query_values(name));
        let mut all = in_headers.chain(in_query);
        match (all.next(), all.next()) {
            (None, _) => Presented::Nothing,
            (Some(key), None) => Presented::One(key),
            _ => Presented::Several,
        }
    }

    fn refuse(&self, detail: &'static str) -> Found {
        let rejection = Rejection::new(Reason::CredentialInvalid, detail);
        Refusal::new(rejection, Some(self.challenge.clone())).into()
    }
}

impl Authenticate for KeyAuth {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn authenticate(&self, request: &Request<'_>) -> Found {
        let key = match self.presented(request) {
            Presented::One(key) if !key.is_empty() => key,
            Presented::Several => return self.refuse("more than one API key was given"),
            _ => return Found::Absent,
        };
        let digest = Digest::of(&key);
        match self.keys.find(&digest, request.time) {
            Verdict::Valid(consumer) => Found::Known(Identity {
                consumer: Some(consumer.clone()),
                credential: Some(digest),
                consumer_header: Some(self.consumer_header.clone()),
                ..Identity::default()
            }),
            // Told alike, so that nobody learns from the answer that a key once existed.
            Verdict::Expired(_) | Verdict::Unknown => self.refuse("the API key is not valid"),
        }
    }

    fn conceal(&self, _: bool, _: &Request<'_>, exchange: &mut Exchange) {
        exchange.request_edits.remove(self.header.clone());
        if let Some(query) = &self.query {
            exchange.secret_query.push(query.clone());
        }
    }

    fn challenge(&self) -> Option<HeaderValue> {
        Some(self.challenge.clone())
    }

    fn wanted(&self) -> &'static str {
        "an API key is needed"
    }
}

#[cfg(test)]
mod tests;
