//! Writes a response (RFC 9112 §4, §6 and §7.1).

use std::fmt::Write;
use std::io;

use bytes::Bytes;

use crate::http1::Wire;
use crate::received::Received;
use crate::reply::{Head, Reply};

/// An HTTP/1 response in the making.
pub(crate) struct Http1Reply<'a> {
    wire: &'a mut Wire,
    /// The request was HEAD: no body follows, whatever the head says.
    bodiless: bool,
    /// The client speaks HTTP/1.0, which knows no chunks.
    old: bool,
    /// The client wants the connection to end.
    pub closing: bool,
    framing: Framing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length,
    Chunks,
    UntilClose,
    NoBody,
}

impl<'a> Http1Reply<'a> {
    pub fn new(wire: &'a mut Wire, received: &Received) -> Self {
        let old = received.version == "HTTP/1.0";
        let asked = |option: &str| {
            let mut options = received
                .header_values("connection")
                .flat_map(|value| value.split(','));
            options.any(|value| value.trim().eq_ignore_ascii_case(option))
        };
        let closing = asked("close") || (old && !asked("keep-alive"));
        Self {
            wire,
            bodiless: received.method == "HEAD",
            old,
            closing,
            framing: Framing::NoBody,
        }
    }

    /// Settles how the body is framed, and adds the headers that say so.
    fn frame(&mut self, head: &mut Head) -> Framing {
        let mut add = |name: &str, value: &str| {
            if !head
                .headers
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
            {
                head.headers.push((name.to_owned(), value.to_owned()));
            }
        };
        let framing = match head.length {
            _ if matches!(head.status, 100..200 | 204 | 304) => Framing::NoBody,
            Some(length) => {
                add("Content-Length", &length.to_string());
                Framing::Length
            }
            None if self.old => {
                self.closing = true;
                Framing::UntilClose
            }
            None => {
                add("Transfer-Encoding", "chunked");
                Framing::Chunks
            }
        };
        if self.closing && head.status >= 200 {
            add("Connection", "close");
        }
        if self.bodiless {
            Framing::NoBody
        } else {
            framing
        }
    }
}

/// A head as it goes over the wire.
pub(crate) fn encode(head: &Head) -> String {
    let reason = http::StatusCode::from_u16(head.status)
        .ok()
        .and_then(|status| status.canonical_reason());
    let mut text = format!("HTTP/1.1 {} {}\r\n", head.status, reason.unwrap_or(""));
    for (name, value) in &head.headers {
        write!(text, "{name}: {value}\r\n").expect("writing to a string can't fail");
    }
    text.push_str("\r\n");
    text
}

impl Reply for Http1Reply<'_> {
    async fn head(&mut self, mut head: Head) -> io::Result<()> {
        self.framing = self.frame(&mut head);
        self.wire.write(encode(&head).as_bytes()).await
    }

    async fn data(&mut self, piece: Bytes) -> io::Result<()> {
        match self.framing {
            Framing::NoBody => Ok(()),
            _ if piece.is_empty() => Ok(()),
            Framing::Length | Framing::UntilClose => self.wire.write(&piece).await,
            Framing::Chunks => {
                let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
                chunk.extend_from_slice(&piece);
                chunk.extend_from_slice(b"\r\n");
                self.wire.write(&chunk).await
            }
        }
    }

    async fn finish(&mut self, trailers: Vec<(String, String)>) -> io::Result<()> {
        if self.framing != Framing::Chunks {
            return Ok(());
        }
        let trailers: String = trailers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        self.wire
            .write(format!("0\r\n{trailers}\r\n").as_bytes())
            .await
    }

    async fn gone(&mut self) {
        self.wire.gone().await;
    }

    fn wire(&mut self) -> Option<&mut Wire> {
        Some(self.wire)
    }
}
