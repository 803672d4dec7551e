//! The client that scenarios act through. It writes every byte itself (RFC 9112), so that what a scenario says is what
//! goes over the wire: no header is added but `Host`, the exchange's tag and the body's framing, header names keep their
//! case, nothing is followed, retried, decoded or taken from the environment.

mod codec;
mod connection;
mod http2;
mod message;
pub mod websocket;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

pub use connection::Connection;
pub use message::{Body, Request, Response};

/// The request header that ties a request to what upstreams received.
pub const EXCHANGE_HEADER: &str = mock_upstreams::EXCHANGE_HEADER;

/// How long an exchange may take, from connecting to the last byte.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Where and how requests are sent.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// The address that connections come from.
    pub source: IpAddr,
    /// The address that they go to.
    pub target: SocketAddr,
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
    /// The connection, if it is still open.
    pub connection: Option<Connection>,
}

impl Client {
    /// Sends a request on a connection of its own and reads the response to its end.
    pub async fn send(&self, request: &Request) -> Outcome {
        if request.http2 {
            return self.bounded(http2::exchange(self, request)).await;
        }
        self.bounded(async {
            let mut connection = self.connect().await?;
            let response = connection.exchange(request).await?;
            Ok((response, Some(connection)))
        })
        .await
    }

    /// Sends a request and reads no more than the head of the response; the body is left on the connection.
    pub async fn open(&self, request: &Request) -> Outcome {
        self.bounded(async {
            let mut connection = self.connect().await?;
            let response = connection.open(request).await?;
            Ok((response, Some(connection)))
        })
        .await
    }

    /// Sends bytes as they are and reads a response.
    pub async fn send_bytes(&self, bytes: &[u8]) -> Outcome {
        self.bounded(async {
            let mut connection = self.connect().await?;
            let response = connection.exchange_bytes(bytes).await?;
            Ok((response, Some(connection)))
        })
        .await
    }

    async fn connect(&self) -> anyhow::Result<Connection> {
        Ok(Connection::new(self.stream().await?))
    }

    async fn stream(&self) -> anyhow::Result<TcpStream> {
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
        exchange: impl Future<Output = anyhow::Result<(Response, Option<Connection>)>>,
    ) -> Outcome {
        let begun = Instant::now();
        let result = timeout(DEADLINE, exchange).await;
        let took = begun.elapsed();
        match result {
            Ok(Ok((response, connection))) => {
                let error = response.broken.clone();
                Outcome {
                    response: Some(response),
                    error,
                    took,
                    connection,
                }
            }
            Ok(Err(error)) => Outcome {
                response: None,
                error: Some(format!("{error:#}")),
                took,
                connection: None,
            },
            Err(_) => {
                let error = format!("no complete response within {} s", DEADLINE.as_secs());
                Outcome {
                    response: None,
                    error: Some(error),
                    took,
                    connection: None,
                }
            }
        }
    }
}
