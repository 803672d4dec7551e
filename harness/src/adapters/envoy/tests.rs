#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::adapters::process::write_files;
use crate::adapters::proof;
use crate::fixtures::tokens::{Algorithm, Issuer};
use crate::lab::placeholder_bindings;

#[test]
fn configurations_are_rendered_as_before() {
    proof::rendered_as_before(&Envoy);
}

#[tokio::test]
async fn envoy_accepts_every_rendered_configuration() {
    proof::accepted_by_its_own_checker(&Envoy).await;
}

#[tokio::test]
async fn envoy_accepts_keys_that_stand_in_the_configuration() {
    let fixture = proof::fixture("token-keys");
    let issuer = Issuer::new("pinned.example", "vault");
    let mut bindings = placeholder_bindings(&fixture);
    for (name, algorithm) in [
        ("es256.pem", Algorithm::ES256),
        ("eddsa.pem", Algorithm::EdDSA),
        ("rs256.pem", Algorithm::RS256),
    ] {
        let pem = issuer.key(algorithm).public_pem().unwrap();
        bindings.files.insert(name.to_owned(), pem);
    }
    let rendered = Envoy.render(&fixture, &bindings).unwrap();
    let dir = tempfile::tempdir().unwrap();
    write_files(&rendered, dir.path()).unwrap();
    Envoy.check(&rendered, dir.path()).await.unwrap();
}

#[test]
fn what_envoy_cannot_say_is_unsupported() {
    let unsupported = |rest: &str| proof::unsupported(&Envoy, rest);
    assert!(unsupported("plugins: [{name: oauth2-introspect}]").contains("RFC 7662"));
    assert!(
        unsupported("plugins: [{name: rate-limit, config: {concurrent: 1}}]")
            .contains("concurrent")
    );
    assert!(unsupported("admin: {address: '127.0.0.1:0'}").contains("admin"));
    assert!(unsupported("no-such-key: 1").contains("no-such-key"));
}

#[test]
fn the_version_is_read() {
    let printed =
        "envoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL";
    assert_eq!(VERSION.judge(printed).ok().as_deref(), Some("1.40.0"));
}
