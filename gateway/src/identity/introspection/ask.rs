//! The question: an authenticated form (RFC 7662 §2.1).

use super::Settings;
use crate::identity::egress::{Address, Answer, Bounds, Egress, EgressError, Trust};
use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt;
use std::sync::Arc;

/// As whom the gateway asks.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Client {
    /// Its name at the server.
    pub id: Box<str>,
    /// How it shows that it is the one.
    pub proof: Proof,
}

/// How a client shows who it is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Proof {
    /// By `Authorization: Basic` (RFC 6749 §2.3.1).
    Basic(Box<str>),
    /// By `client_secret` in the form.
    Post(Box<str>),
    /// By its certificate (RFC 8705 §2).
    Tls,
}

/// The secret is nobody's to read.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.proof {
            Proof::Basic(_) => "basic",
            Proof::Post(_) => "post",
            Proof::Tls => "tls",
        };
        write!(f, "Client({:?}, {by})", self.id)
    }
}

/// Somebody who can be asked about tokens: the server, or a test's script.
#[async_trait::async_trait]
pub trait Ask: Send + Sync {
    /// Asks about a token.
    async fn ask(&self, token: &str) -> Result<Answer, EgressError>;
}

/// The server, over the HTTP clients in force at the time.
pub struct Endpoint {
    egress: Arc<ArcSwap<Egress>>,
    address: Address,
    trust: Trust,
    bounds: Bounds,
    headers: HeaderMap,
    /// What the form has besides the token.
    fields: Vec<(&'static str, Box<str>)>,
}

impl Endpoint {
    /// The endpoint that the settings mean.
    #[must_use]
    pub fn new(settings: &Settings, egress: Arc<ArcSwap<Egress>>) -> Self {
        let Client { id, proof } = &settings.client;
        let hint = settings.hint.clone().map(|hint| ("token_type_hint", hint));
        let mut fields: Vec<_> = hint.into_iter().collect();
        let mut headers = HeaderMap::new();
        match proof {
            Proof::Basic(secret) => {
                headers.insert(AUTHORIZATION, basic(id, secret));
            }
            Proof::Post(secret) => {
                fields.extend([("client_id", id.clone()), ("client_secret", secret.clone())]);
            }
            Proof::Tls => fields.push(("client_id", id.clone())),
        }
        Self {
            egress,
            address: settings.endpoint.clone(),
            trust: settings.trust.clone(),
            bounds: Bounds::of_introspection(settings.timeout),
            headers,
            fields,
        }
    }
}

#[async_trait::async_trait]
impl Ask for Endpoint {
    async fn ask(&self, token: &str) -> Result<Answer, EgressError> {
        let fields = self.fields.iter().map(|(name, value)| (*name, &**value));
        let form: Vec<_> = std::iter::once(("token", token)).chain(fields).collect();
        let egress = self.egress.load_full();
        let (trust, headers) = (&self.trust, self.headers.clone());
        egress
            .post_form(&self.address, trust, headers, &form, self.bounds)
            .await
    }
}

/// What a form leaves as it is (application/x-www-form-urlencoded), the space excepted, which becomes `+`.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// Name and secret are encoded as in a form before they are joined (RFC 6749 §2.3.1): either may hold a colon.
fn basic(id: &str, secret: &str) -> HeaderValue {
    let encode = |text| {
        utf8_percent_encode(text, FORM)
            .to_string()
            .replace("%20", "+")
    };
    let pair = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
    let value = HeaderValue::try_from(format!("Basic {pair}"));
    let mut value = value.expect("Base64 is visible ASCII");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn basic_encodes_as_a_form_does() {
        let value = basic("a b:c", "p+q%ü*-._~");
        let encoded = value.to_str().unwrap().strip_prefix("Basic ").unwrap();
        let decoded = String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap();
        assert_eq!(decoded, "a+b%3Ac:p%2Bq%25%C3%BC*-._%7E");
        assert!(value.is_sensitive());
    }

    #[test]
    fn debug_shows_no_secret() {
        let proof = Proof::Post("hunter2".into());
        let id = "gateway".into();
        let shown = format!("{:?}", Client { id, proof });
        assert_eq!(shown, r#"Client("gateway", post)"#);
    }
}
