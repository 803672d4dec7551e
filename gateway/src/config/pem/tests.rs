#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::Path};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::*;
use crate::config::Source;

/// What becomes of this `tls`, in a document of the directory.
fn resolve(directory: &Path, tls: &str) -> (Option<ClientTls>, Report) {
    let mut report = Report::default();
    let path = directory.join("gateway.json");
    let source = Source::parse(&path, "gateway.json", tls.into(), &mut report).unwrap();
    let raw: raw::ClientTls = serde_json::from_str(tls).unwrap();
    let tls = raw.resolve(At::root(&source), &mut report);
    (tls, report)
}

fn material(directory: &Path, name: &str, end: i32) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_after = date_time_ymd(end, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    fs::write(directory.join(format!("{name}.pem")), certificate.pem()).unwrap();
    fs::write(directory.join(format!("{name}.key")), key.serialize_pem()).unwrap();
}

#[test]
fn every_file_that_is_named_is_noted_whether_it_is_there_or_not() {
    let directory = tempfile::tempdir().unwrap();
    material(directory.path(), "a", 4000);
    let tls = r#"{"ca": ["a.pem", "no.pem"], "certificate": "${file:a.pem}", "key": "a.key"}"#;
    let (tls, report) = resolve(directory.path(), tls);
    assert!(tls.is_none());
    let noted: Vec<_> = report.files().iter().collect();
    assert_eq!(
        noted,
        [
            &directory.path().join("a.key"),
            &directory.path().join("a.pem"),
            &directory.path().join("no.pem")
        ]
    );
    let told: Vec<_> = report.sorted();
    assert_eq!(told.len(), 1);
    assert!(told[0].message.contains("`no.pem` can't be read"));
}

#[test]
fn a_path_is_relative_to_the_document_or_absolute() {
    let directory = tempfile::tempdir().unwrap();
    material(directory.path(), "a", 4000);
    let absolute = format!(
        r#"{{"ca": "{}"}}"#,
        directory.path().join("a.pem").display()
    );
    let digests = [
        r#"{"ca": "a.pem"}"#,
        r#"{"ca": ["${file:a.pem}"]}"#,
        &absolute,
    ]
    .map(|tls| {
        let (tls, report) = resolve(directory.path(), tls);
        assert!(report.is_empty());
        tls.unwrap().digest()
    });
    assert_eq!(digests[0], digests[1]);
    assert_eq!(digests[0], digests[2]);
}

#[test]
fn what_has_expired_is_a_warning() {
    let directory = tempfile::tempdir().unwrap();
    material(directory.path(), "old", 2020);
    let tls = r#"{"ca": "old.pem", "certificate": "old.pem", "key": "old.key"}"#;
    let (tls, report) = resolve(directory.path(), tls);
    assert!(tls.is_some() && !report.has_errors());
    let told: Vec<_> = report.sorted().iter().map(|told| told.code).collect();
    assert_eq!(told, ["expired-certificate"; 2]);
}

#[test]
fn nothing_shows_what_may_be_a_key() {
    let text: PemText = serde_json::from_str(r#""hunter2""#).unwrap();
    let pem = Pem {
        text: "hunter2".to_owned(),
        file: None,
    };
    let shown = format!("{text:?} {pem:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    // A key without its PEM frame, where a path should stand.
    let directory = tempfile::tempdir().unwrap();
    let secret = "hunter2".repeat(50);
    let tls = format!(r#"{{"certificate": "no.pem", "key": "{secret}"}}"#);
    let (_, report) = resolve(directory.path(), &tls);
    assert!(
        !report.human(false).contains("hunter2"),
        "{}",
        report.human(false)
    );
}
