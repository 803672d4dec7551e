//! What auth plugins and rules promise that no client alone can see: threads that stay free, reloads, the command line.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use mock_upstreams::MockUpstream;
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use support::{echo, read_answer, request, start};
use tokio::io::AsyncWriteExt;

/// `alice:open:sesame`.
const ALICE: &str = "Authorization: Basic YWxpY2U6b3BlbjpzZXNhbWU=\r\n";

/// An open route, and one for alice, whose hash takes this many rounds of bcrypt.
fn two_routes(upstream: &MockUpstream, rounds: u32) -> String {
    let hash = bcrypt::hash("open:sesame", rounds).unwrap();
    format!(
        "service: {{name: up, url: '{}'}}\n\
         routes:\n\
         - {{name: open, paths: ['/open']}}\n\
         - {{name: ledger, paths: ['/ledger'], plugins: [{{name: basic-auth}}]}}\n\
         consumers: [{{name: alice, basic: {{password: '{hash}'}}}}]\n",
        upstream.url()
    )
}

#[tokio::test]
async fn the_only_thread_answers_others_while_a_password_is_checked() {
    let (upstream, _) = echo().await;
    let gateway = start(&two_routes(&upstream, 13)).await;
    let mut client = gateway.connect().await;
    let head = request("GET", "/ledger", ALICE);
    client.write_all(head.as_bytes()).await.unwrap();
    let slow = read_answer(&mut client);
    tokio::pin!(slow);
    let quick = async {
        for _ in 0..3 {
            assert_eq!(gateway.get("/open", "").await.status, 200);
        }
    };
    tokio::select! {
        biased;
        _ = &mut slow => panic!("the password's check held the others up"),
        () = quick => {}
    }
    assert_eq!(slow.await.status, 200);
    assert_eq!(upstream.received_total(), 4);
}

#[tokio::test]
async fn a_password_outlives_a_reload_until_its_hash_changes() {
    let (upstream, _) = echo().await;
    let gateway = start(&two_routes(&upstream, 4)).await;
    assert_eq!(gateway.get("/ledger", ALICE).await.status, 200);
    let other = bcrypt::hash("other", 4).unwrap();
    let known = two_routes(&upstream, 4);
    let start = known.find("$2b$").unwrap();
    let changed = known.replace(&known[start..start + 60], &other);
    gateway.rewrite(&changed);
    assert!(gateway.gateway.reload().await.is_ok());
    let old = gateway.get("/ledger", ALICE).await;
    assert_eq!((old.status, &*old.code()), (401, "credential-invalid"));
    gateway.rewrite(&known);
    assert!(gateway.gateway.reload().await.is_ok());
    assert_eq!(gateway.get("/ledger", ALICE).await.status, 200);
}

/// Two routes, of which the first has this rule.
fn ruled(upstream: &MockUpstream, rule: &str) -> String {
    format!(
        "service: {{name: up, url: '{}'}}\n\
         routes:\n\
         - {{name: ruled, paths: ['/ruled'], plugins: [{{name: authorize, config: {{deny: [{rule}]}}}}]}}\n\
         - {{name: open, paths: ['/open']}}\n",
        upstream.url()
    )
}

#[tokio::test]
async fn broken_rules_close_their_route_over_a_reload_until_they_are_mended() {
    let (upstream, _) = echo().await;
    let sound = ruled(&upstream, "{methods: [DELETE]}");
    let gateway = start(&sound).await;
    assert_eq!(gateway.get("/ruled", "").await.status, 200);
    gateway.rewrite(&ruled(&upstream, "{methods: [delete]}"));
    assert!(
        gateway.gateway.reload().await.is_ok(),
        "the others are served"
    );
    let closed = gateway.get("/ruled", "").await;
    assert_eq!((closed.status, &*closed.code()), (500, "policy-broken"));
    assert_eq!(gateway.get("/open", "").await.status, 200);
    gateway.rewrite(&sound);
    assert!(gateway.gateway.reload().await.is_ok());
    assert_eq!(gateway.get("/ruled", "").await.status, 200);
    assert_eq!(upstream.received_total(), 3);
}

#[test]
fn check_fails_on_broken_rules_and_says_where() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("gateway.yaml");
    let text = "service: {name: up, url: 'http://up:80'}\nplugins:\n- name: authorize\n  config: {deny: [{methods: [delete]}]}\n";
    std::fs::write(&file, text).unwrap();
    let output = gateway(&["check", file.to_str().unwrap()], "");
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("error[invalid-method]") && told.contains("gateway.yaml:4:29"),
        "{told}"
    );
    assert!(told.contains("write `DELETE`"), "{told}");
}

#[test]
fn explain_checks_passwords_too() {
    let explain = |header: &str| -> Value {
        let arguments = [
            "explain",
            "../scenarios/basic.yaml",
            "--format",
            "json",
            "--path",
            "/ledger",
            "--header",
            header,
        ];
        let output = gateway(&arguments, "");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!String::from_utf8_lossy(&output.stdout).contains("YWxpY2U6b"));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let right = explain(ALICE.trim_end());
    assert_eq!(right["outcome"]["kind"], "forward", "{right:#}");
    let step = right["plugins"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["name"] == "basic-auth");
    assert_eq!(step.unwrap()["findings"][0], "the consumer is alice");
    let wrong = explain("Authorization: Basic YWxpY2U6d3Jvbmc=");
    assert_eq!(wrong["outcome"]["code"], "credential-invalid", "{wrong:#}");
}

#[test]
fn a_hash_is_printed_for_a_password_and_for_nothing_else() {
    let hashed = gateway(&["hash-password"], "pä$$wörd \r\n");
    assert!(hashed.status.success());
    let hash = String::from_utf8(hashed.stdout).unwrap();
    let stored = gateway::identity::passwords::Stored::hash(hash.trim_end()).unwrap();
    assert!(stored.verify("pä$$wörd ") && !stored.verify("pä$$wörd"));
    for input in ["", "\n", "two\nlines\n", "a\tb"] {
        let refused = gateway(&["hash-password"], input);
        assert_eq!(refused.status.code(), Some(1), "{input:?}");
        assert!(
            refused.stdout.is_empty() && !refused.stderr.is_empty(),
            "{input:?}"
        );
    }
}

fn gateway(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_gateway"))
        .args(arguments)
        .env("LEDGER_PASSWORD", "of the ledger")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Dropped at once: the end of the input.
    let mut stdin = child.stdin.take().unwrap();
    // A program that reads none may have ended.
    stdin.write_all(input.as_bytes()).ok();
    drop(stdin);
    child.wait_with_output().unwrap()
}
