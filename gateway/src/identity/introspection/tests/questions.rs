//! One question at a time for each token, bounds on all of them, and servers that fail.

use super::*;
use futures::FutureExt as _;
use futures::future::join_all;
use tokio::task::yield_now;

fn waiting(
    introspector: &Arc<Introspector>,
    token: &str,
) -> BoxFuture<'static, Result<Said, Outage>> {
    match introspector.look_up(token, Digest::of(token.as_bytes()), at(0)) {
        Looked::Waits(later) => later,
        Looked::Remembered(_) => panic!("it is remembered already"),
    }
}

/// Lets the other tasks go as far as they can.
async fn settle() {
    for _ in 0..200 {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_at_once_ask_once() {
    let server = Script::silent(|_| ok(&json!({"active": true})));
    let introspector = Introspector::new(settings(), server.clone());
    let all = (0..100).map(|_| tokio::spawn(waiting(&introspector, "a")));
    let all: Vec<_> = all.collect();
    settle().await;
    assert_eq!(introspector.status().in_flight, 1);
    server.let_through.add_permits(1);
    for said in join_all(all).await {
        assert_eq!(word(&said.unwrap()), "active");
    }
    assert_eq!(server.calls(), 1);
    assert_eq!(look_up(&introspector, "a", at(1)).await, "active");
    let status = introspector.status();
    assert_eq!(
        counted(status.lookups),
        [("hit", 1), ("joined", 99), ("miss", 1)]
    );
    assert_eq!(counted(status.results), [("active", 1)]);
    assert_eq!((status.in_flight, status.active), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_takes_nothing_from_the_others() {
    let server = Script::silent(|_| ok(&json!({"active": true})));
    let introspector = Introspector::new(settings(), server.clone());
    let mut first = waiting(&introspector, "a");
    assert!((&mut first).now_or_never().is_none());
    let second = tokio::spawn(waiting(&introspector, "a"));
    settle().await;
    drop(first);
    server.let_through.add_permits(1);
    assert_eq!(word(&second.await.unwrap()), "active");
    assert_eq!(server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_waits_for_any_more_is_remembered() {
    let server = Script::silent(|_| ok(&json!({"active": true})));
    let introspector = Introspector::new(settings(), server.clone());
    assert!(waiting(&introspector, "a").now_or_never().is_none());
    server.let_through.add_permits(1);
    settle().await;
    assert_eq!(look_up(&introspector, "a", at(0)).await, "active");
    assert_eq!(server.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_waited_for_no_longer_than_said() {
    let server = Script::silent(|_| ok(&json!({"active": true})));
    let introspector = Introspector::new(settings(), server.clone());
    let began = tokio::time::Instant::now();
    assert_eq!(look_up(&introspector, "a", at(0)).await, "timeout");
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    assert_eq!(introspector.status().in_flight, 0);
    server.let_through.add_permits(1);
    assert_eq!(look_up(&introspector, "a", at(3)).await, "active");
}

#[tokio::test(start_paused = true)]
async fn the_server_gets_so_many_questions_at_a_time_and_the_rest_wait_their_turn() {
    let server = Script::silent(|_| ok(&json!({"active": true})));
    let introspector = Introspector::new(settings(), server.clone());
    let all = (0..200).map(|n| tokio::spawn(waiting(&introspector, &n.to_string())));
    let all: Vec<_> = all.collect();
    settle().await;
    assert_eq!(server.calls(), 64);
    server.let_through.add_permits(200);
    for said in join_all(all).await {
        assert_eq!(word(&said.unwrap()), "active");
    }
    assert_eq!(server.calls(), 200);
    assert_eq!(server.most.load(Ordering::SeqCst), 64);
}

#[tokio::test(start_paused = true)]
async fn beyond_its_bound_a_flood_is_refused_at_once_and_what_is_remembered_stays() {
    let server = Script::silent(|_| ok(&json!({"active": true})));
    let introspector = Introspector::new(settings(), server.clone());
    server.let_through.add_permits(1);
    assert_eq!(look_up(&introspector, "mine", at(0)).await, "active");
    let all = (0..1024).map(|n| tokio::spawn(waiting(&introspector, &n.to_string())));
    let all: Vec<_> = all.collect();
    settle().await;
    assert_eq!(introspector.status().in_flight, 1024);
    let began = tokio::time::Instant::now();
    assert_eq!(look_up(&introspector, "one more", at(0)).await, "busy");
    assert_eq!(look_up(&introspector, "mine", at(0)).await, "active");
    assert_eq!(began.elapsed(), Duration::ZERO);
    for said in join_all(all).await {
        assert_eq!(word(&said.unwrap()), "timeout");
    }
    assert_eq!(introspector.status().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_told_and_not_remembered() {
    type Failure = fn() -> Result<Answer, EgressError>;
    let failures: [(&str, Failure); 9] = [
        ("connection", || {
            Err(EgressError::Connection("refused".to_owned()))
        }),
        ("timeout", || Err(EgressError::Timeout(Duration::ZERO))),
        ("too_large", || Err(EgressError::Large(65536))),
        ("status", || status(500, r#"{"active": true}"#)),
        ("status", || status(302, "")),
        ("status", || status(400, r#"{"error": "invalid_request"}"#)),
        ("status", || status(204, "")),
        ("rejected", || status(401, r#"{"error": "invalid_client"}"#)),
        ("rejected", || status(403, "")),
    ];
    for (label, failure) in failures {
        let calls = AtomicUsize::new(0);
        let server = Script::new(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
            0 => failure(),
            _ => ok(&json!({"active": true})),
        });
        let introspector = Introspector::new(settings(), server.clone());
        assert_eq!(look_up(&introspector, "a", at(0)).await, label);
        let status = introspector.status();
        assert!(status.error.is_some() && status.active + status.inactive == 0);
        assert_eq!(look_up(&introspector, "a", at(0)).await, "active");
        let status = introspector.status();
        assert!(status.error.is_none(), "{status:?}");
        assert_eq!(counted(status.results), [("active", 1), (label, 1)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_that_breaks_is_an_outage_and_can_be_asked_again() {
    let calls = AtomicUsize::new(0);
    let server = Script::new(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => panic!("the test wants it"),
        _ => ok(&json!({"active": true})),
    });
    let introspector = Introspector::new(settings(), server);
    assert_eq!(look_up(&introspector, "a", at(0)).await, "lost");
    assert_eq!(introspector.status().in_flight, 0);
    assert_eq!(look_up(&introspector, "a", at(0)).await, "active");
}
