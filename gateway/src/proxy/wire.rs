//! The stream under an HTTP/1 connection: its own answer to a head that Pingora cannot read, and a close that lets the
//! client read the answer (RFC 9112 §9.6).
//!
//! Pingora answers such heads itself, with its name and without a body, past every hook. What is written before a head
//! has arrived can only be that answer, so a problem document goes out in its place.

use super::respond;
use crate::plugin::Rejection;
use crate::plugin::exchange::RequestId;
use crate::reason::Reason;
use async_trait::async_trait;
use bytes::{Buf, Bytes};
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::SslDigest;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    Stream, TimingDigest, UniqueID, UniqueIDType,
};
use std::cell::Cell;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

tokio::task_local! {
    /// What is known of the request that this task serves. HTTP/2 streams run in tasks of their own without it.
    pub(super) static TURN: Turn;
}

/// One request on an HTTP/1 connection.
#[derive(Debug, Default)]
pub(super) struct Turn {
    head_arrived: Cell<bool>,
    /// What was read for the head, as far as it did not come with the request before.
    bytes: Cell<usize>,
    lines: Cell<usize>,
    /// Of the request line: its length, its spaces, and whether another byte of it is not visible ASCII.
    line: Cell<usize>,
    spaces: Cell<usize>,
    odd: Cell<bool>,
    refused: Cell<Option<Refused>>,
    linger: Cell<bool>,
}

/// A head that was refused without having been read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused {
    pub(super) reason: Reason,
    pub(super) id: RequestId,
    pub(super) client: Option<IpAddr>,
}

impl Turn {
    /// Notes that the head has arrived.
    pub(super) fn head_arrived() {
        TURN.try_with(|one| one.head_arrived.set(true)).ok();
    }

    /// Whether a part of the head of this task's request has arrived, and not all of it.
    pub(super) fn has_part_of_head() -> bool {
        TURN.with(|one| !one.head_arrived.get() && one.bytes.get() > 0)
    }

    /// Notes that the connection is to be closed although the client may still be sending.
    pub(super) fn linger() {
        TURN.try_with(|one| one.linger.set(true)).ok();
    }

    /// How the head of this task's request was refused without having been read.
    pub(super) fn refused() -> Option<Refused> {
        TURN.with(|one| one.refused.get())
    }

    /// Whether the request line, as far as it is known, is three words of visible ASCII (RFC 9112 §3). Pingora would
    /// mend the target otherwise.
    pub(super) fn request_line_is_sound() -> bool {
        let sound = |one: &Turn| one.spaces.get() <= 2 && !one.odd.get();
        TURN.try_with(sound).unwrap_or(true)
    }

    fn count(&self, read: &[u8]) {
        if self.lines.get() == 0 {
            // Empty lines before the request are no part of it (RFC 9112 §2.2).
            let rest = if self.bytes.get() == 0 {
                trim_start(read)
            } else {
                read
            };
            let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let spaces = line.iter().filter(|byte| **byte == b' ').count();
            let odd = |byte: &u8| !matches!(byte, b' '..=b'~' | b'\r');
            self.line.set(self.line.get() + line.len());
            self.spaces.set(self.spaces.get() + spaces);
            self.odd.set(self.odd.get() || line.iter().any(odd));
        }
        self.bytes.set(self.bytes.get() + read.len());
        let lines = memchr::memchr_iter(b'\n', read).count();
        self.lines.set(self.lines.get() + lines);
    }

    /// Whether what is written now is Pingora's refusal of a head; then the answer to be sent instead, the first time.
    fn refuse(&self, client: impl FnOnce() -> Option<IpAddr>) -> Option<Bytes> {
        if self.head_arrived.get() {
            return None;
        }
        if self.refused.get().is_some() {
            return Some(Bytes::new());
        }
        let (reason, detail) = self.reason();
        let id = RequestId::make();
        let client = client();
        self.refused.set(Some(Refused { reason, id, client }));
        self.linger.set(true);
        Some(respond::bytes(&Rejection::new(reason, detail), id.as_str()))
    }

    fn reason(&self) -> (Reason, &'static str) {
        let large = self.bytes.get() >= HEAD_BYTES;
        if self.line.get() > TARGET_BYTES {
            (
                Reason::TargetTooLong,
                "the request's target is far too long",
            )
        } else if large || self.lines.get() > HEAD_LINES {
            (
                Reason::HeadersTooLarge,
                "the request's head is far too large",
            )
        } else {
            (
                Reason::MalformedRequest,
                "the request's head is not HTTP/1.1",
            )
        }
    }
}

fn trim_start(mut bytes: &[u8]) -> &[u8] {
    while let [b'\r' | b'\n', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

/// Limits that Pingora and its parser of URIs have of their own, far above those of a listener: the head's bytes and
/// lines (the request's and 256 fields), and the target's bytes.
const HEAD_BYTES: usize = 1024 * 1024 - 1;
const HEAD_LINES: usize = 257;
const TARGET_BYTES: usize = 65_534;

/// How long, and how much, is still read from a client that was refused.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: u64 = 64 * 1024 * 1024;

/// A stream whose writes before a head are replaced, and which lingers when it is closed after a refusal.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Option<Stream>,
    /// What is still to be sent in place of Pingora's refusal.
    instead: Bytes,
    preface: Option<Preface>,
}

/// The wait for what opens an HTTP/2 connection (RFC 9113 §3.4), which Pingora does not bound.
#[derive(Debug)]
struct Preface {
    missing: usize,
    deadline: Pin<Box<Sleep>>,
}

/// The length of the preface, in bytes.
const PREFACE: usize = 24;

impl Wire {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream: Some(stream),
            instead: Bytes::new(),
            preface: None,
        }
    }

    /// A stream on which HTTP/2 is to begin within this time.
    pub(super) fn before_http2(stream: Stream, patience: Duration) -> Self {
        let preface = Preface {
            missing: PREFACE,
            deadline: Box::pin(tokio::time::sleep(patience)),
        };
        let mut wire = Self::new(stream);
        wire.preface = Some(preface);
        wire
    }

    fn stream(&self) -> &Stream {
        self.stream.as_ref().expect("only a drop takes the stream")
    }

    fn client(&self) -> Option<IpAddr> {
        let digest = self.stream().get_socket_digest()?;
        let address = digest.peer_addr()?.as_inet()?;
        Some(address.ip().to_canonical())
    }

    fn stream_mut(&mut self) -> &mut Stream {
        self.stream.as_mut().expect("only a drop takes the stream")
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let linger = TURN.try_with(|one| one.linger.get()).unwrap_or(false);
        if let (true, Some(stream)) = (linger, self.stream.take()) {
            tokio::spawn(linger_on(stream));
        }
    }
}

/// Closing with bytes unread would reset the connection, and take the answer from a client that is still sending.
async fn linger_on(mut stream: Stream) {
    stream.shutdown().await;
    let mut rest = stream.take(LINGER_BYTES);
    let mut nowhere = tokio::io::sink();
    let ended = tokio::io::copy(&mut rest, &mut nowhere);
    if !matches!(tokio::time::timeout(LINGER, ended).await, Ok(Ok(_))) {
        tracing::debug!("a refused client did not stop sending");
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(self.stream_mut()).poll_read(cx, buffer);
        if read.is_pending()
            && let Some(preface) = &mut self.preface
        {
            ready!(preface.deadline.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        ready!(read)?;
        if let Some(preface) = &mut self.preface {
            preface.missing = preface
                .missing
                .saturating_sub(buffer.filled().len() - before);
        }
        self.preface.take_if(|preface| preface.missing == 0);
        TURN.try_with(|one| {
            if !one.head_arrived.get() {
                one.count(&buffer.filled()[before..]);
            }
        })
        .ok();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let client = || self.client();
        let instead = TURN.try_with(|one| one.refuse(client)).ok().flatten();
        let Some(instead) = instead else {
            return Pin::new(self.stream_mut()).poll_write(cx, bytes);
        };
        if !instead.is_empty() {
            self.instead = instead;
        }
        while !self.instead.is_empty() {
            let rest = self.instead.clone();
            let written = ready!(Pin::new(self.stream_mut()).poll_write(cx, &rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.instead.advance(written);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream_mut()).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if TURN
            .try_with(|one| !one.head_arrived.get())
            .unwrap_or(false)
        {
            let first = slices.iter().find(|slice| !slice.is_empty());
            return self.poll_write(cx, first.map_or(&[], |slice| slice));
        }
        Pin::new(self.stream_mut()).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream().is_write_vectored()
    }
}

#[async_trait]
impl Shutdown for Wire {
    async fn shutdown(&mut self) {
        self.stream_mut().shutdown().await;
    }
}

impl UniqueID for Wire {
    fn id(&self) -> UniqueIDType {
        self.stream().id()
    }
}

impl Ssl for Wire {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.stream().get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.stream().selected_alpn_proto()
    }
}

#[async_trait]
impl Peek for Wire {
    async fn try_peek(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        self.stream_mut().try_peek(buffer).await
    }
}

impl GetTimingDigest for Wire {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream().get_timing_digest()
    }

    fn get_read_pending_time(&self) -> Duration {
        self.stream().get_read_pending_time()
    }

    fn get_write_pending_time(&self) -> Duration {
        self.stream().get_write_pending_time()
    }
}

impl GetProxyDigest for Wire {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.stream().get_proxy_digest()
    }
}

impl GetSocketDigest for Wire {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream().get_socket_digest()
    }
}
