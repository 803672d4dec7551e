//! Upstream servers that behave, or misbehave, on demand and remember what they received.
//!
//! ```
//! use mock_upstreams::{Behaviour, MockUpstream};
//!
//! # tokio_test(async {
//! let upstream = MockUpstream::spawn(Behaviour::named("blue")).await?;
//! let answer = reqwest::get(upstream.url()).await?;
//! assert_eq!(answer.headers()["x-upstream"], "blue");
//! assert_eq!(upstream.received()[0].method, "GET");
//! # Ok(()) });
//! # fn tokio_test(test: impl Future<Output = Result<(), Box<dyn std::error::Error>>>) {
//! #     tokio::runtime::Runtime::new().expect("a runtime").block_on(test).expect("the example holds");
//! # }
//! ```
//!
//! One server can serve many scenarios side by side: a request chooses its behaviour by the header
//! [`BEHAVIOUR_HEADER`], or by a path prefix (see [`MockUpstream::route`]), and carries the tag by which it is found
//! again in [`EXCHANGE_HEADER`]. HTTP/1.1 and HTTP/2 with prior knowledge are spoken on the same port. With [`Builder::tls`] both are
//! spoken over TLS, and every request tells what the handshake of its connection came to ([`Received::tls`]).

pub mod behaviour;
mod gate;
mod http1;
mod http2;
mod journal;
mod play;
mod received;
mod reply;
mod server;
mod socket;
mod stream;
pub mod tls;
mod upstream;
mod websocket;

pub use behaviour::{Behaviour, BehaviourError, CATALOGUE, Ending, Expectation, Fields, Moment};
pub use journal::NotReceived;
pub use received::{Oddity, Received};
pub use stream::StreamHandle;
pub use tls::Tls;
pub use upstream::{Builder, MockUpstream};

/// The request header whose value (see [`Behaviour`], the text or the JSON form) chooses what is done with a request.
pub const BEHAVIOUR_HEADER: &str = "Gatecheck-Behaviour";

/// The request header whose value becomes [`Received::tag`].
pub const EXCHANGE_HEADER: &str = "Gatecheck-Exchange";
