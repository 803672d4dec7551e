#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Runs a second apart, written as letters (g, d, b); what each of them made worth telling.
fn told(runs: &str, damping: &Damping) -> Vec<(usize, Change)> {
    let (mut track, mut now) = (Track::new(), Instant::now());
    let mut told = Vec::new();
    for (number, letter) in runs.chars().filter(|letter| *letter != ' ').enumerate() {
        now += SECOND;
        let change = track.observe(state(letter), damping, now);
        told.extend(change.map(|change| (number + 1, change)));
    }
    told
}

fn state(letter: char) -> State {
    match letter {
        'g' => State::Good,
        'd' => State::Degraded,
        'b' => State::Bad,
        other => panic!("{other} is no state"),
    }
}

fn damping(raise: usize, recover: usize) -> Damping {
    Damping {
        raise_after: NonZeroUsize::new(raise).unwrap(),
        recover_after: NonZeroUsize::new(recover).unwrap(),
        remind_every: None,
    }
}

#[test]
fn trouble_is_told_once_it_lasts_and_so_is_its_end() {
    use Change::{Raised, Recovered};
    let runs = "ggg bbbbb gggg";
    assert_eq!(told(runs, &damping(1, 1)), [(4, Raised), (9, Recovered)]);
    assert_eq!(told(runs, &damping(2, 2)), [(5, Raised), (10, Recovered)]);
    assert_eq!(told(runs, &damping(3, 4)), [(6, Raised), (12, Recovered)]);
    assert_eq!(told(runs, &damping(5, 5)), [(8, Raised)]);
    assert_eq!(told(runs, &damping(6, 1)), []);
}

#[test]
fn one_run_that_failed_is_nobodys_concern() {
    assert_eq!(told("ggggg b ggggg", &damping(2, 2)), []);
    assert_eq!(told("bbbb g bbbb", &damping(2, 2)), [(2, Change::Raised)]);
}

#[test]
fn three_states_are_told_apart() {
    use Change::{Eased, Raised, Recovered, Worsened};
    assert_eq!(
        told("dddd bbbb dddd gggg", &damping(2, 2)),
        [(2, Raised), (6, Worsened), (10, Eased), (14, Recovered)]
    );
    // Both runs were degraded at least, and neither was good.
    assert_eq!(
        told("gg db gg", &damping(2, 2)),
        [(4, Raised), (6, Recovered)]
    );
    assert_eq!(
        told("bb dg g", &damping(2, 2)),
        [(2, Raised), (4, Eased), (5, Recovered)]
    );
}

#[test]
fn a_check_that_keeps_changing_is_told_once() {
    use Change::{Flapping, Raised, Settled};
    let wild = "gbgbgbgbgbgbgbgbgbgbgbgbgb";
    assert_eq!(told(wild, &damping(2, 2)), [(7, Flapping)]);
    assert_eq!(
        told(wild, &damping(1, 2)),
        [(2, Raised), (7, Flapping)],
        "never good for long enough"
    );
    let settled = format!("{wild}{}", "b".repeat(30));
    assert_eq!(
        told(&settled, &damping(2, 2)),
        [(7, Flapping), (35, Settled)]
    );
    let over = format!("{wild}{}{}", "g".repeat(10), "bb");
    assert_eq!(
        told(&over, &damping(2, 2)),
        [(7, Flapping), (36, Settled), (38, Raised)]
    );
}

#[test]
fn two_outages_are_no_flapping() {
    assert!(
        told("gg bbb gggg bbb ggggggg", &damping(2, 2))
            .iter()
            .all(|(_, change)| *change != Change::Flapping)
    );
}

#[test]
fn trouble_that_lasts_is_told_again() {
    use Change::{Flapping, Raised, Recovered, Reminder};
    let damping = Damping {
        remind_every: Some(SECOND * 5),
        ..damping(2, 2)
    };
    assert_eq!(
        told("bbbbbbbbbbbbb ggggggggggg", &damping),
        [(2, Raised), (7, Reminder), (12, Reminder), (15, Recovered)]
    );
    assert_eq!(
        told("gbgbgbgbgbgbgb", &damping),
        [(7, Flapping), (12, Reminder)]
    );
}

proptest! {
    /// What alerts say and what they leave open agree, whatever happens.
    #[test]
    fn somebody_who_only_reads_alerts_knows_how_it_stands(
        runs in prop::collection::vec("[gdb]", 0..200),
        raise in 1..5usize,
        recover in 1..5usize,
    ) {
        let damping = damping(raise, recover);
        let (mut track, now) = (Track::new(), Instant::now());
        let mut reader = State::Good;
        let mut flaps = false;
        let states: Vec<State> = runs.iter().map(|run| state(run.chars().next().unwrap())).collect();
        for (index, current) in states.iter().enumerate() {
            let change = track.observe(*current, &damping, now);
            let lasted = |count: usize, holds: &dyn Fn(State) -> bool| {
                index + 1 >= count && states[index + 1 - count..=index].iter().all(|state| holds(*state))
            };
            match change {
                Some(Change::Raised | Change::Worsened) => {
                    prop_assert!(track.told() > reader && lasted(raise, &|state| state >= track.told()));
                }
                Some(Change::Eased | Change::Recovered) => {
                    prop_assert!(track.told() < reader && lasted(recover, &|state| state <= track.told()));
                }
                Some(Change::Flapping) => {
                    prop_assert!(!flaps);
                    flaps = true;
                }
                Some(Change::Settled) => {
                    prop_assert!(flaps && lasted(SETTLED_AFTER, &|state| state == track.told()));
                    flaps = false;
                }
                Some(Change::Reminder) => prop_assert!(false, "nobody asked for it"),
                // Nothing is kept back for longer than it may be.
                None if !flaps => {
                    prop_assert!(!lasted(raise, &|state| state > reader));
                    prop_assert!(!lasted(recover, &|state| state < reader));
                }
                None => prop_assert!(!lasted(SETTLED_AFTER, &|state| state == *current)),
            }
            reader = track.told();
            prop_assert_eq!(flaps, track.flapping());
        }
    }
}
