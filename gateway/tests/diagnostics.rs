//! What a user reads when a configuration is wrong: one case a file, or a directory with a `main.yaml`, in
//! tests/diagnostics, and beside it the text that is told. Every case is wrong, and no case may be told less.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use gateway::config::{self, At, Load, Schema, raw};
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;

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

fn told(paths: &[&str]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let Load {
        documents,
        mut report,
        ..
    } = config::load(&paths, &schema());
    for loaded in &documents {
        let at = At::root(&loaded.source).key("consumers");
        for (index, consumer) in loaded.document.consumers.iter().enumerate() {
            let at = at.index(index).key("keys");
            for (index, key) in consumer.keys.iter().enumerate() {
                let at = at.index(index);
                match key {
                    raw::Key::Lasting(key) => key.resolve_at(at, &mut report),
                    raw::Key::Expiring(key) => key.key.resolve_at(at.key("key"), &mut report),
                };
            }
        }
    }
    assert!(
        report.has_errors(),
        "{paths:?} is wrong, and nothing is told"
    );
    report.human(false).replace(&format!("{CASES}/"), "")
}

fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new("diagnostics"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

fn schema() -> Schema {
    Schema::new([
        ("cors", schema_for!(Cors), "Cross-origin requests (Fetch)."),
        (
            "rate-limit",
            schema_for!(RateLimit),
            "No more than so many requests.",
        ),
        (
            "request-size-limit",
            schema_for!(SizeLimit),
            "No larger requests.",
        ),
    ])
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only the schema matters")]
struct Cors {
    origins: Vec<String>,
    methods: Option<Vec<String>>,
    allow_credentials: Option<bool>,
    max_age: Option<config::units::DurationText>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only the schema matters")]
struct RateLimit {
    key: Option<String>,
    limit_per_minute: Option<std::num::NonZeroU32>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only the schema matters")]
struct SizeLimit {
    max_bytes: config::units::SizeText,
}
