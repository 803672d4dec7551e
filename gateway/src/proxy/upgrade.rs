//! The connection for a WebSocket (RFC 6455 §4.1): what the upstream answers is held back until the request has ended.
//!
//! Pingora tells its writer of the end of the request, whose body is empty, while its reader may have the answer already.
//! Should the writer come second, it takes that end for the end of the tunnel: the client reads 101, then the end. So here
//! the reader cannot come first.
//!
//! The connection is made for one request and is not kept: nothing is left of it after an upgrade, and Pingora's pool
//! tells connections apart by their descriptors, which it does not see here.

use async_trait::async_trait;
use pingora::connectors::{L4Connect, TransportConnector};
use pingora::prelude::HttpPeer;
use pingora::protocols;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::protocols::l4::stream::Stream;
use pingora::protocols::l4::virt::{VirtualSockOpt, VirtualSocket, VirtualSocketStream};
use pingora::upstreams::peer::Scheme;
use pingora::{Error, ErrorType, OrErr, Result};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Makes the peer's next connection one for a WebSocket. The request must have no body.
///
/// What is held back is HTTP and not TLS, whose handshake has answers of its own: where the peer is spoken to by TLS, it
/// is [`Dial`] that does so, and for Pingora the connection is a plain one.
pub fn prepare(peer: &mut HttpPeer) {
    /// Distinguishes these connections from each other and from the pooled ones, which are of group 0 or of TLS.
    static GROUP: AtomicU64 = AtomicU64::new(1);
    peer.group_key = GROUP.fetch_add(1, Ordering::Relaxed);
    peer.options.idle_timeout = Some(Duration::ZERO);
    let secure = peer.is_tls().then(|| peer.clone());
    peer.scheme = Scheme::HTTP;
    peer.options.custom_l4 = Some(Arc::new(Dial { secure }));
}

/// Speaks TLS with the same verification as for any request. It keeps no connections.
static SECURE: LazyLock<TransportConnector> = LazyLock::new(|| TransportConnector::new(None));

/// Connects with [`Held`].
#[derive(Debug)]
struct Dial {
    /// The peer, where it is spoken to by TLS.
    secure: Option<HttpPeer>,
}

#[async_trait]
impl L4Connect for Dial {
    async fn connect(&self, address: &SocketAddr) -> Result<Stream> {
        if let Some(peer) = &self.secure {
            return Ok(Held::new(SECURE.new_stream(peer).await?).into());
        }
        let Some(address) = address.as_inet() else {
            return Error::e_explain(ErrorType::InternalError, "an upstream without a port");
        };
        let stream = TcpStream::connect(address)
            .await
            .or_err(ErrorType::ConnectError, "while a WebSocket was opened")?;
        Ok(Held::new(stream).into())
    }
}

/// How far the request is. Pingora flushes after its head, and again after its empty body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Unsent,
    Written,
    Flushed,
    Ended,
}

/// A stream that cannot be read before the request has ended.
#[derive(Debug)]
struct Held<S> {
    stream: S,
    request: Request,
    reader: Option<Waker>,
}

impl<S> Held<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            request: Request::Unsent,
            reader: None,
        }
    }
}

impl<S> From<Held<S>> for Stream
where
    Held<S>: VirtualSocket + 'static,
{
    fn from(held: Held<S>) -> Self {
        VirtualSocketStream::new(Box::new(held)).into()
    }
}

impl VirtualSocket for Held<TcpStream> {
    fn set_socket_option(&self, option: VirtualSockOpt) -> io::Result<()> {
        match option {
            VirtualSockOpt::NoDelay => self.stream.set_nodelay(true),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl VirtualSocket for Held<protocols::Stream> {
    /// Pingora has set its options on the socket below TLS.
    fn set_socket_option(&self, _: VirtualSockOpt) -> io::Result<()> {
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Held<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.request != Request::Ended {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Held<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.request != Request::Ended {
            self.request = Request::Written;
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.request = match self.request {
            Request::Unsent => Request::Unsent,
            Request::Written => Request::Flushed,
            Request::Flushed | Request::Ended => Request::Ended,
        };
        if self.request == Request::Ended
            && let Some(reader) = self.reader.take()
        {
            reader.wake();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use parking_lot::Mutex;
    use pingora::apps::ServerApp;
    use pingora::prelude::{ProxyHttp, Session};
    use pingora::proxy::http_proxy;
    use pingora::server::configuration::ServerConf;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    impl VirtualSocket for Held<DuplexStream> {
        fn set_socket_option(&self, _: VirtualSockOpt) -> io::Result<()> {
            Ok(())
        }
    }

    /// Connects to what is there already.
    #[derive(Debug)]
    struct Ready(Mutex<Option<DuplexStream>>);

    #[async_trait]
    impl L4Connect for Ready {
        async fn connect(&self, _: &SocketAddr) -> Result<Stream> {
            Ok(Held::new(self.0.lock().take().unwrap()).into())
        }
    }

    struct To(Arc<Ready>);

    #[async_trait]
    impl ProxyHttp for To {
        type CTX = ();

        fn new_ctx(&self) {}

        async fn upstream_peer(&self, _: &mut Session, (): &mut ()) -> Result<Box<HttpPeer>> {
            let mut peer = HttpPeer::new("127.0.0.1:1", false, String::new());
            prepare(&mut peer);
            peer.options.custom_l4 = Some(self.0.clone());
            Ok(Box::new(peer))
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_there_before_the_request_has_ended_opens_the_tunnel() {
        // Without the hold each of them fails every other time.
        for _ in 0..64 {
            let (near, mut upstream) = duplex(4096);
            let head = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
            upstream.write_all(head).await.unwrap();
            let (mut client, served) = duplex(4096);
            let conf = Arc::new(ServerConf::default());
            let proxy = Arc::new(http_proxy(
                &conf,
                To(Arc::new(Ready(Mutex::new(Some(near))))),
            ));
            let (_stop, shutdown) = tokio::sync::watch::channel(false);
            let serving =
                tokio::spawn(async move { proxy.process_new(Box::new(served), &shutdown).await });
            let request =
                b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
            client.write_all(request).await.unwrap();
            until(&mut client, b"\r\n\r\n").await;
            client.write_all(b"ping").await.unwrap();
            until(&mut upstream, b"ping").await;
            upstream.write_all(b"pong").await.unwrap();
            until(&mut client, b"pong").await;
            drop((client, upstream));
            serving.await.unwrap();
        }
    }

    async fn until(stream: &mut DuplexStream, end: &[u8]) {
        let mut seen = Vec::new();
        while !seen.ends_with(end) {
            assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0, "{seen:?}");
        }
    }

    #[tokio::test]
    async fn reading_waits_for_a_flush_with_nothing_to_flush() {
        let (near, mut far) = duplex(64);
        far.write_all(b"early").await.unwrap();
        let mut held = Held::new(near);
        let mut early = [0; 5];
        held.flush().await.unwrap();
        assert!(futures::poll!(Box::pin(held.read(&mut early))).is_pending());
        for part in [b"he", b"ad"] {
            held.write_all(part).await.unwrap();
        }
        held.flush().await.unwrap();
        assert!(futures::poll!(Box::pin(held.read(&mut early))).is_pending());
        let (mut reader, mut writer) = tokio::io::split(held);
        let read = tokio::spawn(async move { reader.read_exact(&mut early).await.map(|_| early) });
        tokio::task::yield_now().await;
        writer.flush().await.unwrap();
        assert_eq!(&read.await.unwrap().unwrap(), b"early");
    }
}
