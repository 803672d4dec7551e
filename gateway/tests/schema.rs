//! `gateway schema`, and every fixture configuration held against it and compiled.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use gatecheck::fixtures::certificates::Certificates;
use gatecheck::fixtures::tokens::{Algorithm, Issuer};
use gatecheck::fixtures::{Content, Fixture, PemFile, Texts};
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
        let directory = tempfile::tempdir().unwrap();
        let copy = directory.path().join(file.file_name().unwrap());
        std::fs::write(&copy, &text).unwrap();
        let mut check = Command::new(env!("CARGO_BIN_EXE_gateway"));
        check.arg("check").arg(&copy);
        for (number, name) in variables(&text).into_iter().enumerate() {
            // As long as secrets that sign have to be.
            check.env(name, format!("no-secret-{number:0>64}"));
        }
        for (file, text) in materials(&text) {
            std::fs::write(directory.path().join(&file.name), &text).unwrap();
            check.envs(file.variable.map(|name| (name, text)));
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

/// The PEM files that the configuration names, made as the suite makes them.
fn materials(text: &str) -> Vec<(PemFile, String)> {
    let files = Fixture::parse("scenario", text).unwrap().pem_files();
    if files.is_empty() {
        return vec![];
    }
    let certificates = Certificates::new().unwrap();
    let issuer = Issuer::new("auth.example", "api");
    let mut texts = Texts::new();
    for file in &files {
        texts.extend(file.make(&certificates).unwrap());
        if file.content == Content::PublicKey {
            let named = file.public_key().1;
            let algorithm = Algorithm::ALL
                .into_iter()
                .find(|one| one.to_string().eq_ignore_ascii_case(named));
            let key = issuer.key(algorithm.unwrap());
            texts.insert(file.name.clone(), key.public_pem().unwrap());
        }
    }
    let text = |file: PemFile| {
        let text = texts[&file.name].clone();
        (file, text)
    };
    files.into_iter().map(text).collect()
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
