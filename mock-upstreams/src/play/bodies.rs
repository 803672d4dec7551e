//! Heads and bodies that are slow, large or without an end.

use std::io;
use std::time::Duration;

use bytes::Bytes;

use super::{Act, with};
use crate::behaviour::Ending;
use crate::http1::encode;
use crate::reply::Reply;

/// The size of the pieces of a large body, in bytes.
const PIECE: u64 = 64 * 1024;

impl<R: Reply> Act<'_, R> {
    pub(super) async fn slow(
        &mut self,
        delay: Duration,
        between: Duration,
        chunks: u32,
    ) -> io::Result<Ending> {
        self.pause(delay).await?;
        let body = Bytes::from(self.echoed());
        let headers = with(Vec::new(), "Content-Type", "application/json");
        self.head(200, headers, (chunks < 2).then_some(body.len() as u64))
            .await?;
        let size = body.len().div_ceil(chunks.max(1) as usize).max(1);
        for (n, piece) in body.chunks(size).enumerate() {
            self.pause(if n == 0 { Duration::ZERO } else { between })
                .await?;
            self.reply.data(body.slice_ref(piece)).await?;
        }
        self.reply.finish(Vec::new()).await?;
        Ok(Ending::Keep)
    }

    pub(super) async fn large(&mut self, bytes: u64, chunked: bool) -> io::Result<Ending> {
        self.head(
            200,
            with(Vec::new(), "Content-Type", "text/plain"),
            (!chunked).then_some(bytes),
        )
        .await?;
        let piece = filler(PIECE);
        let mut left = bytes;
        while left > 0 && self.received.method != "HEAD" {
            let length = left.min(PIECE);
            self.reply.data(piece.slice(..length as usize)).await?;
            left -= length;
        }
        self.reply.finish(Vec::new()).await?;
        Ok(Ending::Keep)
    }

    pub(super) async fn endless(&mut self, piece: u64, between: Duration) -> io::Result<Ending> {
        self.head(200, with(Vec::new(), "Content-Type", "text/plain"), None)
            .await?;
        if self.received.method == "HEAD" {
            return Ok(Ending::Keep);
        }
        let piece = filler(piece.max(1));
        loop {
            self.reply.data(piece.clone()).await?;
            self.pause(between).await?;
        }
    }

    pub(super) async fn flood(&mut self, count: u32, size: u64) -> io::Result<Ending> {
        let value = String::from_utf8_lossy(&filler(size)).into_owned();
        let headers = (0..count)
            .map(|n| (format!("X-Flood-{n}"), value.clone()))
            .collect();
        self.echo(headers).await
    }

    pub(super) async fn trickle(&mut self, between: Duration, bytes: u32) -> io::Result<Ending> {
        if self.reply.wire().is_none() {
            return self.misused("`trickle` needs HTTP/1").await;
        }
        let body = self.echoed();
        let headers = with(Vec::new(), "Connection", "close");
        let headers = with(headers, "Content-Length", &body.len().to_string());
        let head = encode(&self.complete(200, headers, None));
        for piece in head.as_bytes().chunks(bytes.max(1) as usize) {
            self.write(piece).await?;
            self.pause(between).await?;
        }
        if self.received.method != "HEAD" {
            self.write(body.as_bytes()).await?;
        }
        Ok(Ending::Close)
    }

    /// Writes bytes past the protocol; does nothing in HTTP/2.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.reply.wire() {
            Some(wire) => wire.write(bytes).await,
            None => Ok(()),
        }
    }
}

pub(super) fn filler(bytes: u64) -> Bytes {
    Bytes::from(vec![b'x'; usize::try_from(bytes).unwrap_or(usize::MAX)])
}
