//! `gatecheck fixtures`: what it starts, what it prints, what it leaves behind.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::Stdio;

use reqwest::{Certificate, Client, Identity};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatecheck"));
    command
        .arg("fixtures")
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Starts the command and reads its first line.
async fn started(arguments: &[&str]) -> (Child, BufReader<ChildStdout>, String) {
    let mut child = command(arguments).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).await.unwrap();
    (child, out, line)
}

async fn end(mut child: Child, signal: &str) {
    let id = child.id().unwrap().to_string();
    let kill = Command::new("kill").args([signal, &id]).status().await;
    assert!(kill.unwrap().success());
    assert!(child.wait().await.unwrap().success());
}

fn file(value: &Value) -> String {
    std::fs::read_to_string(value.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn starts_everything_and_leaves_nothing_behind() {
    let (child, _out, line) = started(&["--format", "json"]).await;
    let description: Value = serde_json::from_str(&line).unwrap();
    let certificates = &description["certificates"];
    let alice = &certificates["clients"]["good"];
    let identity = file(&alice["certificate"]) + &file(&alice["key"]);
    let root = Certificate::from_pem(file(&certificates["serversCa"]).as_bytes()).unwrap();
    let client = Client::builder()
        .tls_certs_only([root])
        .identity(Identity::from_pem(identity.as_bytes()).unwrap())
        .no_proxy()
        .build()
        .unwrap();

    let keys = client
        .get(description["jwks"]["keys"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    let keys: Value = keys.json().await.unwrap();
    assert!(keys["keys"].as_array().unwrap().len() >= 10);
    let tokens = &description["tokens"];
    assert_eq!(tokens["good"].as_object().unwrap().len(), 13);
    let expired = &tokens["kinds"]["expired"];
    assert_eq!(expired["token"], file(&expired["file"]));
    assert_eq!(expired["verdict"], "wrong");

    let introspection = &description["introspection"];
    let text = |name: &str| introspection[name].as_str().unwrap();
    let ask = async |token: &Value| -> Value {
        let call = client
            .post(text("endpoint"))
            .form(&[("token", token.as_str().unwrap())]);
        let call = call.basic_auth(text("clientId"), Some(text("clientSecret")));
        call.send().await.unwrap().json().await.unwrap()
    };
    assert_eq!(
        ask(&introspection["tokens"]["active"]).await["sub"],
        "user-7"
    );
    assert_eq!(
        ask(&introspection["tokens"]["inactive"]).await,
        json!({"active": false})
    );
    for (name, url) in description["upstreams"].as_object().unwrap() {
        let answer = client.get(url.as_str().unwrap()).send().await.unwrap();
        assert_eq!(answer.headers()["x-upstream"], name.as_str());
    }

    let directory = PathBuf::from(description["directory"].as_str().unwrap());
    assert!(directory.is_dir());
    end(child, "-INT").await;
    assert!(!directory.exists());
}

#[tokio::test]
async fn starts_what_was_chosen_in_the_directory_that_was_named() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("fixtures");
    let named = directory.to_str().unwrap();
    let (child, _out, line) =
        started(&["--upstreams", "--directory", named, "--format", "json"]).await;
    let description: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(description["directory"], named);
    let parts: Vec<_> = description.as_object().unwrap().keys().collect();
    assert_eq!(parts, ["directory", "certificates", "upstreams"]);
    end(child, "-TERM").await;
    assert!(!directory.exists() && parent.path().exists());
}

#[tokio::test]
async fn what_was_there_before_is_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let kept = directory.path().join("kept");
    std::fs::write(&kept, "kept").unwrap();
    let arguments = ["--directory", directory.path().to_str().unwrap()];
    let output = command(&arguments).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("name a directory that doesn't exist yet"),
        "{error}"
    );
    assert!(kept.exists());
}

#[tokio::test]
async fn prints_for_people() {
    let (child, mut out, line) = started(&["--jwks"]).await;
    let directory = line
        .trim()
        .strip_prefix("directory")
        .unwrap()
        .trim()
        .to_owned();
    let mut lines = Vec::new();
    while !lines
        .iter()
        .any(|line: &String| line.contains("client-wrong-name.pem"))
    {
        let mut line = String::new();
        assert_ne!(out.read_line(&mut line).await.unwrap(), 0, "{lines:#?}");
        lines.push(line);
    }
    let text = lines.concat();
    for expected in ["good tokens\n  RS256 ", "resolve auth.example ", "expired "] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains("introspection\n"));
    assert!(text.lines().all(|line| line.len() < 2000));
    end(child, "-HUP").await;
    assert!(!Path::new(&directory).exists());
}

#[tokio::test]
async fn lists_what_there_is() {
    let output = command(&["--list"]).output().await.unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    for expected in [
        "Tokens:\n  good ",
        "  alg-none ",
        "  revoked ",
        "  redirect-loop ",
    ] {
        assert!(list.contains(expected), "{expected}: {list}");
    }
}
