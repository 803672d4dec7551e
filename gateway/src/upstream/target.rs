//! One place that a service can send a request to.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use http::HeaderValue;
use parking_lot::Mutex;

use super::Endpoint;
use crate::domain::tls::{ClientTls, ServerName};

/// An endpoint with its weight, its addresses and what is under way to it.
#[derive(Debug)]
pub struct Target {
    endpoint: Endpoint,
    host_header: HeaderValue,
    weight: NonZeroU32,
    in_flight: AtomicUsize,
    addresses: ArcSwap<Vec<SocketAddr>>,
    turn: AtomicUsize,
    secure: Option<Secure>,
}

/// What TLS to a target takes.
#[derive(Debug)]
pub struct Secure {
    /// Whom to trust, and what to show.
    pub tls: Arc<ClientTls>,
    /// The name that its certificate has to have.
    pub name: ServerName,
    told: Mutex<Option<Instant>>,
}

/// Between two lines in the log about one target.
const TELL_EVERY: Duration = Duration::from_secs(10);

impl Secure {
    /// TLS with the certificate of `name`.
    pub fn new(tls: Arc<ClientTls>, name: ServerName) -> Self {
        let told = Mutex::default();
        Self { tls, name, told }
    }

    /// Whether it is time for a line in the log about a failure: the first, and then now and again.
    pub fn may_tell(&self, now: Instant) -> bool {
        let mut told = self.told.lock();
        let due = told.is_none_or(|last| now.saturating_duration_since(last) >= TELL_EVERY);
        if due {
            *told = Some(now);
        }
        due
    }
}

impl Target {
    /// A target whose name is still to be resolved. It gets requests in proportion to `weight`. `secure` is for a target
    /// that is spoken to by TLS: one of `https` that has none gets no requests.
    pub fn new(endpoint: Endpoint, weight: NonZeroU32, secure: Option<Secure>) -> Self {
        let host_header = HeaderValue::from_str(endpoint.authority())
            .expect("an authority is made of printable characters");
        let (in_flight, addresses, turn) = Default::default();
        Self {
            endpoint,
            host_header,
            weight,
            in_flight,
            addresses,
            turn,
            secure,
        }
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// How TLS is spoken to it, if at all.
    pub fn secure(&self) -> Option<&Secure> {
        self.secure.as_ref()
    }

    /// What a `Host` field for it says, ready to be sent.
    pub fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }

    /// The same as text, see [`Endpoint::authority`].
    pub fn authority(&self) -> &str {
        self.endpoint.authority()
    }

    /// Its share among the targets of its service.
    pub fn weight(&self) -> NonZeroU32 {
        self.weight
    }

    /// Requests that were sent to it and have not ended.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Whether requests may be sent to it now. Today that asks for an address; what health checks, ejection and
    /// circuit breakers know about a target is to be asked here as well.
    pub fn is_available(&self) -> bool {
        !self.addresses.load().is_empty()
    }

    /// One of its addresses, in turn.
    pub fn address(&self) -> Option<SocketAddr> {
        let addresses = self.addresses.load();
        match &***addresses {
            [] => None,
            [only] => Some(*only),
            several => Some(several[self.turn.fetch_add(1, Ordering::Relaxed) % several.len()]),
        }
    }

    /// All that its name stands for.
    pub fn addresses(&self) -> Arc<Vec<SocketAddr>> {
        self.addresses.load_full()
    }

    /// Replaces its addresses.
    pub fn set_addresses(&self, addresses: Vec<SocketAddr>) {
        self.addresses.store(Arc::new(addresses));
    }

    pub(super) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
