//! Bytes between two connections.

use std::io;
use std::net::{IpAddr, SocketAddr};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpSocket, TcpStream};

/// How much is read at once, in bytes.
const READ_AT_ONCE: usize = 1 << 14;

/// The reading half of a connection, with what was read ahead.
#[derive(Debug)]
pub(super) struct Source<'a> {
    reader: ReadHalf<'a>,
    pub ahead: BytesMut,
}

impl<'a> Source<'a> {
    pub fn new(reader: ReadHalf<'a>) -> Self {
        Self {
            reader,
            ahead: BytesMut::new(),
        }
    }

    /// Reads more; 0 at the end. Nothing is lost where this is cancelled.
    pub async fn fill(&mut self) -> io::Result<usize> {
        self.ahead.reserve(READ_AT_ONCE);
        self.reader.read_buf(&mut self.ahead).await
    }

    /// Passes on all that comes, and the end too.
    ///
    /// # Errors
    /// When the connection breaks that is read from. Where the other one doesn't take any more, it may still have
    /// something to say: the rest is read and dropped.
    pub async fn pump(&mut self, to: &mut WriteHalf<'_>) -> io::Result<()> {
        let mut taken = true;
        loop {
            let bytes = self.ahead.split();
            taken = taken && to.write_all(&bytes).await.is_ok();
            if self.fill().await? == 0 {
                if to.shutdown().await.is_err() {
                    tracing::debug!("the connection had ended");
                }
                return Ok(());
            }
        }
    }
}

/// A connection from an address of one's choice.
pub(super) async fn connect(target: SocketAddr, source: IpAddr) -> io::Result<TcpStream> {
    let socket = match target {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if target.is_ipv4() == source.is_ipv4() {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    let stream = socket.connect(target).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
