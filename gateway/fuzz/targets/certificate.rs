//! A client's certificate: what is told of it is fit for a header and a log line, and finds its owner again.

#![no_main]

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway::identity::{Certificate, CertificateMatch, Certificates, Consumer, Name, Owner};
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

static ALICE: LazyLock<Arc<Consumer>> = LazyLock::new(|| {
    for seed in [
        &include_bytes!("../seeds/certificate/names")[..],
        include_bytes!("../seeds/certificate/nameless"),
        include_bytes!("../seeds/certificate/subject"),
    ] {
        let seed = Certificate::parse(vec![seed.to_vec()]);
        seed.expect("a target that reads nothing finds nothing");
    }
    let alice = Consumer::new("alice", vec![], Default::default());
    Arc::new(alice.expect("the name is sound"))
});

fuzz_target!(|der: &[u8]| {
    let alice = &*ALICE;
    let Ok(certificate) = Certificate::parse(vec![der.to_vec(), der.to_vec()]) else {
        return;
    };
    headers(&certificate, der);
    assert_eq!(certificate.fingerprint(), digest(&SHA256, der).as_ref());
    let mut digits = certificate.serial().bytes();
    assert!(digits.all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')));
    let after = certificate.not_after() + Duration::from_secs(1);
    assert!(!certificate.is_valid_at(after));
    assert!(!certificate.is_valid_at(SystemTime::UNIX_EPOCH - Duration::from_secs(1 << 40)));
    for name in certificate.names() {
        covers(name);
    }
    let subject = certificate.subject();
    assert!(!subject.contains(char::is_control), "{subject:?}");
    if !subject.is_empty() {
        is_found(
            &certificate,
            CertificateMatch::subject(subject).expect(subject),
            alice,
        );
    }
});

fn headers(certificate: &Certificate, der: &[u8]) {
    let header = certificate.header().to_str().expect("it is ASCII");
    let chain = certificate.chain_header().expect("the chain is of two");
    assert_eq!(chain, header);
    let inner = header
        .strip_prefix(':')
        .and_then(|rest| rest.strip_suffix(':'));
    let inner = inner.expect("it is a byte sequence");
    assert_eq!(STANDARD.decode(inner).expect("it is Base64"), der);
}

/// A name covers itself if it is a host's, and never what only looks alike.
fn covers(name: &Name) {
    let text = name.to_string();
    match name {
        Name::Dns(host) if host.starts_with("*.") => {
            let parent = &host[2..];
            assert!(name.covers(&format!("label.{parent}")));
            for other in [parent, &format!(".{parent}"), &format!("one.two.{parent}")] {
                assert!(!name.covers(other));
            }
        }
        Name::Dns(_) | Name::Ip(_) => assert!(name.covers(&text)),
        Name::Email(_) | Name::Uri(_) => assert!(!name.covers(&text)),
    }
}

/// A consumer with the subject that we tell is found by the certificate, unless a name of it says otherwise.
fn is_found(certificate: &Certificate, what: CertificateMatch, alice: &Arc<Consumer>) {
    let mut certificates = Certificates::default();
    assert!(matches!(certificates.owner(certificate), Owner::Nobody));
    certificates.insert(what, alice).expect("there is no other");
    assert!(matches!(certificates.owner(certificate), Owner::One(_)));
}
