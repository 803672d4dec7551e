use super::*;
use crate::adapters::proof;

#[test]
fn configurations_are_rendered_as_before() {
    proof::rendered_as_before(&Nginx);
}

#[tokio::test]
async fn nginx_accepts_every_rendered_configuration() {
    proof::accepted_by_its_own_checker(&Nginx).await;
}

#[test]
fn what_nginx_cannot_say_is_unsupported() {
    let unsupported = |rest: &str| proof::unsupported(&Nginx, rest);
    assert!(unsupported("plugins: [{name: jwt-validate}]").contains("jwt-validate"));
    let limited = |config: &str| {
        unsupported(&format!(
            "plugins: [{{name: rate-limit, config: {{{config}}}}}]"
        ))
    };
    assert!(limited("limitPerMinute: 7, cost: 3").contains("cost"));
    assert!(limited("limitPerDay: 3").contains("whole number"));
    assert!(limited("limitPerMinute: 7, concurrent: 1").contains("in one limit"));
    assert!(limited("key: consumer, limitPerMinute: 7").contains("consumer"));
    let rules = "{name: authorize, config: {deny: [{consumers: [ann]}]}}";
    let called = |plugins: &str| {
        unsupported(&format!(
            "consumers: [{{name: ann}}]\nplugins: [{plugins}{rules}]"
        ))
    };
    assert!(called("").contains("nobody asks"));
    assert!(called("{name: basic-auth}, ").contains("before passwords"));
    assert!(called("{name: key-auth, config: {query: key}}, ").contains("in it"));
    assert!(unsupported("listeners: [{http2: true}]").contains("http2"));
    assert!(unsupported("admin: {address: '127.0.0.1:0'}").contains("admin"));
    assert!(unsupported("no-such-key: 1").contains("no-such-key"));
    let unsupported = |settings: &str| proof::unsupported_service(&Nginx, settings);
    assert!(unsupported("retries: {methods: [GET, POST]}").contains("retries.methods"));
    assert!(unsupported("timeouts: {idle: 1s}").contains("timeouts.idle"));
}
