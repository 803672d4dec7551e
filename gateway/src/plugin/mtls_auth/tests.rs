#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::identity::CertificateMatch;
use crate::plugin::chain::Chain;
use crate::plugin::testing::{Call, Outcome, Surroundings, edited, mistakes};
use rcgen::{CertificateParams, KeyPair, SanType, date_time_ymd};
use serde_json::json;

fn der(name: &str, last_year: i32) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::DnsName(name.try_into().unwrap())];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(last_year, 1, 1);
    let key = KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().der().to_vec()
}

fn certificate(name: &str) -> Certificate {
    Certificate::parse(vec![der(name, 2090)]).unwrap()
}

fn chain(config: Value) -> Chain {
    let alice = CertificateMatch::san("alice.example").unwrap();
    Surroundings::default()
        .certificate(alice, "alice")
        .compile(&json!([{"name": "mtls-auth", "config": config}]))
        .unwrap()
}

fn upstream(outcome: &Outcome) -> Vec<String> {
    edited(&[], &outcome.exchange.request_edits)
}

#[test]
fn a_certificate_finds_its_consumer() {
    let shown = certificate("alice.example");
    let outcome = Call::get().certificate(&shown).on(&chain(json!({})));
    assert!(outcome.passed());
    assert_eq!(
        outcome.exchange.consumer.as_deref().unwrap().name(),
        "alice"
    );
    assert_eq!(
        outcome.exchange.credential,
        Some(Digest::from_bytes(*shown.fingerprint()))
    );
    assert_eq!(upstream(&outcome), ["x-consumer-name: alice"]);
}

#[test]
fn without_one_or_with_a_strangers_there_is_no_way_in_and_no_challenge() {
    let chain = chain(json!({}));
    let none = Call::get().on(&chain);
    assert_eq!(none.reason(), Some(Reason::CredentialMissing));
    let stranger = Call::get()
        .certificate(&certificate("mallory.example"))
        .on(&chain);
    assert_eq!(stranger.reason(), Some(Reason::CredentialInvalid));
    assert!(none.response().is_empty() && stranger.response().is_empty());
}

#[test]
fn a_stranger_passes_without_a_consumer_where_that_is_wanted() {
    let chain = chain(json!({"consumerRequired": false}));
    let stranger = Call::get()
        .certificate(&certificate("mallory.example"))
        .on(&chain);
    assert!(stranger.passed() && stranger.exchange.consumer.is_none());
    assert!(stranger.exchange.credential.is_some() && upstream(&stranger).is_empty());
    let alice = Call::get()
        .certificate(&certificate("alice.example"))
        .on(&chain);
    assert_eq!(upstream(&alice), ["x-consumer-name: alice"]);
    assert_eq!(
        Call::get().on(&chain).reason(),
        Some(Reason::CredentialMissing)
    );
}

#[test]
fn a_certificate_that_has_ended_on_an_open_connection_is_refused() {
    let ended = Certificate::parse(vec![der("alice.example", 2025)]).unwrap();
    let outcome = Call::get().certificate(&ended).on(&chain(json!({})));
    assert_eq!(outcome.reason(), Some(Reason::CredentialInvalid));
}

#[test]
fn the_upstream_gets_it_where_that_is_asked_for() {
    let chain = chain(json!({"forwardCertificate": true}));
    let (own, issuer) = (der("alice.example", 2090), der("issuer.example", 2090));
    let shown = Certificate::parse(vec![own.clone(), issuer]).unwrap();
    let outcome = Call::get().certificate(&shown).on(&chain);
    let header = shown.header().to_str().unwrap();
    let chain_header = shown.chain_header().unwrap().to_str().unwrap();
    assert_eq!(
        upstream(&outcome),
        [
            format!("client-cert-chain: {chain_header}"),
            format!("client-cert: {header}"),
            "x-consumer-name: alice".to_owned()
        ]
    );
    let alone = Certificate::parse(vec![own]).unwrap();
    let outcome = Call::get().certificate(&alone).on(&chain);
    assert_eq!(
        upstream(&outcome),
        [
            format!("client-cert: {header}"),
            "x-consumer-name: alice".to_owned()
        ]
    );
}

#[test]
fn what_cannot_be_configured() {
    for name in ["Client-Cert", "client-cert-chain"] {
        assert_eq!(
            mistakes("mtls-auth", json!({"consumerHeader": name})),
            ["same-header at /consumerHeader"]
        );
    }
}
