#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::adapters::process::write_files;
use crate::adapters::proof;

#[test]
fn configurations_are_rendered_as_before() {
    proof::rendered_as_before(&Apache);
}

#[tokio::test]
async fn httpd_accepts_every_rendered_configuration() {
    proof::accepted_by_its_own_checker(&Apache).await;
}

/// The file of keys takes words; those of the other tests' environment are several.
#[tokio::test]
async fn keys_of_one_word_are_mapped_to_their_owners() {
    for name in ["authorization", "combination"] {
        let mut fixture = proof::fixture(name);
        for secret in fixture.environment.values_mut() {
            *secret = secret.replace(' ', "-");
        }
        let rendered = proof::render(&Apache, &fixture).unwrap();
        let dir = tempfile::tempdir().unwrap();
        write_files(&rendered, dir.path()).unwrap();
        Apache.check(&rendered, dir.path()).await.unwrap();
        let files: Vec<String> = rendered
            .files
            .iter()
            .map(|(name, text)| format!("--- {name}\n{text}"))
            .collect();
        insta::assert_snapshot!(format!("{name}-by-key"), files.concat());
    }
}

#[test]
fn what_httpd_cannot_say_is_unsupported() {
    let unsupported = |rest: &str| proof::unsupported(&Apache, rest);
    assert!(unsupported("plugins: [{name: jwt-validate}]").contains("jwt-validate"));
    assert!(unsupported("plugins: [{name: rate-limit}]").contains("rate-limit"));
    assert!(
        unsupported("plugins: [{name: anonymous, config: {consumer: a}}]").contains("anonymous")
    );
    assert!(
        unsupported("plugins: [{name: authorize, config: {roles: [a]}}]").contains("by their keys")
    );
    assert!(unsupported("listeners: [{limits: {headerBytes: 4KiB}}]").contains("headerBytes"));
    assert!(unsupported("listeners: [{timeouts: {head: 250ms}}]").contains("whole seconds"));
    assert!(unsupported("admin: {address: '127.0.0.1:0'}").contains("admin"));
    assert!(unsupported("no-such-key: 1").contains("no-such-key"));
}

#[test]
fn the_version_is_read() {
    let printed = "Server version: Apache/2.4.67 (Debian)";
    assert_eq!(VERSION.judge(printed).ok().as_deref(), Some("2.4.67"));
}
