#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use http::{Method, StatusCode};
use parking_lot::Mutex;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::sync::mpsc;

use super::*;

fn target(url: &str, weight: u32) -> Target {
    let target = Target::new(
        Endpoint::new(url).unwrap(),
        NonZeroU32::new(weight).unwrap(),
        None,
    );
    target.set_addresses(vec!["127.0.0.1:1".parse().unwrap()]);
    target
}

fn service(balancing: Balancing, weights: &[u32]) -> Arc<Service> {
    let targets = weights
        .iter()
        .enumerate()
        .map(|(at, weight)| target(&format!("http://t{at}:80"), *weight));
    let (timeouts, retry, budget) = Default::default();
    Arc::new(Service::new("s", targets.collect(), balancing, timeouts, retry, budget).unwrap())
}

/// How often each target is picked by `picks` requests that end at once.
fn shares(service: &Service, picks: u32, hash: impl Fn(u32) -> Option<u64>) -> Vec<u32> {
    let mut shares = vec![0; service.targets().len()];
    for request in 0..picks {
        shares[service
            .pick(hash(request), &mut Tried::default())
            .unwrap()
            .index()] += 1;
    }
    shares
}

fn close_to_weights(shares: &[u32], weights: &[u32], tolerance: f64) -> bool {
    let (picks, sum) = (shares.iter().sum::<u32>(), weights.iter().sum::<u32>());
    shares.iter().zip(weights).all(|(share, weight)| {
        let wanted = f64::from(picks) * f64::from(*weight) / f64::from(sum);
        (f64::from(*share) - wanted).abs() <= tolerance * f64::from(picks)
    })
}

#[test]
fn endpoints_are_taken_apart() {
    let endpoint = Endpoint::new("http://Orders-SVC:8080/base/./x/").unwrap();
    assert_eq!(
        (endpoint.host(), endpoint.port(), endpoint.scheme()),
        ("orders-svc", 8080, Scheme::Http)
    );
    assert_eq!(
        (endpoint.authority(), endpoint.path_prefix()),
        ("orders-svc:8080", "/base/x")
    );
    let secure = Endpoint::new("https://[::1]:443/").unwrap();
    assert_eq!(
        (secure.host(), secure.authority(), secure.port()),
        ("[::1]", "[::1]", 443)
    );
    assert_eq!(secure.to_string(), "https://[::1]");
    assert_eq!(Endpoint::new("https://a").unwrap().path_prefix(), "");
}

#[test]
fn urls_that_are_no_endpoint_are_refused_with_a_mend() {
    for (url, help) in [
        ("orders:8080", "write it as in"),
        ("ftp://a", "use one of the two"),
        ("http://", "write it as in"),
        ("http://a b", "write it as in"),
        ("http://a:0", "use one between"),
        ("http://a:", "use one between"),
        ("http://a:65536", "use one between"),
        ("http://me:secret@a", "send credentials"),
        ("http://a/x?y=z", "leave it out"),
        ("http://a/#x", "leave out what begins"),
        ("http://a/%2f", "percent-encode"),
    ] {
        let mistake = Endpoint::new(url).unwrap_err();
        assert!(
            mistake.help.starts_with(help),
            "{url}: {mistake}: {}",
            mistake.help
        );
    }
}

#[test]
fn services_hold_no_nonsense() {
    let new = |targets| {
        let (timeouts, retry, budget) = Default::default();
        Service::new("s", targets, Balancing::RoundRobin, timeouts, retry, budget).map(drop)
    };
    assert_eq!(
        new(vec![]).unwrap_err().help,
        "give it a `url` or `targets`"
    );
    let twice = vec![target("http://a", 1), target("http://A:80/", 2)];
    assert_eq!(
        new(twice).unwrap_err().help,
        "name it once, with a `weight`"
    );
    assert_eq!(
        new(vec![target("http://a", 1), target("https://a", 1)]),
        Ok(())
    );
    let second = Duration::from_secs(1);
    assert!(
        Timeouts::new(second, Duration::ZERO, second, second)
            .unwrap_err()
            .what
            .contains("`try`")
    );
    assert!(Backoff::new(second, Duration::ZERO).is_err());
}

#[test]
fn turns_are_spread_out_by_weight() {
    let service = service(Balancing::RoundRobin, &[5, 1, 1]);
    let turns: Vec<usize> = (0..14)
        .map(|_| service.pick(None, &mut Tried::default()).unwrap().index())
        .collect();
    assert_eq!(turns, [0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0]);
}

#[test]
fn the_least_loaded_target_for_its_weight_is_picked() {
    let service = service(Balancing::LeastConnections, &[2, 1]);
    let held: Vec<Pick> = (0..300)
        .map(|_| service.pick(None, &mut Tried::default()).unwrap())
        .collect();
    assert_eq!(
        (
            service.targets()[0].in_flight(),
            service.targets()[1].in_flight()
        ),
        (200, 100)
    );
    drop(
        held.into_iter()
            .filter(|pick| pick.index() == 0)
            .collect::<Vec<_>>(),
    );
    assert_eq!(service.targets()[0].in_flight(), 0);
}

#[test]
fn two_choices_keep_many_targets_level() {
    let service = service(Balancing::LeastConnections, &[1; 50]);
    let held: Vec<Pick> = (0..5000)
        .map(|_| service.pick(None, &mut Tried::default()).unwrap())
        .collect();
    let loads = service.targets().iter().map(|target| target.in_flight());
    assert!(
        loads.clone().max() <= Some(108) && loads.min() >= Some(85),
        "far from 100 each"
    );
    drop(held);
    assert!(
        service
            .targets()
            .iter()
            .all(|target| target.in_flight() == 0)
    );
}

#[test]
fn a_hash_keeps_its_target_and_without_one_turns_are_taken() {
    let service = service(Balancing::ConsistentHash, &[1, 1, 1]);
    let first = service
        .pick(Some(stable_hash(b"alice")), &mut Tried::default())
        .unwrap()
        .index();
    assert_eq!(
        shares(&service, 100, |_| Some(stable_hash(b"alice")))[first],
        100
    );
    assert_eq!(shares(&service, 99, |_| None), [33, 33, 33]);
    // Gateways agree only while nobody changes the hash.
    assert_eq!(stable_hash(b"alice"), 0xc5d1_556d_6677_4a5c);
    assert_eq!(stable_hash(b""), 0xf52a_15e9_a9b5_e89b);
}

#[test]
fn what_is_unavailable_is_never_picked() {
    for balancing in [
        Balancing::RoundRobin,
        Balancing::LeastConnections,
        Balancing::ConsistentHash,
    ] {
        let service = service(balancing, &[1, 1, 1]);
        service.targets()[1].set_addresses(vec![]);
        let shares = shares(&service, 300, |request| {
            Some(stable_hash(&request.to_le_bytes()))
        });
        assert_eq!(shares[1], 0);
        assert!(shares[0] > 50 && shares[2] > 50, "{balancing:?}");
        service
            .targets()
            .iter()
            .for_each(|target| target.set_addresses(vec![]));
        assert!(service.pick(Some(1), &mut Tried::default()).is_none());
        assert!(!service.is_resolved());
    }
}

#[test]
fn addresses_are_used_in_turn() {
    let target = target("http://a", 1);
    let addresses: Vec<SocketAddr> = vec![
        "127.0.0.1:1".parse().unwrap(),
        "127.0.0.2:1".parse().unwrap(),
    ];
    target.set_addresses(addresses.clone());
    let turns: Vec<SocketAddr> = (0..4).map(|_| target.address().unwrap()).collect();
    assert_eq!(turns, [addresses.clone(), addresses].concat());
    assert_eq!(
        (target.authority(), target.host_header().to_str().unwrap()),
        ("a", "a")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn shares_follow_weights(weights in prop::collection::vec(1_u32..10, 1..24)) {
        let turn = shares(&service(Balancing::RoundRobin, &weights), weights.iter().sum(), |_| None);
        prop_assert_eq!(&turn, &weights, "exact over one round");
        for balancing in [Balancing::LeastConnections, Balancing::ConsistentHash] {
            let service = service(balancing, &weights);
            let shares = shares(&service, 4000, |request| Some(stable_hash(&request.to_le_bytes())));
            prop_assert!(close_to_weights(&shares, &weights, 0.04), "{:?}: {:?} for {:?}", balancing, shares, weights);
        }
    }

    #[test]
    fn a_target_that_goes_moves_only_its_own_hashes(
        weights in prop::collection::vec(1_u32..10, 2..12), hashes in prop::collection::vec(any::<u64>(), 100), gone: prop::sample::Index,
    ) {
        let service = service(Balancing::ConsistentHash, &weights);
        let places = || -> Vec<usize> {
            hashes.iter().map(|hash| service.pick(Some(*hash), &mut Tried::default()).unwrap().index()).collect()
        };
        let before = places();
        let gone = gone.index(weights.len());
        service.targets()[gone].set_addresses(vec![]);
        for (before, after) in before.iter().zip(places()) {
            prop_assert!(after != gone);
            prop_assert!(*before == gone || *before == after);
        }
    }

    #[test]
    fn a_retry_never_goes_to_the_same_target(weights in prop::collection::vec(1_u32..10, 1..40), hash: u64) {
        for balancing in [Balancing::RoundRobin, Balancing::LeastConnections, Balancing::ConsistentHash] {
            let service = service(balancing, &weights);
            let mut tried = Tried::default();
            let mut picked: Vec<usize> =
                std::iter::from_fn(|| service.pick(Some(hash), &mut tried)).map(|pick| pick.index()).collect();
            picked.sort_unstable();
            prop_assert_eq!(picked, (0..weights.len()).collect::<Vec<_>>());
            prop_assert_eq!(tried.len(), weights.len());
            prop_assert!(!service.has_another(&tried) && service.has_another(&Tried::default()));
        }
    }

    #[test]
    fn full_jitter_stays_under_its_ceiling(retries in 0_u32..80, seed: u64) {
        let (base, max) = (Duration::from_millis(25), Duration::from_millis(250));
        let wait = Backoff::new(base, max).unwrap().wait(retries, &mut SmallRng::seed_from_u64(seed));
        prop_assert!(wait <= max && wait <= base.saturating_mul(1 << retries.min(20)));
    }
}

#[test]
fn jitter_is_full() {
    let mut rng = SmallRng::seed_from_u64(1);
    let waits: Vec<Duration> = (0..1000)
        .map(|_| Backoff::default().wait(9, &mut rng))
        .collect();
    let between = |low, high| {
        waits
            .iter()
            .filter(|wait| (low..high).contains(&wait.as_millis()))
            .count()
    };
    assert!((0..5).all(|fifth| (150..250).contains(&between(fifth * 50, fifth * 50 + 50))));
}

#[test]
fn only_what_the_policy_names_is_tried_again() {
    let policy = RetryPolicy {
        attempts: 2,
        ..RetryPolicy::default()
    };
    assert!(policy.allows(RetryCause::Connect, &Method::GET, 1));
    assert!(!policy.allows(RetryCause::Connect, &Method::GET, 2));
    // What nobody has seen can be sent by any method; what was sent, by the idempotent ones.
    assert!(policy.allows(RetryCause::Connect, &Method::POST, 0));
    assert!(policy.allows(RetryCause::Reset, &Method::GET, 0));
    assert!(!policy.allows(RetryCause::Reset, &Method::POST, 0));
    assert!(!policy.allows(RetryCause::Timeout, &Method::GET, 0));
    let unavailable = RetryCause::Status(StatusCode::SERVICE_UNAVAILABLE);
    assert!(!policy.allows(unavailable, &Method::GET, 0));
    let policy = RetryPolicy {
        on: vec![unavailable],
        ..policy
    };
    assert!(policy.allows(unavailable, &Method::GET, 0));
    assert!(!policy.allows(RetryCause::Status(StatusCode::BAD_GATEWAY), &Method::GET, 0));
}

#[test]
fn what_the_upstream_asks_for_is_waited_or_not_tried() {
    let (policy, mut rng) = (RetryPolicy::default(), SmallRng::seed_from_u64(1));
    let seconds = Duration::from_secs;
    assert_eq!(
        policy.wait(0, Some(seconds(2)), seconds(3), &mut rng),
        Some(seconds(2))
    );
    assert_eq!(policy.wait(0, Some(seconds(3)), seconds(3), &mut rng), None);
    assert_eq!(policy.wait(0, None, Duration::ZERO, &mut rng), None);
    assert!(policy.wait(0, None, seconds(3), &mut rng) <= Some(Duration::from_millis(25)));
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    for (value, seconds) in [
        ("120", Some(120)),
        (" 0 ", Some(0)),
        ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
        ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
        ("99999999999999999999", Some(u64::MAX)),
        ("-1", None),
        ("soon", None),
        ("", None),
    ] {
        assert_eq!(
            parse_retry_after(value.as_bytes(), now),
            seconds.map(Duration::from_secs),
            "{value}"
        );
    }
}

#[test]
fn a_budget_is_a_share_and_a_minimum() {
    let service = service(Balancing::RoundRobin, &[1]);
    let few: Vec<RetryPermit> = std::iter::from_fn(|| service.retry_permit()).collect();
    assert_eq!(few.len(), 3);
    let requests: Vec<Active> = (0..100).map(|_| service.enter()).collect();
    let more: Vec<RetryPermit> = std::iter::from_fn(|| service.retry_permit()).collect();
    assert_eq!((few.len() + more.len(), service.active()), (20, 100));
    drop(more);
    assert!(service.retry_permit().is_some());
    drop((few, requests));
    assert_eq!(service.active(), 0);
}

/// Answers from a list that a test changes, and tells of every question.
struct Scripted {
    answer: Mutex<Option<Vec<SocketAddr>>>,
    asked: mpsc::UnboundedSender<String>,
}

#[async_trait]
impl Resolver for Scripted {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let answer = self
            .answer
            .lock()
            .clone()
            .ok_or_else(|| io::Error::other("no answer"));
        self.asked.send(format!("{host}:{port}")).unwrap();
        answer
    }
}

fn scripted(answer: &[&str]) -> (Arc<Scripted>, mpsc::UnboundedReceiver<String>) {
    let (asked, questions) = mpsc::unbounded_channel();
    let answer = Mutex::new(Some(
        answer
            .iter()
            .map(|address| address.parse().unwrap())
            .collect(),
    ));
    (Arc::new(Scripted { answer, asked }), questions)
}

#[tokio::test]
async fn the_last_good_addresses_stay() {
    let service = service(Balancing::RoundRobin, &[1, 1]);
    let (script, mut questions) = scripted(&["127.0.0.3:80", "127.0.0.2:80", "127.0.0.3:80"]);
    let resolver: Arc<dyn Resolver> = Arc::clone(&script) as _;
    assert_eq!(refresh(&service, &resolver).await, 0);
    let good = service.targets()[1].addresses();
    assert_eq!(
        *good,
        [
            "127.0.0.2:80".parse().unwrap(),
            "127.0.0.3:80".parse().unwrap()
        ]
    );
    *script.answer.lock() = None;
    assert_eq!(refresh(&service, &resolver).await, 2);
    assert_eq!(service.targets()[1].addresses(), good);
    *script.answer.lock() = Some(vec!["127.0.0.4:80".parse().unwrap()]);
    assert_eq!(refresh(&service, &resolver).await, 0);
    assert_eq!(
        *service.targets()[1].addresses(),
        ["127.0.0.4:80".parse().unwrap()]
    );
    let mut asked: Vec<String> = std::iter::from_fn(|| questions.try_recv().ok()).collect();
    asked.sort_unstable();
    assert_eq!(
        asked,
        ["t0:80", "t0:80", "t0:80", "t1:80", "t1:80", "t1:80"]
    );
}

#[tokio::test]
async fn a_service_is_kept_fresh_until_it_is_gone() {
    let service = service(Balancing::RoundRobin, &[1]);
    let (script, mut questions) = scripted(&["127.0.0.9:80"]);
    let fresh = tokio::spawn(keep_fresh(
        Arc::downgrade(&service),
        script,
        Duration::from_millis(1),
    ));
    for _ in 0..3 {
        assert_eq!(questions.recv().await.unwrap(), "t0:80");
    }
    assert_eq!(
        service.targets()[0].address(),
        Some("127.0.0.9:80".parse().unwrap())
    );
    drop(service);
    fresh.await.unwrap();
}

#[tokio::test]
async fn overrides_come_first_and_addresses_need_no_resolver() {
    let address: SocketAddr = "127.0.0.1:9001".parse().unwrap();
    let overrides = [
        ("Users-Svc:8080".to_owned(), address),
        ("127.0.0.5:80".to_owned(), address),
    ];
    let resolver = SystemResolver::new(overrides);
    assert_eq!(
        resolver.resolve("users-SVC", 8080).await.unwrap(),
        [address]
    );
    assert_eq!(resolver.resolve("127.0.0.5", 80).await.unwrap(), [address]);
    assert_eq!(
        resolver.resolve("127.0.0.5", 81).await.unwrap(),
        ["127.0.0.5:81".parse().unwrap()]
    );
    assert_eq!(
        resolver.resolve("[::1]", 81).await.unwrap(),
        ["[::1]:81".parse().unwrap()]
    );
    assert!(resolver.resolve("no such name", 80).await.is_err());
}
