//! Streams, WebSockets, gRPC, expectations and headers for one hop.

use std::io;

use bytes::Bytes;

use super::{Act, Headers, with};
use crate::behaviour::{Ending, Expectation};
use crate::reply::Reply;
use crate::stream::End;
use crate::websocket;

impl<R: Reply> Act<'_, R> {
    pub(super) async fn stream(
        &mut self,
        channel: Option<&str>,
        content_type: &str,
    ) -> io::Result<Ending> {
        let Some(channel) = channel.or(self.received.tag.as_deref()) else {
            return self
                .misused("`stream` needs a channel, or a tag on the request")
                .await;
        };
        let mut script = self.state.channels.handle(channel).follow();
        let headers = with(
            with(Vec::new(), "Content-Type", content_type),
            "Cache-Control",
            "no-store",
        );
        self.head(200, headers, None).await?;
        let mut sent = 0;
        loop {
            let (pieces, ending) = {
                let script = script.borrow_and_update();
                (script.pieces[sent..].to_vec(), script.ending)
            };
            sent += pieces.len();
            for piece in pieces {
                self.reply.data(piece).await?;
            }
            match ending {
                Some(End::Good) => {
                    self.reply.finish(Vec::new()).await?;
                    return Ok(Ending::Keep);
                }
                Some(End::Abort) => return Ok(Ending::Reset),
                None => {}
            }
            tokio::select! {
                changed = script.changed() => changed.map_err(io::Error::other)?,
                () = self.reply.gone() => return Ok(Ending::Close),
            }
        }
    }

    pub(super) async fn websocket(&mut self) -> io::Result<Ending> {
        let Some(accept) = websocket::accept(self.received) else {
            let headers = with(
                with(Vec::new(), "Upgrade", "websocket"),
                "Connection",
                "Upgrade",
            );
            return self.whole(426, headers, "this is a WebSocket\n").await;
        };
        if self.reply.wire().is_none() {
            return self.misused("`websocket` needs HTTP/1").await;
        }
        let headers = with(
            with(Vec::new(), "Upgrade", "websocket"),
            "Connection",
            "Upgrade",
        );
        self.head(101, with(headers, "Sec-WebSocket-Accept", &accept), None)
            .await?;
        match self.reply.wire() {
            Some(wire) => websocket::echo(wire).await,
            None => Ok(Ending::Close),
        }
    }

    pub(super) async fn grpc(
        &mut self,
        status: u32,
        message: Option<&str>,
        trailers_only: bool,
    ) -> io::Result<Ending> {
        let headers = with(Vec::new(), "Content-Type", "application/grpc");
        let mut outcome = with(Vec::new(), "grpc-status", &status.to_string());
        outcome.extend(message.map(|message| ("grpc-message".to_owned(), message.to_owned())));
        if trailers_only {
            self.head(200, headers.into_iter().chain(outcome).collect(), Some(0))
                .await?;
            self.reply.finish(Vec::new()).await?;
            return Ok(Ending::Keep);
        }
        self.head(200, headers, None).await?;
        self.reply.data(self.received.body.clone()).await?;
        self.reply.finish(outcome).await?;
        Ok(Ending::Keep)
    }

    pub(super) async fn hop_by_hop(&mut self) -> io::Result<Ending> {
        let headers: Headers = [
            ("Connection", "close, X-Hop-Nominated"),
            ("X-Hop-Nominated", "for the next hop only"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Connection", "keep-alive"),
            ("Upgrade", "h2c"),
            ("X-End-To-End", "for the client"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        self.echo(headers).await?;
        Ok(Ending::Close)
    }

    pub(super) async fn expect(&mut self, reaction: Expectation) -> io::Result<Ending> {
        match reaction {
            Expectation::Continue | Expectation::Silent => self.echo(Vec::new()).await,
            Expectation::Refuse => self.early(417, Ending::Close).await,
        }
    }

    pub(super) async fn early(&mut self, code: u16, then: Ending) -> io::Result<Ending> {
        let headers = match then {
            Ending::Keep => Vec::new(),
            Ending::Close | Ending::Reset => with(Vec::new(), "Connection", "close"),
        };
        self.whole(code, headers, Bytes::from_static(b"answered early\n"))
            .await?;
        Ok(then)
    }
}
