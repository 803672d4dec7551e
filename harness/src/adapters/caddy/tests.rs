use super::*;
use crate::adapters::proof;

#[test]
fn configurations_are_rendered_as_before() {
    proof::rendered_as_before(&Caddy);
}

#[tokio::test]
async fn caddy_accepts_every_rendered_configuration() {
    proof::accepted_by_its_own_checker(&Caddy).await;
}

#[test]
fn what_caddy_cannot_say_is_unsupported() {
    let unsupported = |rest: &str| proof::unsupported(&Caddy, rest);
    assert!(unsupported("plugins: [{name: jwt-validate}]").contains("jwt-validate"));
    assert!(unsupported("plugins: [{name: rate-limit}]").contains("rate-limit"));
    assert!(
        unsupported("plugins: [{name: anonymous, config: {consumer: a}}]").contains("anonymous")
    );
    assert!(
        unsupported("plugins: [{name: authorize, config: {roles: [a]}}]").contains("nobody asks")
    );
    assert!(unsupported("listeners: [{limits: {headerBytes: 4KiB}}]").contains("headerBytes"));
    assert!(unsupported("admin: {address: '127.0.0.1:0'}").contains("admin"));
    assert!(unsupported("no-such-key: 1").contains("no-such-key"));
}

#[test]
fn the_version_is_read() {
    let printed = "2.6.2";
    assert_eq!(VERSION.judge(printed).ok().as_deref(), Some("2.6.2"));
}
