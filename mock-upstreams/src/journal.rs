//! The memory of a server: every request, in the order in which their heads were read, and a bell for those who wait.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::BytesMut;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::received::{Oddity, Received};

/// The number of requests that are kept; older ones are forgotten, but still counted.
const KEPT: usize = 20_000;

/// What somebody waited for did not come in time.
#[derive(Debug, thiserror::Error)]
#[error("waited {waited:?} in vain for {expected}; received so far: [{received}]")]
pub struct NotReceived {
    waited: Duration,
    expected: String,
    received: String,
}

#[derive(Default)]
pub(crate) struct Journal {
    entries: Mutex<Entries>,
    changed: Notify,
}

#[derive(Default)]
struct Entries {
    kept: VecDeque<Received>,
    /// The number of the first kept request.
    first: u64,
}

/// A request whose body still comes. Dropped without [`Recording::finish`], it ends as an incomplete one.
pub(crate) struct Recording<'a> {
    journal: &'a Journal,
    number: u64,
    received: Received,
    body: BytesMut,
    sha256: Sha256,
}

impl Journal {
    /// Records a request whose head was read.
    pub fn begin(&self, received: Received) -> Recording<'_> {
        let mut entries = self.entries.lock();
        if entries.kept.len() == KEPT {
            entries.kept.pop_front();
            entries.first += 1;
        }
        let number = entries.total();
        entries.kept.push_back(received.clone());
        drop(entries);
        self.changed.notify_waiters();
        Recording {
            journal: self,
            number,
            received,
            body: BytesMut::new(),
            sha256: Sha256::new(),
        }
    }

    pub fn all(&self) -> Vec<Received> {
        self.entries.lock().kept.iter().cloned().collect()
    }

    pub fn tagged(&self, tag: &str) -> Vec<Received> {
        self.entries
            .lock()
            .kept
            .iter()
            .filter(|received| received.tag.as_deref() == Some(tag))
            .cloned()
            .collect()
    }

    /// The number of requests ever recorded, forgotten ones included.
    pub fn total(&self) -> u64 {
        self.entries.lock().total()
    }

    pub fn clear(&self) {
        let mut entries = self.entries.lock();
        entries.first = entries.total();
        entries.kept.clear();
    }

    /// Waits until `look` finds what it looks for, woken by every request that begins or ends.
    pub async fn wait_until<T>(
        &self,
        expected: &str,
        deadline: Duration,
        mut look: impl FnMut(&[Received]) -> Option<T>,
    ) -> Result<T, NotReceived> {
        let found = tokio::time::timeout(deadline, async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(found) = look(self.entries.lock().kept.make_contiguous()) {
                    return found;
                }
                changed.await;
            }
        });
        found.await.map_err(|_| self.in_vain(expected, deadline))
    }

    /// The error of somebody who waited.
    pub fn in_vain(&self, expected: &str, waited: Duration) -> NotReceived {
        let line = |r: &Received| {
            format!(
                "{} {} tag {:?}",
                r.method,
                r.target,
                r.tag.as_deref().unwrap_or("")
            )
        };
        let latest: Vec<_> = self
            .entries
            .lock()
            .kept
            .iter()
            .rev()
            .take(10)
            .map(line)
            .collect();
        NotReceived {
            waited,
            expected: expected.to_owned(),
            received: latest.join(", "),
        }
    }

    fn replace(&self, number: u64, received: Received) {
        let mut entries = self.entries.lock();
        let index = number
            .checked_sub(entries.first)
            .and_then(|index| usize::try_from(index).ok());
        if let Some(entry) = index.and_then(|index| entries.kept.get_mut(index)) {
            *entry = received;
        }
        drop(entries);
        self.changed.notify_waiters();
    }
}

impl Entries {
    fn total(&self) -> u64 {
        self.first + self.kept.len() as u64
    }
}

impl Recording<'_> {
    /// The request as far as it is known.
    pub fn received(&self) -> &Received {
        &self.received
    }

    /// Adds a piece of the body.
    pub fn append(&mut self, piece: &[u8]) {
        self.received.body_length += piece.len() as u64;
        self.sha256.update(piece);
        let room = Received::BODY_KEPT
            .saturating_sub(self.body.len())
            .min(piece.len());
        self.body.extend_from_slice(&piece[..room]);
    }

    /// Adds what was found odd while the body came.
    pub fn note(&mut self, oddity: Oddity) {
        self.received.oddities.push(oddity);
    }

    /// The body came to its announced end, with these trailers.
    pub fn finish(mut self, trailers: Vec<(String, String)>) -> Received {
        self.received.body_complete = true;
        self.received.trailers = trailers;
        self.end();
        self.received.clone()
    }

    /// Nothing more is read.
    fn end(&mut self) {
        let sha256 = std::mem::take(&mut self.sha256).finalize();
        self.received.body = self.body.split().freeze();
        self.received.body_sha256 = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        self.received.finished = true;
        self.journal.replace(self.number, self.received.clone());
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        if !self.received.finished {
            self.end();
        }
    }
}
