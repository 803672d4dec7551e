#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::subject::canonical;
use super::*;
use rcgen::string::Ia5String;
use rcgen::{CertificateParams, DnType, KeyPair, SanType};

fn certificate(subject: &[(DnType, &str)], sans: &[SanType]) -> Certificate {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, value) in subject {
        params.distinguished_name.push(kind.clone(), *value);
    }
    params.subject_alt_names = sans.to_vec();
    let key = KeyPair::generate().unwrap();
    let der = params.self_signed(&key).unwrap().der().to_vec();
    Certificate::parse(vec![der]).unwrap()
}

fn consumer(name: &str) -> Arc<Consumer> {
    Arc::new(Consumer::new(name, vec![], indexmap::IndexMap::new()).unwrap())
}

fn ia5(text: &str) -> Ia5String {
    text.try_into().unwrap()
}

fn owner(owners: &[(CertificateMatch, &str)], certificate: &Certificate) -> String {
    let mut certificates = Certificates::default();
    for (what, name) in owners {
        certificates.insert(what.clone(), &consumer(name)).unwrap();
    }
    match certificates.owner(certificate) {
        Owner::One(consumer) => consumer.name().to_owned(),
        Owner::Several => "several".to_owned(),
        Owner::Nobody => "nobody".to_owned(),
    }
}

#[test]
fn a_certificate_is_found_by_each_kind_of_name() {
    let san = |text| CertificateMatch::san(text).unwrap();
    let shown = certificate(
        &[],
        &[
            SanType::DnsName(ia5("Client.Example")),
            SanType::Rfc822Name(ia5("Alice@mail.example")),
            SanType::URI(ia5("spiffe://example/alice")),
            SanType::IpAddress([192, 0, 2, 7].into()),
        ],
    );
    for known in [
        "CLIENT.example",
        "Alice@mail.example",
        "spiffe://example/alice",
        "192.0.2.7",
    ] {
        assert_eq!(owner(&[(san(known), "alice")], &shown), "alice", "{known}");
    }
    for other in [
        "example",
        "x.client.example",
        "alice@mail.example",
        "spiffe://example/Alice",
        "192.0.2.8",
    ] {
        assert_eq!(owner(&[(san(other), "alice")], &shown), "nobody", "{other}");
    }
    assert_eq!(owner(&[], &shown), "nobody");
}

#[test]
fn a_name_is_of_one_kind_only() {
    let shown = certificate(
        &[],
        &[
            SanType::URI(ia5("client.example")),
            SanType::DnsName(ia5("192.0.2.7")),
        ],
    );
    for text in ["client.example", "192.0.2.7"] {
        let what = CertificateMatch::san(text).unwrap();
        assert_eq!(owner(&[(what, "alice")], &shown), "nobody", "{text}");
    }
}

#[test]
fn the_more_particular_decides_and_names_must_agree() {
    let san = |text| CertificateMatch::san(text).unwrap();
    let shown = certificate(
        &[(DnType::CommonName, "alice")],
        &[
            SanType::DnsName(ia5("a.example")),
            SanType::DnsName(ia5("b.example")),
        ],
    );
    let fingerprint = CertificateMatch::Fingerprint(*shown.fingerprint());
    let subject = CertificateMatch::subject("CN=alice").unwrap();
    let all = [
        (subject.clone(), "by-subject"),
        (san("a.example"), "by-name"),
        (fingerprint, "by-fingerprint"),
    ];
    assert_eq!(owner(&all, &shown), "by-fingerprint");
    assert_eq!(owner(&all[..2], &shown), "by-name");
    assert_eq!(owner(&all[..1], &shown), "by-subject");
    let two = [
        (san("a.example"), "alice"),
        (san("b.example"), "bob"),
        (subject, "alice"),
    ];
    assert_eq!(owner(&two, &shown), "several");
    let one = [(san("a.example"), "alice"), (san("b.example"), "alice")];
    assert_eq!(owner(&one, &shown), "alice");
}

#[test]
fn a_subject_is_the_same_however_it_is_written() {
    let shown = certificate(
        &[
            (DnType::CountryName, "DE"),
            (DnType::OrganizationName, "Example, Inc. #1"),
            (DnType::CommonName, "alice"),
        ],
        &[],
    );
    assert_eq!(shown.subject(), r"CN=alice,O=Example\, Inc. #1,C=DE");
    let same = [
        r"CN=alice,O=Example\, Inc. #1,C=DE",
        r"cn = alice , o=Example\2C Inc. \#1, c=DE",
        r"2.5.4.3=alice,organizationName=Example\, Inc. #1,countryName=DE",
    ];
    for text in same {
        let what = CertificateMatch::subject(text).unwrap();
        assert_eq!(owner(&[(what, "alice")], &shown), "alice", "{text}");
    }
    let other = [
        "CN=alice",
        "CN=Alice,O=Example\\, Inc. #1,C=DE",
        "C=DE,O=Example\\, Inc. #1,CN=alice",
        "CN=alice,O=Example\\, Inc. #1,C=DE,CN=alice",
    ];
    for text in other {
        let what = CertificateMatch::subject(text).unwrap();
        assert_eq!(owner(&[(what, "alice")], &shown), "nobody", "{text}");
    }
}

#[test]
fn no_value_can_pass_for_two() {
    let same = |left: &str, right: &str| canonical(left).unwrap() == canonical(right).unwrap();
    assert!(!same(r"CN=alice\,O=Example", "CN=alice,O=Example"));
    assert!(!same(r#"CN=alice\",O=Example"#, r#"CN=alice,O=Example"#));
    assert!(!same(r"CN=a\+OU=b", "CN=a+OU=b"));
    assert!(same("OU=b+CN=a", "CN=a+OU=b"));
    assert!(same("CN=#0C0141", "cn=#0c0141") && !same(r"CN=\#0c0141", "CN=#0c0141"));
    assert!(same(r"CN=\20a\20", r"CN=\ a\ ") && !same(r"CN=\ a", "CN=a"));
    assert!(same(r"CN=a\\ ", r"CN=a\\") && !same(r"CN=a\ ", "CN=a"));
}

#[test]
fn what_is_none_is_refused() {
    for text in [
        "",
        "alice",
        "CN",
        "=alice",
        "CN=alice,",
        r"CN=a\",
        r"CN=a\4",
        r"CN=\ff",
        "C N=a",
    ] {
        assert!(CertificateMatch::subject(text).is_err(), "{text}");
    }
    assert!(CertificateMatch::san("").is_err() && CertificateMatch::san("a b").is_err());
    let digest = "ab".repeat(32);
    let colons = vec!["AB"; 32].join(":");
    let plain = CertificateMatch::fingerprint(&format!("sha256:{digest}")).unwrap();
    assert_eq!(
        plain,
        CertificateMatch::fingerprint(&format!("sha256:{colons}")).unwrap()
    );
    for text in [
        &digest,
        "sha256:",
        "sha256:ab",
        "sha1:ab",
        &format!("sha256:{digest}a"),
        &format!("sha256:{digest}ab"),
    ] {
        assert!(CertificateMatch::fingerprint(text).is_err(), "{text}");
    }
}

#[test]
fn one_certificate_has_one_owner() {
    let mut certificates = Certificates::default();
    let what = CertificateMatch::san("a.example").unwrap();
    certificates
        .insert(what.clone(), &consumer("alice"))
        .unwrap();
    let taken = certificates.insert(what, &consumer("bob")).unwrap_err();
    assert_eq!(taken.name(), "alice");
}
