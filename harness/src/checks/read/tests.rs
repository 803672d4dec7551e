#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use crate::checks::suite::*;

const WHOLE: &str = r#"
name: orders
url: https://api.example.com
timeout: 5s
within: 800ms
maxBody: 64KiB
tls: {ca: ca.pem}
credentials:
  alice: {key: "${env:ALICE_KEY}"}
  bob: {key: {value: "${env:BOB_KEY}", query: api_key}, token: "${file:token}"}
  carol: {basic: {username: carol, password: "${env:CAROL}"}, certificate: {certificate: c.pem, key: c.key}}
checks:
  - id: orders-key-missing
    name: a request without a key is refused
    from: orders.yaml:14:5
    requirement: KEY-001
    steps:
      - request: {method: GET, path: /api/v1/orders, headers: {Accept: "*/*"}}
        expect: {status: 401, headers: {WWW-Authenticate: present, "Access-Control-*": absent}}
  - id: orders-limit
    name: the 101st request in a minute with one key is refused
    intrusive: spends the limit of its own key
    severity: degraded
    timeout: 30s
    every: 2m
    credential: alice
    steps:
      - request: {path: /a}
        times: 101
        atOnce: 10
        expect:
          each: {status: [2xx, 429], within: 1s}
          last: {status: 429, headers: {Retry-After: {atLeast: 1, atMost: 60}}}
          among: {atLeast: 100, status: 200, body: {json: {/a: 1, /b: "1", /c: present}, lacks: [x, y]}}
      - request: {path: /a, method: POST, body: "{}", credential: bob, tamper: claims, tls: "1.2"}
        expect: {handshake: refused}
"#;

#[test]
fn everything_a_suite_can_say_is_read() {
    let suite = Suite::parse("s.yaml", WHOLE).unwrap();
    assert_eq!(suite.within, Some(Duration::from_millis(800)));
    assert_eq!(suite.max_body, 65536);
    let carol = &suite.credentials["carol"];
    assert_eq!(carol.certificate.as_ref().unwrap().key, "c.key");
    let bob = suite.credentials["bob"].key.as_ref().unwrap();
    assert_eq!(bob.place, KeyPlace::Query("api_key".to_owned()));
    let [missing, limit] = &suite.checks[..] else {
        panic!("{suite:?}")
    };
    assert_eq!(missing.requirement.as_deref(), Some("KEY-001"));
    assert_eq!(limit.severity, Severity::Degraded);
    let Expect::Answers(answers) = &limit.steps[0].expect else {
        panic!("{limit:?}")
    };
    let each = answers.each.as_ref().unwrap();
    assert_eq!(each.status, [Status::Class(2), Status::Code(429)]);
    let rules = &answers.last.as_ref().unwrap().headers["Retry-After"];
    assert_eq!(rules[..], [HeaderRule::AtLeast(1), HeaderRule::AtMost(60)]);
    let json = |pointer: &str, rule| BodyRule::Json(pointer.to_owned(), rule);
    let body = &answers.among[0].answer.body;
    assert!(body.contains(&json("/a", JsonRule::Is(1.into()))));
    assert!(body.contains(&json("/b", JsonRule::Is("1".into()))));
    assert!(body.contains(&json("/c", JsonRule::Present)));
    let second = &limit.steps[1];
    assert_eq!(second.expect, Expect::Refused);
    assert_eq!(limit.shown(&second.request), Some("bob"));
    assert_eq!(second.request.tamper, Some(Tamper::Claims));
}

/// The mistakes in a suite whose one check has this in the place of a line of [`WHOLE`].
fn mistakes(line: &str, instead: &str) -> String {
    assert!(WHOLE.contains(line), "{line}");
    let text = WHOLE.replace(line, instead);
    Suite::parse("s.yaml", &text).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_how_to_mend_it() {
    insta::assert_snapshot!(
        [
            mistakes("severity: degraded", "severty: degraded"),
            mistakes("status: 401", "status: 999"),
            mistakes(
                "status: 401, headers: {WWW-Authenticate: present, \"Access-Control-*\": absent}",
                ""
            ),
            mistakes(
                "\"Access-Control-*\": absent",
                "\"Access-Control-*\": present"
            ),
            mistakes("\"${env:ALICE_KEY}\"", "geheim"),
            mistakes("\"${file:token}\"", "\"${fil:token}\""),
            mistakes("credential: alice", "credential: alise"),
            mistakes("id: orders-limit", "id: orders-key-missing"),
            mistakes("id: orders-limit", "id: Orders limit"),
            mistakes("timeout: 30s", "timeout: 30"),
            mistakes("path: /api/v1/orders", "path: api"),
            mistakes("tamper: claims", "tamper: claim"),
            mistakes("tamper: claims", "tamper: claims, credential: alice"),
            mistakes("credential: bob", "credential: alice"),
            mistakes(
                "url: https://api.example.com",
                "url: https://me:secret@api.example.com/x"
            ),
            mistakes("atLeast: 100, ", "atLeast: 0, "),
            mistakes("atLeast: 1,", "atLeest: 1,"),
            mistakes("handshake: refused", "handshake: refused, status: 200"),
            mistakes("times: 101", "times: 0"),
            mistakes("name: orders\nurl", "url"),
            Suite::parse("s.yaml", "").unwrap_err().to_string(),
            Suite::parse("s.yaml", "name: [").unwrap_err().to_string(),
            mistakes(
                "token: \"${file:token}\"",
                "token: {value: \"${file:token}\", ended: true, notFor: a}"
            ),
            Suite::parse("s.yaml", &"[".repeat(100_000))
                .unwrap_err()
                .to_string(),
            Suite::parse("s.yaml", "- a").unwrap_err().to_string(),
            Suite::parse("s.yaml", "name: a\nchecks: []\n---\nname: b")
                .unwrap_err()
                .to_string(),
        ]
        .join("\n--\n")
    );
}

#[test]
fn a_secret_in_plain_text_is_refused_and_not_repeated() {
    assert!(!mistakes("\"${env:ALICE_KEY}\"", "geheim").contains("geheim"));
    assert!(!mistakes("\"${file:token}\"", "\"${geheim}\"").contains("geheim"));
    assert!(
        !mistakes(
            "https://api.example.com",
            "https://me:geheim@api.example.com"
        )
        .contains("geheim")
    );
}
