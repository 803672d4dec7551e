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
fn what_is_left_out_is_not_served_by_another_route() {
    let text = "\
apis:
  - {service: {name: all, url: 'http://all:1'}, route: {paths: [/a]}}
  - service: {name: inner, url: 'http://inner:1'}
    route: {paths: [/a/inner]}
    plugins: [{name: oauth2-introspect}]
";
    let fixture = Fixture::parse("a", text).expect("it is sound");
    let rendered = proof::render(&Haproxy, &fixture).expect("one of two routes can be said");
    assert_eq!(rendered.left_out.len(), 1);
    let (_, text) = &rendered.files[0];
    let inner = text.find("use_backend no-route if path_a_inner");
    assert!(inner.is_some() && inner < text.find("use_backend all if path_a\n"));
}

#[test]
fn versions_are_read_and_old_ones_refused() {
    let told =
        |version: &str| format!("HAProxy version {version} 2023/05/09 - https://haproxy.org/");
    assert_eq!(
        recent_enough(&told("2.6.12-1")).ok().as_deref(),
        Some("2.6.12-1")
    );
    assert!(recent_enough(&told("3.0.0")).is_ok());
    let old = recent_enough(&told("2.4.22")).err();
    assert!(old.is_some_and(|error| error.message.contains("older") && error.help.is_some()));
    assert!(recent_enough("what?").is_err());
}

#[test]
fn a_master_takes_a_signal_that_it_catches_and_does_not_block() {
    let status = |blocked: &str, caught: &str| format!("SigBlk:\t{blocked}\nSigCgt:\t{caught}\n");
    assert!(catches_hangup(&status(
        "0000000000000800",
        "0000000000004a03"
    )));
    assert!(!catches_hangup(&status(
        "0000000000000801",
        "0000000000004a03"
    )));
    assert!(!catches_hangup(&status(
        "0000000000000000",
        "0000000000004a02"
    )));
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
    assert!(
        unsupported("plugins: [{name: rate-limit, config: {limitPerMinute: 6, burst: 1}}]")
            .contains("two periods")
    );
    assert!(unsupported("plugins: [{name: authorize, config: {roles: [a]}}]").contains("callers"));
    assert!(unsupported("admin: {address: '127.0.0.1:0'}").contains("admin"));
    assert!(unsupported("no-such-key: 1").contains("no-such-key"));
}
