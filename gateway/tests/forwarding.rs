//! What reaches the upstream and what comes back: hop-by-hop headers, forwarding headers, `Host`, targets, request ids
//! (RFC 9110 §§7.2, 7.6, RFC 7239).
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use mock_upstreams::{Behaviour, MockUpstream, Received};
use support::{Started, behaving, echo, request, start};

async fn through(
    gateway: &Started,
    upstream: &MockUpstream,
    target: &str,
    lines: &str,
) -> Received {
    upstream.forget();
    let answer = gateway.get(target, lines).await;
    assert_eq!(answer.status, 200, "{target} {lines}: {answer:?}");
    upstream.received()[0].clone()
}

/// A gateway that believes its peer, which is the test.
async fn trusting(more: &str) -> (MockUpstream, Started) {
    let upstream = MockUpstream::spawn(Behaviour::named("up")).await.unwrap();
    let gateway = start(&format!(
        "listeners: [{{address: '127.0.0.1:0', trustedProxies: ['127.0.0.0/8']}}]\n{more}{}",
        support::to(&upstream)
    ))
    .await;
    (upstream, gateway)
}

#[tokio::test]
async fn hop_by_hop_headers_stay_on_their_hop_going_up() {
    let (upstream, gateway) = echo().await;
    let lines = "Connection: keep-alive, X-Nominated, X-Also\r\nConnection: x-third\r\nX-Nominated: 1\r\n\
                 X-Also: 2\r\nX-Third: 3\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n\
                 Proxy-Authorization: Basic eDp5\r\nTE: trailers\r\nTrailer: X\r\nUpgrade: h2c\r\n\
                 HTTP2-Settings: AAMAAABk\r\nX-End-To-End: 4\r\n";
    let received = through(&gateway, &upstream, "/", lines).await;
    for gone in [
        "x-nominated",
        "x-also",
        "x-third",
        "keep-alive",
        "proxy-connection",
        "te",
        "upgrade",
        "connection",
        "http2-settings",
    ] {
        assert_eq!(received.header(gone), None, "{gone}: {received:?}");
    }
    assert_eq!(received.header("x-end-to-end"), Some("4"));
}

#[tokio::test]
async fn a_connection_header_cannot_take_away_what_the_gateway_says() {
    let (upstream, gateway) = echo().await;
    let received = through(
        &gateway,
        &upstream,
        "/",
        "Connection: X-Request-Id, Via\r\n",
    )
    .await;
    for there in ["x-request-id", "via"] {
        assert!(received.header(there).is_some(), "{there}: {received:?}");
    }
    for protected in [
        "Host",
        "X-Forwarded-For",
        "Content-Length",
        "Transfer-Encoding",
        ":authority",
    ] {
        upstream.forget();
        let answer = gateway
            .get("/", &format!("Connection: close, {protected}\r\n"))
            .await;
        assert_eq!(
            answer.code(),
            "malformed-request",
            "{protected}: {answer:?}"
        );
        assert!(upstream.received().is_empty());
    }
}

#[tokio::test]
async fn hop_by_hop_headers_stay_on_their_hop_coming_down() {
    let (_upstream, gateway) = behaving(Behaviour::hop_by_hop()).await;
    let answer = gateway.get("/", "").await;
    for gone in [
        "x-hop-nominated",
        "keep-alive",
        "proxy-connection",
        "upgrade",
    ] {
        assert_eq!(answer.header(gone), None, "{gone}: {answer:?}");
    }
    assert_eq!(
        answer.header("connection"),
        Some("keep-alive"),
        "the client's own hop"
    );
    assert!(answer.header("x-end-to-end").is_some());
}

#[tokio::test]
async fn a_stranger_says_nothing_of_where_it_comes_from() {
    let (upstream, gateway) = echo().await;
    let lines = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.test\r\n\
                 X-Forwarded-Port: 1\r\nX-Forwarded-Prefix: /x\r\nX-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n\
                 X_Forwarded_For: 6.6.6.6\r\nX_Real_Ip: 6.6.6.6\r\nVia: 1.1 before\r\n";
    let received = through(&gateway, &upstream, "/", lines).await;
    assert_eq!(received.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(received.header("x-forwarded-proto"), Some("http"));
    assert_eq!(received.header("x-forwarded-host"), Some("gateway.test"));
    assert_eq!(
        received.header_values("forwarded").collect::<Vec<_>>(),
        ["for=127.0.0.1;host=\"gateway.test\";proto=http"]
    );
    for gone in [
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-real-ip",
        "x_forwarded_for",
        "x_real_ip",
    ] {
        assert_eq!(received.header(gone), None, "{gone}: {received:?}");
    }
    let via: Vec<_> = received.header_values("via").collect();
    assert_eq!(
        via,
        ["1.1 before", "1.1 gateway"],
        "proxies add themselves at the end"
    );
}

#[tokio::test]
async fn a_trusted_proxy_is_believed_and_added_to() {
    let (upstream, gateway) = trusting("").await;
    let lines = "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: front.test\r\n\
                 Forwarded: for=198.51.100.1\r\n";
    let received = through(&gateway, &upstream, "/", lines).await;
    assert_eq!(
        received.header("x-forwarded-for"),
        Some("198.51.100.1, 127.0.0.1")
    );
    assert_eq!(received.header("x-forwarded-proto"), Some("https"));
    assert_eq!(received.header("x-forwarded-host"), Some("front.test"));
    assert!(
        received
            .header("forwarded")
            .unwrap()
            .starts_with("for=198.51.100.1, for=127.0.0.1")
    );
    assert_eq!(gateway.log(1).await[0]["client"], "198.51.100.1");
}

#[tokio::test]
async fn a_request_id_is_taken_from_a_trusted_peer_in_a_sound_form_only() {
    let (upstream, stranger) = echo().await;
    let received = through(&stranger, &upstream, "/", "X-Request-Id: mine\r\n").await;
    assert_ne!(received.header("x-request-id"), Some("mine"));

    let (upstream, gateway) = trusting("").await;
    let received = through(&gateway, &upstream, "/", "X-Request-Id: mine\r\n").await;
    assert_eq!(received.header("x-request-id"), Some("mine"));
    for unsound in ["a b", "<script>", &"x".repeat(65)] {
        let received = through(
            &gateway,
            &upstream,
            "/",
            &format!("X-Request-Id: {unsound}\r\n"),
        )
        .await;
        let ids: Vec<_> = received.header_values("x-request-id").collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(ids[0].len(), 36, "{unsound}: {ids:?}");
    }
    upstream.forget();
    let answer = gateway.get("/", "").await;
    assert_eq!(
        answer.header("x-request-id"),
        upstream.received()[0].header("x-request-id")
    );
}

#[tokio::test]
async fn the_consumers_name_has_no_lookalike() {
    let upstream = MockUpstream::spawn(Behaviour::named("up")).await.unwrap();
    let key = "k-0123456789abcdef";
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    std::fs::write(&file, key).unwrap();
    let gateway = start(&format!(
        "consumers: [{{name: alice, keys: ['${{file:{}}}']}}]\nplugins: [{{name: key-auth}}]\n{}",
        file.display(),
        support::to(&upstream)
    ))
    .await;
    let lines = format!(
        "X-API-Key: {key}\r\nX-Consumer-Name: mallory\r\nX_Consumer_Name: mallory\r\nx_consumer-name: mallory\r\n"
    );
    let received = through(&gateway, &upstream, "/", &lines).await;
    assert_eq!(
        received
            .header_values("x-consumer-name")
            .collect::<Vec<_>>(),
        ["alice"]
    );
    assert!(
        !format!("{:?}", received.headers).contains("mallory"),
        "{received:?}"
    );
    assert_eq!(received.header("x-api-key"), None);
    let line = &gateway.log(1).await[0];
    assert_eq!(line["consumer"], "alice");
    assert!(!line.to_string().contains(key));
}

#[tokio::test]
async fn the_hosts_policy_decides_what_the_upstream_is_called() {
    let upstream = MockUpstream::spawn(Behaviour::named("up")).await.unwrap();
    let own = upstream.address().to_string();
    for (policy, expected) in [
        ("upstream", own.as_str()),
        ("preserve", "gateway.test"),
        ("{set: other.test}", "other.test"),
    ] {
        let gateway = start(&format!(
            "service: {{name: up, url: '{}', host: {policy}}}\nroute: {{paths: ['/']}}\n",
            upstream.url()
        ))
        .await;
        let received = through(&gateway, &upstream, "/", "").await;
        assert_eq!(
            received.header_values("host").collect::<Vec<_>>(),
            [expected],
            "{policy}"
        );
        assert_eq!(received.header("x-forwarded-host"), Some("gateway.test"));
    }
}

async fn targets(service: &str, route: &str, cases: &[(&str, &str)]) {
    let upstream = MockUpstream::spawn(Behaviour::named("up")).await.unwrap();
    let gateway = start(&format!(
        "service: {{name: up, url: '{}{service}'}}\nroute: {{{route}}}\n",
        upstream.url()
    ))
    .await;
    for (asked, seen) in cases {
        let received = through(&gateway, &upstream, asked, "").await;
        assert_eq!(received.target, *seen, "{asked}");
    }
}

#[tokio::test]
async fn targets_go_on_as_they_are_but_for_normalisation() {
    targets(
        "",
        "paths: ['/']",
        &[
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/./b/../c", "/a/c"),
            ("/../../a", "/a"),
            ("/%7euser", "/~user"),
            ("/a%2fb", "/a%2Fb"),
            ("/caf%c3%a9", "/caf%C3%A9"),
            ("/a%20b", "/a%20b"),
            ("/100%25", "/100%25"),
            ("//a", "//a"),
            ("/a;v=1/b", "/a;v=1/b"),
            ("/?", "/?"),
            ("/a?", "/a?"),
            ("/a?x=%7e&y=a+b;c&z=%zz&%", "/a?x=%7e&y=a+b;c&z=%zz&%"),
            ("/a?b?c=/../d", "/a?b?c=/../d"),
            ("/a?x={y}|z", "/a?x={y}|z"),
        ]
        .iter()
        .filter(|(asked, _)| *asked != "/a%2fb")
        .copied()
        .collect::<Vec<_>>(),
    )
    .await;
}

#[tokio::test]
async fn prefixes_are_added_stripped_and_rewritten() {
    targets(
        "/base/",
        "paths: ['/']",
        &[
            ("/a?b=1", "/base/a?b=1"),
            ("/", "/base/"),
            ("/?", "/base/?"),
        ],
    )
    .await;
    targets(
        "/base",
        "paths: ['/api'], stripPrefix: true",
        &[
            ("/api/x?", "/base/x?"),
            ("/api", "/base/"),
            ("/api/", "/base/"),
            ("/api/%41%20/../b%20c", "/base/b%20c"),
        ],
    )
    .await;
    targets(
        "",
        "paths: ['/users/{id}'], rewrite: '/internal/{id}'",
        &[
            ("/users/7", "/internal/7"),
            ("/users/7/orders?x=%2F", "/internal/7/orders?x=%2F"),
            ("/users/a%20b", "/internal/a%20b"),
            ("/users/50%25", "/internal/50%25"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_path_that_hides_a_delimiter_is_refused() {
    let (upstream, gateway) = echo().await;
    for path in ["/a%2fb", "/a%5cb", "/a%00b", "/a%zz", "/a%", "/a%2"] {
        let answer = gateway.get(path, "").await;
        assert_eq!(
            (answer.status, &*answer.code()),
            (400, "malformed-path"),
            "{path}: {answer:?}"
        );
    }
    assert_eq!(upstream.received_total(), 0);
    assert_eq!(gateway.get("/a%2Db", "").await.status, 200);
}

#[tokio::test]
async fn informational_answers_and_dates_pass() {
    let raw = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n\
               HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\nok";
    let (_upstream, gateway) = behaving(Behaviour::raw(raw, mock_upstreams::Ending::Close)).await;
    let answer = gateway.get("/", "").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    assert_eq!(answer.early.len(), 1, "{answer:?}");
    let (status, headers) = &answer.early[0];
    assert_eq!(*status, 103);
    assert!(
        headers
            .iter()
            .any(|(name, value)| name == "Link" && value == "</a.css>; rel=preload")
    );
    assert!(
        !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("x-request-id")),
        "{headers:?}"
    );
    assert_eq!(answer.values("date").count(), 1, "{answer:?}");
    assert_eq!(answer.values("x-request-id").count(), 1);
}

#[tokio::test]
async fn head_has_no_body_and_http_1_0_is_served() {
    let (upstream, gateway) = echo().await;
    let mut client = gateway.connect().await;
    tokio::io::AsyncWriteExt::write_all(
        &mut client,
        request("HEAD", "/", "Connection: close\r\n").as_bytes(),
    )
    .await
    .unwrap();
    let bytes = support::read_to_close(&mut client).await;
    assert!(
        bytes.ends_with(b"\r\n\r\n"),
        "{:?}",
        String::from_utf8_lossy(&bytes)
    );
    assert_eq!(upstream.received()[0].method, "HEAD");
    let old = gateway.talk("GET /old HTTP/1.0\r\n\r\n").await;
    let old = &support::Answer::all(&old)[0];
    assert_eq!(
        (old.status, old.header("transfer-encoding")),
        (200, None),
        "{old:?}"
    );
    assert_eq!(upstream.received()[1].version, "HTTP/1.1");
    assert_eq!(upstream.received()[1].header("via"), Some("1.0 gateway"));
}
