#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::mpsc::{self, Sender};

use super::*;

/// Writes only what it is let write, and shows it.
struct Slow {
    may: Receiver<()>,
    shown: Sender<Vec<u8>>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.may.recv().map_err(io::Error::other)?;
        self.shown.send(bytes.to_vec()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_does_not_read_holds_up_nobody_and_is_told_what_it_lost() {
    let (let_write, may) = mpsc::channel();
    let (shown, seen) = mpsc::channel();
    let lines = Lines::to(Slow { may, shown });
    // One is in the writer's hands at most, the others wait or are lost.
    for _ in 0..ROOM + 10 {
        (&lines).write_all(b"line\n").unwrap();
    }
    let lost = lines.lost.load(Ordering::Relaxed);
    assert!((9..=10).contains(&lost), "{lost}");
    for _ in 0..2 * ROOM {
        let_write.send(()).unwrap();
    }
    lines.flush();
    let text: Vec<u8> = seen.try_iter().flatten().collect();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains(&format!("\"lines\":{lost}}}")), "{text}");
    let whole = text.lines().filter(|line| *line == "line").count();
    assert_eq!(whole as u64 + lost, ROOM as u64 + 10);
}

#[test]
fn a_reader_that_is_gone_does_not_end_the_program() {
    let (let_write, may) = mpsc::channel();
    let (shown, seen) = mpsc::channel();
    drop(seen);
    let lines = Lines::to(Slow { may, shown });
    for _ in 0..10 {
        let_write.send(()).unwrap();
    }
    (&lines).write_all(b"line\n").unwrap();
    lines.flush();
    (&lines).write_all(b"line\n").unwrap();
    drop(let_write);
    lines.flush();
}
