#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::adapters::proof;

#[test]
fn configurations_are_rendered_as_before() {
    proof::rendered_as_before(&Envoy);
}

#[tokio::test]
async fn envoy_accepts_every_rendered_configuration() {
    proof::accepted_by_its_own_checker(&Envoy).await;
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
fn the_version_is_read_and_compared() {
    let printed =
        "envoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL";
    assert_eq!(version(printed).unwrap(), "1.40.0");
    assert!(number("1.9.0") < Some(OLDEST));
    assert!(number("1.40.0") > Some(OLDEST));
}
