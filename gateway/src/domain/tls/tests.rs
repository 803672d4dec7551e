#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, UNIX_EPOCH};

use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, PKCS_RSA_SHA256, date_time_ymd};

use super::*;

struct Made {
    certificate: String,
    key: String,
}

fn made(change: impl FnOnce(&mut CertificateParams)) -> Made {
    of(KeyPair::generate().unwrap(), change)
}

fn of(key: KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Made {
    let mut params = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
    change(&mut params);
    Made {
        certificate: params.self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

fn identity(certificate: &Made, key: &Made) -> Result<Identity, Mistake> {
    let chain = certificates(&certificate.certificate).unwrap();
    Identity::new(chain, private_key(&key.key).unwrap())
}

#[test]
fn every_kind_of_key_belongs_to_its_own_certificate_only() {
    let rsa = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let edwards = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let all = [
        made(|_| {}),
        made(|_| {}),
        of(rsa, |_| {}),
        of(edwards, |_| {}),
    ];
    for (one, certificate) in all.iter().enumerate() {
        for (other, key) in all.iter().enumerate() {
            let identity = identity(certificate, key);
            assert_eq!(identity.is_ok(), one == other, "{one} {other}");
            if let Err(mistake) = identity {
                let what = "the private key does not belong to the certificate";
                assert_eq!(mistake.what, what);
            }
        }
    }
}

#[test]
fn one_text_may_hold_a_chain_and_its_key() {
    let (leaf, above) = (made(|_| {}), made(|_| {}));
    let text = format!(
        "a note\n{}{}{}",
        leaf.key, leaf.certificate, above.certificate
    );
    let chain = certificates(&text).unwrap();
    assert_eq!(chain.len(), 2);
    let identity = Identity::new(chain, private_key(&text).unwrap()).unwrap();
    assert_eq!(identity.chain().len(), 2);
}

#[test]
fn what_is_no_material_is_told_apart() {
    let leaf = made(|_| {});
    let refused = |text: &str, part: &str| {
        let mistake = certificates(text).unwrap_err();
        assert!(mistake.what.contains(part), "{text}: {mistake}");
    };
    refused("", "it is not PEM");
    refused("\u{fffd}", "it is not PEM");
    refused(&leaf.key, "no certificate in it");
    refused(&leaf.certificate[..100], "no end");
    let junk =
        |body: &str| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    refused(&junk("AAAA"), "not X.509");
    refused(&junk("!!!!"), "not Base64");
    refused(
        &format!("{}{}", leaf.certificate, junk("AAAA")),
        "not X.509",
    );
    assert!(private_key(&leaf.certificate).is_err());
    let lists = revocation_lists(&leaf.certificate).unwrap_err();
    assert!(lists.what.contains("no list of revoked"), "{lists}");
    assert!(Roots::new(vec![]).is_err());
}

#[test]
fn a_certificate_has_its_time() {
    let made = made(|params| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    let certificate = certificates(&made.certificate).unwrap().remove(0);
    let (start, end) = (1_546_300_800, 1_577_836_800);
    let told = |seconds| certificate.out_of_date(UNIX_EPOCH + Duration::from_secs(seconds));
    assert!(
        told(start - 1)
            .unwrap()
            .ends_with("not valid before 2019-01-01T00:00:00Z")
    );
    assert_eq!(told(start), None);
    assert_eq!(told(end), None);
    assert!(
        told(end + 1)
            .unwrap()
            .ends_with("expired on 2020-01-01T00:00:00Z")
    );
}

#[test]
fn a_server_name_is_a_name_or_an_address() {
    let sound = [
        ("Orders.Internal", "orders.internal"),
        ("orders-svc", "orders-svc"),
        ("orders_svc", "orders_svc"),
        ("a.b_c.test", "a.b_c.test"),
        ("a.test.", "a.test"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("::1", "::1"),
    ];
    for (text, name) in sound {
        assert_eq!(ServerName::new(text).unwrap().as_str(), name);
    }
    for text in [
        "",
        ".",
        "a b",
        "a:443",
        "*.a.test",
        "a_b.c.test",
        "ä.test",
        "[a]",
        "[]",
    ] {
        assert!(ServerName::new(text).is_err(), "{text}");
    }
}

#[test]
fn the_digest_tells_any_two_trusts_apart() {
    let same_serial = |params: &mut CertificateParams| {
        params.serial_number = Some(rcgen::SerialNumber::from(vec![7]));
    };
    let all = [made(same_serial), made(same_serial)];
    let roots = |made: &Made| Roots::new(certificates(&made.certificate).unwrap()).unwrap();
    let both = || {
        let chains = all
            .iter()
            .flat_map(|made| certificates(&made.certificate).unwrap());
        Roots::new(chains.collect()).unwrap()
    };
    let name = |text| Some(ServerName::new(text).unwrap());
    let shown = |made| Some(identity(made, made).unwrap());
    let digest = |roots, identity, name| ClientTls::new(roots, identity, name).digest();
    let digests = [
        digest(None, None, None),
        digest(Some(roots(&all[0])), None, None),
        digest(Some(roots(&all[1])), None, None),
        digest(Some(both()), None, None),
        digest(None, shown(&all[0]), None),
        digest(None, shown(&all[1]), None),
        digest(Some(roots(&all[0])), shown(&all[0]), None),
        digest(None, None, name("a")),
        digest(None, None, name("b")),
    ];
    let different: std::collections::HashSet<_> = digests.iter().collect();
    assert_eq!(different.len(), digests.len());
    assert_eq!(digests[1], digest(Some(roots(&all[0])), None, None));
}

#[test]
fn debug_never_shows_a_key() {
    let made = made(|_| {});
    let roots = Roots::new(certificates(&made.certificate).unwrap()).unwrap();
    let identity = identity(&made, &made).unwrap();
    let secret = format!("{:?}", identity.key().secret_der());
    let tls = ClientTls::new(Some(roots), Some(identity), None);
    let shown = format!("{tls:?}");
    assert!(
        shown.contains("rcgen") && !shown.contains(&secret),
        "{shown}"
    );
}

#[test]
fn the_prepared_form_is_made_once() {
    let tls = ClientTls::new(None, None, None);
    let first = tls.prepared(|_| 1_u8);
    assert!(Arc::ptr_eq(&first, &tls.prepared(|_| 2)));
}
