//! `gatecheck derive` as users call it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use gatecheck::checks::Suite;

const ORDERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/orders.yaml");

fn derive(arguments: &[&str], directory: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gatecheck"))
        .arg("derive")
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_suite_goes_to_standard_output_or_into_a_new_file() {
    let dir = tempfile::tempdir().unwrap();
    let output = derive(&[ORDERS, "--url", "https://api.example.com"], dir.path());
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("url: https://api.example.com\n"));
    let output = derive(
        &[ORDERS, "--url", "https://api.example.com", "-o", "s.yaml"],
        dir.path(),
    );
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{output:?}"
    );
    assert!(
        told(&output).contains("s.yaml: 15 checks, 1 of them intrusive"),
        "{}",
        told(&output)
    );
    let file = dir.path().join("s.yaml");
    assert_eq!(fs::read_to_string(&file).unwrap(), printed);
    assert_eq!(Suite::read(&file).unwrap().checks.len(), 15);
}

#[test]
fn a_file_that_somebody_may_have_changed_is_not_overwritten_unless_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("s.yaml");
    fs::write(&file, "mine").unwrap();
    let output = derive(&[ORDERS, "-o", "s.yaml"], dir.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(
        told(&output).contains("s.yaml exists already; --force"),
        "{}",
        told(&output)
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    let output = derive(&[ORDERS, "-o", "s.yaml", "--force"], dir.path());
    assert!(output.status.success(), "{output:?}");
    assert!(Suite::read(&file).is_ok());
}

#[test]
fn what_can_not_be_done_is_told_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let text = "service: {name: a, url: \"http://a:80\"}\nplugins: [{name: key-auht}]\n";
    fs::write(dir.path().join("typo.yaml"), text).unwrap();
    for (arguments, part) in [
        (&["none.yaml"][..], "none.yaml: the file can't be read"),
        (
            &["typo.yaml"],
            "typo.yaml:2:18: there is no plugin `key-auht`\n  help: did you mean `key-auth`?",
        ),
        (&[ORDERS, "--url", "api.example.com"], "is no URL"),
        (
            &[ORDERS, "--url", "https://me:secret@api.example.com"],
            "has credentials in it",
        ),
        (
            &[ORDERS, "--service-header", "X Served By"],
            "is no name of a header",
        ),
        (
            &[ORDERS, "-o", "none/s.yaml"],
            "none/s.yaml can't be written",
        ),
    ] {
        let output = derive(arguments, dir.path());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(told(&output).contains(part), "{}", told(&output));
        assert!(!told(&output).contains("secret"), "{}", told(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
