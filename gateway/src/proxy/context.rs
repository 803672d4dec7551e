//! What is known of one request from its head to its log line.

use super::State;
use crate::plugin::Rejection;
use crate::plugin::exchange::Exchange;
use crate::reason::Reason;
use crate::snapshot::{Backend, Listener, Route, Snapshot};
use crate::upstream::{Active, Pick, RetryPermit, Tried};
use pingora::protocols::tls::SslDigest;
use pingora::{BError, Error, ErrorType};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// State of one request.
#[derive(Debug)]
pub struct Context {
    pub(super) state: Arc<State>,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) listener: Arc<Listener>,
    pub(super) started: Instant,
    pub(super) time: SystemTime,
    pub(super) exchange: Exchange,
    pub(super) matched: Option<Matched>,
    /// The peer and, where it is trusted, whom it speaks for.
    pub(super) peer: IpAddr,
    pub(super) client: IpAddr,
    pub(super) trusted: bool,
    /// Whether the request came over TLS.
    pub(super) secure: bool,
    /// What is known of TLS.
    pub(super) ssl: Option<Arc<SslDigest>>,
    pub(super) request_bytes: u64,
    pub(super) response_bytes: u64,
    /// Why the gateway answered itself.
    pub(super) reason: Option<Reason>,
    /// What is to be answered, once Pingora has come to `fail_to_proxy`.
    pub(super) rejection: Option<Rejection>,
    pub(super) attempt: Attempt,
    _in_flight: InFlight,
}

/// The route that was found.
#[derive(Debug)]
pub struct Matched {
    pub(super) route: Arc<Route>,
    /// The path after normalisation, where that changed it.
    pub(super) normal: Option<Box<str>>,
    /// The path as it goes upstream, where it is not the normalised one.
    pub(super) rewritten: Option<String>,
}

/// The tries at the upstream.
#[derive(Debug, Default)]
pub struct Attempt {
    /// How many were made.
    pub(super) tries: u32,
    /// How many of them count as retries.
    pub(super) retries: u32,
    pub(super) tried: Tried,
    pub(super) pick: Option<Pick>,
    pub(super) active: Option<Active>,
    /// Leave for the retry under way.
    pub(super) permit: Option<RetryPermit>,
    /// How long to wait before the next try.
    pub(super) wait: Option<Duration>,
    /// A retry was decided by the response's status; the error that follows only carries it out.
    pub(super) decided: bool,
    /// The next try goes to the same target: its pooled connection was stale, or it has another address.
    pub(super) same_target: bool,
    /// When the last try began.
    pub(super) began: Option<Instant>,
    /// When all of it has to be over; none for streams.
    pub(super) deadline: Option<Instant>,
    /// A stream: only silence ends it.
    pub(super) stream: bool,
}

impl Context {
    pub(super) fn new(state: &Arc<State>, listener: Arc<Listener>) -> Self {
        super::wire::Turn::head_arrived();
        let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self {
            snapshot: state.snapshot.load_full(),
            listener,
            started: Instant::now(),
            time: SystemTime::now(),
            exchange: Exchange::default(),
            matched: None,
            peer: unknown,
            client: unknown,
            trusted: false,
            secure: false,
            ssl: None,
            request_bytes: 0,
            response_bytes: 0,
            reason: None,
            rejection: None,
            attempt: Attempt::default(),
            _in_flight: InFlight::new(state.clone()),
            state: state.clone(),
        }
    }

    /// The route, once one is found.
    pub(super) fn route(&self) -> Option<&Route> {
        self.matched.as_ref().map(|matched| &*matched.route)
    }

    /// The service that the request goes to, once a route is found.
    pub(super) fn backend(&self) -> Option<&Backend> {
        let route = self.route()?;
        route.backends.get(self.exchange.service.unwrap_or(0))
    }

    /// Keeps a refusal for `fail_to_proxy` and makes the error that leads there.
    pub(super) fn refuse(&mut self, rejection: Rejection) -> BError {
        self.rejection = Some(rejection);
        Error::new_in(ErrorType::Custom("refused"))
    }
}

/// Counts a request as long as it lives, however it ends.
#[derive(Debug)]
struct InFlight(Arc<State>);

impl InFlight {
    fn new(state: Arc<State>) -> Self {
        state.metrics.active.inc();
        Self(state)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.metrics.active.dec();
        if self.0.metrics.active.get() == 0 {
            self.0.idle.notify_waiters();
        }
    }
}
