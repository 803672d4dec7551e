//! Channels on which a test sends a response piece by piece. A channel keeps what was sent, so that it doesn't matter
//! whether the test or the request comes first.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::watch;

/// The sending side of a `stream` response.
#[derive(Debug, Clone)]
pub struct StreamHandle(Arc<watch::Sender<Script>>);

/// What was sent on a channel so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    pub pieces: Vec<Bytes>,
    pub ending: Option<End>,
}

/// How a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Good,
    Abort,
}

#[derive(Default)]
pub(crate) struct Channels(Mutex<HashMap<String, StreamHandle>>);

impl Channels {
    pub fn handle(&self, name: &str) -> StreamHandle {
        self.0
            .lock()
            .entry(name.to_owned())
            .or_insert_with(|| StreamHandle(Arc::default()))
            .clone()
    }
}

impl StreamHandle {
    /// Sends a piece, which every response on the channel writes at once, and later ones from the first piece on.
    pub fn send(&self, piece: impl Into<Bytes>) {
        self.0
            .send_modify(|script| script.pieces.push(piece.into()));
    }

    /// Sends a server-sent event with this data (HTML Standard §9.2.6), each line in a `data` field of its own.
    pub fn event(&self, data: &str) {
        let mut event: String = data
            .split('\n')
            .map(|line| format!("data: {line}\n"))
            .collect();
        event.push('\n');
        self.send(event);
    }

    /// Ends the responses in good order.
    pub fn end(&self) {
        self.0.send_modify(|script| script.ending = Some(End::Good));
    }

    /// Resets the connections of the responses.
    pub fn abort(&self) {
        self.0
            .send_modify(|script| script.ending = Some(End::Abort));
    }

    /// The number of responses that are on the channel now.
    pub fn responses(&self) -> usize {
        self.0.receiver_count()
    }

    pub(crate) fn follow(&self) -> watch::Receiver<Script> {
        let mut script = self.0.subscribe();
        script.mark_changed();
        script
    }
}
