//! One HTTP/1.1 connection (RFC 9112): a request goes out, a response comes in, framing is read strictly.

use std::fmt;
use std::io;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::{Bytes, BytesMut};
use futures::FutureExt as _;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf,
};
use tokio::time::timeout;

use super::codec::{Framing, encode_body, encode_head, framing, parse_head};
use super::message::{Request, Response};

/// The largest response head that is read, in bytes.
const MAX_HEAD: usize = 1 << 20;
/// The largest response body that is read, in bytes.
const MAX_BODY: usize = 64 << 20;

/// How much is read at once, in bytes.
const READ_AT_ONCE: usize = 1 << 12;

/// What a connection is made of: a socket, with TLS or without.
pub(super) trait Transport: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin> Transport for T {}

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    inbound: Inbound,
    writer: WriteHalf<Box<dyn Transport>>,
}

/// The reading side, with what was read ahead.
#[derive(Debug)]
struct Inbound {
    reader: ReadHalf<Box<dyn Transport>>,
    ahead: BytesMut,
    framing: Framing,
    trailers: Vec<(String, String)>,
}

impl Connection {
    pub(super) fn new(stream: Box<dyn Transport>) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            inbound: Inbound {
                reader,
                ahead: BytesMut::new(),
                framing: Framing::Done,
                trailers: Vec::new(),
            },
            writer,
        }
    }

    /// Sends a request and reads the response to its end.
    pub(super) async fn exchange(&mut self, request: &Request) -> anyhow::Result<Response> {
        let (head, body) = (encode_head(request), encode_body(&request.body));
        if !expects_continue(request) {
            let bytes = [head, body].concat();
            return self
                .while_writing(&bytes, async |inbound| {
                    inbound.response(&request.method).await
                })
                .await;
        }
        self.write(&head)
            .await
            .context("the request's head can't be sent")?;
        let first = self.inbound.any_head(&request.method).await?;
        if first.status != 100 {
            return Ok(self.inbound.with_body(first).await);
        }
        let mut response = self
            .while_writing(&body, async |inbound| {
                inbound.response(&request.method).await
            })
            .await?;
        response.interim.insert(0, first.status);
        Ok(response)
    }

    /// Sends a request and reads the head of the response.
    pub(super) async fn open(&mut self, request: &Request) -> anyhow::Result<Response> {
        let bytes = [encode_head(request), encode_body(&request.body)].concat();
        self.while_writing(&bytes, async |inbound| {
            inbound.final_head(&request.method).await
        })
        .await
    }

    /// Sends bytes as they are and reads a response to its end.
    pub(super) async fn exchange_bytes(&mut self, bytes: &[u8]) -> anyhow::Result<Response> {
        let method = bytes.split(|&byte| byte == b' ').next().unwrap_or_default();
        let method = String::from_utf8_lossy(method);
        self.while_writing(bytes, async |inbound| inbound.response(&method).await)
            .await
    }

    /// Sends bytes on the open connection.
    ///
    /// # Errors
    /// When the peer has closed it.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        send(&mut self.writer, bytes).await
    }

    /// The next piece of the response's body; none at its end.
    ///
    /// # Errors
    /// When the connection breaks or the framing is wrong.
    pub async fn next_piece(&mut self) -> anyhow::Result<Option<Bytes>> {
        self.inbound.next_piece().await
    }

    /// `wanted` bytes as they come, whatever they mean; for protocols that took over the connection.
    ///
    /// # Errors
    /// When the connection ends before.
    pub async fn read_exactly(&mut self, wanted: usize) -> anyhow::Result<Bytes> {
        self.inbound.read_exactly(wanted).await
    }

    /// Whether the peer closes the connection within `patience`.
    pub async fn closes_within(&mut self, patience: Duration) -> bool {
        let closed = async {
            loop {
                match self.inbound.fill().await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => self.inbound.ahead.clear(),
                }
            }
        };
        timeout(patience, closed).await.is_ok()
    }

    /// Reads while writing, as a server may answer before it has read everything. A write that fails is no failure
    /// yet: the answer may be there already.
    async fn while_writing<T>(
        &mut self,
        bytes: &[u8],
        read: impl AsyncFnOnce(&mut Inbound) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let Self { inbound, writer } = self;
        let write = async {
            if send(writer, bytes).await.is_err() {
                tracing::debug!("the peer stopped reading before the request's end");
            }
            std::future::pending::<()>().await
        };
        tokio::select! {
            () = write => unreachable!("writing waits for reading to end"),
            read = read(inbound) => read,
        }
    }
}

/// Sends bytes, all the way: TLS may keep back what it was given, whenever the socket or the runtime lets it wait.
async fn send(writer: &mut WriteHalf<Box<dyn Transport>>, bytes: &[u8]) -> io::Result<()> {
    writer.write_all(bytes).await?;
    writer.flush().await
}

impl Inbound {
    async fn response(&mut self, method: &str) -> anyhow::Result<Response> {
        let head = self.final_head(method).await?;
        Ok(self.with_body(head).await)
    }

    /// Reads a head that is not interim, other than 101.
    async fn final_head(&mut self, method: &str) -> anyhow::Result<Response> {
        let mut interim = Vec::new();
        loop {
            let mut response = self.any_head(method).await?;
            if (100..200).contains(&response.status) && response.status != 101 {
                interim.push(response.status);
                continue;
            }
            response.interim = interim;
            return Ok(response);
        }
    }

    async fn any_head(&mut self, method: &str) -> anyhow::Result<Response> {
        let response = self.head().await?;
        self.framing = framing(method, &response)?;
        Ok(response)
    }

    async fn with_body(&mut self, mut response: Response) -> Response {
        if self.framing == Framing::Done && response.status >= 200 {
            self.unasked(&mut response);
            return response;
        }
        let mut body = BytesMut::new();
        loop {
            match self.next_piece().await {
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => break,
                Err(error) => {
                    response.broken = Some(format!("{error:#}"));
                    break;
                }
            }
            if body.len() > MAX_BODY {
                response.broken = Some(format!("the body is larger than {MAX_BODY} bytes"));
                break;
            }
        }
        response.body = body.freeze();
        response.trailers = std::mem::take(&mut self.trailers);
        response
    }

    /// Takes what has come behind a response that has no body, such as that to HEAD.
    fn unasked(&mut self, response: &mut Response) {
        if let Some(Err(error)) = self.fill().now_or_never() {
            tracing::debug!(%error, "the connection broke behind the response");
        }
        if !self.ahead.is_empty() {
            response.body = self.ahead.split().freeze();
            response.broken = Some("something follows a response that has no body".to_owned());
        }
    }

    async fn next_piece(&mut self) -> anyhow::Result<Option<Bytes>> {
        match self.framing {
            Framing::Done => Ok(None),
            Framing::UntilClose => {
                if self.ahead.is_empty() && self.fill().await? == 0 {
                    self.framing = Framing::Done;
                    return Ok(None);
                }
                Ok(Some(self.ahead.split().freeze()))
            }
            Framing::Length(0) => {
                self.framing = Framing::Done;
                Ok(None)
            }
            Framing::Length(left) => {
                if self.ahead.is_empty() {
                    ensure!(
                        self.fill().await? > 0,
                        "the connection ended {left} bytes before the body's end"
                    );
                }
                let piece = self
                    .ahead
                    .split_to(self.ahead.len().min(usize::try_from(left)?))
                    .freeze();
                self.framing = Framing::Length(left - piece.len() as u64);
                Ok(Some(piece))
            }
            Framing::Chunked => self.next_chunk().await,
        }
    }

    async fn read_exactly(&mut self, wanted: usize) -> anyhow::Result<Bytes> {
        while self.ahead.len() < wanted {
            ensure!(
                self.fill().await? > 0,
                "the connection ended {} bytes too early",
                wanted - self.ahead.len()
            );
        }
        Ok(self.ahead.split_to(wanted).freeze())
    }

    async fn head(&mut self) -> anyhow::Result<Response> {
        loop {
            if let Some((response, length)) = parse_head(&self.ahead)? {
                drop(self.ahead.split_to(length));
                return Ok(response);
            }
            ensure!(
                self.ahead.len() < MAX_HEAD,
                "the response's head is larger than {MAX_HEAD} bytes"
            );
            let read = self
                .fill()
                .await
                .context("the connection broke before a response came")?;
            match (read, self.ahead.is_empty()) {
                (0, true) => bail!("the connection was closed without a response"),
                (0, false) => {
                    bail!("the connection was closed in the middle of the response's head")
                }
                _ => {}
            }
        }
    }

    async fn next_chunk(&mut self) -> anyhow::Result<Option<Bytes>> {
        let line = self.line().await?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16)
            .with_context(|| format!("{line:?} is not a chunk's size"))?;
        ensure!(size <= MAX_BODY, "a chunk of {size} bytes is too large");
        if size == 0 {
            loop {
                let line = self.line().await?;
                let Some((name, value)) = line.split_once(':') else {
                    break;
                };
                self.trailers
                    .push((name.to_owned(), value.trim().to_owned()));
            }
            self.framing = Framing::Done;
            return Ok(None);
        }
        let chunk = self.read_exactly(size).await?;
        ensure!(
            self.line().await?.is_empty(),
            "a chunk is longer than its size says"
        );
        Ok(Some(chunk))
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        loop {
            if let Some(end) = self.ahead.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.ahead.split_to(end + 2);
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            ensure!(
                self.ahead.len() < MAX_HEAD,
                "a line of the body's framing doesn't end"
            );
            ensure!(
                self.fill().await? > 0,
                "the connection ended in the middle of a chunked body"
            );
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.ahead.reserve(READ_AT_ONCE);
        self.reader.read_buf(&mut self.ahead).await
    }
}

fn expects_continue(request: &Request) -> bool {
    request
        .header("Expect")
        .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
}

#[cfg(test)]
mod tests;
