//! One request and its answer, within a time and a length, or why there is none.

use std::error::Error as StdError;
use std::io;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request as Sent, Url};

use super::outcome::{Failure, Reason};
use super::{left, tokens};
use crate::checks::secrets::{Secrets, Text, encoded};
use crate::checks::suite::{Body, Credential, KeyPlace, Request};

/// A request with everything resolved, to be sent as often as is wanted.
pub(super) struct Ready {
    client: Client,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
}

/// An answer and how long it took.
pub(super) struct Exchanged {
    pub answer: Received,
    pub took: Duration,
}

/// An answer.
pub(super) struct Received {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Ready {
    pub(super) fn new(
        client: Client,
        base: &Url,
        request: &Request,
        shown: Option<&Credential>,
        secrets: &mut Secrets,
    ) -> Result<Self, Failure> {
        let wrong = |message: String| Failure::new(Reason::Credential, message);
        let mut resolve = |text: &Text| {
            let resolved = secrets.resolve(text);
            resolved.map_err(|error| wrong(error.to_string()))
        };
        let mut headers = HeaderMap::new();
        let mut target = request.path.clone();
        let mut hidden = Vec::new();
        if let Some(key) = shown.and_then(|shown| shown.key.as_ref()) {
            let value = resolve(&key.value)?;
            match &key.place {
                KeyPlace::Header(name) => add(&mut headers, name, &value)?,
                KeyPlace::Query(name) => {
                    let sign = if target.contains('?') { '&' } else { '?' };
                    target.push_str(&format!("{sign}{}={}", encoded(name), encoded(&value)));
                }
            }
        }
        if let Some(token) = shown.and_then(|shown| shown.token.as_ref()) {
            let must = &token.must;
            let mut token = resolve(&token.value)?;
            if let Some(must) = must {
                tokens::check(&token, must, jiff::Timestamp::now())
                    .map_err(|error| wrong(error.to_string()))?;
            }
            if let Some(tamper) = request.tamper {
                token =
                    tokens::tampered(&token, tamper).map_err(|error| wrong(error.to_string()))?;
                hidden.push(token.clone());
            }
            add(
                &mut headers,
                AUTHORIZATION.as_str(),
                &format!("Bearer {token}"),
            )?;
        }
        if let Some(basic) = shown.and_then(|shown| shown.basic.as_ref()) {
            let both = format!(
                "{}:{}",
                resolve(&basic.username)?,
                resolve(&basic.password)?
            );
            let value = format!("Basic {}", STANDARD.encode(&both));
            hidden.push(both);
            add(&mut headers, AUTHORIZATION.as_str(), &value)?;
        }
        for (name, value) in &request.headers {
            add(&mut headers, name, &resolve(value)?)?;
        }
        let body = match &request.body {
            None => None,
            Some(Body::Text(text)) => Some(Bytes::from(resolve(text)?)),
            Some(Body::Size(size)) => {
                let size = usize::try_from(*size)
                    .map_err(|_| wrong("the body is too large for this machine".to_owned()))?;
                Some(Bytes::from(vec![b' '; size]))
            }
        };
        if body.is_some() && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        hidden.iter().for_each(|value| secrets.hide(value));
        let url = base.join(&target);
        Ok(Self {
            client,
            method: Method::from_bytes(request.method.as_bytes())
                .map_err(|error| wrong(error.to_string()))?,
            url: url.map_err(|error| wrong(format!("the path makes no URL: {error}")))?,
            headers,
            body,
        })
    }

    /// Sends it once.
    pub(super) async fn send(&self, deadline: Instant, longest: u64) -> Result<Exchanged, Failure> {
        let begun = Instant::now();
        let exchange = self.exchange(longest);
        let answer = tokio::time::timeout(left(deadline), exchange).await;
        let over = |_| Failure::new(Reason::Timeout, "there was no complete answer in time");
        Ok(Exchanged {
            answer: answer.map_err(over)??,
            took: begun.elapsed(),
        })
    }

    async fn exchange(&self, longest: u64) -> Result<Received, Failure> {
        let mut request = Sent::new(self.method.clone(), self.url.clone());
        *request.headers_mut() = self.headers.clone();
        *request.body_mut() = self.body.clone().map(Into::into);
        let sent = self.client.execute(request).await;
        let mut response = sent.map_err(|error| failure(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > longest {
                let message = format!("the body is longer than {longest} bytes (`maxBody`)");
                return Err(Failure::new(Reason::Body, message));
            }
        }
        Ok(Received {
            status,
            headers,
            body: body.into(),
        })
    }
}

/// Adds a header whose value is kept out of debugging output.
fn add(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), Failure> {
    let wrong = || {
        let message = format!("what stands for the header {name} can't be sent in one");
        Failure::new(Reason::Credential, message)
    };
    let known = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
    value.set_sensitive(true);
    headers.append(known, value);
    Ok(())
}

/// Why there is no answer. The error's own text has the URL in it, and so perhaps a key: its causes have not.
fn failure(error: &reqwest::Error) -> Failure {
    let causes: Vec<&(dyn StdError + 'static)> =
        std::iter::successors(error.source(), |cause| inner(*cause)).collect();
    let told = causes.last().map_or_else(
        || "the request could not be sent".to_owned(),
        |cause| cause.to_string(),
    );
    let tls = causes
        .iter()
        .find_map(|cause| cause.downcast_ref::<rustls::Error>());
    let hyper = causes
        .iter()
        .find_map(|cause| cause.downcast_ref::<hyper::Error>());
    let broken = causes
        .iter()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| {
            error.kind() == io::ErrorKind::InvalidData
                || error.kind() == io::ErrorKind::InvalidInput
        });
    if let Some(tls) = tls {
        let message = match tls {
            rustls::Error::AlertReceived(alert) => format!("{ALERT} {alert:?}"),
            other => format!("the TLS handshake failed: {other}"),
        };
        return Failure::new(Reason::Tls, message);
    }
    if error.is_connect() {
        return Failure::new(Reason::Connect, format!("no connection: {told}"));
    }
    if hyper.is_some_and(hyper::Error::is_parse) || broken {
        return Failure::new(Reason::Garbage, format!("what came is not HTTP: {told}"));
    }
    Failure::new(Reason::Closed, format!("the connection ended: {told}"))
}

/// What an error is caused by; an `io::Error` hides what it wraps.
fn inner<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match wrapped {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// How the message begins where the server refused a handshake.
pub(super) const ALERT: &str = "the gateway ended the TLS connection with the alert";
