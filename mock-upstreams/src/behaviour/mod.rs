//! What an upstream does with a request: a closed list, each with a constructor, a JSON form and a short text form
//! (see [`text`]) that fits into a Gherkin step, a command-line flag or the `Gatecheck-Behaviour` header.

mod catalogue;
mod text;
mod value;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use catalogue::{CATALOGUE, Kind};
pub use text::BehaviourError;
pub use value::Fields;

/// What an upstream does with a request.
///
/// In text, a kind and its parameters: `echo`, `slow=200ms`, `slow=200ms;chunks=3;between=50ms`,
/// `flaky=2;with=status=503;then=named=blue`. A `%XX` escape stands for a `;` (or any byte) inside a value.
/// In JSON, `{"slow": {"delay": "200ms"}}`. [`CATALOGUE`] lists all kinds with an example each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Behaviour {
    /// Answers 200 with the request as JSON: server, method, target, version, headers, body.
    Echo,
    /// [`Behaviour::Echo`] under a name of its own, which is also in the header `X-Upstream`.
    Named {
        /// The name.
        #[serde(alias = "value")]
        name: String,
    },
    /// Answers with this status, these headers and this body.
    Status {
        /// The status code, 200 to 999.
        #[serde(alias = "value", deserialize_with = "value::status")]
        code: u16,
        /// Headers, in order.
        #[serde(default)]
        headers: Fields,
        /// The body, with a Content-Length; none for 204 and 304.
        #[serde(default)]
        body: String,
        /// Trailers; when there are any, the body is sent in chunks without a Content-Length.
        #[serde(default)]
        trailers: Fields,
    },
    /// Waits before the head, then sends an echo in pieces with a pause between them.
    Slow {
        /// The wait before the head.
        #[serde(alias = "value", default, with = "value::duration")]
        delay: Duration,
        /// The pause between two pieces of the body.
        #[serde(default, with = "value::duration")]
        between: Duration,
        /// The number of pieces.
        #[serde(default = "one")]
        chunks: u32,
    },
    /// Fails a number of times, then is good. Failures are counted by `key`; without one by the request's tag; without
    /// a tag by its path.
    Flaky {
        /// The number of failures before the first good answer.
        #[serde(alias = "value")]
        failures: u64,
        /// What a failure is.
        #[serde(default = "unavailable")]
        with: Box<Behaviour>,
        /// What follows after the failures.
        #[serde(default = "echo")]
        then: Box<Behaviour>,
        /// What the failures are counted by.
        #[serde(default)]
        key: Option<String>,
    },
    /// A body of many bytes, all of them the letter `x`.
    Large {
        /// The size of the body in bytes; `64KiB` and `3MiB` can be written.
        #[serde(alias = "value", with = "value::size")]
        bytes: u64,
        /// Sent in chunks, without a Content-Length.
        #[serde(default)]
        chunked: bool,
    },
    /// A body that never ends.
    Endless {
        /// The size of each piece in bytes.
        #[serde(alias = "value", default = "endless_piece", with = "value::size")]
        piece: u64,
        /// The pause between two pieces.
        #[serde(default, with = "value::duration")]
        between: Duration,
    },
    /// A response that caches may keep; its body is `{"count": n}`, where n grows with each full answer. Answers 304
    /// when `If-None-Match` or, without it, `If-Modified-Since` says so.
    Cacheable {
        /// Becomes `Cache-Control: max-age` in seconds; none: no such header.
        #[serde(alias = "value", default)]
        max_age: Option<u64>,
        /// The entity tag, with its quotes.
        #[serde(default)]
        etag: Option<String>,
        /// An HTTP date.
        #[serde(default)]
        last_modified: Option<String>,
        /// The names for `Vary`.
        #[serde(default)]
        vary: Option<String>,
        /// Further headers, such as a whole `Cache-Control` of one's own.
        #[serde(default)]
        headers: Fields,
        /// What answers are counted by; without it the request's target.
        #[serde(default)]
        key: Option<String>,
    },
    /// Writes these bytes for a response, whatever they are (HTTP/1 only).
    Raw {
        /// The bytes, one for each character up to U+00FF.
        #[serde(alias = "value", with = "value::latin1")]
        bytes: Vec<u8>,
        /// What happens to the connection then.
        #[serde(default)]
        then: Ending,
    },
    /// Resets the connection (TCP RST; RST_STREAM in HTTP/2).
    Reset {
        /// When.
        #[serde(alias = "value", default)]
        at: Moment,
    },
    /// Closes the connection in good order, but without a (whole) answer.
    Close {
        /// When.
        #[serde(alias = "value", default)]
        at: Moment,
    },
    /// Reads the request and never answers; ends when the client goes.
    Hang,
    /// Connections are refused: the port is held, but nobody listens. For a whole server only.
    Refuse,
    /// Connections are never accepted: the client's SYN stays unanswered. For a whole server only.
    Blackhole,
    /// A response whose pieces a test sends through [`crate::MockUpstream::stream`], each in its own write.
    Stream {
        /// The channel's name; without it the request's tag.
        #[serde(alias = "value", default)]
        channel: Option<String>,
        /// The Content-Type.
        #[serde(default = "event_stream")]
        content_type: String,
    },
    /// Accepts a WebSocket and echoes its messages; answers 426 when no upgrade was asked for.
    #[serde(rename = "websocket")]
    WebSocket,
    /// Sends the request's body back as gRPC, with `grpc-status` in the trailers.
    Grpc {
        /// The status number; 0 is OK.
        #[serde(alias = "value", default)]
        status: u32,
        /// The `grpc-message`.
        #[serde(default)]
        message: Option<String>,
        /// Sends head and status at once in one block of headers, without a body.
        #[serde(default)]
        trailers_only: bool,
    },
    /// An echo with headers that are for this hop only: `Connection: close, X-Hop-Nominated`, `X-Hop-Nominated`,
    /// `Keep-Alive`, `Proxy-Connection` and `Upgrade`, beside the end-to-end header `X-End-To-End`.
    HopByHop,
    /// What `Expect: 100-continue` gets. All other behaviours send `100 Continue` before they read the body.
    Expect {
        /// The reaction.
        #[serde(alias = "value")]
        reaction: Expectation,
    },
    /// Answers before the request's body was read.
    Early {
        /// The status code, 200 to 999.
        #[serde(alias = "value", deserialize_with = "value::status")]
        code: u16,
        /// What happens to the rest of the request's body: `keep` reads it, the others don't.
        #[serde(default)]
        then: Ending,
    },
    /// A head with many or large headers, `X-Flood-0`, `X-Flood-1` and so on.
    Flood {
        /// The number of headers.
        #[serde(alias = "value")]
        count: u32,
        /// The size of each value in bytes.
        #[serde(default = "flood_size", with = "value::size")]
        size: u64,
    },
    /// Sends an echo's head slowly, a few bytes at a time (HTTP/1 only).
    Trickle {
        /// The pause between two writes.
        #[serde(alias = "value", with = "value::duration")]
        between: Duration,
        /// The number of bytes of each write.
        #[serde(default = "one")]
        bytes: u32,
    },
}

/// What happens to a connection after an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It stays open for a further request.
    Keep,
    /// It is closed in good order.
    #[default]
    Close,
    /// It is reset.
    Reset,
}

/// The moment at which a connection ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// Once it is accepted, before anything is read; chosen per request it is the same as [`Moment::Head`].
    Accept,
    /// After the request's head, before its body is read.
    Head,
    /// After the whole request, before the response.
    #[default]
    Request,
    /// In the middle of the response's body: 16 of 1,000 promised bytes are out.
    Body,
}

/// The reaction to `Expect: 100-continue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// `100 Continue`, then the body is read and echoed.
    Continue,
    /// No `100 Continue`: the body is waited for and echoed.
    Silent,
    /// `417 Expectation Failed` at once; the connection is closed.
    Refuse,
}

impl Behaviour {
    /// See [`Behaviour::Echo`].
    pub fn echo() -> Self {
        Self::Echo
    }

    /// See [`Behaviour::Named`].
    pub fn named(name: impl Into<String>) -> Self {
        Self::Named { name: name.into() }
    }

    /// See [`Behaviour::Status`]; without trailers.
    pub fn status<'a>(
        code: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: impl Into<String>,
    ) -> Self {
        Self::Status {
            code,
            headers: headers.into_iter().collect(),
            body: body.into(),
            trailers: Fields::default(),
        }
    }

    /// See [`Behaviour::Slow`]; a wait before the head alone.
    pub fn slow(delay: Duration) -> Self {
        Self::Slow {
            delay,
            between: Duration::ZERO,
            chunks: 1,
        }
    }

    /// See [`Behaviour::Slow`]; the head at once, then `chunks` pieces with a pause between them.
    pub fn slow_body(chunks: u32, between: Duration) -> Self {
        Self::Slow {
            delay: Duration::ZERO,
            between,
            chunks,
        }
    }

    /// See [`Behaviour::Flaky`]; counted by the request's tag.
    pub fn flaky(failures: u64, with: Self) -> Self {
        Self::Flaky {
            failures,
            with: Box::new(with),
            then: echo(),
            key: None,
        }
    }

    /// See [`Behaviour::Large`]; with a Content-Length.
    pub fn large(bytes: u64) -> Self {
        Self::Large {
            bytes,
            chunked: false,
        }
    }

    /// See [`Behaviour::Large`]; in chunks.
    pub fn large_chunked(bytes: u64) -> Self {
        Self::Large {
            bytes,
            chunked: true,
        }
    }

    /// See [`Behaviour::Endless`]; as fast as it is read.
    pub fn endless() -> Self {
        Self::Endless {
            piece: endless_piece(),
            between: Duration::ZERO,
        }
    }

    /// See [`Behaviour::Cacheable`]; with nothing but `Cache-Control: max-age`.
    pub fn cacheable(max_age_seconds: u64) -> Self {
        Self::Cacheable {
            max_age: Some(max_age_seconds),
            etag: None,
            last_modified: None,
            vary: None,
            headers: Fields::default(),
            key: None,
        }
    }

    /// See [`Behaviour::Raw`].
    pub fn raw(bytes: impl Into<Vec<u8>>, then: Ending) -> Self {
        Self::Raw {
            bytes: bytes.into(),
            then,
        }
    }

    /// See [`Behaviour::Reset`].
    pub fn reset(at: Moment) -> Self {
        Self::Reset { at }
    }

    /// See [`Behaviour::Close`].
    pub fn close(at: Moment) -> Self {
        Self::Close { at }
    }

    /// See [`Behaviour::Hang`].
    pub fn hang() -> Self {
        Self::Hang
    }

    /// See [`Behaviour::Refuse`].
    pub fn refuse() -> Self {
        Self::Refuse
    }

    /// See [`Behaviour::Blackhole`].
    pub fn blackhole() -> Self {
        Self::Blackhole
    }

    /// See [`Behaviour::Stream`]; server-sent events on the named channel.
    pub fn stream(channel: impl Into<String>) -> Self {
        Self::Stream {
            channel: Some(channel.into()),
            content_type: event_stream(),
        }
    }

    /// See [`Behaviour::WebSocket`].
    pub fn websocket() -> Self {
        Self::WebSocket
    }

    /// See [`Behaviour::Grpc`].
    pub fn grpc(status: u32) -> Self {
        Self::Grpc {
            status,
            message: None,
            trailers_only: false,
        }
    }

    /// See [`Behaviour::HopByHop`].
    pub fn hop_by_hop() -> Self {
        Self::HopByHop
    }

    /// See [`Behaviour::Expect`].
    pub fn expect(reaction: Expectation) -> Self {
        Self::Expect { reaction }
    }

    /// See [`Behaviour::Early`].
    pub fn early(code: u16, then: Ending) -> Self {
        Self::Early { code, then }
    }

    /// See [`Behaviour::Flood`].
    pub fn flood(count: u32, size: u64) -> Self {
        Self::Flood { count, size }
    }

    /// See [`Behaviour::Trickle`]; byte by byte.
    pub fn trickle(between: Duration) -> Self {
        Self::Trickle { between, bytes: 1 }
    }
}

fn echo() -> Box<Behaviour> {
    Box::new(Behaviour::Echo)
}

fn unavailable() -> Box<Behaviour> {
    Box::new(Behaviour::status(503, [], "unavailable\n"))
}

fn one() -> u32 {
    1
}

fn endless_piece() -> u64 {
    16 * 1024
}

fn flood_size() -> u64 {
    64
}

fn event_stream() -> String {
    "text/event-stream".to_owned()
}

#[cfg(test)]
mod tests;
