#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use proptest::prelude::*;
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, SanType};

fn made(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().der().to_vec()
}

fn subject(parts: &[(DnType, &str)]) -> String {
    let der = made(|params| {
        for (kind, text) in parts {
            params.distinguished_name.push(kind.clone(), *text);
        }
    });
    Certificate::parse(vec![der]).unwrap().subject().to_owned()
}

#[test]
fn the_subject_is_written_as_rfc_4514_says() {
    use DnType::{CommonName, OrganizationName};
    assert_eq!(subject(&[]), "");
    assert_eq!(
        subject(&[(OrganizationName, "Example"), (CommonName, "alice")]),
        "CN=alice,O=Example"
    );
    assert_eq!(
        subject(&[(CommonName, r#"Smith, "Al" <a+b>;\ "#)]),
        r#"CN=Smith\, \"Al\" \<a\+b\>\;\\\ "#
    );
    assert_eq!(subject(&[(CommonName, " x y ")]), r"CN=\ x y\ ");
    assert_eq!(subject(&[(CommonName, "#1")]), r"CN=\#1");
    assert_eq!(subject(&[(CommonName, "a\0b\n")]), r"CN=a\00b\0A");
    assert_eq!(
        subject(&[(CommonName, "a\u{85}b\u{2028}c\u{7f}")]),
        r"CN=a\C2\85b\E2\80\A8c\7F"
    );
    assert_eq!(subject(&[(CommonName, "Lučić")]), "CN=Lučić");
    let unknown = DnType::CustomDnType(vec![1, 2, 3, 4]);
    assert_eq!(subject(&[(unknown, "x")]), "1.2.3.4=#0c0178");
}

#[test]
fn a_subject_in_two_octets_a_character_is_read() {
    let der = made(|params| {
        let text = DnValue::BmpString("Lučić".try_into().unwrap());
        params.distinguished_name.push(DnType::CommonName, text);
    });
    let certificate = Certificate::parse(vec![der]).unwrap();
    assert_eq!(certificate.subject(), "CN=Lučić");
}

#[test]
fn alternative_names_are_read() {
    let der = made(|params| {
        params.subject_alt_names = vec![
            SanType::DnsName("API.example".try_into().unwrap()),
            SanType::Rfc822Name("alice@example.com".try_into().unwrap()),
            SanType::IpAddress("192.0.2.7".parse().unwrap()),
            SanType::IpAddress("2001:db8::7".parse().unwrap()),
            SanType::URI("spiffe://example/orders".try_into().unwrap()),
        ];
    });
    let certificate = Certificate::parse(vec![der]).unwrap();
    let names: Vec<String> = certificate.names().iter().map(Name::to_string).collect();
    assert_eq!(
        names,
        [
            "api.example",
            "alice@example.com",
            "192.0.2.7",
            "2001:db8::7",
            "spiffe://example/orders"
        ]
    );
}

#[test]
fn a_name_covers_hosts_as_rfc_9525_says() {
    let dns = |text: &str| Name::Dns(text.into());
    assert!(dns("api.example").covers("API.example"));
    assert!(!dns("api.example").covers("x.api.example"));
    assert!(dns("*.example").covers("api.Example"));
    assert!(!dns("*.example").covers("a.b.example"));
    assert!(!dns("*.example").covers("example"));
    assert!(!dns("*.example").covers(".example"));
    let address = Name::Ip("2001:db8::7".parse().unwrap());
    assert!(address.covers("2001:DB8:0::7"));
    assert!(!address.covers("2001:db8::8"));
    assert!(!Name::Email("api.example".into()).covers("api.example"));
    assert!(!Name::Uri("api.example".into()).covers("api.example"));
}

#[test]
fn headers_are_byte_sequences_of_the_chain() {
    let (leaf, issuer, root) = (made(|_| ()), made(|_| ()), made(|_| ()));
    let encoded = |der: &[u8]| format!(":{}:", STANDARD.encode(der));
    let alone = Certificate::parse(vec![leaf.clone()]).unwrap();
    assert_eq!(alone.header(), &encoded(&leaf));
    assert_eq!(alone.chain_header(), None);
    assert_eq!(
        alone.fingerprint(),
        &<[u8; 32]>::from(Sha256::digest(&leaf))
    );
    let chain = Certificate::parse(vec![leaf.clone(), issuer.clone(), root.clone()]).unwrap();
    assert_eq!(chain.header(), &encoded(&leaf));
    let both = format!("{}, {}", encoded(&issuer), encoded(&root));
    assert_eq!(chain.chain_header().unwrap(), &both);
}

#[test]
fn a_certificate_has_a_time_and_a_number() {
    let der = made(|params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        params.serial_number = Some(vec![0x0a, 0xff].into());
    });
    let certificate = Certificate::parse(vec![der]).unwrap();
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    assert_eq!(certificate.not_after(), at(1_609_459_200));
    assert!(certificate.is_valid_at(at(1_600_000_000)));
    assert!(!certificate.is_valid_at(at(1_609_459_201)));
    assert!(!certificate.is_valid_at(at(1_500_000_000)));
    assert_eq!(certificate.serial(), "0aff");
}

#[test]
fn what_is_no_certificate_is_an_error() {
    assert_eq!(Certificate::parse(vec![]), Err(CertificateError::Empty));
    let mut der = made(|_| ());
    der.push(0);
    let told = Certificate::parse(vec![der]).unwrap_err().to_string();
    assert!(told.contains("bytes follow it"), "{told}");
}

/// Found by fuzzing: the type of an attribute without a single arc would begin its text with `=`.
#[test]
fn a_subject_of_attributes_without_a_type_is_an_error() {
    let subject = |der: &[u8]| {
        let (_, subject) = x509_parser::x509::X509Name::from_der(der).unwrap();
        name::distinguished(&subject)
    };
    let named = b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01a";
    assert_eq!(subject(named).unwrap(), "CN=a");
    let nameless = b"\x30\x09\x31\x07\x30\x05\x06\x00\x0c\x01a";
    let told = subject(nameless).unwrap_err().to_string();
    assert!(told.ends_with("has no type"), "{told}");
}

#[test]
fn alternative_names_that_cannot_be_read_are_an_error() {
    let with = |content: &[u8]| {
        let san = rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 17], content.to_vec());
        Certificate::parse(vec![made(|params| params.custom_extensions = vec![san])])
    };
    assert_eq!(
        with(b"\x30\x03\x82\x01a").unwrap().names(),
        [Name::Dns("a".into())]
    );
    for wrong in [
        &b"\x30\x03\x82\x01\xff"[..],    // not text
        b"\x30\x05\x87\x03\x01\x02\x03", // an address of three octets
        b"\x30\x09\x82\x01a",            // shorter than it says
        b"\x02\x01\x01",                 // no sequence
    ] {
        assert_eq!(with(wrong), Err(CertificateError::Names), "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(place in 0usize..400, byte: u8, cut in 0usize..400) {
        static DER: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
            made(|params| params.subject_alt_names = vec![SanType::DnsName("a.example".try_into().unwrap())])
        });
        let mut der = DER.clone();
        let place = place % der.len();
        der[place] = byte;
        Certificate::parse(vec![der.clone()]).ok();
        der.truncate(der.len() - cut.min(der.len()));
        Certificate::parse(vec![der]).ok();
    }
}
