//! The watcher on a gateway that breaks while it is watched: the first run that begins after a fault tells it, with its
//! reason, and nothing else is told; the first run that begins after it was mended is good again.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "watch/bench.rs"]
mod bench;
#[path = "watch/faults.rs"]
mod faults;

use bench::{Bench, Counts};
use faults::{FAULTS, Fault};
use futures::stream::{self, StreamExt as _};
use gatecheck::checks::State;
use gatecheck::checks::board::{Row, View};

/// How many gateways break at a time.
const AT_ONCE: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_told_by_the_next_run_and_nothing_else_is() {
    let mut wrong: Vec<String> = stream::iter(FAULTS)
        .map(endured)
        .buffer_unordered(AT_ONCE)
        .filter_map(async |told| told.err())
        .collect()
        .await;
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Breaks a gateway and mends it; what the watcher should have told otherwise.
async fn endured(fault: &Fault) -> Result<(), String> {
    let mut bench = Bench::start(fault).await;
    let told = |what: String| format!("{}: {what}", fault.name);
    let begun = bench.after_next_runs(&Counts::default()).await;
    expect_all(&begun, |_| None).map_err(|what| told(format!("before: {what}")))?;

    bench.break_by(&fault.breaks).await;
    let broken = bench.counts();
    let view = bench.after_next_runs(&broken).await;
    expect_all(&view, |id| fault.tells(id)).map_err(|what| told(format!("broken: {what}")))?;
    for row in view.running() {
        let other = others(row, &begun, fault.tells(&row.about.id));
        // The run that was under way when it broke may have met anything, where it is one of those concerned.
        let allowed = u64::from(fault.tells(&row.about.id).is_some());
        if other > allowed {
            return Err(told(format!("{}: {:?}", row.about.id, row.tally)));
        }
    }
    expect_series(&bench.metrics().await, fault).map_err(&told)?;

    bench.mend(&fault.breaks).await;
    let mended = bench.counts();
    let view = bench.after_next_runs(&mended).await;
    expect_all(&view, |_| None).map_err(|what| told(format!("mended: {what}")))?;
    let alerts = bench.alerts(fault.concerned().count() * 2).await;
    let mut expected: Vec<_> = fault
        .concerned()
        .flat_map(|id| ["raised", "recovered"].map(|event| format!("{id} {event}")))
        .collect();
    expected.sort();
    match alerts == expected {
        true => Ok(()),
        false => Err(told(format!("alerts: {alerts:?}"))),
    }
}

/// Whether each check stands as it should; `tells`: the state and the reason of what should not be good.
fn expect_all(
    view: &View,
    tells: impl Fn(&str) -> Option<(State, &'static str)>,
) -> Result<(), String> {
    for row in view.running() {
        let latest = row.latest.as_ref().unwrap();
        let outcome = &latest.outcome;
        let reason = outcome.reason.map_or("", |reason| reason.word());
        let expected = tells(&row.about.id).unwrap_or((State::Good, ""));
        if (outcome.state, reason) != expected {
            let id = &row.about.id;
            return Err(format!("{id} should be {expected:?}, but: {outcome:?}"));
        }
    }
    Ok(())
}

/// How many runs since `before` were neither good nor what was expected.
fn others(row: &Row, before: &View, expected: Option<(State, &'static str)>) -> u64 {
    let id = &row.about.id;
    let old = before.rows.iter().find(|row| row.about.id == *id).unwrap();
    row.tally
        .iter()
        .filter(|(kind, _)| kind.state != State::Good)
        .filter(|(kind, _)| Some((kind.state, kind.reason)) != expected)
        .map(|(kind, count)| count - old.tally.get(kind).unwrap_or(&0))
        .sum()
}

/// Whether the metrics name each check that is concerned with its reason, and no other.
fn expect_series(metrics: &str, fault: &Fault) -> Result<(), String> {
    let mut found: Vec<&str> = metrics
        .lines()
        .filter(|line| line.starts_with("gatecheck_check_fault{"))
        .collect();
    found.sort_unstable();
    let mut expected: Vec<String> = fault
        .tells
        .iter()
        .map(|(id, state, reason)| {
            let rank = if *state == State::Bad { 2 } else { 1 };
            format!("gatecheck_check_fault{{check=\"{id}\",reason=\"{reason}\",step=\"1\"}} {rank}")
        })
        .collect();
    expected.sort_unstable();
    match found == expected {
        true => Ok(()),
        false => Err(format!("metrics: {found:#?}")),
    }
}
