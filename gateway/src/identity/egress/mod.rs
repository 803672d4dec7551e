//! What the gateway itself asks of others: key sets, metadata and introspection, over one HTTP client for each trust.
//!
//! Every answer is bounded in size and time. Redirects are followed by hand, three at most, and each hop obeys the rules
//! of the first address: `https` unless allowed or on loopback, never from `https` to `http`, never from elsewhere to
//! loopback. A form is never redirected: it carries credentials. Neither cookies nor the environment's proxies are used:
//! what the gateway asks, and by which way, is in its documents and on its command line.

mod address;
mod freshness;
mod trust;

pub use address::Address;
pub use freshness::lifetime;
pub use trust::Trust;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, HOST, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use parking_lot::Mutex;
use reqwest::{Client, RequestBuilder, redirect};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Redirects that are followed.
const HOPS: usize = 3;
/// Connections to one host that stay open for the next request.
const IDLE: usize = 32;
/// How long they stay open.
const IDLE_TIME: Duration = Duration::from_secs(60);
/// Clients that are kept. Certificates that are renewed leave theirs behind; at the bound all are made anew.
const CLIENTS: usize = 64;
const USER_AGENT: &str = concat!("gatecheck-gateway/", env!("CARGO_PKG_VERSION"));

/// How much of an answer is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// Bytes of the body.
    pub bytes: usize,
    /// From the first look-up to the last byte, redirects included.
    pub time: Duration,
}

impl Bounds {
    /// For key sets and metadata: 512 KiB.
    #[must_use]
    pub const fn of_keys(time: Duration) -> Self {
        let bytes = 512 * 1024;
        Self { bytes, time }
    }

    /// For introspection: 64 KiB.
    #[must_use]
    pub const fn of_introspection(time: Duration) -> Self {
        let bytes = 64 * 1024;
        Self { bytes, time }
    }
}

/// What was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The body.
    pub body: Bytes,
    /// How long it may be used, as the answer says (RFC 9111 §4.2); `None` where it does not.
    pub fresh: Option<Duration>,
}

/// What was answered, whatever the status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// Not within the time.
    #[error("no complete answer within {0:?}")]
    Timeout(Duration),
    /// No connection, or one that broke; also when TLS does not come about.
    #[error("{0}")]
    Connection(String),
    /// A status other than 200.
    #[error("answered with {0}")]
    Status(StatusCode),
    /// A redirect that is not followed.
    #[error("redirected, and {0}")]
    Redirect(String),
    /// A body beyond the bound.
    #[error("the answer has more than {0} bytes")]
    Large(usize),
}

/// The clients, one for each trust.
#[derive(Debug, Default)]
pub struct Egress {
    /// `host:port` in lower case, to be looked for elsewhere.
    resolve: HashMap<String, SocketAddr>,
    clients: Mutex<HashMap<Reach, Client>>,
}

/// What one client is for: a trust, and a host that is looked for elsewhere.
type Reach = (Option<u64>, Option<(String, SocketAddr)>);

impl Egress {
    /// Clients that take `host:port` for another address, as curl's `--resolve` does. Hosts that are addresses already
    /// are left as they are.
    #[must_use]
    pub fn new(resolve: impl IntoIterator<Item = (String, SocketAddr)>) -> Self {
        let lower = |(name, address): (String, SocketAddr)| (name.to_ascii_lowercase(), address);
        Self {
            resolve: resolve.into_iter().map(lower).collect(),
            clients: Mutex::default(),
        }
    }

    /// Whether it is made for these names, so that no other is needed.
    #[must_use]
    pub fn resolves(&self, resolve: &[(String, SocketAddr)]) -> bool {
        self.resolve == Self::new(resolve.iter().cloned()).resolve
    }

    /// Gets a document; whatever isn't 200 after redirects is an error.
    ///
    /// # Errors
    /// When there is no such answer within the bounds.
    pub async fn fetch(
        &self,
        from: &Address,
        trust: &Trust,
        bounds: Bounds,
    ) -> Result<Fetched, EgressError> {
        let fetching = async {
            let mut at = from.clone();
            for _ in 0..=HOPS {
                let request = self.request(http::Method::GET, &at, trust).await?;
                let accept = HeaderValue::from_static("application/jwk-set+json, application/json");
                let answer = read(request.header(ACCEPT, accept), bounds.bytes).await?;
                match answer.status {
                    StatusCode::OK => {
                        let fresh = lifetime(&answer.headers, SystemTime::now());
                        let body = answer.body;
                        return Ok(Fetched { body, fresh });
                    }
                    status if is_redirect(status) => at = at.hop(answer.headers.get(LOCATION))?,
                    status => return Err(EgressError::Status(status)),
                }
            }
            let what = format!("more than {HOPS} redirects are not followed");
            Err(EgressError::Redirect(what))
        };
        within(bounds.time, fetching).await
    }

    /// Posts a form and gives the answer, whatever its status. Redirects are not followed.
    ///
    /// # Errors
    /// When there is no answer within the bounds.
    pub async fn post_form(
        &self,
        to: &Address,
        trust: &Trust,
        headers: HeaderMap,
        form: &[(&str, &str)],
        bounds: Bounds,
    ) -> Result<Answer, EgressError> {
        let posting = async {
            let request = self.request(http::Method::POST, to, trust).await?;
            let accept = HeaderValue::from_static("application/json");
            let request = request.header(ACCEPT, accept).headers(headers).form(form);
            read(request, bounds.bytes).await
        };
        within(bounds.time, posting).await
    }

    async fn request(
        &self,
        method: http::Method,
        to: &Address,
        trust: &Trust,
    ) -> Result<RequestBuilder, EgressError> {
        let place = self.resolve.get(&to.place()).copied();
        let elsewhere = place.filter(|_| !to.is_address());
        let elsewhere = elsewhere.map(|address| (to.host().to_owned(), address));
        let client = self.client(trust, elsewhere.clone()).await?;
        Ok(match elsewhere {
            None => client.request(method, to.url().clone()),
            // The client resolves hosts, not ports: the port goes into the URL, and `Host` says what was meant.
            Some((_, address)) => client
                .request(method, to.at_port(address.port()))
                .header(HOST, to.authority()),
        })
    }

    async fn client(
        &self,
        trust: &Trust,
        elsewhere: Option<(String, SocketAddr)>,
    ) -> Result<Client, EgressError> {
        let reach = (trust.digest(), elsewhere.clone());
        if let Some(client) = self.clients.lock().get(&reach) {
            return Ok(client.clone());
        }
        let trust = trust.clone();
        // The system's certificates are read from disk.
        let made = tokio::task::spawn_blocking(move || make(&trust, elsewhere)).await;
        let failed = |error: String| EgressError::Connection(error);
        let client = made.map_err(|e| failed(e.to_string()))?.map_err(failed)?;
        let mut clients = self.clients.lock();
        if clients.len() >= CLIENTS {
            clients.clear();
        }
        Ok(clients.entry(reach).or_insert(client).clone())
    }
}

fn make(trust: &Trust, elsewhere: Option<(String, SocketAddr)>) -> Result<Client, String> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(trust.config()?)
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .pool_max_idle_per_host(IDLE)
        .pool_idle_timeout(IDLE_TIME);
    if let Some((host, address)) = elsewhere {
        builder = builder.resolve_to_addrs(&host, &[address]);
    }
    builder.build().map_err(|error| told(&error))
}

async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, EgressError>>,
) -> Result<T, EgressError> {
    let done = tokio::time::timeout(time, work).await;
    done.unwrap_or(Err(EgressError::Timeout(time)))
}

async fn read(request: RequestBuilder, most: usize) -> Result<Answer, EgressError> {
    let broken = |error: reqwest::Error| EgressError::Connection(told(&error.without_url()));
    let mut response = request.send().await.map_err(broken)?;
    if response
        .content_length()
        .is_some_and(|length| length > most as u64)
    {
        return Err(EgressError::Large(most));
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > most {
            return Err(EgressError::Large(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body: body.freeze(),
    })
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// An error with its causes: the outermost alone says little.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

/// Something that gets documents: the network, or a test's script.
#[async_trait::async_trait]
pub trait Fetch: Send + Sync {
    /// Gets a document.
    async fn fetch(&self, from: &Address) -> Result<Fetched, EgressError>;
}

/// Gets documents over the clients in force at the time.
pub struct Network {
    /// The clients, which a reload may exchange.
    pub egress: Arc<arc_swap::ArcSwap<Egress>>,
    /// Whom to trust.
    pub trust: Trust,
    /// How much is awaited of each document.
    pub bounds: Bounds,
}

#[async_trait::async_trait]
impl Fetch for Network {
    async fn fetch(&self, from: &Address) -> Result<Fetched, EgressError> {
        let egress = self.egress.load_full();
        egress.fetch(from, &self.trust, self.bounds).await
    }
}

#[cfg(test)]
mod tests;
