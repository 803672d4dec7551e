#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use proptest::prelude::*;

use super::*;

fn limiter(limit: u64, window: Duration, burst: Option<u64>) -> Limiter {
    Limiter::new(
        Quota {
            limit,
            window,
            burst,
        },
        10_000,
    )
}

fn decided(checks: &[Check<'_>], now: Duration) -> Decisions {
    let mut decisions = Decisions::new();
    decide(checks, now, &mut decisions);
    decisions
}

fn one(limiter: &Limiter, key: Key, cost: u64, now: Duration) -> Decision {
    decided(&[Check { limiter, key, cost }], now)[0]
}

const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

fn key(name: &str) -> Key {
    Key::new(&[name.as_bytes()])
}

#[test]
fn a_quota_of_nothing_lets_nothing_pass() {
    for (limit, burst) in [(0, None), (5, Some(0)), (0, Some(0))] {
        for window in [Duration::ZERO, SECOND, Duration::MAX] {
            let decision = one(&limiter(limit, window, burst), key("a"), 1, SECOND);
            assert_eq!((decision.allowed, decision.retry_after), (false, None));
        }
    }
    let once = limiter(0, SECOND, Some(1));
    assert!(one(&once, key("a"), 1, SECOND).allowed);
    assert_eq!(one(&once, key("a"), 1, SECOND).retry_after, None);
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    for burst in [None, Some(u64::MAX)] {
        let limiter = limiter(u64::MAX, Duration::MAX, burst);
        assert!(one(&limiter, key("a"), u64::MAX, Duration::MAX).allowed);
        let refused = one(&limiter, key("a"), 1, Duration::MAX);
        assert!(!refused.allowed && refused.retry_after.is_some());
    }
}

#[test]
fn a_reload_finds_the_counters_of_the_same_quota() {
    let limits = Limits::new(100);
    let quota = Quota {
        limit: 1,
        window: MINUTE,
        burst: None,
    };
    let before = limits.limiter("orders/default", quota);
    assert!(one(&before, key("a"), 1, SECOND).allowed);
    assert!(
        !one(
            &limits.limiter("orders/default", quota),
            key("a"),
            1,
            SECOND
        )
        .allowed
    );
    assert!(one(&limits.limiter("users/default", quota), key("a"), 1, SECOND).allowed);
    assert!(
        one(
            &limits.limiter("orders/default", Quota { limit: 2, ..quota }),
            key("a"),
            1,
            SECOND
        )
        .allowed
    );
    assert_eq!(
        limits.stats(),
        Stats {
            keys: 1,
            evictions: 0
        }
    );
    let places = limits.concurrency("orders/default", 1);
    let permit = places.acquire(key("a")).unwrap();
    assert!(
        limits
            .concurrency("orders/default", 1)
            .acquire(key("a"))
            .is_none()
    );
    drop((before, places, permit));
    assert_eq!(
        limits.stats(),
        Stats {
            keys: 0,
            evictions: 0
        }
    );
    assert!(
        one(
            &limits.limiter("orders/default", quota),
            key("a"),
            1,
            SECOND
        )
        .allowed
    );
}

#[test]
fn keys_differ_by_where_their_parts_end() {
    assert_eq!(Key::new(&[b"ab", b"c"]), Key::new(&[b"ab", b"c"]));
    assert_ne!(Key::new(&[b"ab", b"c"]), Key::new(&[b"a", b"bc"]));
    assert_ne!(Key::new(&[b"a"]), Key::new(&[b"a", b""]));
}

#[test]
fn a_window_has_no_border_to_straddle() {
    let limiter = limiter(100, MINUTE, None);
    let at = |seconds: u64| one(&limiter, key("a"), 1, SECOND * seconds as u32);
    for left in (0..100).rev() {
        let decision = at(59);
        assert!(decision.allowed);
        assert_eq!(
            (decision.remaining, decision.reset, decision.limit),
            (left, MINUTE, 100)
        );
    }
    let refused = at(61);
    assert!(!refused.allowed);
    assert_eq!(
        (refused.remaining, refused.retry_after),
        (0, Some(SECOND * 58))
    );
    assert!(!at(118).allowed);
    assert!(at(119).allowed);
    assert!(
        one(&limiter, key("b"), 1, SECOND * 61).allowed,
        "another key has its own window"
    );
}

#[test]
fn a_bucket_gives_its_burst_and_then_the_rate() {
    let limiter = limiter(120, MINUTE, Some(30));
    let at = |millis: u64| one(&limiter, key("a"), 1, Duration::from_millis(millis));
    assert!((0..30).all(|_| at(1000).allowed));
    let refused = at(1000);
    assert_eq!(
        (refused.allowed, refused.retry_after),
        (false, Some(SECOND / 2))
    );
    assert!(!at(1499).allowed);
    assert!(at(1500).allowed);
    assert!(!at(1500).allowed);
    assert!(
        (0..30).all(|_| at(100_000).allowed) && !at(100_000).allowed,
        "it holds no more than the burst"
    );
}

#[test]
fn more_than_the_limit_never_passes_and_nothing_is_free() {
    for burst in [None, Some(5)] {
        let limiter = limiter(5, SECOND, burst);
        let too_much = one(&limiter, key("a"), 6, SECOND);
        assert_eq!(
            (too_much.allowed, too_much.retry_after, too_much.remaining),
            (false, None, 5)
        );
        assert!(one(&limiter, key("a"), 5, SECOND).allowed);
        assert!(one(&limiter, key("a"), 0, SECOND).allowed);
        assert!(!one(&limiter, key("a"), 1, SECOND).allowed);
        assert!(!one(&limiter, key("a"), u64::MAX, SECOND).allowed);
    }
}

#[test]
fn several_limits_count_all_or_none() {
    let (wide, narrow) = (limiter(10, MINUTE, None), limiter(1, SECOND, Some(1)));
    let both = [
        Check {
            limiter: &wide,
            key: key("a"),
            cost: 2,
        },
        Check {
            limiter: &narrow,
            key: key("a"),
            cost: 1,
        },
    ];
    let first = decided(&both, SECOND);
    assert!(first.iter().all(|decision| decision.allowed));
    assert_eq!((first[0].remaining, first[1].remaining), (8, 0));
    let second = decided(&both, SECOND);
    assert_eq!((second[0].allowed, second[1].allowed), (true, false));
    assert_eq!((second[0].remaining, second[0].retry_after), (8, None));
    assert_eq!(one(&wide, key("a"), 8, SECOND).remaining, 0);
}

#[test]
fn two_checks_of_one_counter_count_together() {
    let limiter = limiter(3, MINUTE, None);
    let twice = |cost| {
        let check = Check {
            limiter: &limiter,
            key: key("a"),
            cost,
        };
        decided(&[check, check], SECOND)
            .iter()
            .map(|decision| decision.allowed)
            .collect::<Vec<_>>()
    };
    assert_eq!(twice(2), [true, false]);
    assert_eq!(twice(1), [true, true]);
    assert_eq!(one(&limiter, key("a"), 0, SECOND).remaining, 1);
    assert!(decided(&[], SECOND).is_empty());
}

#[test]
fn a_million_keys_stay_in_bounds() {
    assert!(Shard::counter_size() <= 48, "{}", Shard::counter_size());
    let limiter = Limiter::new(
        Quota {
            limit: 10,
            window: MINUTE,
            burst: None,
        },
        20_000,
    );
    for client in 0..1_000_000_u32 {
        assert!(one(&limiter, Key::new(&[&client.to_le_bytes()]), 1, SECOND).allowed);
    }
    let Stats { keys, evictions } = limiter.stats();
    assert!(keys <= 21_000, "{keys}");
    assert_eq!(evictions, 1_000_000 - keys as u64);
}

#[test]
fn a_flood_does_not_wash_an_exhausted_key_clean() {
    for burst in [None, Some(2)] {
        for limit in [1, 2] {
            let limiter = Limiter::new(
                Quota {
                    limit,
                    window: MINUTE,
                    burst,
                },
                64,
            );
            let cost = burst.unwrap_or(limit);
            assert!(one(&limiter, key("exhausted"), cost, SECOND).allowed);
            for client in 0..100_000_u32 {
                let now = SECOND + Duration::from_micros(client.into());
                assert!(one(&limiter, Key::new(&[&client.to_le_bytes()]), 1, now).allowed);
            }
            assert!(limiter.stats().evictions > 0);
            assert!(!one(&limiter, key("exhausted"), 1, SECOND * 2).allowed);
        }
    }
}

#[test]
fn busy_windows_stay_in_bounds_and_safe() {
    let (clients, limit) = (64, 300);
    let limiter = Limiter::new(
        Quota {
            limit,
            window: MINUTE,
            burst: None,
        },
        clients,
    );
    let mut admitted = vec![Vec::new(); clients];
    let mut most = 0;
    for step in 0..1000_u32 {
        for (client, admitted) in admitted.iter_mut().enumerate() {
            let now = Duration::from_millis(100) * step;
            let decision = one(&limiter, Key::new(&[&client.to_le_bytes()]), 1, now);
            let used = |window| admitted.iter().filter(|at| **at + window > now).count() as u64;
            assert!(!decision.allowed || used(MINUTE) < limit, "too many");
            assert!(
                decision.allowed || used(MINUTE + MINUTE / 15) >= limit,
                "refused for nothing"
            );
            if decision.allowed {
                admitted.push(now);
            }
        }
        most = most.max(
            limiter
                .shards
                .iter()
                .map(|shard| shard.lock().marks())
                .sum(),
        );
    }
    assert!(most > 64 * 8 && most <= 64 * (8 + 17 + 1), "{most}");
}

#[test]
fn what_has_ended_goes_before_anything_that_counts() {
    let limiter = Limiter::new(
        Quota {
            limit: 1,
            window: SECOND,
            burst: None,
        },
        64,
    );
    for round in 1..200_u32 {
        for client in 0..16_u32 {
            one(
                &limiter,
                Key::new(&[&round.to_le_bytes(), &client.to_le_bytes()]),
                1,
                SECOND * round,
            );
        }
    }
    assert_eq!(limiter.stats().evictions, 0);
}

#[test]
fn threads_never_pass_more_than_the_limit() {
    for burst in [None, Some(500)] {
        let (left, right) = (limiter(500, MINUTE, burst), limiter(700, MINUTE, burst));
        let allowed = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (left, right, allowed) = (&left, &right, &allowed);
                scope.spawn(move || {
                    let mut checks = [left, right].map(|limiter| Check {
                        limiter,
                        key: key("a"),
                        cost: 1,
                    });
                    // Half of the threads ask the other way round: nobody may wait in a circle.
                    checks.rotate_left(thread % 2);
                    for step in 0..500_u32 {
                        let passed =
                            decided(&checks, SECOND + Duration::from_nanos((step % 3).into()));
                        let passed = passed.iter().all(|decision| decision.allowed);
                        allowed.fetch_add(usize::from(passed), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(allowed.into_inner(), 500);
        assert_eq!(
            one(&right, key("a"), 0, SECOND).remaining,
            if burst.is_some() { 0 } else { 200 }
        );
    }
}

#[test]
fn a_place_is_given_back_when_its_permit_goes() {
    let places = Concurrency::new(2);
    let first = places.acquire(key("a")).unwrap();
    let second = places.acquire(key("a")).unwrap();
    assert!(places.acquire(key("a")).is_none());
    assert!(places.acquire(key("b")).is_some());
    drop(first);
    let third = places.acquire(key("a")).unwrap();
    assert_eq!(places.held(key("a")), 2);
    drop((second, third));
    assert_eq!((places.held(key("a")), Arc::strong_count(&places)), (0, 1));
}

/// One request of a run: time passes, then it asks, and if refused it may come back when it was told to.
#[derive(Clone, Debug)]
struct Step {
    passes: u64,
    behind: u64,
    cost: u64,
    comes_back: bool,
}

fn steps(window: u64, most: u64) -> impl Strategy<Value = Vec<Step>> {
    let passes = prop_oneof![3 => Just(0), 3 => 1..=window / 4 + 1, 1 => Just(window), 1 => window..=3 * window];
    let step = (passes, 0..=window / 2, 0..=most, any::<bool>());
    let step = step.prop_map(|(passes, behind, cost, comes_back)| Step {
        passes,
        behind,
        cost,
        comes_back,
    });
    prop::collection::vec(step, 1..60)
}

/// Runs the steps against `admits`, which says and remembers what should happen at a moment.
fn run(
    limiter: &Limiter,
    capacity: u64,
    steps: Vec<Step>,
    mut admits: impl FnMut(u64, u64) -> bool,
) {
    let mut now = 0;
    for Step {
        passes,
        behind,
        cost,
        comes_back,
    } in steps
    {
        now += passes;
        // A thread that was overtaken: its clock is behind, what counts is when it is decided.
        let asked = Duration::from_nanos(now - behind.min(passes.min(now)) / 2);
        let ours = one(
            limiter,
            key("a"),
            cost,
            Duration::from_nanos(now).max(asked),
        );
        assert_eq!(ours.allowed, admits(now, cost), "cost {cost} at {now}");
        let late = one(limiter, key("a"), 0, asked);
        assert!(late.allowed && late.remaining == ours.remaining);
        assert_eq!(
            ours.retry_after.is_some(),
            !ours.allowed && cost <= capacity
        );
        if let Some(wait) = ours.retry_after.filter(|_| comes_back) {
            let back = now + u64::try_from(wait.as_nanos()).unwrap();
            let early = one(limiter, key("a"), cost, Duration::from_nanos(back - 1));
            assert!(!early.allowed, "a nanosecond before the wait is over");
            now = back;
            assert!(
                one(limiter, key("a"), cost, Duration::from_nanos(now)).allowed
                    && admits(now, cost)
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_window_is_exact(
        (limit, window, steps) in (1_u64..20, 1_u64..400).prop_flat_map(|(limit, window)| {
            (Just(limit), Just(window), steps(window, limit.min(6) + 1))
        }),
    ) {
        let limiter = limiter(limit, Duration::from_nanos(window), None);
        let mut admitted: Vec<(u64, u64)> = Vec::new();
        run(&limiter, limit, steps, |now, cost| {
            let used: u64 = admitted.iter().filter(|(at, _)| at + window > now).map(|(_, cost)| cost).sum();
            let admits = cost == 0 || used + cost <= limit;
            if admits {
                admitted.push((now, cost));
            }
            admits
        });
    }

    #[test]
    fn a_bucket_is_exact(
        (limit, window, burst, steps) in (1_u64..20, 1_u64..400, 1_u64..12).prop_flat_map(|(limit, window, burst)| {
            (Just(limit), Just(window), Just(burst), steps(window, burst + 1))
        }),
    ) {
        let limiter = limiter(limit, Duration::from_nanos(window), Some(burst));
        // In parts of a token: `window` parts are one, and each nanosecond gives `limit` of them.
        let (mut level, mut last) = (burst * window, 0);
        run(&limiter, burst, steps, |now, cost| {
            level = (burst * window).min(level + (now - last) * limit);
            last = now;
            let admits = cost * window <= level;
            level -= if admits { cost * window } else { 0 };
            admits
        });
    }

    #[test]
    fn a_large_window_is_safe_and_nearly_exact(
        costs in prop::collection::vec((0_u64..40_000, 1_u64..400), 1..400),
    ) {
        let (limit, window) = (5000, 1_000_000);
        let grain = window / 1024 + 1;
        let limiter = limiter(limit, Duration::from_nanos(window), None);
        let (mut now, mut admitted) = (0, Vec::<(u64, u64)>::new());
        for (passes, cost) in costs {
            now += passes;
            let used = |window: u64| -> u64 {
                admitted.iter().filter(|(at, _)| at + window > now).map(|(_, cost)| cost).sum()
            };
            let allowed = one(&limiter, key("a"), cost, Duration::from_nanos(now)).allowed;
            prop_assert!(!allowed || used(window) + cost <= limit, "too many at {}", now);
            prop_assert!(allowed || used(window + grain) + cost > limit, "refused for nothing at {}", now);
            if allowed {
                admitted.push((now, cost));
            }
        }
    }
}
