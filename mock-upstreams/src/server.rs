//! Accepts connections and finds out which version of HTTP each speaks.

use std::collections::HashMap;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{fmt, io};

use parking_lot::{Mutex, RwLock};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::behaviour::{Behaviour, Moment};
use crate::gate::Gate;
use crate::http1::{self, Wire};
use crate::http2;
use crate::journal::Journal;
use crate::received::Received;
use crate::socket::Socket;
use crate::stream::Channels;
use crate::tls::Session;

/// What all connections of a server share.
pub(crate) struct State {
    name: Option<String>,
    default: RwLock<Behaviour>,
    tls: Option<TlsAcceptor>,
    routes: RwLock<Vec<(String, Behaviour)>>,
    counters: Mutex<HashMap<String, u64>>,
    started: Instant,
    pub journal: Journal,
    pub channels: Channels,
    pub accepted: AtomicU64,
    /// The number of connections whose handshake failed.
    pub failed_handshakes: watch::Sender<u64>,
    pub open: watch::Sender<u64>,
}

/// One accepted connection.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub number: u64,
    pub peer: SocketAddr,
    pub tls: Option<Arc<Session>>,
}

/// Accepts while the gate is open; cuts all connections when it closes.
pub(crate) async fn serve(gate: Arc<Gate>, state: Arc<State>) {
    let mut positions = gate.positions();
    while let Ok(now) = positions
        .wait_for(|position| position.open)
        .await
        .map(|now| *now)
    {
        let listener = match gate.listener() {
            Ok(listener) => listener,
            Err(error) => return eprintln!("mock-upstreams: the socket was lost: {error}"),
        };
        let mut connections = JoinSet::new();
        tokio::select! {
            _ = positions.wait_for(|position| *position != now) => {}
            () = accept(&listener, &state, &mut connections) => {}
        }
        drop(listener);
        connections.shutdown().await;
    }
}

/// Accepts for as long as it is polled.
async fn accept(listener: &TcpListener, state: &Arc<State>, connections: &mut JoinSet<()>) {
    loop {
        let (socket, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            // The listening ends, and the position tells so next.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return pending().await,
            // Out of file descriptors, or a client that went away while it waited.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let number = state.accepted.fetch_add(1, Ordering::SeqCst) + 1;
        let open = Open::new(state.clone());
        connections.spawn(async move {
            // An error here is a client that went away, which is what many behaviours are for.
            drop(converse(socket, number, peer, &open.0).await);
        });
    }
}

async fn converse(
    socket: TcpStream,
    number: u64,
    peer: SocketAddr,
    state: &Arc<State>,
) -> io::Result<()> {
    socket.set_nodelay(true)?;
    match state.default_behaviour() {
        Behaviour::Reset { at: Moment::Accept } => return socket.set_zero_linger(),
        Behaviour::Close { at: Moment::Accept } => return Ok(()),
        _ => {}
    }
    let (socket, tls) = secure(socket, state).await?;
    let connection = Connection { number, peer, tls };
    let mut wire = Wire::new(socket);
    if wire.begins_with(http2::PREFACE).await? {
        http2::serve(wire, &connection, state).await
    } else {
        http1::serve(wire, &connection, state).await
    }
}

/// Shakes hands, where the server speaks TLS.
async fn secure(socket: TcpStream, state: &State) -> io::Result<(Socket, Option<Arc<Session>>)> {
    let Some(acceptor) = &state.tls else {
        return Ok((Socket::Plain(socket), None));
    };
    match acceptor.accept(socket).await {
        Ok(stream) => {
            let session = Session::of(stream.get_ref().1);
            Ok((Socket::Tls(Box::new(stream)), Some(session.into())))
        }
        Err(error) => {
            state.failed_handshakes.send_modify(|failed| *failed += 1);
            Err(error)
        }
    }
}

/// Counts an open connection for as long as it lives.
struct Open(Arc<State>);

impl Open {
    fn new(state: Arc<State>) -> Self {
        state.open.send_modify(|open| *open += 1);
        Self(state)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

impl State {
    pub fn new(
        name: Option<String>,
        default: Behaviour,
        routes: Vec<(String, Behaviour)>,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        Self {
            name,
            default: RwLock::new(default),
            tls,
            routes: RwLock::new(routes),
            counters: Mutex::default(),
            started: Instant::now(),
            journal: Journal::default(),
            channels: Channels::default(),
            accepted: AtomicU64::new(0),
            failed_handshakes: watch::Sender::new(0),
            open: watch::Sender::new(0),
        }
    }

    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub fn speaks_tls(&self) -> bool {
        self.tls.is_some()
    }

    pub fn started(&self) -> Instant {
        self.started
    }

    pub fn default_behaviour(&self) -> Behaviour {
        self.default.read().clone()
    }

    pub fn set_default_behaviour(&self, behaviour: Behaviour) {
        *self.default.write() = behaviour;
    }

    pub fn add_route(&self, prefix: String, behaviour: Behaviour) {
        let mut routes = self.routes.write();
        routes.retain(|(known, _)| *known != prefix);
        routes.push((prefix, behaviour));
    }

    /// Adds one to a counter and returns its value from before.
    pub fn count(&self, key: String) -> u64 {
        let mut counters = self.counters.lock();
        let counter = counters.entry(key).or_default();
        *counter += 1;
        *counter - 1
    }

    /// What to do with a request: its own header decides, then the longest prefix, then the server's default. The
    /// outcome of `flaky` is settled here.
    pub fn behaviour_for(&self, received: &Received) -> Behaviour {
        let chosen = match received.header(crate::BEHAVIOUR_HEADER) {
            Some(text) => text
                .parse()
                .unwrap_or_else(|error| misuse(&format!("{error}"))),
            None => self.routed(&received.target),
        };
        self.settle(chosen, received)
    }

    fn routed(&self, target: &str) -> Behaviour {
        let routes = self.routes.read();
        let matching = routes
            .iter()
            .filter(|(prefix, _)| target.starts_with(prefix.as_str()));
        let longest = matching.max_by_key(|(prefix, _)| prefix.len());
        longest.map_or_else(
            || self.default_behaviour(),
            |(_, behaviour)| behaviour.clone(),
        )
    }

    fn settle(&self, behaviour: Behaviour, received: &Received) -> Behaviour {
        match behaviour {
            Behaviour::Flaky {
                failures,
                with,
                then,
                key,
            } => {
                let key = key
                    .as_deref()
                    .or(received.tag.as_deref())
                    .unwrap_or(received.path());
                let failed = self.count(format!("flaky {key}"));
                self.settle(if failed < failures { *with } else { *then }, received)
            }
            Behaviour::Refuse | Behaviour::Blackhole => {
                misuse(&format!("`{behaviour}` is for a whole server"))
            }
            Behaviour::Reset { at: Moment::Accept } => Behaviour::reset(Moment::Head),
            Behaviour::Close { at: Moment::Accept } => Behaviour::close(Moment::Head),
            other => other,
        }
    }
}

/// The answer to a request that asks for what can't be done.
pub(crate) fn misuse(reason: &str) -> Behaviour {
    Behaviour::status(
        400,
        [("Content-Type", "text/plain")],
        format!("mock upstream: {reason}\n"),
    )
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
