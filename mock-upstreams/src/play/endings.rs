//! Connections that end before a whole answer, and answers that are no HTTP.

use std::io;

use super::{Act, bodies::filler, with};
use crate::behaviour::{Ending, Moment};
use crate::reply::Reply;

/// What a cut body promises, and what of it is sent, in bytes.
const PROMISED: u64 = 1000;
const SENT: u64 = 16;

impl<R: Reply> Act<'_, R> {
    pub(super) async fn raw(&mut self, bytes: &[u8], then: Ending) -> io::Result<Ending> {
        if self.reply.wire().is_none() {
            return self.misused("`raw` needs HTTP/1").await;
        }
        self.write(bytes).await?;
        Ok(then)
    }

    pub(super) async fn cut(&mut self, at: Moment, ending: Ending) -> io::Result<Ending> {
        if at == Moment::Body {
            self.head(
                200,
                with(Vec::new(), "Content-Type", "text/plain"),
                Some(PROMISED),
            )
            .await?;
            self.reply.data(filler(SENT)).await?;
        }
        Ok(ending)
    }

    pub(super) async fn hang(&mut self) -> io::Result<Ending> {
        self.reply.gone().await;
        Ok(Ending::Close)
    }
}
