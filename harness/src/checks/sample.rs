//! Boards for tests.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::board::{About, Board, SuiteFacts};
use super::state::Damping;
use super::{Outcome, Reason, State};

/// A board of four checks, the last of which doesn't run, and its clock.
pub(super) struct Sample {
    pub board: Board,
    pub now: Timestamp,
    instant: Instant,
}

impl Sample {
    pub fn new() -> Self {
        let now: Timestamp = "2026-11-24T04:06:50Z".parse().expect("a timestamp");
        Self {
            board: Board::new(facts(now), checks(), damping(2)),
            now,
            instant: Instant::now(),
        }
    }

    /// A run of a check, five seconds after the last of any.
    pub fn run(&mut self, id: &str, outcome: Outcome) -> super::board::Recorded {
        self.now += SignedDuration::from_secs(5);
        self.instant += Duration::from_secs(5);
        let recorded = self.board.record(id, outcome, self.now, self.instant);
        recorded.expect("the check is on the board")
    }

    /// One good, one degraded, one bad with everything in its texts that could break out of them.
    pub fn mixed() -> Self {
        let mut sample = Self::new();
        for _ in 0..3 {
            sample.run("orders-key", good(12));
            sample.run(
                "orders-slow",
                outcome(State::Degraded, Reason::Slow, Some(0), "took 812 ms"),
            );
        }
        sample.run("orders-preflight", good(7));
        for _ in 0..2 {
            let message = "GET /orders: expected 204, but came 500 <script>\"&\\\nand more";
            sample.run(
                "orders-preflight",
                outcome(State::Bad, Reason::Status, Some(1), message),
            );
        }
        sample
    }
}

pub(super) fn damping(runs: usize) -> Damping {
    let runs = NonZeroUsize::new(runs).expect("one run at least");
    Damping {
        raise_after: runs,
        recover_after: runs,
        remind_every: None,
    }
}

pub(super) fn facts(now: Timestamp) -> SuiteFacts {
    SuiteFacts {
        name: "orders <suite>".to_owned(),
        url: "https://api.example".to_owned(),
        insecure: false,
        notes: vec!["two checks share the credential <alice>".to_owned()],
        loaded_at: now,
        error: None,
    }
}

pub(super) fn checks() -> Vec<About> {
    let about = |id: &str, title: &str, intrusive: bool| About {
        id: id.into(),
        title: title.to_owned(),
        source: Some("orders.yaml:14:5".to_owned()),
        every: Some(Duration::from_secs(30)),
        intrusive,
        skipped: intrusive.then(|| "intrusive: it spends the limit".to_owned()),
    };
    vec![
        about("orders-key", "the right key is let in", false),
        about("orders-slow", "answers come in time", false),
        about(
            "orders-preflight",
            "a preflight from \"the\" page passes",
            false,
        ),
        about("orders-limit", "the limit holds", true),
    ]
}

pub(super) fn good(millis: u64) -> Outcome {
    Outcome {
        state: State::Good,
        reason: None,
        message: String::new(),
        step: None,
        took: Duration::from_millis(millis),
        insecure: false,
    }
}

pub(super) fn outcome(state: State, reason: Reason, step: Option<usize>, message: &str) -> Outcome {
    Outcome {
        state,
        reason: Some(reason),
        message: message.to_owned(),
        step,
        ..good(812)
    }
}
