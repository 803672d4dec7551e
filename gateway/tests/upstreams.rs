//! Upstreams that fail, and what the gateway makes of it: status, `Proxy-Status` (RFC 9209), retries, balancing.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use mock_upstreams::{Behaviour, Ending, Expectation, MockUpstream, Moment};
use std::collections::BTreeMap;
use std::time::Duration;
use support::{Answer, Started, behaving, request, start};

const SHORT: &str = "timeouts: {connect: 200ms, try: 200ms, total: 2s}";

fn service(upstream: &str, more: &str) -> String {
    format!("service: {{name: up, url: '{upstream}', {more}}}\nroute: {{paths: ['/']}}\n")
}

fn several(upstreams: &[&MockUpstream], more: &str) -> String {
    let targets: Vec<_> = upstreams
        .iter()
        .map(|one| format!("{{url: '{}'}}", one.url()))
        .collect();
    format!(
        "service: {{name: up, targets: [{}], {more}}}\nroute: {{paths: ['/']}}\n",
        targets.join(", ")
    )
}

async fn named(name: &str) -> MockUpstream {
    MockUpstream::spawn(Behaviour::named(name)).await.unwrap()
}

/// The answer, the log and the metric all tell this cause.
async fn told(gateway: &Started, answer: &Answer, status: u16, code: &str, error: &str) {
    assert_eq!(
        (answer.status, &*answer.code()),
        (status, code),
        "{answer:?}"
    );
    assert_eq!(
        answer.header("proxy-status"),
        Some(&*format!("gateway; error={error}; details=\"{code}\""))
    );
    assert!(answer.header("x-request-id").is_some());
    let line = gateway.log(1).await.pop().unwrap();
    assert_eq!(
        (line["cause"].as_str(), line["status"].as_u64()),
        (Some(code), Some(status.into()))
    );
    let counted = gateway
        .metric("gateway_rejections_total", &[&format!("reason=\"{code}\"")])
        .await;
    assert_eq!(counted, 1.0);
}

async fn fails(behaviour: Behaviour, status: u16, code: &str, error: &str) {
    let upstream = MockUpstream::spawn(behaviour).await.unwrap();
    let gateway = start(&service(&upstream.url(), SHORT)).await;
    let answer = gateway.get("/", "").await;
    told(&gateway, &answer, status, code, error).await;
}

#[tokio::test]
async fn a_refused_connection() {
    fails(
        Behaviour::refuse(),
        502,
        "upstream-refused",
        "connection_refused",
    )
    .await;
}

#[tokio::test]
async fn a_connection_that_is_never_taken() {
    fails(
        Behaviour::blackhole(),
        504,
        "upstream-connect-timeout",
        "connection_timeout",
    )
    .await;
}

#[tokio::test]
async fn a_reset_before_the_head() {
    fails(
        Behaviour::reset(Moment::Request),
        502,
        "upstream-reset",
        "connection_terminated",
    )
    .await;
    fails(
        Behaviour::reset(Moment::Head),
        502,
        "upstream-reset",
        "connection_terminated",
    )
    .await;
}

#[tokio::test]
async fn a_close_before_the_head() {
    fails(
        Behaviour::close(Moment::Request),
        502,
        "upstream-reset",
        "connection_terminated",
    )
    .await;
    fails(
        Behaviour::raw("HTTP/1.1 200 OK\r\nX: ", Ending::Close),
        502,
        "upstream-reset",
        "connection_terminated",
    )
    .await;
}

#[tokio::test]
async fn an_answer_that_is_not_http() {
    for raw in [
        "SSH-2.0-OpenSSH_9.0\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
    ] {
        fails(
            Behaviour::raw(raw, Ending::Close),
            502,
            "upstream-invalid",
            "http_protocol_error",
        )
        .await;
    }
}

#[tokio::test]
async fn a_name_without_an_address() {
    let gateway = start(&service("http://nowhere.invalid", SHORT)).await;
    let answer = gateway.get("/", "").await;
    told(&gateway, &answer, 502, "upstream-unresolved", "dns_error").await;
}

#[tokio::test]
async fn a_head_that_takes_too_long() {
    fails(
        Behaviour::hang(),
        504,
        "upstream-timeout",
        "http_response_timeout",
    )
    .await;
}

#[tokio::test]
async fn the_total_holds_over_all_tries_and_over_a_trickle() {
    let slow = MockUpstream::spawn(Behaviour::hang()).await.unwrap();
    let other = MockUpstream::spawn(Behaviour::hang()).await.unwrap();
    let more = "timeouts: {try: 300ms, total: 500ms}, retries: {attempts: 9, on: [timeout]}";
    let gateway = start(&several(&[&slow, &other], more)).await;
    let began = std::time::Instant::now();
    let answer = gateway.get("/", "").await;
    assert_eq!((answer.status, &*answer.code()), (504, "upstream-timeout"));
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(slow.received_total() + other.received_total(), 2);

    let trickle = Behaviour::Trickle {
        between: Duration::from_millis(50),
        bytes: 4,
    };
    let trickle = MockUpstream::spawn(trickle).await.unwrap();
    let gateway = start(&service(
        &trickle.url(),
        "timeouts: {try: 200ms, total: 300ms}",
    ))
    .await;
    let answer = gateway.get("/", "").await;
    assert_eq!((answer.status, &*answer.code()), (504, "upstream-timeout"));
}

#[tokio::test]
async fn a_body_that_ends_too_early_does_not_look_whole() {
    for behaviour in [
        Behaviour::reset(Moment::Body),
        Behaviour::close(Moment::Body),
        Behaviour::raw(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            Ending::Close,
        ),
        Behaviour::raw(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            Ending::Close,
        ),
    ] {
        let (_upstream, gateway) = behaving(behaviour).await;
        let answer = gateway.get("/", "").await;
        assert_eq!(answer.status, 200, "the head was out: {answer:?}");
        assert!(!answer.complete, "{answer:?}");
        let line = gateway.log(1).await.pop().unwrap();
        assert_eq!(line["status"], 200);
        assert!(
            line["cause"]
                .as_str()
                .is_some_and(|cause| cause.starts_with("upstream-")),
            "{line}"
        );
    }
}

#[tokio::test]
async fn an_answer_before_the_body_was_read_reaches_the_client() {
    for then in [Ending::Keep, Ending::Close] {
        let (upstream, gateway) = behaving(Behaviour::early(413, then)).await;
        let head = request("POST", "/", "Content-Length: 300000\r\n");
        let answer = gateway.ask(head + &"x".repeat(300_000)).await;
        assert_eq!(answer.status, 413, "{then:?}: {answer:?}");
        assert_eq!(answer.code(), "", "it is the upstream's own");
        assert_eq!(upstream.received_total(), 1);
    }
}

#[tokio::test]
async fn leave_to_send_the_body_is_passed_on() {
    for (reaction, status, body) in [
        (Expectation::Continue, 200, true),
        (Expectation::Refuse, 417, false),
    ] {
        let (upstream, gateway) = behaving(Behaviour::expect(reaction)).await;
        let mut client = gateway.connect().await;
        let head = request("POST", "/", "Content-Length: 5\r\nExpect: 100-continue\r\n");
        tokio::io::AsyncWriteExt::write_all(&mut client, head.as_bytes())
            .await
            .unwrap();
        if body {
            let leave = support::read_until(&mut client, "\r\n\r\n").await;
            assert!(leave.starts_with("HTTP/1.1 100 "), "{leave}");
            tokio::io::AsyncWriteExt::write_all(&mut client, b"hello")
                .await
                .unwrap();
        }
        let answer = support::read_answer(&mut client).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(upstream.received_total(), 1);
    }
}

#[tokio::test]
async fn a_stale_connection_costs_a_get_nothing_and_a_post_is_not_repeated() {
    let upstream = named("up").await;
    let gateway = start(&service(&upstream.url(), "retries: {attempts: 0}")).await;
    assert_eq!(gateway.get("/", "").await.status, 200);
    upstream
        .set_behaviour(Behaviour::flaky(1, Behaviour::close(Moment::Request)))
        .unwrap();
    let answer = gateway.get("/again", "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(upstream.connections(), 2);

    upstream
        .set_behaviour(Behaviour::close(Moment::Request))
        .unwrap();
    upstream.forget();
    let answer = gateway
        .ask(request("POST", "/once", "Content-Length: 2\r\n") + "hi")
        .await;
    assert_eq!((answer.status, &*answer.code()), (502, "upstream-reset"));
    assert_eq!(upstream.received().len(), 1);
}

#[tokio::test]
async fn idempotent_methods_are_tried_at_another_target() {
    let bad = MockUpstream::spawn(Behaviour::reset(Moment::Request))
        .await
        .unwrap();
    let good = named("good").await;
    let gateway = start(&several(
        &[&bad, &good],
        "retries: {attempts: 1, backoff: {base: 1ms, max: 1ms}}",
    ))
    .await;
    for _ in 0..4 {
        assert_eq!(gateway.get("/", "").await.status, 200);
    }
    let body = "PUT-PUT";
    let put = request("PUT", "/", "Content-Length: 7\r\n") + body;
    for _ in 0..2 {
        assert_eq!(gateway.ask(put.clone()).await.status, 200);
    }
    assert!(
        good.received()
            .iter()
            .filter(|one| one.method == "PUT")
            .all(|one| one.text() == body)
    );
    assert!(bad.received_total() >= 3, "one of two was the bad one");
    assert!(gateway.metric("gateway_upstream_retries_total", &[]).await >= 3.0);
    let statuses: Vec<u16> = [
        gateway
            .ask(request("POST", "/", "Content-Length: 2\r\n") + "hi")
            .await
            .status,
        gateway
            .ask(request("POST", "/", "Content-Length: 2\r\n") + "hi")
            .await
            .status,
    ]
    .into();
    assert!(
        statuses.contains(&502) && statuses.contains(&200),
        "{statuses:?}"
    );
    let lines = gateway.log(8).await;
    assert!(lines.iter().any(|line| line["tries"] == 2), "{lines:?}");
}

#[tokio::test]
async fn a_post_that_nobody_has_seen_goes_to_another_target() {
    let bad = MockUpstream::spawn(Behaviour::refuse()).await.unwrap();
    let good = named("good").await;
    let gateway = start(&several(&[&bad, &good], SHORT)).await;
    for _ in 0..4 {
        let post = request("POST", "/", "Content-Length: 2\r\n") + "hi";
        assert_eq!(gateway.ask(post).await.status, 200);
        assert_eq!(gateway.get("/", "").await.status, 200);
    }
    assert_eq!(good.received_total(), 8, "each once");
    let bodies = good.received();
    let mut posts = bodies.iter().filter(|received| received.method == "POST");
    assert!(posts.all(|post| post.text() == "hi"), "{bodies:?}");
}

#[tokio::test]
async fn a_status_is_tried_again_where_asked_and_the_last_answer_counts() {
    let first = MockUpstream::spawn(Behaviour::status(503, [], "first"))
        .await
        .unwrap();
    let second = MockUpstream::spawn(Behaviour::status(503, [], "second"))
        .await
        .unwrap();
    let third = named("third").await;
    let more = "retries: {attempts: 2, on: [503], backoff: {base: 1ms, max: 1ms}}";
    let gateway = start(&several(&[&first, &second, &third], more)).await;
    for _ in 0..3 {
        assert_eq!(gateway.get("/", "").await.status, 200);
    }
    let gateway = start(&several(&[&first, &second], more)).await;
    let answer = gateway.get("/", "").await;
    assert_eq!(
        (answer.status, answer.header("proxy-status")),
        (503, None),
        "the upstream's own"
    );
    let once = start(&several(&[&first, &third], "balancing: round-robin")).await;
    let statuses = [
        once.get("/", "").await.status,
        once.get("/", "").await.status,
    ];
    assert!(statuses.contains(&503), "not by default: {statuses:?}");
}

#[tokio::test]
async fn retry_after_is_heeded_within_the_total() {
    let busy = Behaviour::status(503, [("Retry-After", "60")], "later");
    let busy = MockUpstream::spawn(busy).await.unwrap();
    let good = named("good").await;
    let more = "retries: {attempts: 1, on: [503]}, timeouts: {total: 2s}";
    let gateway = start(&several(&[&busy, &good], more)).await;
    let statuses = [
        gateway.get("/", "").await.status,
        gateway.get("/", "").await.status,
    ];
    assert!(
        statuses.contains(&503),
        "a wait of a minute does not fit: {statuses:?}"
    );
}

#[tokio::test]
async fn a_body_beyond_what_is_kept_is_not_repeated_and_never_cut() {
    let bad = MockUpstream::spawn(Behaviour::reset(Moment::Request))
        .await
        .unwrap();
    let good = named("good").await;
    let gateway = start(&several(&[&bad, &good], "retries: {attempts: 1}")).await;
    let body = "x".repeat(200 * 1024);
    let put = request("PUT", "/", &format!("Content-Length: {}\r\n", body.len())) + &body;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(gateway.ask(put.clone()).await.status);
    }
    assert!(
        statuses.contains(&200) && statuses.contains(&502),
        "{statuses:?}"
    );
    for received in good.received() {
        assert_eq!(
            (received.body_length, received.body_complete),
            (body.len() as u64, true)
        );
    }
}

#[tokio::test]
async fn weights_share_the_requests_out() {
    let (heavy, light) = (named("heavy").await, named("light").await);
    let gateway = start(&format!(
        "service: {{name: up, targets: [{{url: '{}', weight: 3}}, {{url: '{}'}}]}}\nroute: {{paths: ['/']}}\n",
        heavy.url(),
        light.url()
    ))
    .await;
    for _ in 0..40 {
        assert_eq!(gateway.get("/", "").await.status, 200);
    }
    assert_eq!((heavy.received_total(), light.received_total()), (30, 10));
}

#[tokio::test]
async fn the_target_with_the_fewest_requests_is_next() {
    let busy = MockUpstream::spawn(Behaviour::stream("held"))
        .await
        .unwrap();
    let free = named("free").await;
    let gateway = start(&several(&[&busy, &free], "balancing: least-connections")).await;
    let held = busy.stream("held");
    held.event("first");
    let mut client = gateway.connect().await;
    while held.responses() == 0 {
        client = gateway.connect().await;
        let head = request("GET", "/", "Connection: close\r\n");
        tokio::io::AsyncWriteExt::write_all(&mut client, head.as_bytes())
            .await
            .unwrap();
        support::read_until(&mut client, "\r\n\r\n").await;
    }
    let before = free.received_total();
    for _ in 0..10 {
        assert_eq!(
            gateway.get("/", "").await.header("x-upstream"),
            Some("free")
        );
    }
    assert_eq!(free.received_total(), before + 10);
    held.end();
    drop(client);
}

#[tokio::test]
async fn consistent_hashing_keeps_a_client_at_its_target() {
    let upstreams = [named("a").await, named("b").await, named("c").await];
    let all: Vec<_> = upstreams.iter().collect();
    for (of, line) in [("{header: X-User}", true), ("path", false)] {
        let gateway = start(&several(
            &all,
            &format!("balancing: {{consistentHash: {of}}}"),
        ))
        .await;
        let mut homes: BTreeMap<u32, String> = BTreeMap::new();
        for round in 0..3 {
            for user in 0..20 {
                let (path, lines) = match line {
                    true => (format!("/{round}"), format!("X-User: user-{user}\r\n")),
                    false => (format!("/user-{user}"), String::new()),
                };
                let home = gateway
                    .get(&path, &lines)
                    .await
                    .header("x-upstream")
                    .unwrap()
                    .to_owned();
                assert_eq!(
                    homes.entry(user).or_insert(home.clone()),
                    &home,
                    "{of}: {user}"
                );
            }
        }
        let used: std::collections::BTreeSet<_> = homes.values().collect();
        assert!(used.len() > 1, "{of}: {homes:?}");
    }
    let gateway = start(&several(&all, "balancing: {consistentHash: ip}")).await;
    let first = gateway
        .get("/1", "")
        .await
        .header("x-upstream")
        .map(str::to_owned);
    for path in ["/2", "/3", "/4"] {
        assert_eq!(
            gateway.get(path, "").await.header("x-upstream"),
            first.as_deref()
        );
    }
}
