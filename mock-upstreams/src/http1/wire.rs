//! A connection with a buffer in front.

use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::socket::Socket;

/// The size of a head that is still read, in bytes.
const LARGEST_HEAD: usize = 4 << 20;

/// The size of what is read ahead while an answer goes out, in bytes.
const LARGEST_AHEAD: usize = 1 << 20;

/// How long an orderly close waits for the client to close as well.
const LINGER: Duration = Duration::from_secs(5);

/// A connection with a buffer in front.
pub(crate) struct Wire {
    socket: Socket,
    buffer: BytesMut,
}

impl Wire {
    pub fn new(socket: Socket) -> Self {
        Self {
            socket,
            buffer: BytesMut::new(),
        }
    }

    /// Reads until it is clear whether the connection begins with these bytes, and consumes nothing.
    pub async fn begins_with(&mut self, prefix: &[u8]) -> io::Result<bool> {
        loop {
            let common = prefix.len().min(self.buffer.len());
            if self.buffer[..common] != prefix[..common] {
                return Ok(false);
            }
            if common == prefix.len() {
                return Ok(true);
            }
            if self.fill().await? == 0 {
                return Ok(false);
            }
        }
    }

    /// The next head up to and with its empty line; none when the client closed before another one began.
    pub async fn head(&mut self) -> io::Result<Option<Bytes>> {
        let mut searched = 0;
        loop {
            while self.buffer.starts_with(b"\r\n") && searched == 0 {
                self.buffer.advance(2);
            }
            if let Some(end) = end_of_head(&self.buffer, &mut searched) {
                return Ok(Some(self.buffer.split_to(end).freeze()));
            }
            if self.buffer.len() > LARGEST_HEAD {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the head is too large",
                ));
            }
            if self.fill().await? == 0 {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }

    /// The next line with its line end; none when the client closed before it ended.
    pub async fn line(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                return Ok(Some(self.buffer.split_to(end + 1).freeze()));
            }
            if self.buffer.len() > LARGEST_HEAD || self.fill().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// What there is, at least a byte and at most `most`; none when the client closed.
    pub async fn some(&mut self, most: u64) -> io::Result<Option<Bytes>> {
        if self.buffer.is_empty() && self.fill().await? == 0 {
            return Ok(None);
        }
        let length = usize::try_from(most)
            .unwrap_or(usize::MAX)
            .min(self.buffer.len());
        Ok(Some(self.buffer.split_to(length).freeze()))
    }

    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes).await?;
        self.socket.flush().await
    }

    /// Waits until the client has closed or reset the connection.
    pub async fn gone(&mut self) {
        while self.buffer.len() < LARGEST_AHEAD {
            if !matches!(self.fill().await, Ok(1..)) {
                return;
            }
        }
        std::future::pending().await
    }

    /// Closes in good order (RFC 9112 §9.6): the client gets everything that was written, even when it still sends.
    pub async fn close(mut self) -> io::Result<()> {
        self.socket.shutdown().await?;
        let drained = async {
            loop {
                self.buffer.clear();
                if self.fill().await? == 0 {
                    return Ok(());
                }
            }
        };
        tokio::time::timeout(LINGER, drained)
            .await
            .unwrap_or(Ok(()))
    }

    /// Ends the connection with a TCP RST.
    pub fn reset(self) -> io::Result<()> {
        self.socket.set_zero_linger()
    }

    /// The connection from its first byte not yet consumed.
    pub fn into_io(self) -> impl AsyncRead + AsyncWrite + Unpin + Send {
        let (reader, writer) = tokio::io::split(self.socket);
        tokio::io::join(
            AsyncReadExt::chain(io::Cursor::new(self.buffer), reader),
            writer,
        )
    }

    /// Reads what comes next into the buffer; 0 when the client closed. Can be cancelled without a loss.
    async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(16 * 1024);
        self.socket.read_buf(&mut self.buffer).await
    }
}

/// Finds the end of the first empty line, starting at the line that was reached the last time.
fn end_of_head(buffer: &[u8], searched: &mut usize) -> Option<usize> {
    while let Some(length) = buffer[*searched..].iter().position(|&byte| byte == b'\n') {
        let line = &buffer[*searched..*searched + length];
        *searched += length + 1;
        if line.is_empty() || line == b"\r" {
            return Some(*searched);
        }
    }
    None
}
