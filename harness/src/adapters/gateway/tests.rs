#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;

use super::*;
use crate::fixtures::Fixture;
use crate::lab::placeholder_bindings;

fn consumer_of(keys: Vec<Key>) -> Consumer {
    Consumer {
        alias: "ann".into(),
        name: "ann.1".into(),
        groups: vec!["g".into()],
        keys,
        ..Consumer::default()
    }
}

#[test]
fn consumers_are_added_with_digests_and_nothing_else_is_changed() {
    let mut fixture = Fixture::parse(
        "tea",
        "service: {name: tea, url: 'http://tea-svc:8080'}\nroute: {paths: [/tea]}",
    )
    .unwrap();
    fixture.consumers.push(consumer_of(vec![
        Key {
            label: String::new(),
            secret: "abc".into(),
            expires: None,
        },
        Key {
            label: "old".into(),
            secret: "abc".into(),
            expires: Some("2020-01-01T00:00:00Z".into()),
        },
    ]));
    let bindings = placeholder_bindings(&fixture);
    let rendered = Gateway::new(None).render(&fixture, &bindings).unwrap();
    let document: Value = serde_json::from_str(&rendered.files[0].1).unwrap();
    let digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(
        document["consumers"],
        json!([{"name": "ann.1", "groups": ["g"], "keys": [digest, {"key": digest, "expires": "2020-01-01T00:00:00Z"}]}])
    );
    assert_eq!(document["service"], fixture.document["service"]);
    assert_eq!(document["route"], fixture.document["route"]);
    assert_eq!(
        rendered.arguments,
        [
            "--resolve",
            "tea-svc:8080=127.0.0.1:1",
            "--listen",
            "127.0.0.1:0"
        ]
    );
}

#[test]
fn secrets_go_by_the_environment() {
    let fixture = Fixture::embedded("orders").unwrap();
    let rendered = Gateway::new(None)
        .render(&fixture, &placeholder_bindings(&fixture))
        .unwrap();
    assert_eq!(
        rendered.environment,
        [
            (
                "ORDERS_KEY".to_owned(),
                fixture.environment["ORDERS_KEY"].clone()
            ),
            ("SSL_CERT_FILE".to_owned(), AUTHORITY.to_owned()),
        ]
    );
    assert!(
        !rendered.files[0]
            .1
            .contains(&fixture.environment["ORDERS_KEY"])
    );
}

#[test]
fn the_ready_file_counts_once_it_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    assert!(read_ready(dir.path()).is_none());
    std::fs::write(dir.path().join(READY_FILE), r#"{"listeners": ["127.0"#).unwrap();
    assert!(read_ready(dir.path()).is_none());
    std::fs::write(
        dir.path().join(READY_FILE),
        r#"{"listeners": ["127.0.0.1:7"], "admin": null}"#,
    )
    .unwrap();
    let ready = read_ready(dir.path()).unwrap();
    assert_eq!(
        ready.listeners,
        ["127.0.0.1:7".parse::<SocketAddr>().unwrap()]
    );
}

#[tokio::test]
async fn a_missing_binary_is_told_with_a_next_step() {
    let error = Gateway::new(Some("/no/such/gateway".into()))
        .version()
        .await
        .unwrap_err();
    assert!(error.message.contains("/no/such/gateway"));
    assert!(error.help.unwrap().contains("cargo build"));
}

#[test]
fn a_binary_is_found_from_here_wherever_the_gateway_runs() {
    let gateway = Gateway::new(Some("target/debug/gateway".into()));
    assert!(gateway.binary.is_absolute(), "{:?}", gateway.binary);
    assert!(gateway.binary.ends_with("target/debug/gateway"));
}
