//! Against servers that do one thing each; every bad case stands beside the good one.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use mock_upstreams::{Behaviour, MockUpstream, Tls};

use super::*;
use crate::fixtures::certificates::{Certificates, Leaf};

async fn server(behaviour: &str) -> MockUpstream {
    let behaviour: Behaviour = behaviour.parse().unwrap();
    MockUpstream::builder(behaviour).spawn().await.unwrap()
}

fn suite(check: &str) -> Suite {
    let text = format!(
        "name: s\ntimeout: 3s\ncredentials:\n  a: {{key: \"${{env:A}}\"}}\n  q: {{key: {{value: \"${{env:A}}\", \
         query: k}}}}\nchecks:\n  - id: one\n    name: one\n    {}\n",
        check.trim().replace('\n', "\n    ")
    );
    Suite::parse("s.yaml", &text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn runner(suite: Suite, url: &str) -> Runner {
    let environment: Environment = Arc::new(|name| (name == "A").then(|| "geheim+1".to_owned()));
    let target = Target {
        url: Some(url.to_owned()),
        environment,
        ..Target::default()
    };
    Runner::new(Arc::new(suite), target).unwrap()
}

async fn at(url: &str, check: &str) -> Outcome {
    let runner = runner(suite(check), url);
    runner.run(&runner.suite().checks[0]).await
}

async fn outcome(behaviour: &str, check: &str) -> Outcome {
    let server = server(behaviour).await;
    at(&format!("http://{}", server.address()), check).await
}

const OK: &str = "steps: [{request: {path: /}, expect: {status: 200}}]";

#[tokio::test]
async fn what_holds_is_good_and_what_does_not_says_why() {
    let hello = "status=200;headers=Retry-After: 5\nVary: a, Origin;body={\"a\": 1}";
    let judged = async |expect: &str| {
        let check = format!("steps: [{{request: {{path: /x}}, expect: {expect}}}]");
        let outcome = outcome(hello, &check).await;
        (outcome.state, outcome.reason, outcome.message)
    };
    let good = (State::Good, None, String::new());
    for expect in [
        "{status: 200}",
        "{status: [404, 2xx]}",
        "{headers: {Vary: {lists: origin}, Retry-After: {atLeast: 5, atMost: 5}, X-No: absent}}",
        "{headers: {Retry-After: '5', Vary: {contains: Orig, lacks: b, matches: '^a'}, X-N*: absent}}",
        "{body: {json: {/a: 1, /b: absent}, contains: a, lacks: b, matches: '[0-9]', empty: false}}",
    ] {
        assert_eq!(judged(expect).await, good, "{expect}");
    }
    for (expect, reason, part) in [
        (
            "{status: [401, 4xx]}",
            Reason::Status,
            "the status is 200, not 401 or 4xx",
        ),
        (
            "{headers: {Vary: {lists: or}}}",
            Reason::Header,
            "not a list with \"or\"",
        ),
        (
            "{headers: {Retry-After: {atLeast: 6}}}",
            Reason::Header,
            "of at least 6",
        ),
        (
            "{headers: {Vary: {atLeast: 1}}}",
            Reason::Header,
            "a whole number",
        ),
        (
            "{headers: {Retry-After: '50'}}",
            Reason::Header,
            "is \"5\", not \"50\"",
        ),
        (
            "{headers: {X-No: present}}",
            Reason::Header,
            "is absent, not present",
        ),
        (
            "{headers: {Retry-*: absent}}",
            Reason::Header,
            "there is a header retry-after",
        ),
        (
            "{body: {json: {/a: '1'}}}",
            Reason::Body,
            "at /a of the body is not \"1\"",
        ),
        ("{body: {lacks: a}}", Reason::Body, "\"a\" is in the body"),
        ("{body: {empty: true}}", Reason::Body, "8 bytes"),
    ] {
        let (state, found, message) = judged(expect).await;
        assert_eq!((state, found), (State::Bad, Some(reason)), "{expect}");
        assert!(
            message.starts_with("GET /x: ") && message.contains(part),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_gateway_that_misbehaves_gets_an_outcome_in_time() {
    for (behaviour, reason) in [
        ("raw=nonsense%0D%0A%0D%0A", Reason::Garbage),
        ("reset", Reason::Closed),
        ("hang", Reason::Timeout),
        ("endless", Reason::Body),
    ] {
        let check = format!("timeout: 2s\n{OK}");
        let outcome = outcome(behaviour, &check).await;
        assert_eq!(outcome.reason, Some(reason), "{behaviour}: {outcome:?}");
        assert_eq!((outcome.state, outcome.step), (State::Bad, Some(0)));
        assert!(outcome.took < Duration::from_secs(10));
    }
    let gone = server("echo").await.address();
    let down = at(&format!("http://{gone}"), OK).await;
    assert_eq!(down.reason, Some(Reason::Connect), "{down:?}");
}

#[tokio::test]
async fn what_is_slow_is_degraded_and_what_is_not_grave_too() {
    let slow = "steps: [{request: {path: /}, expect: {status: 200, within: 1ms}}]";
    let slow = outcome("slow=100ms", slow).await;
    assert_eq!(
        (slow.state, slow.reason),
        (State::Degraded, Some(Reason::Slow))
    );
    let quick = "steps: [{request: {path: /}, expect: {status: 200, within: 1m}}]";
    assert_eq!(outcome("slow=100ms", quick).await.state, State::Good);
    let light = OK.replace("200", "500");
    let light = outcome("echo", &format!("severity: degraded\n{light}")).await;
    assert_eq!(
        (light.state, light.reason),
        (State::Degraded, Some(Reason::Status))
    );
}

#[tokio::test]
async fn many_answers_are_counted() {
    let check = |expect: &str| {
        format!("steps: [{{request: {{path: /}}, times: 5, atOnce: 2, expect: {expect}}}]")
    };
    for (expect, state) in [
        (
            "{each: {status: 200}, last: {status: 2xx}, among: {atLeast: 5, status: 200}}",
            State::Good,
        ),
        ("{among: [{atMost: 4, status: 200}]}", State::Bad),
        ("{among: [{atLeast: 1, status: 429}]}", State::Bad),
        ("{last: {status: 429}}", State::Bad),
    ] {
        let outcome = outcome("echo", &check(expect)).await;
        assert_eq!(outcome.state, state, "{expect}: {outcome:?}");
    }
    let server = server("echo").await;
    at(
        &format!("http://{}", server.address()),
        &check("{status: 200}"),
    )
    .await;
    assert_eq!(server.received().len(), 5);
}

#[tokio::test]
async fn credentials_are_sent_and_never_shown() {
    let check = "credential: a\nsteps: [{request: {path: /}, expect: {headers: {X-Back: none}}}]";
    for (behaviour, check) in [
        ("status=200;headers=X-Back: geheim+1", check.to_owned()),
        ("status=200;headers=X-Back: Z2VoZWltKzE=", check.to_owned()),
        (
            "status=200;headers=X-Back: geheim%252B1",
            check.replace(" a\n", " q\n"),
        ),
    ] {
        let outcome = outcome(behaviour, &check).await;
        assert_eq!(outcome.reason, Some(Reason::Header), "{outcome:?}");
        assert!(outcome.message.contains("[secret]"), "{outcome:?}");
    }
    let server = server("echo").await;
    let url = format!("http://{}", server.address());
    at(&url, &format!("credential: a\n{OK}")).await;
    at(&url, &format!("credential: q\n{OK}")).await;
    let received = server.received();
    let key = received[0]
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("x-api-key"));
    assert!(format!("{key:?}").contains("geheim+1"), "{key:?}");
    assert_eq!(received[1].target, "/?k=geheim%2B1");
    let runner = runner(suite(OK), &url);
    assert!(!format!("{runner:?}{:?}", runner.suite()).contains("geheim"));
}

#[tokio::test]
async fn what_a_check_lacks_is_told_before_it_runs() {
    let text = "name: s\ncredentials: {b: {key: '${env:B}'}, c: {token: '${file:none}'}}\nchecks:\n\
                - {id: b, name: b, credential: b, steps: [{request: {path: /}, expect: {status: 200}}]}\n\
                - {id: c, name: c, credential: c, steps: [{request: {path: /}, expect: {status: 200}}]}\n";
    let runner = runner(Suite::parse("s.yaml", text).unwrap(), "http://127.0.0.1:1");
    let failure = runner
        .check_credentials(&runner.suite().checks)
        .unwrap_err();
    let told = failure.to_string();
    assert!(
        told.contains("b: the environment variable B is not set"),
        "{told}"
    );
    assert!(told.contains("c: the file none can't be read"), "{told}");
    let outcome = runner.run(runner.check("b").unwrap()).await;
    assert_eq!(outcome.reason, Some(Reason::Credential));
    assert!(
        runner
            .check("bb")
            .unwrap_err()
            .to_string()
            .contains("did you mean \"b\"")
    );
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_told_and_believed_only_where_that_is_said() {
    let certificates = Certificates::new().unwrap();
    let certified = certificates
        .mint("good", &Leaf::server(["localhost"]))
        .unwrap();
    let server = MockUpstream::builder(Behaviour::echo())
        .tls(Tls::new(certified.chain_pem(), certified.key_pem()))
        .spawn()
        .await
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("ca.pem"), certificates.servers.pem()).unwrap();
    std::fs::write(dir.path().join("other.pem"), certificates.clients.pem()).unwrap();
    let url = format!("https://localhost:{}", server.address().port());
    let with = async |ca: Option<&str>, insecure: bool| {
        let mut suite = suite(OK);
        suite.directory = dir.path().to_owned();
        suite.tls.ca = ca.map(str::to_owned);
        suite.tls.insecure = insecure;
        let runner = runner(suite, &url);
        runner.run(&runner.suite().checks[0]).await
    };
    let good = with(Some("ca.pem"), false).await;
    assert_eq!(
        (good.state, good.insecure),
        (State::Good, false),
        "{good:?}"
    );
    let bad = with(Some("other.pem"), false).await;
    assert_eq!(
        (bad.state, bad.reason),
        (State::Bad, Some(Reason::Tls)),
        "{bad:?}"
    );
    let insecure = with(None, true).await;
    assert_eq!((insecure.state, insecure.insecure), (State::Good, true));
}
