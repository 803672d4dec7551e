//! The listening socket, which can stop to listen and start again without losing its port.

use std::net::SocketAddr;
use std::{fmt, io};

use parking_lot::Mutex;
use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::behaviour::Behaviour;

const BACKLOG: i32 = 1024;

/// A bound socket that listens, refuses or ignores.
pub(crate) struct Gate {
    socket: Socket,
    position: watch::Sender<Position>,
    /// The connections that fill the queue of a socket that ignores.
    fill: Mutex<Vec<Socket>>,
}

/// Whether the gate is open, and since how many changes: every change ends the connections from before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub open: bool,
    pub changes: u64,
}

impl Gate {
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let closed = Position {
            open: false,
            changes: 0,
        };
        let bound = bound(address)?;
        // Linux lets go of a port that it chose by itself when the listening ends, but not of one that was asked for.
        let socket = self::bound(local_address(&bound)?)?;
        Ok(Self {
            socket,
            position: watch::Sender::new(closed),
            fill: Mutex::default(),
        })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        local_address(&self.socket)
    }

    /// Opens or closes the gate, as a server with this default behaviour needs it.
    pub fn set(&self, behaviour: &Behaviour) -> io::Result<()> {
        let mut fill = self.fill.lock();
        let Position {
            open: was_open,
            changes,
        } = *self.position.borrow();
        let open = !matches!(behaviour, Behaviour::Refuse | Behaviour::Blackhole);
        if open && was_open {
            return Ok(());
        }
        if was_open || !fill.is_empty() {
            // Ends the listening and keeps the port: connections are refused from here on.
            self.socket.shutdown(std::net::Shutdown::Both)?;
            fill.clear();
        }
        match behaviour {
            Behaviour::Refuse => {}
            Behaviour::Blackhole => *fill = self.ignore()?,
            _ => self.socket.listen(BACKLOG)?,
        }
        self.position.send_replace(Position {
            open,
            changes: changes + 1,
        });
        Ok(())
    }

    /// The positions to come, beginning with the present one.
    pub fn positions(&self) -> watch::Receiver<Position> {
        self.position.subscribe()
    }

    /// A listener on the socket, to be dropped when the gate closes.
    pub fn listener(&self) -> io::Result<TcpListener> {
        TcpListener::from_std(self.socket.try_clone()?.into())
    }

    /// Listens with the shortest queue and fills it: the kernel drops every further SYN.
    fn ignore(&self) -> io::Result<Vec<Socket>> {
        self.socket.listen(0)?;
        let address = self.address()?;
        let first = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        first.connect(&address.into())?;
        Ok(vec![first])
    }
}

fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn local_address(socket: &Socket) -> io::Result<SocketAddr> {
    socket
        .local_addr()?
        .as_socket()
        .ok_or_else(|| io::Error::other("the socket has no IP address"))
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}
