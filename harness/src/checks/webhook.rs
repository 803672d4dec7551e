//! Carries alerts to a webhook, signed as Standard Webhooks 1.0.0 says (<https://www.standardwebhooks.com>).
//!
//! Alerts wait in a bounded queue and go out one after the other, each tried some times with growing pauses. Checks
//! never wait for them: what finds no room is dropped, and a metric and the log say so. The address may itself be a
//! secret, so nothing shows more of it than its origin.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode, Url, redirect};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::alert::Alert;
use super::board::Board;

/// How many alerts wait at most.
const ROOM: usize = 256;
/// How the secrets of Standard Webhooks begin; base64 follows.
const SECRET_PREFIX: &str = "whsec_";

/// Where alerts go.
#[derive(Clone)]
pub struct Webhook {
    url: Url,
    secret: Option<Arc<hmac::Key>>,
    patience: Patience,
    client: Client,
}

/// How hard a delivery is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The longest that one try may take.
    pub timeout: Duration,
    /// The pauses before the second try, the third and so on; there are no more tries than pauses and one.
    pub pauses: [Duration; 3],
}

/// Why there is no webhook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The address.
    #[error("the webhook's address is not a URL of http or https")]
    Address,
    /// The secret.
    #[error("what follows {SECRET_PREFIX} in the webhook's secret is not base64")]
    Secret,
    /// The client.
    #[error("the webhook's client can't be made: {0}")]
    Client(String),
}

/// Why a delivery failed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
    what: String,
    /// Whether another try makes sense.
    again: bool,
}

/// Takes alerts for a webhook. Those that still wait are lost when it is dropped.
#[derive(Debug)]
pub struct Courier {
    queue: Sender<Alert>,
    board: Arc<Board>,
    origin: String,
    task: JoinHandle<()>,
}

impl Patience {
    /// Four tries of ten seconds within a minute.
    pub const DEFAULT: Self = Self {
        timeout: Duration::from_secs(10),
        pauses: [
            Duration::from_secs(1),
            Duration::from_secs(4),
            Duration::from_secs(10),
        ],
    };
}

impl Webhook {
    /// The webhook at this address, whose deliveries are signed where there is a secret.
    ///
    /// # Errors
    /// When address or secret are not what they should be; neither is told.
    pub fn new(url: &str, secret: Option<&str>, patience: Patience) -> Result<Self, WebhookError> {
        let url = Url::parse(url).map_err(|_| WebhookError::Address)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(WebhookError::Address);
        }
        let secret = secret.map(key).transpose()?;
        let client = Client::builder()
            .timeout(patience.timeout)
            // An alert is for this address and no other.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("gatecheck/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| WebhookError::Client(error.without_url().to_string()))?;
        Ok(Self {
            url,
            secret: secret.map(Arc::new),
            patience,
            client,
        })
    }

    /// Scheme, host and port: all that is shown of the address.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Delivers one alert, in several tries if need be.
    async fn deliver(&self, alert: &Alert) -> Result<(), Failure> {
        let body = serde_json::to_vec(alert).expect("an alert can always be written as JSON");
        let id = format!("msg_{:032x}", rand::random::<u128>());
        let mut pauses = self.patience.pauses.into_iter();
        loop {
            let failure = match self.attempt(&id, &body).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            let pause = pauses.next().filter(|_| failure.again);
            let Some(pause) = pause else {
                return Err(failure);
            };
            tracing::warn!(
                event = "alert-retry",
                check = &*alert.check,
                webhook = self.origin(),
                error = failure.what,
                "an alert was not taken and is sent again"
            );
            sleep(pause).await;
        }
    }

    async fn attempt(&self, id: &str, body: &[u8]) -> Result<(), Failure> {
        let second = Timestamp::now().as_second().to_string();
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", &second);
        if let Some(secret) = &self.secret {
            request = request.header("webhook-signature", signature(secret, id, &second, body));
        }
        // The answer's body is of no interest, however long it is.
        let sent = request.body(body.to_vec()).send().await;
        let status = sent.map_err(Failure::of)?.status();
        match status.is_success() {
            true => Ok(()),
            false => Err(Failure {
                what: format!("the webhook answered {status}"),
                again: status.is_server_error()
                    || matches!(
                        status,
                        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
                    ),
            }),
        }
    }
}

impl Courier {
    /// Begins to carry.
    pub fn start(webhook: Webhook, board: Arc<Board>) -> Self {
        let (queue, waiting) = mpsc::channel(ROOM);
        let origin = webhook.origin();
        let task = tokio::spawn(carry(webhook, waiting, board.clone()));
        Self {
            queue,
            board,
            origin,
            task,
        }
    }

    /// Takes an alert without waiting.
    pub fn take(&self, alert: Alert) {
        let check = alert.check.clone();
        if self.queue.try_send(alert).is_err() {
            self.board.delivered("dropped");
            tracing::error!(
                event = "alert-dropped",
                check = &*check,
                webhook = self.origin,
                "an alert was dropped: too many wait already"
            );
        }
    }

    /// How many alerts wait.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("origin", &self.origin())
            .finish_non_exhaustive()
    }
}

async fn carry(webhook: Webhook, mut waiting: Receiver<Alert>, board: Arc<Board>) {
    while let Some(alert) = waiting.recv().await {
        let (check, origin) = (&*alert.check, webhook.origin());
        match webhook.deliver(&alert).await {
            Ok(()) => {
                board.delivered("sent");
                tracing::info!(
                    event = "alert-sent",
                    check,
                    webhook = origin,
                    "{}",
                    alert.summary
                );
            }
            Err(failure) => {
                board.delivered("failed");
                tracing::error!(
                    event = "alert-failed",
                    check,
                    webhook = origin,
                    error = failure.what,
                    "an alert could not be delivered: {}",
                    alert.summary
                );
            }
        }
    }
}

impl Failure {
    /// Without the address, which `reqwest` would tell.
    fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut what = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            what = format!("{what}: {cause}");
            source = cause.source();
        }
        Self { what, again: true }
    }
}

fn key(secret: &str) -> Result<hmac::Key, WebhookError> {
    let bytes = match secret.strip_prefix(SECRET_PREFIX) {
        Some(encoded) => STANDARD.decode(encoded).map_err(|_| WebhookError::Secret)?,
        None => secret.as_bytes().to_vec(),
    };
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

fn signature(key: &hmac::Key, id: &str, second: &str, body: &[u8]) -> String {
    let signed = [id.as_bytes(), b".", second.as_bytes(), b".", body].concat();
    format!("v1,{}", STANDARD.encode(hmac::sign(key, &signed)))
}

#[cfg(test)]
mod tests;
