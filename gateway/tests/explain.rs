//! `gateway explain`: each way that a request can go, told by the binary.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::{Value, json};
use std::process::{Command, Output};

const ORDERS: &str = "../scenarios/orders.yaml";

#[test]
fn a_request_without_a_key_is_refused_where_the_key_is_asked_for() {
    let told = orders(&["--path", "/api/v1/orders"]);
    assert_eq!(told["route"], "orders");
    assert_eq!(told["outcome"]["kind"], "refuse");
    assert_eq!(told["outcome"]["code"], "credential-missing");
    assert_eq!(
        flows(&told),
        [
            ("request-id", "goesOn"),
            ("cors", "goesOn"),
            ("request-size-limit", "goesOn"),
            ("key-auth", "refuses"),
            ("rate-limit", "notReached"),
        ]
    );
    assert_eq!(
        told["plugins"][3]["response"],
        json!(["adds www-authenticate: ApiKey realm=\"gateway\""])
    );
}

#[test]
fn a_request_with_a_key_goes_on_and_the_key_is_not_told() {
    let arguments = [
        "--path",
        "/api/v1/orders/./7?page=2",
        "--header",
        "X-API-Key: explain-secret",
        "--header",
        "X-Consumer-Name: mallory",
    ];
    let output = explain(ORDERS, &arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("explain-secret"), "{text}");
    for line in [
        "GET /api/v1/orders/7 from 127.0.0.1",
        "4. key-auth: wants a key in X-API-Key and tells the upstream whose it is in X-Consumer-Name",
        "   here because: before limits: they may be keyed by who calls",
        "     the consumer is storefront",
        "     request: removes x-api-key",
        "     request: sets x-consumer-name: storefront",
        "goes to the service orders",
        "  http://orders-svc:8080/api/v1/orders/7?page=2",
        "  Host: orders-svc:8080",
        "  without the client's x-consumer-name",
    ] {
        assert!(
            text.lines().any(|told| told == line),
            "{line:?} is not in\n{text}"
        );
    }
}

#[test]
fn a_preflight_is_answered_before_the_key_is_asked_for() {
    let told = orders(&[
        "--method",
        "OPTIONS",
        "--path",
        "/api/v1/orders",
        "--header",
        "Origin: https://app.example.com",
        "--header",
        "Access-Control-Request-Method: POST",
    ]);
    assert_eq!(told["outcome"], json!({"kind": "answer", "status": 204}));
    assert_eq!(flows(&told)[1], ("cors", "answers"));
    assert_eq!(flows(&told)[3], ("key-auth", "notReached"));
}

#[test]
fn what_has_no_route_is_told_with_the_reason() {
    let refused = |arguments: &[&str]| {
        let told = orders(arguments);
        assert_eq!(told["route"], Value::Null);
        (
            told["outcome"]["status"].clone(),
            told["outcome"]["detail"].to_string(),
        )
    };
    assert_eq!(refused(&["--path", "/elsewhere"]).0, 404);
    let (status, detail) = refused(&["--path", "/api/v1/orders", "--method", "DELETE"]);
    assert_eq!(status, 405);
    assert!(detail.contains("Allow: GET, HEAD, POST"), "{detail}");
    let (status, detail) = refused(&["--path", "/api%2Fv1"]);
    assert_eq!(status, 400);
    assert!(detail.contains("encoded slash"), "{detail}");
}

#[test]
fn a_canary_and_a_stripped_prefix_are_told() {
    let canary = |arguments: &[&str]| -> Value {
        let mut all = vec!["--path", "/api/v1/search", "--format", "json"];
        all.extend(arguments);
        serde_json::from_slice(&explain("../scenarios/search-canary.yaml", &all).stdout).unwrap()
    };
    assert_eq!(canary(&[])["outcome"]["service"], "search-v1");
    let told = canary(&["--header", "X-Canary: true"]);
    assert_eq!(told["outcome"]["service"], "search-v2");
    let observability = &told["plugins"][3];
    assert_eq!(
        observability["findings"],
        json!(["tells x-canary=true in metrics"])
    );

    let arguments = ["--path", "/legacy/a%7Eb", "--format", "json"];
    let output = explain("../scenarios/routing.yaml", &arguments);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["path"], "/legacy/a~b");
    assert_eq!(
        told["outcome"]["targets"],
        json!(["http://legacy-svc:8080/a~b"])
    );
}

#[test]
fn a_wrong_configuration_or_usage_is_no_explanation() {
    let wrong = explain("tests/diagnostics/open-admin.yaml", &["--path", "/"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(wrong.stdout.is_empty());
    let told = String::from_utf8(wrong.stderr).unwrap();
    assert!(told.contains("error[open-admin]"), "{told}");
    assert_eq!(explain(ORDERS, &[]).status.code(), Some(2));
    let output = explain(ORDERS, &["--path", "/", "--header", "nonsense"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_issuer_s_keys_and_what_becomes_of_a_token_are_told_and_the_token_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("users.yaml");
    let document = r#"{"service": {"name": "users", "url": "http://users-svc:8080"}, "route": {"paths": ["/"]},
        "plugins": [{"name": "jwt-validate", "config": {"issuer": "auth.example", "audience": "api", "keys": [
            {"jwk": {"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}]}}]}"#;
    std::fs::write(&file, document).unwrap();
    let token = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJhdXRoLmV4YW1wbGUifQ.";
    let header = format!("Authorization: Bearer {token}");
    let output = explain(
        file.to_str().unwrap(),
        &["--path", "/", "--header", &header],
    );
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "key \"a\" of auth.example: OKP Ed25519, EdDSA",
        "the token's algorithm is not accepted",
        "wants a token of auth.example for api in authorization",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(!text.contains(token), "{text}");
}

fn orders(arguments: &[&str]) -> Value {
    let mut all = vec!["--format", "json"];
    all.extend(arguments);
    serde_json::from_slice(&explain(ORDERS, &all).stdout).unwrap()
}

fn explain(configuration: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.args(["explain", configuration]).args(arguments);
    command
        .env("ORDERS_KEY", "explain-secret")
        .output()
        .unwrap()
}

fn flows(told: &Value) -> Vec<(&str, &str)> {
    let plugins = told["plugins"].as_array().unwrap().iter();
    plugins
        .map(|plugin| {
            (
                plugin["name"].as_str().unwrap(),
                plugin["flow"]["kind"].as_str().unwrap(),
            )
        })
        .collect()
}
