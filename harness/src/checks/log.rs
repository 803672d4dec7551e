//! The log: JSON, one object a line, on standard output. A reader that is too slow loses lines, is told how many, and
//! holds up no check.
//!
//! Only what this program says itself is logged, whatever `RUST_LOG` asks for: libraries may show the heads of
//! requests, and so keys.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

/// How many lines wait at most.
const ROOM: usize = 4096;
/// How long the end of the program waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Writes the lines that wait when it is dropped.
#[derive(Debug)]
pub struct Log {
    lines: Lines,
}

#[derive(Clone, Debug)]
struct Lines {
    queue: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    /// Answered once what was sent before is written.
    Flush(SyncSender<()>),
}

impl Log {
    /// Makes this the program's log.
    ///
    /// # Errors
    /// When there is one already.
    pub fn install() -> Result<Self, TryInitError> {
        let lines = Lines::to(io::stdout());
        let layer = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_target(false)
            .with_current_span(false)
            .with_span_list(false)
            .with_writer(lines.clone());
        tracing_subscriber::registry()
            .with(Targets::new().with_target("gatecheck", Level::INFO))
            .with(layer)
            .try_init()?;
        Ok(Self { lines })
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.lines.flush();
    }
}

impl Lines {
    fn to(out: impl Write + Send + 'static) -> Self {
        let (queue, waiting) = sync_channel(ROOM);
        let lost = Arc::new(AtomicU64::new(0));
        let seen = lost.clone();
        thread::spawn(move || write(out, &waiting, &seen));
        Self { queue, lost }
    }

    fn flush(&self) {
        let (done, written) = sync_channel(1);
        let until = Instant::now() + LAST_LINES;
        // A reader that doesn't read must not keep the program from ending.
        while self.queue.try_send(Message::Flush(done.clone())).is_err() {
            if Instant::now() > until {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        if written.recv_timeout(LAST_LINES).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes until nobody sends any more.
fn write(mut out: impl Write, waiting: &Receiver<Message>, lost: &AtomicU64) {
    for message in waiting {
        let written = match message {
            Message::Line(line) => tell_lost(&mut out, lost).and_then(|()| out.write_all(&line)),
            Message::Flush(done) => {
                let flushed = tell_lost(&mut out, lost).and_then(|()| out.flush());
                match done.send(()) {
                    Ok(()) => flushed,
                    // Whoever asked has stopped waiting, and the program ends.
                    Err(_) => return,
                }
            }
        };
        if written.is_err() {
            // Nobody reads any more. Watching goes on: the page, the metrics and the alerts are still there.
            lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn tell_lost(out: &mut impl Write, lost: &AtomicU64) -> io::Result<()> {
    match lost.swap(0, Ordering::Relaxed) {
        0 => Ok(()),
        count => writeln!(
            out,
            "{{\"level\":\"WARN\",\"message\":\"lines of the log were lost\",\"event\":\"log-lost\",\"lines\":{count}}}"
        ),
    }
}

impl Write for &Lines {
    /// Takes one line; the formatter writes each whole.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.queue.try_send(Message::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests;
