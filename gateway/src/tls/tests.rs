#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::domain::tls::{Identity, Roots};
use proptest::prelude::*;
use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::PrivateKeyDer;
use std::net::IpAddr;

fn identity(names: &[&str]) -> Identity {
    let names = names.iter().map(|name| (*name).to_owned());
    let params = CertificateParams::new(names.collect::<Vec<_>>()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let certificate = domain::tls::Certificate::new(certificate.der().clone()).unwrap();
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    Identity::new(vec![certificate], key).unwrap()
}

fn served(names: &[&str]) -> Served {
    Served::new(identity(names)).unwrap()
}

#[test]
fn the_exact_name_comes_before_the_wildcard_and_that_before_the_first() {
    let choice = Choice::new(
        served(&["first.example"]),
        vec![
            served(&["*.example", "10.0.0.1"]),
            served(&["api.example", "*.api.example"]),
            served(&["api.example", "other.example"]),
        ],
    );
    let place = |name: Option<&str>| {
        let chosen = choice.of(name);
        choice.all().iter().position(|one| Arc::ptr_eq(one, chosen))
    };
    for (name, expected) in [
        (None, 0),
        (Some("first.example"), 0),
        (Some("www.example"), 1),
        (Some("API.Example"), 2),
        (Some("v2.api.example"), 2),
        (Some("other.example"), 3),
        (Some("a.b.example"), 0),
        (Some("example"), 0),
        (Some("*.example"), 1),
        (Some("10.0.0.1"), 0),
        (Some(""), 0),
    ] {
        assert_eq!(place(name), Some(expected), "{name:?}");
    }
}

/// The rule again, slow and by the letter.
fn oracle(certificates: &[Vec<String>], name: &str) -> usize {
    let with = |wanted: &str| {
        certificates
            .iter()
            .position(|names| names.iter().any(|own| own == wanted))
    };
    let wildcard = name
        .split_once('.')
        .map(|(_, parent)| format!("*.{parent}"));
    with(name).or_else(|| with(&wildcard?)).unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_choice_is_that_of_the_oracle(
        certificates in prop::collection::vec(prop::collection::vec("(\\*\\.)?[ab](\\.[ab]){0,2}", 1..4), 1..4),
        names in prop::collection::vec("[ab](\\.[ab]){0,2}", 1..20),
    ) {
        let mut all = certificates.iter().map(|names| {
            served(&names.iter().map(String::as_str).collect::<Vec<_>>())
        });
        let choice = Choice::new(all.next().unwrap(), all.collect());
        for name in names {
            let expected = &choice.all()[oracle(&certificates, &name)];
            prop_assert!(Arc::ptr_eq(choice.of(Some(&name)), expected), "{}", name);
        }
    }
}

#[test]
fn a_certificate_covers_hosts_and_addresses() {
    let served = served(&["api.example", "*.wild.example", "192.0.2.7"]);
    let address: IpAddr = "192.0.2.7".parse().unwrap();
    assert!(served.names().contains(&crate::identity::Name::Ip(address)));
    for host in ["api.example", "a.wild.example", "192.0.2.7"] {
        assert!(served.covers(host), "{host}");
    }
    for host in ["example", "a.b.wild.example", "192.0.2.8"] {
        assert!(!served.covers(host), "{host}");
    }
}

#[test]
fn what_makes_no_difference_is_equal() {
    let own = identity(&["a.example"]);
    let roots = Roots::new(identity(&["ca.example"]).chain().to_vec()).unwrap();
    let clients = |required| Some(Clients::new(required, &roots, vec![]).unwrap());
    let tls = |minimum, clients| {
        let own = Served::new(own.clone()).unwrap();
        ServerTls::new(own, vec![], minimum, clients).unwrap()
    };
    let plain = tls(MinVersion::Tls12, None);
    assert_eq!(plain, tls(MinVersion::Tls12, None));
    assert_ne!(plain, tls(MinVersion::Tls13, None));
    assert_ne!(plain, tls(MinVersion::Tls12, clients(false)));
    let asking = tls(MinVersion::Tls12, clients(true));
    assert_eq!(asking, tls(MinVersion::Tls12, clients(true)));
    assert_ne!(asking, tls(MinVersion::Tls12, clients(false)));
    let other = ServerTls::new(served(&["a.example"]), vec![], MinVersion::Tls12, None).unwrap();
    assert_ne!(plain, other);
}
