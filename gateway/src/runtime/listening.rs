//! Sockets: bound before anything is promised, handed to Pingora, closed by a watch.

use crate::admin::Admin;
use crate::proxy::{Connections, Proxy, State};
use crate::snapshot::{Listener, Snapshot};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use pingora::listeners::ListenerConfig;
use pingora::protocols::l4::stream::L4BufferSettings;
use pingora::proxy::http_proxy;
use pingora::server::Fds;
use pingora::server::configuration::ServerConf;
use pingora::services::Service as _;
use pingora::services::listening::Service;
use socket2::{Domain, Protocol, Socket, Type};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::IntoRawFd;
use std::sync::Arc;
use tokio::sync::watch;

/// An address that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// What the system says.
    pub source: std::io::Error,
}

impl BindError {
    /// The next step.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self.source.kind() {
            std::io::ErrorKind::AddrInUse => {
                "another process listens there; stop it or choose another address"
            }
            std::io::ErrorKind::PermissionDenied => {
                "ports below 1024 need a privilege; choose a higher one"
            }
            std::io::ErrorKind::AddrNotAvailable => "no interface of this machine has the address",
            _ => "choose another address",
        }
    }
}

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 4096;
/// A connection's buffer for reading, in bytes: Pingora's default of 64 KiB would be most of what an idle one costs.
const READ_BUFFER: usize = 4 * 1024;

/// Sockets for what a snapshot wants and nobody serves yet.
pub struct Sockets {
    wanted: Vec<(Arc<Listener>, Option<TcpListener>)>,
    admin: Option<(SocketAddr, Option<TcpListener>)>,
}

/// Binds what `snapshot` wants and `listening` does not have.
///
/// # Errors
/// When an address cannot be had; then none is taken.
pub fn bind(snapshot: &Snapshot, listening: &Listening) -> Result<Sockets, BindError> {
    let wanted = snapshot.listeners.iter().map(|listener| {
        let known = listening
            .endpoints
            .iter()
            .any(|endpoint| endpoint.wanted == listener.address);
        let socket = if known {
            None
        } else {
            Some(open(listener.address)?)
        };
        Ok((listener.clone(), socket))
    });
    let wanted = wanted.collect::<Result<_, BindError>>()?;
    let admin = snapshot.admin.as_ref().map(|admin| {
        let known = listening
            .admin
            .as_ref()
            .is_some_and(|running| running.wanted == admin.address);
        let socket = if known {
            None
        } else {
            Some(open(admin.address)?)
        };
        Ok((admin.address, socket))
    });
    Ok(Sockets {
        wanted,
        admin: admin.transpose()?,
    })
}

fn open(address: SocketAddr) -> Result<TcpListener, BindError> {
    let open = || {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(TcpListener::from(socket))
    };
    open().map_err(|source| BindError { address, source })
}

/// What listens now.
#[derive(Default)]
pub struct Listening {
    endpoints: Vec<Endpoint>,
    admin: Option<AdminEndpoint>,
}

struct Endpoint {
    /// As in the configuration, where port 0 takes a free one.
    wanted: SocketAddr,
    address: SocketAddr,
    settings: Arc<ArcSwap<Listener>>,
    /// HTTP/2 is decided when the service is made.
    http2: bool,
    stop: watch::Sender<bool>,
}

struct AdminEndpoint {
    wanted: SocketAddr,
    address: SocketAddr,
    stop: watch::Sender<bool>,
}

impl Listening {
    /// Serves the new sockets, gives running ones their new settings, and closes those that nobody wants any more.
    pub fn serve(&mut self, sockets: Sockets, state: &Arc<State>, admin: &Arc<Admin>) {
        let mut before = std::mem::take(&mut self.endpoints);
        for (listener, socket) in sockets.wanted {
            let running = before
                .iter()
                .position(|endpoint| endpoint.wanted == listener.address);
            match (socket, running) {
                (Some(socket), _) => self.endpoints.extend(endpoint(listener, socket, state)),
                (None, Some(place)) => {
                    let endpoint = before.swap_remove(place);
                    if endpoint.http2 != listener.http2 {
                        tracing::warn!(address = %endpoint.address, "http2 of a listener changes with the next start");
                    }
                    let listener = with_sessions_of(&endpoint.settings.load(), listener);
                    endpoint.settings.store(listener);
                    self.endpoints.push(endpoint);
                }
                (None, None) => {}
            }
        }
        before.into_iter().for_each(|endpoint| {
            endpoint.stop.send_replace(true);
        });
        match sockets.admin {
            None => self.close_admin(),
            Some((_, None)) => {}
            Some((wanted, Some(socket))) => {
                self.close_admin();
                self.admin = admin_endpoint(wanted, socket, admin);
            }
        }
    }

    /// Where requests are taken, with the scheme, in the order of the configuration.
    pub fn urls(&self) -> Vec<String> {
        let url = |endpoint: &Endpoint| {
            let secure = endpoint.settings.load().tls.is_some();
            let scheme = if secure { "https" } else { "http" };
            format!("{scheme}://{}", endpoint.address)
        };
        self.endpoints.iter().map(url).collect()
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.endpoints
            .iter()
            .map(|endpoint| endpoint.address)
            .collect()
    }

    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|admin| admin.address)
    }

    pub fn close_listeners(&mut self) {
        self.endpoints.drain(..).for_each(|endpoint| {
            endpoint.stop.send_replace(true);
        });
    }

    pub fn close_admin(&mut self) {
        if let Some(admin) = self.admin.take() {
            admin.stop.send_replace(true);
        }
    }
}

/// The new settings; where TLS is the same as before, clients may take up the sessions of before.
fn with_sessions_of(old: &Listener, new: Arc<Listener>) -> Arc<Listener> {
    if new.tls.is_none() || new.tls != old.tls {
        return new;
    }
    Arc::new(Listener {
        tls: old.tls.clone(),
        ..(*new).clone()
    })
}

fn endpoint(listener: Arc<Listener>, socket: TcpListener, state: &Arc<State>) -> Option<Endpoint> {
    let address = local_address(&socket)?;
    let wanted = listener.address;
    let http2 = listener.http2;
    let settings = Arc::new(ArcSwap::new(listener));
    let (stop, stopped) = watch::channel(false);
    let conf = Arc::new(ServerConf {
        upstream_keepalive_pool_size: 1024,
        ..ServerConf::default()
    });
    let proxy = http_proxy(&conf, Proxy::new(state.clone(), settings.clone()));
    let connections = Connections::new(state.clone(), proxy, settings.clone());
    let mut service = Service::new(format!("listener {address}"), connections);
    let buffers = L4BufferSettings::default().read(READ_BUFFER);
    service.add_listener(ListenerConfig::tcp(address.to_string()).l4_buffer(buffers));
    let mut fds = Fds::new();
    fds.add(address.to_string(), socket.into_raw_fd());
    tokio::spawn(async move {
        service
            .start_service(Some(Arc::new(Mutex::new(fds))), stopped, 1)
            .await
    });
    Some(Endpoint {
        wanted,
        address,
        settings,
        http2,
        stop,
    })
}

fn admin_endpoint(
    wanted: SocketAddr,
    socket: TcpListener,
    admin: &Arc<Admin>,
) -> Option<AdminEndpoint> {
    let address = local_address(&socket)?;
    let (stop, stopped) = watch::channel(false);
    let socket = tokio::net::TcpListener::from_std(socket)
        .map_err(|error| tracing::error!(%error, "the admin listener cannot be served"))
        .ok()?;
    tokio::spawn(admin.clone().serve(socket, stopped));
    Some(AdminEndpoint {
        wanted,
        address,
        stop,
    })
}

fn local_address(socket: &TcpListener) -> Option<SocketAddr> {
    socket
        .local_addr()
        .map_err(|error| tracing::error!(%error, "a listener has no address"))
        .ok()
}
