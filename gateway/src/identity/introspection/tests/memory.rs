//! How long answers are remembered, and how many.

use super::*;

/// What comes of look-ups of one token, and how often the server was asked by then.
async fn course(bounds: Bounds, answer: Value, moments: &[u64]) -> Vec<(u64, &'static str, usize)> {
    let server = Script::new(move |_| ok(&answer));
    let settings = Settings {
        cache: bounds,
        ..settings()
    };
    let introspector = Introspector::new(settings, server.clone());
    let mut course = vec![];
    for moment in moments {
        let said = look_up(&introspector, "a", at(*moment)).await;
        course.push((*moment, said, server.calls()));
    }
    course
}

#[tokio::test(start_paused = true)]
async fn an_active_token_is_remembered_for_the_longest_time() {
    let course = course(settings().cache, json!({"active": true}), &[0, 299, 300]);
    let wanted = [(0, "active", 1), (299, "active", 1), (300, "active", 2)];
    assert_eq!(course.await, wanted);
}

#[tokio::test(start_paused = true)]
async fn an_active_token_is_never_remembered_past_its_end() {
    let answer = json!({"active": true, "exp": START + 30});
    let course = course(settings().cache, answer, &[0, 29, 30, 31]);
    // From then on the server is wrong, and that is remembered as any other no.
    let wanted = [
        (0, "active", 1),
        (29, "active", 1),
        (30, "inactive", 2),
        (31, "inactive", 2),
    ];
    assert_eq!(course.await, wanted);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_while_it_is_asked_about_is_not_active() {
    let answer = json!({"active": true, "exp": START + 2});
    let server = Script::silent(move |_| ok(&answer));
    let introspector = Introspector::new(settings(), server.clone());
    let (said, ()) = tokio::join!(look_up(&introspector, "a", at(0)), async {
        tokio::time::advance(Duration::from_secs(2)).await;
        server.let_through.add_permits(1);
    });
    assert_eq!(said, "inactive");
}

#[tokio::test(start_paused = true)]
async fn a_no_is_remembered_for_a_short_time() {
    let course = course(settings().cache, json!({"active": false}), &[0, 9, 10]);
    let wanted = [(0, "inactive", 1), (9, "inactive", 1), (10, "inactive", 2)];
    assert_eq!(course.await, wanted);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_remembered_where_there_is_no_time_for_it() {
    let none = Bounds {
        max_ttl: Duration::ZERO,
        negative_ttl: Duration::ZERO,
        entries: 10,
    };
    for answer in [true, false] {
        let course = course(none, json!({"active": answer}), &[0, 0]).await;
        assert_eq!(course[1].2, 2, "{course:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_revocation_is_seen_when_the_entry_ends() {
    let active = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let says = active.clone();
    let server = Script::new(move |_| ok(&json!({"active": says.load(Ordering::SeqCst)})));
    let introspector = Introspector::new(settings(), server.clone());
    assert_eq!(look_up(&introspector, "a", at(0)).await, "active");
    active.store(false, Ordering::SeqCst);
    assert_eq!(look_up(&introspector, "a", at(299)).await, "active");
    assert_eq!(look_up(&introspector, "a", at(300)).await, "inactive");
    active.store(true, Ordering::SeqCst);
    assert_eq!(look_up(&introspector, "a", at(309)).await, "inactive");
    assert_eq!(look_up(&introspector, "a", at(310)).await, "active");
    let status = introspector.status();
    assert_eq!((status.active, status.inactive), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn tokens_are_told_apart() {
    let server = Script::new(|token| ok(&json!({"active": token == "a"})));
    let introspector = Introspector::new(settings(), server.clone());
    for _ in 0..2 {
        assert_eq!(look_up(&introspector, "a", at(0)).await, "active");
        assert_eq!(look_up(&introspector, "b", at(0)).await, "inactive");
    }
    assert_eq!(server.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn invented_tokens_drive_no_active_one_out() {
    let server = Script::new(|token| ok(&json!({"active": token.starts_with("mine")})));
    let introspector = Introspector::new(settings(), server.clone());
    let mine: Vec<_> = (0..100).map(|n| format!("mine-{n}")).collect();
    for token in &mine {
        assert_eq!(look_up(&introspector, token, at(0)).await, "active");
    }
    for n in 0..5000 {
        let said = look_up(&introspector, &format!("invented-{n}"), at(0)).await;
        assert_eq!(said, "inactive");
    }
    let asked = server.calls();
    for token in &mine {
        assert_eq!(look_up(&introspector, token, at(0)).await, "active");
    }
    assert_eq!(server.calls(), asked, "all of mine are remembered");
    let status = introspector.status();
    assert_eq!(status.active, 100);
    assert!(status.inactive <= 1000, "{}", status.inactive);
}

#[tokio::test(start_paused = true)]
async fn answers_are_bounded_by_number_and_by_bytes() {
    let padding = "x".repeat(60_000);
    for (entries, answer, most) in [
        (50, json!({"active": true}), 50),
        (100_000, json!({"active": true, "note": padding}), 300),
    ] {
        let server = Script::new(move |_| ok(&answer));
        let mut settings = settings();
        settings.cache.entries = entries;
        let introspector = Introspector::new(settings, server);
        for n in 0..500 {
            let said = look_up(&introspector, &n.to_string(), at(0)).await;
            assert_eq!(said, "active");
        }
        let kept = introspector.status().active;
        assert!((1..=most).contains(&kept), "{kept} of {entries}");
    }
}
