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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    Listening,
    Closed,
}

impl Gate {
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        Ok(Self {
            socket,
            position: watch::Sender::new(Position::Closed),
            fill: Mutex::default(),
        })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket
            .local_addr()?
            .as_socket()
            .ok_or_else(|| io::Error::other("the socket has no IP address"))
    }

    /// Opens or closes the gate, as a server with this default behaviour needs it.
    pub fn set(&self, behaviour: &Behaviour) -> io::Result<()> {
        let wanted = match behaviour {
            Behaviour::Refuse | Behaviour::Blackhole => Position::Closed,
            _ => Position::Listening,
        };
        let filled = !self.fill.lock().is_empty();
        if wanted == Position::Listening && *self.position.borrow() == wanted {
            return Ok(());
        }
        if filled || *self.position.borrow() == Position::Listening {
            // Ends the listening and keeps the port: connections are refused from here on.
            self.socket.shutdown(std::net::Shutdown::Both)?;
            self.fill.lock().clear();
        }
        match behaviour {
            Behaviour::Refuse => {}
            Behaviour::Blackhole => self.ignore()?,
            _ => self.socket.listen(BACKLOG)?,
        }
        self.position.send_replace(wanted);
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
    fn ignore(&self) -> io::Result<()> {
        self.socket.listen(0)?;
        let address = self.address()?.into();
        let mut fill = self.fill.lock();
        for _ in 0..2 {
            let socket = Socket::new(Domain::for_address(self.address()?), Type::STREAM, None)?;
            socket.set_nonblocking(true)?;
            // The first is accepted by the kernel and fills the queue, the second already hangs.
            match socket.connect(&address) {
                Err(error)
                    if error.kind() != io::ErrorKind::WouldBlock
                        && error.raw_os_error() != Some(115) =>
                {
                    return Err(error);
                }
                _ => fill.push(socket),
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}
