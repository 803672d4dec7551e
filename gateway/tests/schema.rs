//! `gateway schema`, and every fixture configuration held against it and compiled.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

#[test]
fn every_scenario_is_valid_and_compiles() {
    let schema = schema();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let mut seen = 0;
    for file in std::fs::read_dir("../scenarios").unwrap() {
        let file: PathBuf = file.unwrap().path();
        if !file
            .extension()
            .is_some_and(|end| end == "yaml" || end == "json")
        {
            continue;
        }
        seen += 1;
        let text = std::fs::read_to_string(&file).unwrap();
        let document: Value = serde_yaml::from_str(&text).unwrap();
        if let Err(error) = validator.validate(&document) {
            panic!("{}: {error}", file.display());
        }
        let mut check = Command::new(env!("CARGO_BIN_EXE_gateway"));
        check.arg("check").arg(&file);
        for (number, name) in variables(&text).into_iter().enumerate() {
            check.env(name, format!("no-secret-{number}"));
        }
        let output = check.output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}:\n{told}", file.display());
    }
    assert!(seen >= 5, "the scenarios are in ../scenarios");
}

#[test]
fn the_schema_refuses_what_the_loader_refuses() {
    let schema = schema();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let wrong = r#"{"service": {"name": "a", "url": "http://a"}, "plugins": [{"name": "cors", "config": {"origns": []}}]}"#;
    assert!(!validator.is_valid(&serde_json::from_str(wrong).unwrap()));
}

/// The names in `${env:NAME}`.
fn variables(text: &str) -> Vec<&str> {
    let parts = text.split("${env:").skip(1);
    parts
        .filter_map(|part| Some(part.split_once('}')?.0))
        .collect()
}

fn schema() -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    let output = command.arg("schema").output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
