//! The command line: what it prints, what it serves, how it ends.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Stdio;

use reqwest::Client;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock-upstreams"));
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Starts the command and reads its first line.
async fn started(arguments: &[&str]) -> (Child, String) {
    let mut child = command(arguments).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .await
        .unwrap();
    (child, line)
}

#[tokio::test]
async fn serves_what_was_received_and_changes_behaviours() {
    let arguments = [
        "--json",
        "--upstream",
        "users=echo",
        "--upstream",
        "search=status=503;body=busy",
    ];
    let (mut child, line) = started(&arguments).await;
    let addresses: Value = serde_json::from_str(&line).unwrap();
    let (users, control) = (
        addresses["upstreams"]["users"].as_str().unwrap(),
        addresses["control"].as_str().unwrap(),
    );
    let client = Client::new();
    let echo = client
        .get(format!("{users}/a?b"))
        .header("Gatecheck-Exchange", "t 1")
        .send();
    assert_eq!(echo.await.unwrap().headers()["x-upstream"], "users");
    let search = addresses["upstreams"]["search"].as_str().unwrap();
    assert_eq!(client.get(search).send().await.unwrap().status(), 503);

    let fetch = async |query: &str| -> Value {
        let response = client
            .get(format!("{control}/__received{query}"))
            .send()
            .await
            .unwrap();
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    };
    let all = fetch("").await;
    assert_eq!(all["users"][0]["target"], "/a?b");
    assert_eq!(all["search"].as_array().unwrap().len(), 1);
    let chosen = fetch("?upstream=users&tag=t%201").await;
    assert_eq!(chosen["users"][0]["tag"], "t 1");
    assert_eq!(chosen.get("search"), None);
    assert_eq!(
        fetch("?tag=other").await,
        serde_json::json!({"search": [], "users": []})
    );

    let put = client.put(format!("{control}/__behaviour/search"));
    assert_eq!(put.body("named=good").send().await.unwrap().status(), 204);
    assert_eq!(
        client.get(search).send().await.unwrap().headers()["x-upstream"],
        "good"
    );
    let put = client
        .put(format!("{control}/__behaviour/search"))
        .body("bad")
        .send()
        .await
        .unwrap();
    assert_eq!(put.status(), 400);
    assert!(
        put.text()
            .await
            .unwrap()
            .starts_with("`bad` is no behaviour: ")
    );
    assert_eq!(
        client
            .put(format!("{control}/__behaviour/x"))
            .send()
            .await
            .unwrap()
            .status(),
        404
    );

    let forgotten = client
        .delete(format!("{control}/__received"))
        .send()
        .await
        .unwrap();
    assert_eq!(forgotten.status(), 204);
    assert_eq!(
        fetch("?upstream=users").await,
        serde_json::json!({"users": []})
    );

    let id = child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .await
            .unwrap()
            .success()
    );
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn prints_addresses_for_people() {
    let (_child, line) = started(&[
        "--upstream",
        "users=slow=5ms",
        "--listen",
        "users=127.0.0.2:0",
    ])
    .await;
    assert!(line.starts_with("users    http://127.0.0.2:"), "{line}");
    assert!(line.contains("slow"), "{line}");
}

#[tokio::test]
async fn usage_errors_end_with_2() {
    for (arguments, told) in [
        (&[][..], "give at least one --upstream NAME=BEHAVIOUR"),
        (&["--upstream", "echo"], "write NAME=VALUE"),
        (
            &["--upstream", "a=ehco"],
            "`ehco` is no behaviour: unknown variant `ehco`",
        ),
        (&["--upstream", "a b=echo"], "`a b` is no name"),
        (
            &["--upstream", "a=echo", "--upstream", "a=hang"],
            "--upstream a is given twice",
        ),
        (
            &["--upstream", "a=echo", "--listen", "b=127.0.0.1:0"],
            "there is no --upstream of that name",
        ),
        (
            &["--upstream", "a=echo", "--listen", "a=127.0.0.1"],
            "invalid socket address",
        ),
        (
            &["--upstream", "a=echo", "--tls", "b=b.pem,b.key"],
            "--tls b: there is no --upstream of that name",
        ),
        (
            &["--upstream", "a=echo", "--tls", "a=a.pem"],
            "write NAME=CERTIFICATE,KEY with the paths of two PEM files",
        ),
        (
            &["--upstream", "a=echo", "--client-ca", "a=ca.pem"],
            "--client-ca a needs --tls a=CERTIFICATE,KEY",
        ),
    ] {
        let output = command(arguments).output().await.unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(told), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty());
    }
}

#[tokio::test]
async fn an_address_in_use_ends_with_1() {
    let (_child, line) = started(&["--json", "--upstream", "a=echo"]).await;
    let addresses: Value = serde_json::from_str(&line).unwrap();
    let taken = addresses["upstreams"]["a"]
        .as_str()
        .unwrap()
        .replace("http://", "a=");
    let output = command(&["--upstream", "a=echo", "--listen", &taken])
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("a can't be started")
    );
}

#[tokio::test]
async fn a_certificate_that_is_not_there_ends_with_1() {
    let output = command(&["--upstream", "a=echo", "--tls", "a=missing.pem,missing.key"])
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("missing.pem can't be read"), "{error}");
}

#[tokio::test]
async fn lists_behaviours() {
    let output = command(&["--list"]).output().await.unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    assert_eq!(list.lines().count(), 2 * mock_upstreams::CATALOGUE.len());
    assert!(list.starts_with("echo\n    "), "{list}");
}
