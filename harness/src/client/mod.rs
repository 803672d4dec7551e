//! The client that scenarios act through. It writes every byte itself (RFC 9112), so that what a scenario says is what
//! goes over the wire: no header is added but `Host`, the exchange's tag and the body's framing, header names keep their
//! case, nothing is followed, retried, decoded or taken from the environment.

mod codec;
mod connection;
mod http2;
mod message;
pub mod tls;
pub mod websocket;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

pub use connection::Connection;
use connection::Transport;
pub use message::{Body, Request, Response};
use tls::Learnt;
pub use tls::{Handshake, HandshakeFailure, Tls};

/// The request header that ties a request to what upstreams received.
pub const EXCHANGE_HEADER: &str = mock_upstreams::EXCHANGE_HEADER;

/// How long an exchange may take, from connecting to the last byte.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// What HTTP/2 is called where protocols are agreed on (RFC 9113 §3.1).
const HTTP2: &str = "h2";

/// Where and how requests are sent.
#[derive(Clone, Debug)]
pub struct Client {
    /// The address that connections come from.
    pub source: IpAddr,
    /// The address that they go to.
    pub target: SocketAddr,
    /// What requests are for where they don't say; none: the host asked for in the handshake, else the address.
    pub host: Option<String>,
    /// How TLS is spoken; none: it isn't.
    pub tls: Option<Tls>,
}

/// What came of sending a request.
#[derive(Debug)]
pub struct Outcome {
    /// The response, as far as it came.
    pub response: Option<Response>,
    /// Why there is no response, or what broke it off.
    pub error: Option<String>,
    /// How long it took.
    pub took: Duration,
    /// What the TLS handshake came to; none without TLS.
    pub handshake: Option<Handshake>,
    /// The connection, if it is still open.
    pub connection: Option<Connection>,
}

/// A response and what is left of its connection.
type Exchanged = (Response, Option<Connection>);

impl Client {
    /// Sends a request on a connection of its own and reads the response to its end.
    pub async fn send(&self, request: &Request) -> Outcome {
        self.bounded(async |learnt| {
            let (stream, http2) = self.stream(request.http2, learnt).await?;
            if http2 {
                return http2::exchange(self, stream, request).await;
            }
            let mut connection = Connection::new(stream);
            let response = connection.exchange(request).await?;
            Ok((response, Some(connection)))
        })
        .await
    }

    /// Sends a request and reads no more than the head of the response; the body is left on the connection.
    pub async fn open(&self, request: &Request) -> Outcome {
        self.bounded(async |learnt| {
            let mut connection = self.connect(learnt).await?;
            let response = connection.open(request).await?;
            Ok((response, Some(connection)))
        })
        .await
    }

    /// Sends bytes as they are and reads a response.
    pub async fn send_bytes(&self, bytes: &[u8]) -> Outcome {
        self.bounded(async |learnt| {
            let mut connection = self.connect(learnt).await?;
            let response = connection.exchange_bytes(bytes).await?;
            Ok((response, Some(connection)))
        })
        .await
    }

    /// The host that requests are for where they don't say.
    pub fn host(&self) -> String {
        if let Some(host) = &self.host {
            return host.clone();
        }
        let named = self.tls.as_ref().and_then(|tls| tls.server_name.clone());
        named.unwrap_or_else(|| self.target.to_string())
    }

    async fn connect(&self, learnt: &mut Learnt) -> anyhow::Result<Connection> {
        let (stream, http2) = self.stream(false, learnt).await?;
        anyhow::ensure!(!http2, "the gateway chose HTTP/2; offer http/1.1 alone");
        Ok(Connection::new(stream))
    }

    /// A connection, and whether HTTP/2 is spoken on it: as wanted, or as agreed on where the choice is offered.
    async fn stream(
        &self,
        http2: bool,
        learnt: &mut Learnt,
    ) -> anyhow::Result<(Box<dyn Transport>, bool)> {
        let stream = self.tcp().await?;
        let Some(tls) = &self.tls else {
            return Ok((Box::new(stream), http2));
        };
        let offered: Vec<&str> = match http2 {
            true => vec![HTTP2],
            false => tls.protocols.iter().map(String::as_str).collect(),
        };
        let stream = tls.connect(stream, &offered, learnt).await?;
        let agreed = stream.get_ref().1.alpn_protocol() == Some(HTTP2.as_bytes());
        anyhow::ensure!(agreed || !http2, "the gateway did not agree to HTTP/2");
        Ok((Box::new(stream), agreed))
    }

    async fn tcp(&self) -> anyhow::Result<TcpStream> {
        let socket = if self.target.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        if self.target.is_ipv4() == self.source.is_ipv4() {
            socket.bind(SocketAddr::new(self.source, 0))?;
        }
        let stream = socket.connect(self.target).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn bounded(
        &self,
        exchange: impl AsyncFnOnce(&mut Learnt) -> anyhow::Result<Exchanged>,
    ) -> Outcome {
        let (begun, mut learnt) = (Instant::now(), Learnt::default());
        let result = timeout(DEADLINE, exchange(&mut learnt)).await;
        let took = begun.elapsed();
        let (response, error, connection) = match result {
            Ok(Ok((response, connection))) => {
                let error = response.broken.clone();
                (Some(response), error, connection)
            }
            Ok(Err(error)) => {
                if let Some(handshake) = &mut learnt.0 {
                    handshake.refused_late(&error);
                }
                (None, Some(format!("{error:#}")), None)
            }
            Err(_) => {
                if let Some(handshake) = &mut learnt.0 {
                    handshake.timed_out();
                }
                let error = format!("no complete response within {} s", DEADLINE.as_secs());
                (None, Some(error), None)
            }
        };
        Outcome {
            response,
            error,
            took,
            handshake: learnt.0,
            connection,
        }
    }
}
