#![allow(clippy::unwrap_used, reason = "a test may panic")]

use jiff::SignedDuration;

use super::*;
use crate::checks::Reason;
use crate::checks::alert::{Alert, Event, Removed, Status};
use crate::checks::sample::{Sample, checks, facts, good, outcome};

fn bad() -> Outcome {
    outcome(State::Bad, Reason::Connect, Some(0), "nobody answers")
}

#[test]
fn a_run_tells_what_it_changed() {
    let mut sample = Sample::new();
    let first = sample.run("orders-key", good(3));
    assert_eq!((first.from, first.change), (None, None));
    let broke = sample.run("orders-key", bad());
    assert_eq!((broke.from, broke.change), (Some(State::Good), None));
    let latest = broke.row.latest.unwrap();
    assert_eq!((latest.since, latest.runs), (sample.now, 1));
    let lasts = sample.run("orders-key", bad());
    assert_eq!((lasts.from, lasts.change), (None, Some(Change::Raised)));
    let again = lasts.row.latest.unwrap();
    assert_eq!((again.since, again.runs), (latest.at, 2));
}

#[test]
fn the_whole_is_as_bad_as_its_worst_check() {
    let mut sample = Sample::new();
    assert_eq!(sample.board.view().state(), None);
    sample.run("orders-key", good(3));
    assert_eq!(sample.board.view().state(), Some(State::Good));
    let slow = outcome(State::Degraded, Reason::Slow, None, "slow");
    sample.run("orders-slow", slow);
    assert_eq!(sample.board.view().state(), Some(State::Degraded));
    sample.run("orders-preflight", bad());
    let view = sample.board.view();
    assert_eq!(view.state(), Some(State::Bad));
    assert_eq!(State::ALL.map(|state| view.count(state)), [1, 1, 1]);
}

#[test]
fn another_suite_keeps_what_is_known_of_checks_that_stay() {
    let mut sample = Sample::mixed();
    let mut checks = checks();
    checks.remove(1);
    checks[1].title = "another title".to_owned();
    let gone = sample.board.replace(facts(sample.now), checks);
    let ids: Vec<_> = gone.iter().map(|row| &*row.about.id).collect();
    assert_eq!(ids, ["orders-slow"], "it had an alert open");
    let event = Event::Removed(Removed::Removed);
    let alert = Alert::of(&gone[0], event, "https://api.example", "s").unwrap();
    assert_eq!(alert.status, Status::Resolved);

    let view = sample.board.view();
    let row = &view.rows[1];
    assert_eq!(row.about.title, "another title");
    assert_eq!(row.latest.as_ref().unwrap().runs, 2);
    assert!(row.track.open());
    let missing = good(1);
    let recorded = sample
        .board
        .record("orders-slow", missing, sample.now, Instant::now());
    assert!(recorded.is_none(), "a run that ends late is of no interest");
    let over = sample.run("orders-preflight", good(1));
    assert_eq!(over.from, Some(State::Bad));
}

#[test]
fn a_check_that_may_no_longer_run_is_over() {
    let mut sample = Sample::mixed();
    let mut checks = checks();
    checks[2].skipped = Some("intrusive: it writes".to_owned());
    let gone = sample.board.replace(facts(sample.now), checks);
    assert_eq!(gone.len(), 1);
    let view = sample.board.view();
    assert_eq!(view.state(), Some(State::Degraded));
    assert!(view.rows[2].latest.is_none() && !view.rows[2].track.open());
    sample.run("orders-key", good(1));
}

#[test]
fn a_watcher_that_is_stuck_says_so() {
    let mut sample = Sample::new();
    let at = |seconds| sample.now + SignedDuration::from_secs(seconds);
    let early = sample.board.view();
    assert!(early.stalled(at(90)).is_empty());
    assert_eq!(
        early.stalled(at(91)),
        ["orders-key", "orders-slow", "orders-preflight"]
    );
    for id in ["orders-key", "orders-slow", "orders-preflight"] {
        sample.run(id, good(1));
    }
    let later = sample.now + SignedDuration::from_secs(80);
    assert_eq!(sample.board.view().stalled(later), [""; 0]);
    let later = sample.now + SignedDuration::from_secs(84);
    assert_eq!(
        sample.board.view().stalled(later),
        ["orders-key", "orders-slow"][..1]
    );
}

#[test]
fn what_is_kept_is_bounded() {
    let mut sample = Sample::new();
    for _ in 0..HISTORY + 40 {
        sample.run("orders-key", good(1));
    }
    let view = sample.board.view();
    assert_eq!(view.rows[0].history.len(), HISTORY);
    assert_eq!(view.rows[0].tally.len(), 1);
    assert_eq!(view.rows[0].durations.count, HISTORY as u64 + 40);
}
