#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use parking_lot::Mutex;
use tokio::time::{advance, sleep};

use super::*;

const EVERY: Duration = Duration::from_secs(30);
const DEADLINE: Duration = Duration::from_secs(10);

type Seen = Arc<Mutex<Vec<(String, Ended<u32>, Duration)>>>;

fn planned(
    id: &str,
    probe: impl Fn() -> BoxFuture<'static, u32> + Send + Sync + 'static,
) -> Planned<u32> {
    Planned {
        id: id.into(),
        every: EVERY,
        deadline: DEADLINE,
        probe: Arc::new(probe),
    }
}

/// A check that takes so long.
fn taking(id: &str, time: Duration) -> Planned<u32> {
    planned(id, move || {
        async move {
            sleep(time).await;
            7
        }
        .boxed()
    })
}

/// Runs a plan for a while of paused time; what ended, with the time since the beginning.
async fn ran(plan: Vec<Planned<u32>>, time: Duration) -> Vec<(String, Ended<u32>, Duration)> {
    let (seen, begun) = (Seen::default(), Instant::now());
    let sink = seen.clone();
    let schedule = Schedule::start(plan, begun, begun, move |id, ended, _| {
        sink.lock().push((id.to_owned(), ended, begun.elapsed()));
    });
    sleep(time).await;
    drop(schedule);
    let ended = seen.lock().len();
    sleep(EVERY * 3).await;
    assert_eq!(seen.lock().len(), ended, "nothing runs once it was dropped");
    seen.lock().clone()
}

fn counts(seen: &[(String, Ended<u32>, Duration)]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for (id, ..) in seen {
        *counts.entry(id.as_str()).or_default() += 1;
    }
    counts
}

#[tokio::test(start_paused = true)]
async fn first_runs_are_spread_over_the_interval() {
    let quick = Duration::from_millis(1);
    let plan = ["a", "b", "c"].map(|id| taking(id, quick)).into();
    let seen = ran(plan, EVERY * 2).await;
    let whole: Vec<_> = seen
        .iter()
        .map(|(id, _, at)| (id.as_str(), at.as_secs()))
        .collect();
    assert_eq!(
        whole,
        [
            ("a", 0),
            ("b", 10),
            ("c", 20),
            ("a", 30),
            ("b", 40),
            ("c", 50)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_an_hour_for_a_first_run() {
    let plan = ["a", "b"].map(|id| Planned {
        every: Duration::from_secs(3600),
        ..taking(id, Duration::ZERO)
    });
    let seen = ran(plan.into(), Duration::from_secs(3610)).await;
    let at: Vec<_> = seen.iter().map(|(_, _, at)| at.as_secs()).collect();
    assert_eq!(at, [0, 15, 3600]);
}

#[tokio::test(start_paused = true)]
async fn checks_that_hang_hold_up_nobody() {
    let mut plan: Vec<_> = (0..40)
        .map(|number| taking(&format!("hangs-{number:02}"), Duration::from_secs(100_000)))
        .collect();
    plan.push(taking("quick", Duration::from_millis(1)));
    let seen = ran(plan, EVERY * 10).await;
    let counts = counts(&seen);
    assert_eq!(counts["quick"], 10);
    assert_eq!(counts["hangs-00"], 10);
    assert_eq!(counts["hangs-39"], 10 - 1, "the last of them began late");
    assert!(
        seen.iter()
            .all(|(id, ended, _)| (id == "quick") == (*ended == Ended::Done(7)))
    );
}

#[tokio::test(start_paused = true)]
async fn a_deadline_longer_than_the_interval_is_cut() {
    let mut slow = taking("slow", Duration::from_secs(100_000));
    slow.deadline = EVERY * 5;
    let seen = ran(vec![slow], EVERY * 4 + EVERY / 2).await;
    let at: Vec<_> = seen.iter().map(|(_, _, at)| at.as_secs()).collect();
    assert_eq!(at, [30, 60, 90, 120]);
}

#[tokio::test(start_paused = true)]
async fn a_check_never_runs_beside_itself() {
    let running = Arc::new(Mutex::new((0, 0)));
    let probe = {
        let running = running.clone();
        move || {
            let running = running.clone();
            async move {
                running.lock().0 += 1;
                let now = running.lock().0;
                let most = running.lock().1.max(now);
                running.lock().1 = most;
                sleep(Duration::from_secs(9)).await;
                running.lock().0 -= 1;
                0
            }
            .boxed()
        }
    };
    let mut check = planned("a", probe);
    check.every = Duration::from_secs(10);
    let seen = ran(vec![check], Duration::from_millis(99_500)).await;
    assert_eq!((seen.len(), running.lock().1), (10, 1));
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_is_not_made_up_for() {
    let seen = Seen::default();
    let sink = seen.clone();
    let _schedule = Schedule::start(
        vec![taking("a", Duration::ZERO)],
        Instant::now(),
        Instant::now(),
        move |id, ended, took| sink.lock().push((id.to_owned(), ended, took)),
    );
    sleep(Duration::from_millis(10)).await;
    assert_eq!(seen.lock().len(), 1);
    advance(EVERY * 20).await;
    sleep(Duration::from_millis(10)).await;
    assert_eq!(seen.lock().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_keeps_the_beat_of_the_one_before() {
    let epoch = Instant::now();
    sleep(EVERY * 7 + Duration::from_secs(4)).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let plan = ["a", "b", "c"].map(|id| taking(id, Duration::ZERO)).into();
    let _schedule = Schedule::start(plan, epoch, Instant::now(), move |id, _, _| {
        sink.lock().push((id.to_owned(), epoch.elapsed().as_secs()));
    });
    sleep(EVERY).await;
    let expected = [("b", 220), ("c", 230), ("a", 240)];
    assert_eq!(*seen.lock(), expected.map(|(id, at)| (id.to_owned(), at)));
}

#[tokio::test(start_paused = true)]
async fn a_check_that_panics_is_told_and_runs_again() {
    let plan = vec![planned("a", || async { panic!("on purpose") }.boxed())];
    let seen = ran(plan, EVERY + EVERY / 2).await;
    let ended: Vec<_> = seen.iter().map(|(_, ended, _)| *ended).collect();
    assert_eq!(ended, [Ended::Panicked, Ended::Panicked]);
}

#[tokio::test(start_paused = true)]
async fn once_runs_a_bounded_number_at_a_time_and_keeps_the_order() {
    let begun = Instant::now();
    let time = |number: u64| Duration::from_millis(1000 - number);
    let plan = (0..40)
        .map(|number| taking(&format!("{number:02}"), time(number)))
        .collect();
    let results = once(plan).await;
    assert!(results.is_sorted_by_key(|(id, ..)| id.clone()));
    assert!(results.iter().all(|(_, ended, _)| *ended == Ended::Done(7)));
    let took = begun.elapsed();
    assert!(
        took > Duration::from_secs(2) && took < Duration::from_secs(4),
        "{took:?}"
    );
}
