//! Keys from PEM.

use super::*;
use base64::engine::general_purpose::STANDARD;

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<_> = body.as_bytes().chunks(64).collect();
    let lines = lines.iter().map(|line| str::from_utf8(line).unwrap());
    let lines: Vec<_> = lines.collect();
    let lines = lines.join("\n");
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

fn read(text: &str) -> Result<VerifyingKey, KeyError> {
    VerifyingKey::from_pem(text.as_bytes(), None, None)
}

/// A PEM public key and certificate of one pair, as rcgen writes them.
fn written(algorithm: &'static rcgen::SignatureAlgorithm) -> (rcgen::KeyPair, String, String) {
    let pair = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["auth.example".to_owned()]).unwrap();
    let certificate = parameters.self_signed(&pair).unwrap().pem();
    let public = pair.public_key_pem();
    (pair, public, certificate)
}

#[test]
fn a_public_key_and_a_certificate_of_it_are_one_key() {
    for (written_as, algorithm) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, Algorithm::Es256),
        (&rcgen::PKCS_ECDSA_P384_SHA384, Algorithm::Es384),
        (&rcgen::PKCS_ECDSA_P521_SHA512, Algorithm::Es512),
        (&rcgen::PKCS_ED25519, Algorithm::EdDsa),
    ] {
        let (_, public, certificate) = written(written_as);
        let key = read(&public).unwrap();
        assert_eq!(key.algorithms().collect::<Vec<_>>(), [algorithm]);
        assert_eq!(read(&certificate).unwrap().id(), key.id());
    }
}

#[test]
fn a_key_from_pem_checks_signatures() {
    let pair = ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING);
    use aws_lc_rs::encoding::AsDer as _;
    let der = pair.public_key().as_der().unwrap();
    let key = read(&pem("PUBLIC KEY", der.as_ref())).unwrap();
    let signed = pair.sign(&SystemRandom::new(), MESSAGE).unwrap();
    assert!(key.verify(Algorithm::Es256, MESSAGE, signed.as_ref()));
    let same = VerifyingKey::from_jwk(&ec_jwk("P-256", &pair)).unwrap();
    assert_eq!(same.id(), key.id());
}

#[test]
fn an_rsa_key_may_be_written_in_two_ways() {
    use aws_lc_rs::encoding::AsDer as _;
    let public = rsa().public_key();
    let pkcs1 = read(&pem("RSA PUBLIC KEY", public.as_ref())).unwrap();
    let der = public.as_der().unwrap();
    let spki = read(&pem("PUBLIC KEY", der.as_ref())).unwrap();
    assert_eq!(pkcs1.id(), spki.id());
    assert_eq!(VerifyingKey::from_jwk(&rsa_jwk()).unwrap().id(), spki.id());
    let signed = rsa_sign(&signature::RSA_PSS_SHA256);
    assert!(spki.verify(Algorithm::Ps256, MESSAGE, &signed));
}

#[test]
fn a_name_and_an_algorithm_are_given_beside_it() {
    let (_, public, _) = written(&rcgen::PKCS_ECDSA_P256_SHA256);
    let with = |algorithm| VerifyingKey::from_pem(public.as_bytes(), Some("a"), Some(algorithm));
    assert_eq!(with(Algorithm::Es256).unwrap().kid(), Some("a"));
    for wrong in [Algorithm::Es384, Algorithm::Rs256, Algorithm::Hs256] {
        assert!(with(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_holds_no_one_public_key_is_refused() {
    let (pair, public, certificate) = written(&rcgen::PKCS_ECDSA_P256_SHA256);
    let private = pair.serialize_pem();
    let cut = &public[..public.len() / 2];
    let other = public.replace("PUBLIC KEY", "CERTIFICATE");
    let wrong = certificate.replace("CERTIFICATE", "PUBLIC KEY");
    let csr = pem("CERTIFICATE REQUEST", b"whatever");
    for text in ["", "key", cut, &*private, &*other, &*wrong, &*csr] {
        assert!(matches!(read(text), Err(KeyError::Pem(_))), "{text}");
    }
    let both = format!("{public}{certificate}");
    assert!(read(&both).is_err());
    let commented = format!("Subject: somebody\n{csr}{public}");
    assert!(read(&commented).is_ok());
}

proptest::proptest! {
    #[test]
    fn bytes_are_read_or_refused(bytes: Vec<u8>) {
        let der = pem("PUBLIC KEY", &bytes);
        proptest::prop_assert!(read(&der).is_err());
        proptest::prop_assert!(VerifyingKey::from_pem(&bytes, None, None).is_err());
    }
}
