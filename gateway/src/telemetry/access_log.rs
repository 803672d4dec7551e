//! The access log: one line of JSON a request, never in a request's way.
//!
//! A line is written into one of a few buffers in memory; a thread of its own takes the buffers away, ten times a second
//! or when one is half full, and writes them out whole. When the reader is slower than the gateway for long, lines are
//! dropped and counted, and requests go on.

use super::json_line::Line;
use jiff::Timestamp;
use parking_lot::Mutex;
use prometheus::IntCounter;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the log goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Output {
    /// Standard output.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
    /// At the end of a file, which is made where it is missing.
    File(PathBuf),
    /// Nowhere.
    Off,
}

const EVERY: Duration = Duration::from_millis(100);
const SHARDS: usize = 8;
const HALF_FULL: usize = 64 * 1024;
const FULL: usize = 4 * 1024 * 1024;

#[derive(Default)]
struct Shard {
    lines: Vec<u8>,
    /// The second that `stamp` is for.
    second: u64,
    /// `2026-01-31T12:00:00`, ready to be copied.
    stamp: String,
}

struct Shared {
    shards: [Mutex<Shard>; SHARDS],
    stop: AtomicBool,
}

/// The log of one gateway; the rest is written when it is dropped.
pub struct AccessLog {
    shared: Arc<Shared>,
    dropped: IntCounter,
    writer: Option<(Thread, JoinHandle<()>)>,
}

impl AccessLog {
    /// Opens the log and starts its thread.
    ///
    /// # Errors
    /// When the file cannot be opened or the thread cannot be started.
    pub fn open(output: &Output, dropped: IntCounter) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            shards: Default::default(),
            stop: AtomicBool::new(false),
        });
        let mut sink: Box<dyn Write + Send> = match output {
            Output::Off => {
                return Ok(Self {
                    shared,
                    dropped,
                    writer: None,
                });
            }
            Output::Stdout => Box::new(io::stdout()),
            Output::Stderr => Box::new(io::stderr()),
            Output::File(path) => Box::new(append(path)?),
        };
        let theirs = shared.clone();
        let handle = thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || theirs.write_until_stopped(&mut *sink))?;
        Ok(Self {
            shared,
            dropped,
            writer: Some((handle.thread().clone(), handle)),
        })
    }

    /// Writes one line; `fill` adds the members after the timestamp.
    pub fn line(&self, time: SystemTime, fill: impl FnOnce(&mut Line<'_>)) {
        let Some((writer, _)) = &self.writer else {
            return;
        };
        let mut shard = self.shared.shards[own_shard()].lock();
        if shard.lines.len() >= FULL {
            self.dropped.inc();
            return;
        }
        let before = shard.lines.len();
        shard.write(time, fill);
        if before < HALF_FULL && shard.lines.len() >= HALF_FULL {
            writer.unpark();
        }
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        if let Some((thread, handle)) = self.writer.take() {
            thread.unpark();
            if handle.join().is_err() {
                tracing::error!("the access log's thread failed");
            }
        }
    }
}

fn append(path: &PathBuf) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// Threads are spread over the shards, so that two of them seldom meet at one lock.
fn own_shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
    OWN.with(|own| *own)
}

impl Shard {
    fn write(&mut self, time: SystemTime, fill: impl FnOnce(&mut Line<'_>)) {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.second != since.as_secs() || self.stamp.is_empty() {
            self.second = since.as_secs();
            self.stamp = stamp(self.second);
        }
        let millis = since.subsec_millis();
        let digit = |n: u32| b'0' + u8::try_from(n % 10).unwrap_or(0);
        let millis = [
            b'.',
            digit(millis / 100),
            digit(millis / 10),
            digit(millis),
            b'Z',
        ];
        let mut line = Line::open(&mut self.lines);
        line.plain("timestamp", &[self.stamp.as_bytes(), &millis]);
        fill(&mut line);
        line.close();
    }
}

/// RFC 3339 up to the second.
fn stamp(second: u64) -> String {
    let timestamp = i64::try_from(second)
        .ok()
        .and_then(|second| Timestamp::from_second(second).ok());
    let text = timestamp.unwrap_or_default().to_string();
    text.trim_end_matches('Z').to_owned()
}

impl Shared {
    fn write_until_stopped(&self, sink: &mut dyn Write) {
        let mut batch = Vec::new();
        loop {
            let last = self.stop.load(Ordering::Acquire);
            for shard in &self.shards {
                std::mem::swap(&mut shard.lock().lines, &mut batch);
                if let Err(error) = sink.write_all(&batch).and_then(|()| sink.flush()) {
                    tracing::error!(%error, "the access log cannot be written; its lines are lost");
                }
                batch.clear();
            }
            if last {
                return;
            }
            thread::park_timeout(EVERY);
        }
    }
}

impl std::fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessLog")
            .field("on", &self.writer.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn counter() -> IntCounter {
        IntCounter::new("dropped", "lines").unwrap()
    }

    #[test]
    fn every_line_is_in_the_file_when_the_log_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("access.log");
        let log = AccessLog::open(&Output::File(path.clone()), counter()).unwrap();
        let time = UNIX_EPOCH + Duration::from_millis(1_700_000_000_042);
        thread::scope(|scope| {
            for thread in 0..4u64 {
                let log = &log;
                scope.spawn(move || {
                    (0..100).for_each(|n| log.line(time, |line| line.number("n", thread * 100 + n)))
                });
            }
        });
        drop(log);
        let text = std::fs::read_to_string(path).unwrap();
        let mut numbers: Vec<u64> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .inspect(|line| assert_eq!(line["timestamp"], "2023-11-14T22:13:20.042Z"))
            .map(|line| line["n"].as_u64().unwrap())
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..400).collect::<Vec<_>>());
    }

    #[test]
    fn a_log_that_is_off_takes_nothing() {
        let log = AccessLog::open(&Output::Off, counter()).unwrap();
        log.line(SystemTime::now(), |_| panic!("nothing is to be written"));
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_an_error() {
        let missing = Output::File("/nonexistent/dir/access.log".into());
        assert!(AccessLog::open(&missing, counter()).is_err());
    }
}
