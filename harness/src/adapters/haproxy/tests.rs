use super::*;
use crate::adapters::proof;

#[test]
fn configurations_are_rendered_as_before() {
    proof::rendered_as_before(&Haproxy);
}

#[tokio::test]
async fn haproxy_accepts_every_rendered_configuration() {
    proof::accepted_by_its_own_checker(&Haproxy).await;
}

#[test]
fn what_haproxy_cannot_say_is_unsupported() {
    let unsupported = |rest: &str| proof::unsupported(&Haproxy, rest);
    assert!(unsupported("plugins: [{name: oauth2-introspect}]").contains("oauth2-introspect"));
    assert!(
        unsupported("plugins: [{name: rate-limit, config: {concurrent: 1}}]")
            .contains("concurrent")
    );
    assert!(
        unsupported("plugins: [{name: request-size-limit, config: {maxBytes: 5MiB}}]")
            .contains("buffer")
    );
    assert!(unsupported("plugins: [{name: authorize, config: {roles: [a]}}]").contains("callers"));
    assert!(unsupported("admin: {address: '127.0.0.1:0'}").contains("admin"));
    assert!(unsupported("no-such-key: 1").contains("no-such-key"));
}
