//! What a user reads when a configuration is wrong: one case a file, or a directory with a `main.yaml`, in
//! tests/diagnostics, and beside it the text that is told. Every case is wrong, and no case may be told less.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use gateway::compile::{Lasting, Outline, Overrides, compile};
use gateway::config::{self, Place, Report};
use gateway::plugin::registry::{self, REGISTRY};

const CASES: &str = "tests/diagnostics";

#[test]
fn every_wrong_configuration_is_told_as_the_golden_says() {
    let mut cases: Vec<_> = std::fs::read_dir(CASES)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.retain(|case| {
        case.extension()
            .is_none_or(|extension| extension != "snap" && extension != "new")
    });
    cases.sort();
    assert!(cases.len() >= 20, "the cases are in {CASES}");
    let settings = settings();
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap();
        let path = if case.is_dir() {
            case.join("main.yaml")
        } else {
            case.clone()
        };
        let told = told(&[path.to_str().unwrap()]);
        assert!(!told.contains("hunter"), "{name} tells a secret:\n{told}");
        settings.bind(|| insta::assert_snapshot!(name, told));
    }
}

#[test]
fn a_path_that_leads_nowhere_is_told() {
    let empty = tempfile::tempdir().unwrap();
    let paths = [
        "no-such.yaml",
        "no-such/*.yaml",
        empty.path().to_str().unwrap(),
    ];
    insta::assert_snapshot!(told(&paths).replace(paths[2], "EMPTY-DIRECTORY"));
}

#[test]
fn every_plugin_has_a_wrong_configuration_of_its_own() {
    for kind in REGISTRY {
        let case = format!("{CASES}/plugin-{}.yaml", kind.name);
        let (report, _) = report(&[&case]);
        let of_plugin = |at: &Place| at.pointer.contains("/plugins/");
        assert!(
            report.sorted().iter().any(|told| of_plugin(&told.at)),
            "nothing is wrong with a plugin in {case}"
        );
    }
}

fn told(paths: &[&str]) -> String {
    let (report, compiled) = report(paths);
    assert!(
        report.has_errors(),
        "{paths:?} is wrong, and nothing is told"
    );
    assert_eq!(
        compiled,
        !report.prevents(),
        "{paths:?}: only what closes no more than a route leaves something to serve"
    );
    report.human(false).replace(&format!("{CASES}/"), "")
}

/// What is told without lint, and whether there is something that could be served.
fn report(paths: &[&str]) -> (Report, bool) {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let load = config::load(&paths, &registry::schema());
    let mut report = load.report.clone();
    let outline = Outline::new(&load.documents, &mut report);
    let compiled = compile(
        &outline,
        &load.watched,
        &Overrides::default(),
        &Lasting::default(),
        &mut report,
    );
    (report, compiled.is_some())
}

fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new("diagnostics"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}
