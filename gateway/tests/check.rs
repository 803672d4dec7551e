//! What `gateway check` finds in configurations that run but probably should not: for each kind of finding one file in
//! tests/findings, which is without any other finding, and beside it the text that is told. And the command itself.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use gateway::compile::Lasting;
use gateway::config::Report;
use gateway::lint::LINTS;
use gateway::runtime::Source;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

const CASES: &str = "tests/findings";

#[test]
fn every_finding_is_told_as_the_golden_says() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new("findings"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for lint in LINTS {
        let report = read(&format!("{CASES}/{}.yaml", lint.code));
        let told = report.human(false).replace(&format!("{CASES}/"), "");
        assert!(!told.contains("hunter"), "a secret is told:\n{told}");
        let codes: BTreeSet<_> = report.sorted().iter().map(|told| told.code).collect();
        let mut wanted = BTreeSet::from([lint.code]);
        // Without a plugin that asks who calls there are two things to say.
        if lint.code == "unused-consumers" || lint.code == "limit-without-identity" {
            wanted.insert("no-authentication");
        }
        assert_eq!(codes, wanted, "{told}");
        settings.bind(|| insta::assert_snapshot!(lint.code, told));
    }
}

#[test]
fn every_case_belongs_to_a_finding() {
    let codes: BTreeSet<_> = LINTS.iter().map(|lint| lint.code.to_owned()).collect();
    assert_eq!(codes.len(), LINTS.len(), "a code is given twice");
    let files = std::fs::read_dir(CASES).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let cases = files.filter(|file| file.extension().is_some_and(|end| end == "yaml"));
    let mut cases: BTreeSet<_> = cases
        .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(cases.remove("clean"));
    assert_eq!(cases, codes);
}

#[test]
fn nothing_is_found_in_a_clean_configuration() {
    assert_eq!(read(&format!("{CASES}/clean.yaml")).human(false), "");
}

#[test]
fn a_document_that_cannot_be_read_leaves_lint_out() {
    let directory = tempfile::tempdir().unwrap();
    let broken = directory.path().join("plugins.yaml");
    std::fs::write(&broken, "plugins: [{name: key-auth, confg: {}}]").unwrap();
    let paths = vec![
        format!("{CASES}/no-authentication.yaml"),
        broken.to_str().unwrap().to_owned(),
    ];
    let report = Source::new(paths).read(&Lasting::default()).unwrap_err();
    let codes: Vec<_> = report.sorted().iter().map(|told| told.code).collect();
    assert_eq!(codes, ["unknown-key"]);
}

#[test]
fn the_command_says_how_many_and_fails_on_errors() {
    let clean = check(&[&format!("{CASES}/clean.yaml"), "--strict"]);
    assert_eq!(
        (clean.status.code(), text(&clean)),
        (Some(0), "no findings\n".to_owned())
    );

    let warned = format!("{CASES}/any-method.yaml");
    assert_eq!(check(&[&warned]).status.code(), Some(0));
    assert!(text(&check(&[&warned])).ends_with("\n1 warning\n"));
    assert_eq!(check(&[&warned, "--strict"]).status.code(), Some(1));

    let wrong = check(&["tests/diagnostics/open-admin.yaml"]);
    assert_eq!(wrong.status.code(), Some(1));
    let closing = text(&wrong);
    assert!(closing.contains("error[open-admin]"), "{closing}");
    assert!(
        closing.lines().last().unwrap().starts_with("1 error, "),
        "{closing}"
    );
    assert!(wrong.stderr.is_empty());
}

#[test]
fn usage_mistakes_are_told_apart() {
    for arguments in [
        &[][..],
        &["x.yaml", "--format", "xml"],
        &["x.yaml", "--resolve", "nonsense"],
    ] {
        assert_eq!(check(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn machines_get_json_and_sarif() {
    let case = format!("{CASES}/any-method.yaml");
    let json: Value = serde_json::from_str(&text(&check(&[&case, "--format", "json"]))).unwrap();
    assert_eq!(json["diagnostics"][0]["code"], "any-method");
    assert_eq!(json["diagnostics"][0]["severity"], "warning");
    assert_eq!(json["diagnostics"][0]["line"], 6);
    let sarif: Value = serde_json::from_str(&text(&check(&[&case, "--format", "sarif"]))).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "any-method");
}

fn read(path: &str) -> Report {
    let read = Source::new(vec![path.to_owned()]).read(&Lasting::default());
    let (_, report) = read.unwrap_or_else(|report| panic!("{}", report.human(false)));
    report
}

fn check(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.arg("check").args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}
