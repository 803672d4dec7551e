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
fn keys_are_for_algorithms_that_haproxy_knows() {
    let with = |keys: &str| {
        let text = format!(
            "service: {{name: a, url: 'http://a:1'}}\nroute: {{paths: [/a]}}\nplugins: [{{name: jwt-validate, \
             config: {{issuers: [{{issuer: i, audience: b, keys: [{keys}]}}]}}}}]"
        );
        let fixture = Fixture::parse("a", &text).expect("it is sound");
        proof::render(&Haproxy, &fixture)
    };
    let rendered = with("{pem: es256.pem, algorithm: ES256}").expect("it can be said");
    assert!(
        rendered.files[0]
            .1
            .contains("jwt_verify(txn.token_alg,\"es256.pem\") -m int 1 } token_for_us")
    );
    for keys in [
        "{pem: eddsa.pem, algorithm: EdDSA}",
        "{pem: es256.pem}",
        "{secret: '${env:SHARED}', algorithm: HS256}",
    ] {
        assert!(with(keys).is_err(), "{keys}");
    }
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

#[test]
fn the_version_is_read() {
    let printed = "HAProxy version 2.6.12-1+deb12u3 2025/10/03 - https://haproxy.org/";
    assert_eq!(
        VERSION.judge(printed).ok().as_deref(),
        Some("2.6.12-1+deb12u3")
    );
}
