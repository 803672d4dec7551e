//! A port kept for a gateway, so that nobody else can take it before the gateway does.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

/// A bound socket. While it doesn't listen, a gateway that sets `SO_REUSEADDR`, as practically every server does, can bind
/// its address and listen there; nobody else is given the port.
#[derive(Debug)]
pub struct Port {
    socket: Socket,
    address: SocketAddr,
}

impl Port {
    const BACKLOG: i32 = 1024;

    /// A port that is free.
    ///
    /// # Errors
    /// When there is none.
    pub fn free() -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        // Only after it was bound: two sockets that may share an address might be given the same one.
        socket.set_reuse_address(true)?;
        let address = socket.local_addr()?.as_socket();
        let address = address.ok_or_else(|| io::Error::other("the socket has no address"))?;
        Ok(Self { socket, address })
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The socket, listening, to be handed to a gateway that takes one over.
    ///
    /// # Errors
    /// When it can't listen.
    pub fn listening(self) -> io::Result<TcpListener> {
        self.socket.listen(Self::BACKLOG)?;
        Ok(self.socket.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_server_that_reuses_addresses_can_take_the_port_and_nobody_else() {
        let port = Port::free().unwrap();
        let other = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        assert!(other.bind(&port.address().into()).is_err());
        let server = TcpListener::bind(port.address()).unwrap();
        TcpStream::connect(server.local_addr().unwrap()).unwrap();
    }

    #[test]
    fn it_can_be_handed_over() {
        let port = Port::free().unwrap();
        let address = port.address();
        let server = port.listening().unwrap();
        TcpStream::connect(address).unwrap();
        assert_eq!(server.local_addr().unwrap(), address);
    }
}
