//! The handle of a running server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::{io, mem};

use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::behaviour::Behaviour;
use crate::gate::Gate;
use crate::journal::NotReceived;
use crate::received::Received;
use crate::server::{self, State};
use crate::stream::StreamHandle;
use crate::tls::Tls;

/// A running upstream server, which stops when it is dropped.
#[derive(Debug)]
pub struct MockUpstream {
    address: SocketAddr,
    state: Arc<State>,
    gate: Arc<Gate>,
    task: Option<JoinHandle<()>>,
}

/// What a server is before it runs.
#[derive(Debug)]
pub struct Builder {
    behaviour: Behaviour,
    name: Option<String>,
    address: SocketAddr,
    routes: Vec<(String, Behaviour)>,
    tls: Option<Tls>,
}

impl Builder {
    /// The server's name: in every echo, and in the header `X-Upstream` of every response that is not raw.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The address to listen on; by default 127.0.0.1 and port 0, which is any free port.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Requests whose target begins with this prefix get this behaviour; the longest prefix counts.
    pub fn route(mut self, prefix: impl Into<String>, behaviour: Behaviour) -> Self {
        self.routes.push((prefix.into(), behaviour));
        self
    }

    /// Speaks TLS and nothing else.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Starts the server. When this returns, connections are accepted (or refused, as the behaviour says).
    ///
    /// # Errors
    /// The address can't be bound; or `InvalidInput`, when the certificate, its key or the clients' authorities are not
    /// what they should be.
    pub async fn spawn(self) -> io::Result<MockUpstream> {
        let tls = match self.tls {
            Some(tls) => Some(TlsAcceptor::from(tls.config()?)),
            None => None,
        };
        let gate = Arc::new(Gate::bind(self.address)?);
        let state = Arc::new(State::new(self.name, self.behaviour, self.routes, tls));
        gate.set(&state.default_behaviour())?;
        let address = gate.address()?;
        let task = tokio::spawn(server::serve(gate.clone(), state.clone()));
        Ok(MockUpstream {
            address,
            state,
            gate,
            task: Some(task),
        })
    }
}

impl MockUpstream {
    /// Starts a server on 127.0.0.1 and a free port.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn spawn(behaviour: Behaviour) -> io::Result<Self> {
        Self::builder(behaviour).spawn().await
    }

    /// Starts a server on a free port of another loopback address, such as 127.0.0.2 or ::1.
    ///
    /// # Errors
    /// The address can't be bound.
    pub async fn spawn_on(ip: IpAddr, behaviour: Behaviour) -> io::Result<Self> {
        Self::builder(behaviour)
            .listen(SocketAddr::new(ip, 0))
            .spawn()
            .await
    }

    /// A server with a name, an address or routes of its own.
    pub fn builder(behaviour: Behaviour) -> Builder {
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Builder {
            behaviour,
            name: None,
            address,
            routes: Vec::new(),
            tls: None,
        }
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://`, or `https://` with TLS, and the address, without a slash at the end.
    pub fn url(&self) -> String {
        let scheme = if self.state.speaks_tls() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", self.address)
    }

    /// The name given to the builder.
    pub fn name(&self) -> Option<&str> {
        self.state.name()
    }

    /// Changes the default behaviour for requests to come. `refuse` and `blackhole` also cut what is connected, like a
    /// server that dies; any other behaviour brings it back on the same port.
    ///
    /// # Errors
    /// The socket can't be switched between listening and not listening.
    pub fn set_behaviour(&self, behaviour: Behaviour) -> io::Result<()> {
        self.state.set_default_behaviour(behaviour.clone());
        self.gate.set(&behaviour)
    }

    /// Requests to come whose target begins with this prefix get this behaviour; the longest prefix counts.
    pub fn route(&self, prefix: impl Into<String>, behaviour: Behaviour) {
        self.state.add_route(prefix.into(), behaviour);
    }

    /// Everything received, in the order in which the requests' heads were read.
    pub fn received(&self) -> Vec<Received> {
        self.state.journal.all()
    }

    /// What was received with this tag.
    pub fn received_by(&self, tag: &str) -> Vec<Received> {
        self.state.journal.tagged(tag)
    }

    /// The number of requests ever received; [`MockUpstream::received`] keeps the last 20,000 of them.
    pub fn received_total(&self) -> u64 {
        self.state.journal.total()
    }

    /// Forgets what was received.
    pub fn forget(&self) {
        self.state.journal.clear();
    }

    /// The number of connections ever accepted.
    pub fn connections(&self) -> u64 {
        self.state.accepted.load(Ordering::SeqCst)
    }

    /// The number of connections whose TLS handshake failed, on either side.
    pub fn failed_handshakes(&self) -> u64 {
        *self.state.failed_handshakes.borrow()
    }

    /// Waits until so many handshakes have failed: a client that refuses the server knows so before the server does.
    ///
    /// # Errors
    /// They are still fewer at the deadline.
    pub async fn wait_for_failed_handshakes(
        &self,
        n: u64,
        deadline: Duration,
    ) -> Result<(), NotReceived> {
        let mut failed = self.state.failed_handshakes.subscribe();
        let waited = tokio::time::timeout(deadline, failed.wait_for(|failed| *failed >= n)).await;
        match waited {
            Ok(Ok(_)) => Ok(()),
            _ => Err(self
                .state
                .journal
                .in_vain(&format!("{n} failed handshakes"), deadline)),
        }
    }

    /// The number of connections that are open now.
    pub fn open_connections(&self) -> u64 {
        *self.state.open.borrow()
    }

    /// Waits until no more than `n` connections are open.
    ///
    /// # Errors
    /// They are still more at the deadline.
    pub async fn wait_for_open_connections(
        &self,
        n: u64,
        deadline: Duration,
    ) -> Result<(), NotReceived> {
        let mut open = self.state.open.subscribe();
        let waited = tokio::time::timeout(deadline, open.wait_for(|open| *open <= n)).await;
        match waited {
            Ok(Ok(_)) => Ok(()),
            _ => Err(self
                .state
                .journal
                .in_vain(&format!("at most {n} open connections"), deadline)),
        }
    }

    /// Waits until `n` requests with this tag were read to their end, and returns those with the tag.
    ///
    /// # Errors
    /// They did not come before the deadline.
    pub async fn wait_for(
        &self,
        tag: &str,
        n: usize,
        deadline: Duration,
    ) -> Result<Vec<Received>, NotReceived> {
        let expected = format!("{n} requests with the tag {tag:?}");
        self.wait_until(&expected, deadline, |all| {
            let tagged = all
                .iter()
                .filter(|r| r.tag.as_deref() == Some(tag) && r.finished);
            let tagged: Vec<_> = tagged.cloned().collect();
            (tagged.len() >= n).then_some(tagged)
        })
        .await
    }

    /// Waits until `look` finds what it looks for in all that was received; it is asked whenever a request begins or
    /// ends. `expected` says in the error what was waited for.
    ///
    /// # Errors
    /// It did not find it before the deadline.
    pub async fn wait_until<T>(
        &self,
        expected: &str,
        deadline: Duration,
        look: impl FnMut(&[Received]) -> Option<T>,
    ) -> Result<T, NotReceived> {
        self.state
            .journal
            .wait_until(expected, deadline, look)
            .await
    }

    /// The sending side of the `stream` responses on this channel.
    pub fn stream(&self, channel: &str) -> StreamHandle {
        self.state.channels.handle(channel)
    }

    /// Stops the server and cuts its connections; when this returns, the port is free.
    pub async fn stop(mut self) {
        if let Some(task) = self.halt() {
            // A cancelled task is what was asked for; a panicked one has already said so.
            drop(task.await);
        }
    }

    fn halt(&mut self) -> Option<JoinHandle<()>> {
        let task = mem::take(&mut self.task)?;
        task.abort();
        Some(task)
    }
}

impl Drop for MockUpstream {
    fn drop(&mut self) {
        self.halt();
    }
}
