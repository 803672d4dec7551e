//! What is refused because two parsers might read it differently (RFC 9112 §§2–7, RFC 9110 §§5–7), byte by byte.
//!
//! Each refusal closes the connection: a second request in the same bytes is never served.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use support::{Answer, Started, echo, request};

const NEXT: &str = "GET /smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n";

/// Each of these is answered with this status, and with nothing more; the upstream hears of none.
async fn refused(status: u16, cases: &[&[u8]]) {
    let (upstream, gateway) = echo().await;
    for case in cases {
        let bytes = [case, NEXT.as_bytes()].concat();
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
        let seen = gateway.talk(&bytes).await;
        let answers = Answer::all(&seen);
        assert_eq!(answers.len(), 1, "{shown:?}: {answers:?}");
        let answer = &answers[0];
        assert_eq!(answer.status, status, "{shown:?}: {answer:?}");
        assert_eq!(answer.header("server"), None, "{shown:?}");
        assert_eq!(answer.header("connection"), Some("close"), "{shown:?}");
        assert_ne!(answer.code(), "", "{shown:?}: {answer:?}");
        assert!(answer.header("x-request-id").is_some(), "{shown:?}");
    }
    assert_eq!(upstream.received_total(), 0, "{:?}", upstream.received());
    let control = gateway.get("/fine", "").await;
    assert_eq!(control.status, 200, "the control: {control:?}");
    assert_eq!(upstream.received()[0].target, "/fine");
}

/// A head after `POST / HTTP/1.1` and `Host`.
fn post(lines: &str, body: &str) -> Vec<u8> {
    format!("{}{body}", request("POST", "/", lines)).into_bytes()
}

async fn refused_posts(status: u16, cases: &[(&str, &str)]) {
    let cases: Vec<Vec<u8>> = cases
        .iter()
        .map(|(lines, body)| post(lines, body))
        .collect();
    let cases: Vec<&[u8]> = cases.iter().map(Vec::as_slice).collect();
    refused(status, &cases).await;
}

#[tokio::test]
async fn message_lengths_are_unambiguous() {
    let body = "5\r\nhello\r\n0\r\n\r\n";
    refused_posts(
        400,
        &[
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                body,
            ),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", body),
            ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", body),
            ("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
            ("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"),
            ("Content-Length: 5, 5\r\n", "hello"),
            ("Content-Length: +5\r\n", "hello"),
            ("Content-Length: -5\r\n", "hello"),
            (
                "Connection: Content-Length\r\nContent-Length: 5\r\n",
                "hello",
            ),
            (
                "Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n",
                body,
            ),
            ("Content-Length: 5a\r\n", "hello"),
            ("Content-Length: 0x5\r\n", "hello"),
            ("Content-Length: 5 5\r\n", "hello"),
            ("Content-Length:\r\n", ""),
            ("Content-Length: 99999999999999999999999\r\n", "hello"),
            ("Transfer-Encoding : chunked\r\n", body),
            ("Transfer-Encoding\t: chunked\r\n", body),
            (" Transfer-Encoding: chunked\r\n", body),
            ("Transfer-Encoding: xchunked\r\n", body),
            ("Transfer-Encoding: chunked, identity\r\n", body),
            ("Transfer-Encoding: \x0bchunked\r\n", body),
            ("Transfer-Encoding: \"chunked\"\r\n", body),
            ("X: y\nTransfer-Encoding: chunked\r\n", body),
            ("Content_Length: 5\r\nContent-Length: 5, 6\r\n", "hello"),
        ],
    )
    .await;
}

#[tokio::test]
async fn transfer_codings_other_than_chunked_are_not_implemented() {
    let body = "5\r\nhello\r\n0\r\n\r\n";
    refused_posts(
        501,
        &[
            ("Transfer-Encoding: gzip, chunked\r\n", body),
            ("Transfer-Encoding: chunked, chunked\r\n", body),
            ("Transfer-Encoding: identity, chunked\r\n", body),
            ("Transfer-Encoding: ,chunked\r\n", body),
        ],
    )
    .await;
}

#[tokio::test]
async fn http_1_0_has_no_transfer_coding() {
    let case = b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    refused(400, &[case]).await;
}

#[tokio::test]
async fn there_is_exactly_one_host() {
    refused(
        400,
        &[
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: user@a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a?b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n",
            b"GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n",
            b"GET http:///x HTTP/1.1\r\nHost: b\r\n\r\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn lines_end_with_cr_lf_and_fields_are_whole() {
    refused(
        400,
        &[
            b"GET / HTTP/1.1\nHost: a\n\n",
            b"GET / HTTP/1.1\r\nHost: a\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\rY: 2\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\tfolded\r\n\r\n",
            b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x07b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nX(y): 1\r\n\r\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn request_lines_are_method_target_and_version() {
    refused(
        400,
        &[
            b"GET x HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET \\a\\x HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET a.test:80 HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET ?q HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /a#frag HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET http://a/x#frag HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
            b" GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
            b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
            b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
            b"GET / http/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/01.1\r\nHost: a\r\n\r\n",
            b"GET /\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\0\r\nHost: a\r\n\r\n",
            b"G<T / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_tunnel_is_not_made() {
    refused(
        405,
        &[
            b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n",
            b"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn heads_have_limits() {
    let head = |lines: &str| request("GET", "/", lines).into_bytes();
    let large = |bytes: usize| head(&format!("X: {}\r\n", "x".repeat(bytes)));
    let many = |count: usize| head(&"X: y\r\n".repeat(count));
    refused(
        431,
        &[
            &large(33 * 1024),
            &large(512 * 1024),
            &large(3 << 20),
            &many(101),
            &many(250),
            &many(300),
            &many(5000),
        ],
    )
    .await;
    let target = |bytes: usize| request("GET", &format!("/{}", "x".repeat(bytes)), "").into_bytes();
    refused(
        414,
        &[&target(9 * 1024), &target(100 * 1024), &target(3 << 20)],
    )
    .await;
}

#[tokio::test]
async fn chunks_are_read_strictly() {
    let (upstream, gateway) = echo().await;
    for body in [
        "0x5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "00000000000000005\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "5 x\r\nhello\r\n0\r\n\r\n",
        "g\r\nhello\r\n0\r\n\r\n",
        "0\r\nX: 1\n\r\n",
    ] {
        let bytes = [
            &post("Transfer-Encoding: chunked\r\n", body),
            NEXT.as_bytes(),
        ]
        .concat();
        let answers = Answer::all(&gateway.talk(&bytes).await);
        assert_eq!(answers.len(), 1, "{body:?}: {answers:?}");
        assert_eq!(answers[0].status, 400, "{body:?}: {answers:?}");
        assert_eq!(answers[0].code(), "malformed-request", "{body:?}");
    }
    let whole: Vec<_> = upstream
        .received()
        .into_iter()
        .filter(|received| received.body_complete)
        .collect();
    assert!(whole.is_empty(), "{whole:?}");
}

#[tokio::test]
async fn extensions_and_trailers_of_chunks_go_no_further() {
    let (upstream, gateway) = echo().await;
    let body = "3;name=value\r\nhel\r\n2\r\nlo\r\n0\r\nX-Consumer-Name: mallory\r\nContent-Length: 3\r\n\r\n";
    let answer = gateway
        .ask(post("Transfer-Encoding: chunked\r\n", body))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let received = &upstream.received()[0];
    assert_eq!(received.text(), "hello");
    assert_eq!(received.trailers, []);
    assert_eq!(received.header("x-consumer-name"), None);
    assert_eq!(received.oddities, []);
}

async fn reaches(gateway: &Started, head: &str) -> Answer {
    gateway.ask(head).await
}

#[tokio::test]
async fn absolute_form_is_routed_by_its_authority_and_goes_on_in_origin_form() {
    let upstream = mock_upstreams::MockUpstream::spawn(mock_upstreams::Behaviour::echo())
        .await
        .unwrap();
    let gateway = support::start(&format!(
        "service: {{name: up, url: '{}', host: preserve}}\nroute: {{hosts: [named.test], paths: ['/']}}\n",
        upstream.url()
    ))
    .await;
    for (target, seen) in [
        ("http://named.test/a?b", "/a?b"),
        ("HTTP://named.test", "/"),
        ("http://named.test?x=1", "/?x=1"),
    ] {
        upstream.forget();
        let head = format!("GET {target} HTTP/1.1\r\nHost: named.test\r\n\r\n");
        let answer = reaches(&gateway, &head).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        let received = &upstream.received()[0];
        assert_eq!(
            (&*received.target, received.header("host")),
            (seen, Some("named.test"))
        );
    }
    let other = reaches(
        &gateway,
        "GET http://other.test/ HTTP/1.1\r\nHost: other.test\r\n\r\n",
    );
    assert_eq!(other.await.code(), "no-route");
    // RFC 9112 §3.2.2 lets Host be ignored here; two names for one request are refused instead.
    let two = reaches(
        &gateway,
        "GET http://named.test/ HTTP/1.1\r\nHost: other.test\r\n\r\n",
    );
    assert_eq!(two.await.code(), "malformed-request");
    let secure = reaches(
        &gateway,
        "GET https://named.test/ HTTP/1.1\r\nHost: named.test\r\n\r\n",
    );
    let secure = secure.await;
    assert_eq!(
        (secure.status, &*secure.code()),
        (421, "misdirected-request")
    );
    assert_eq!(upstream.received_total(), 3);
}

#[tokio::test]
async fn methods_are_case_sensitive() {
    let upstream = mock_upstreams::MockUpstream::spawn(mock_upstreams::Behaviour::echo())
        .await
        .unwrap();
    let gateway = support::start(&format!(
        "service: {{name: up, url: '{}'}}\nroute: {{paths: ['/'], methods: [GET]}}\n",
        upstream.url()
    ))
    .await;
    let answer = gateway.ask(request("get", "/", "")).await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, Some("GET, HEAD"))
    );
    assert_eq!(gateway.ask(request("GET", "/", "")).await.status, 200);
    assert_eq!(upstream.received_total(), 1);
}

#[tokio::test]
async fn a_question_about_the_server_is_answered_by_the_gateway() {
    let (upstream, gateway) = echo().await;
    let answer = gateway.ask(request("OPTIONS", "*", "")).await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("x-request-id").is_some(), "{answer:?}");
    assert_eq!(upstream.received_total(), 0);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let (upstream, gateway) = echo().await;
    let bytes = [
        request("GET", "/1", ""),
        String::from_utf8(post("Content-Length: 5\r\n", "hello")).unwrap(),
        String::from_utf8(post(
            "Transfer-Encoding: chunked\r\n",
            "5\r\nworld\r\n0\r\n\r\n",
        ))
        .unwrap(),
        request("GET", "/nowhere/../4", "Connection: close\r\n"),
    ];
    let answers = Answer::all(&gateway.talk(bytes.concat()).await);
    let targets: Vec<_> = answers
        .iter()
        .map(|answer| answer.json()["target"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(targets, ["/1", "/", "/", "/4"]);
    let bodies: Vec<_> = upstream.received().iter().map(|one| one.text()).collect();
    assert_eq!(bodies, ["", "hello", "world", ""]);
}

#[tokio::test]
async fn a_gentle_refusal_keeps_the_connection() {
    let upstream = mock_upstreams::MockUpstream::spawn(mock_upstreams::Behaviour::echo())
        .await
        .unwrap();
    let gateway = support::start(&format!(
        "service: {{name: up, url: '{}'}}\nroute: {{paths: ['/api']}}\n",
        upstream.url()
    ))
    .await;
    let bytes = [
        request("GET", "/nowhere", ""),
        request("POST", "/nowhere", "Content-Length: 5\r\n") + "hello",
        request("GET", "/a%2Fb", ""),
        request("GET", "/api", "Connection: close\r\n"),
    ];
    let answers = Answer::all(&gateway.talk(bytes.concat()).await);
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [404, 404, 400, 200]);
    assert_eq!(upstream.received_total(), 1);
}

#[tokio::test]
async fn empty_lines_before_a_request_are_passed_over() {
    // RFC 9112 §2.2
    let (_upstream, gateway) = echo().await;
    assert_eq!(
        gateway
            .ask(format!("\r\n{}", request("GET", "/", "")))
            .await
            .status,
        200
    );
}

/// Pingora reads these although RFC 9112 §7.1 does not have them. What goes on is framed anew, so that nobody behind the
/// gateway can read another message into them.
#[tokio::test]
async fn what_is_read_loosely_is_framed_anew() {
    let (upstream, gateway) = echo().await;
    for (body, read) in [
        ("\r\n\r\n", ""),
        (";x\r\n\r\n", ""),
        ("5;a\nb\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5 \r\nhello\r\n0\r\n\r\n", "hello"),
    ] {
        upstream.forget();
        let answer = gateway
            .ask(post("Transfer-Encoding: chunked\r\n", body))
            .await;
        assert_eq!(answer.status, 200, "{body:?}: {answer:?}");
        let received = upstream.received();
        assert_eq!(received.len(), 1, "{body:?}");
        assert_eq!(
            (received[0].text().as_str(), received[0].oddities.len()),
            (read, 0),
            "{body:?}"
        );
    }
}
