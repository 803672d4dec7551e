//! One connection on both sides of a proxy: exchanges one after the other as long as they are messages of HTTP/1.1, then
//! bytes as they come. What no fault changes goes on as it came, byte by byte and as soon as it came.

use std::io;
use std::net::IpAddr;

use bytes::{Buf as _, BytesMut};
use tokio::io::AsyncWriteExt as _;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::sleep;

use super::exchange;
use super::framing::{Framing, Kept, Meter};
use super::message::{Parsed, Request, Response};
use super::proxy::{PATIENCE, Post};
use super::surroundings::Given;
use super::wire::Source;

/// The longest head that is looked at, in bytes.
const MAX_HEAD: usize = 1 << 17;

/// A client, a server, and the proxy between them.
pub(super) struct Link<'a> {
    pub post: &'a Post,
    pub peer: IpAddr,
    pub client: Source<'a>,
    pub to_client: WriteHalf<'a>,
    pub server: Source<'a>,
    pub to_server: WriteHalf<'a>,
}

/// What comes after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another one.
    Another,
    /// Bytes as they come.
    Raw,
    /// Nothing.
    Over,
}

/// What a client sends first.
pub(super) enum Incoming {
    Request(Request, usize),
    Other,
    End,
}

/// What a server sends to that.
pub(super) enum Answer {
    Head(Response, usize),
    Other,
    End,
}

/// The way of a request's body.
pub(super) struct Upward<'b, 'a> {
    pub client: &'b mut Source<'a>,
    pub to_server: &'b mut WriteHalf<'a>,
    pub meter: Meter,
    /// What is on its way.
    pub out: BytesMut,
    /// Whether the server still takes bytes.
    pub taken: bool,
}

/// The way of a response.
pub(super) struct Downward<'b, 'a> {
    pub server: &'b mut Source<'a>,
    pub to_client: &'b mut WriteHalf<'a>,
}

impl<'a> Link<'a> {
    pub fn new(
        post: &'a Post,
        peer: IpAddr,
        (client, to_client): (ReadHalf<'a>, WriteHalf<'a>),
        (server, to_server): (ReadHalf<'a>, WriteHalf<'a>),
    ) -> Self {
        Self {
            post,
            peer,
            client: Source::new(client),
            to_client,
            server: Source::new(server),
            to_server,
        }
    }

    /// Until both sides have ended.
    pub async fn run(mut self) -> io::Result<()> {
        loop {
            match exchange::one(&mut self).await? {
                Next::Another => {}
                Next::Over => return Ok(()),
                Next::Raw => break,
            }
        }
        let up = self.client.pump(&mut self.to_server);
        let down = self.server.pump(&mut self.to_client);
        tokio::try_join!(up, down).map(drop)
    }

    /// Waits for a request's head; nothing of it is taken away yet. Whatever else happens before it is whole, what was
    /// read goes on as it is, so that a gateway sees slow clients as they are.
    pub async fn request(&mut self) -> io::Result<Incoming> {
        loop {
            match Request::parse(&self.client.ahead) {
                Parsed::Whole(request, length) => return Ok(Incoming::Request(request, length)),
                Parsed::Partial if self.client.ahead.len() < MAX_HEAD => {}
                _ => return Ok(Incoming::Other),
            }
            let begun = !self.client.ahead.is_empty();
            let ended = || {
                if begun {
                    Incoming::Other
                } else {
                    Incoming::End
                }
            };
            tokio::select! {
                read = self.client.fill() => if read? == 0 {
                    return Ok(ended());
                },
                read = self.server.fill() => return Ok(match read? {
                    0 => ended(),
                    _ => Incoming::Other,
                }),
                () = sleep(PATIENCE), if begun => return Ok(Incoming::Other),
            }
        }
    }

    /// Reads a request's body to its end before anything of it goes on; none where it doesn't come.
    pub async fn gather(&mut self, framing: Framing) -> io::Result<Option<Kept>> {
        let mut meter = Meter::new(framing, true);
        loop {
            let count = meter.take(&self.client.ahead);
            drop(self.client.ahead.split_to(count));
            if meter.done() {
                return Ok(meter.kept().cloned());
            }
            if meter.lost() || self.client.fill().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Gives the client a response that didn't come this way.
    pub async fn give(&mut self, method: &str, (mut response, kept): Given) -> io::Result<Next> {
        let bodiless = method == "HEAD" || matches!(response.status, 204 | 304);
        response.fields.remove("Transfer-Encoding");
        response.fields.set("Connection", "close");
        let mut bytes = Vec::new();
        if !bodiless {
            let length = kept.body.len().to_string();
            response.fields.set("Content-Length", length);
            bytes = kept.body;
        }
        let bytes = [response.bytes(), bytes].concat();
        self.to_client.write_all(&bytes).await?;
        Ok(Next::Over)
    }
}

impl Upward<'_, '_> {
    /// Passes the body on as it comes; then waits for the client to leave. Nothing is lost where this is cancelled.
    ///
    /// # Errors
    /// When the client breaks the connection; there is no other end.
    pub async fn relay(&mut self) -> io::Error {
        loop {
            if !self.out.is_empty() {
                match self.to_server.write(&self.out).await {
                    Ok(written) if self.taken => self.out.advance(written),
                    // It may still have something to say.
                    _ => {
                        self.taken = false;
                        self.out.clear();
                    }
                }
                continue;
            }
            // What comes behind the body is of the next exchange.
            if self.meter.done() && !self.client.ahead.is_empty() {
                return std::future::pending().await;
            }
            if self.client.ahead.is_empty() {
                match self.client.fill().await {
                    Ok(0) => {
                        if self.to_server.shutdown().await.is_err() {
                            tracing::debug!("the server had gone");
                        }
                        return std::future::pending().await;
                    }
                    Ok(_) => {}
                    Err(error) => return error,
                }
            }
            let count = self.meter.take(&self.client.ahead);
            self.out = self.client.ahead.split_to(count);
        }
    }

    /// Whether the whole body has gone on.
    pub fn done(&self) -> bool {
        self.meter.done() && self.out.is_empty()
    }

    /// Leaves what has not gone on to whoever comes next.
    pub fn leave(self) {
        let mut left = self.out;
        left.extend_from_slice(&self.client.ahead);
        self.client.ahead = left;
    }
}

impl Downward<'_, '_> {
    /// Waits for the head of the final response, and passes on those before.
    pub async fn head(&mut self) -> io::Result<Answer> {
        loop {
            match Response::parse(&self.server.ahead) {
                Parsed::Whole(response, length)
                    if (100..200).contains(&response.status) && response.status != 101 =>
                {
                    let interim = self.server.ahead.split_to(length);
                    self.to_client.write_all(&interim).await?;
                    continue;
                }
                Parsed::Whole(response, length) => return Ok(Answer::Head(response, length)),
                Parsed::Partial if self.server.ahead.len() < MAX_HEAD => {}
                _ => return Ok(Answer::Other),
            }
            let begun = !self.server.ahead.is_empty();
            let read = tokio::select! {
                read = self.server.fill() => read?,
                () = sleep(PATIENCE), if begun => return Ok(Answer::Other),
            };
            if read == 0 {
                return Ok(if begun { Answer::Other } else { Answer::End });
            }
        }
    }

    /// Passes a body on as it comes; whether it came to its end.
    pub async fn body(&mut self, mut meter: Meter) -> io::Result<bool> {
        loop {
            let count = meter.take(&self.server.ahead);
            let bytes = self.server.ahead.split_to(count);
            self.to_client.write_all(&bytes).await?;
            if meter.done() {
                return Ok(true);
            }
            if self.server.fill().await? == 0 {
                return Ok(false);
            }
        }
    }

    /// Reads a body; what came of it, and whether it came to its end.
    pub async fn gather(&mut self, framing: Framing) -> io::Result<(Kept, bool)> {
        let mut meter = Meter::new(framing, true);
        loop {
            let count = meter.take(&self.server.ahead);
            drop(self.server.ahead.split_to(count));
            let done = meter.done();
            if done || self.server.fill().await? == 0 {
                let kept = meter.kept().cloned().unwrap_or_default();
                return Ok((kept, done || framing == Framing::UntilClose));
            }
        }
    }
}
