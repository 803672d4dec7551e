use super::*;
use crate::adapters::proof;

#[test]
fn configurations_are_rendered_as_before() {
    proof::rendered_as_before(&Varnish);
}

#[tokio::test]
async fn varnish_accepts_every_rendered_configuration() {
    proof::accepted_by_its_own_checker(&Varnish).await;
}

#[test]
fn what_varnish_cannot_say_is_unsupported() {
    let unsupported = |rest: &str| proof::unsupported(&Varnish, rest);
    assert!(unsupported("plugins: [{name: basic-auth}]").contains("basic-auth"));
    assert!(unsupported("listeners: [{http2: true}]").contains("http2"));
    assert!(unsupported("listeners: [{timeouts: {body: 1s}}]").contains("body"));
    assert!(unsupported("admin: {address: '127.0.0.1:0'}").contains("admin"));
    assert!(unsupported("no-such-key: 1").contains("no-such-key"));
}

#[test]
fn versions_are_read_and_old_ones_refused() {
    let told = |version: &str| format!("varnishd (varnish-{version} revision 7cee1c58)\nCopyright");
    assert_eq!(recent_enough(&told("7.1.1")).ok().as_deref(), Some("7.1.1"));
    let old = recent_enough(&told("5.2.0")).err();
    assert!(old.is_some_and(|error| error.message.contains("older") && error.help.is_some()));
    assert!(recent_enough("what?").is_err());
}
