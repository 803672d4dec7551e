#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod pem;
mod set;
mod vectors;

use super::*;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaEncoding,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::sync::OnceLock;

const MESSAGE: &[u8] = b"header.claims";

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An RSA key pair; one for all tests, since making one takes long.
fn rsa() -> &'static RsaKeyPair {
    static PAIR: OnceLock<RsaKeyPair> = OnceLock::new();
    PAIR.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
}

/// The numbers of an RSA public key, from its PKCS#1 form.
fn numbers(pair: &RsaKeyPair) -> (Vec<u8>, Vec<u8>) {
    use x509_parser::prelude::FromDer as _;
    let der = pair.public_key().as_ref();
    let (_, key) = x509_parser::public_key::RSAPublicKey::from_der(der).unwrap();
    (key.modulus[1..].to_vec(), key.exponent.to_vec())
}

fn rsa_jwk() -> Value {
    let (n, e) = numbers(rsa());
    json!({"kty": "RSA", "n": text(&n), "e": text(&e)})
}

fn ec_jwk(crv: &str, pair: &EcdsaKeyPair) -> Value {
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    json!({"kty": "EC", "crv": crv, "x": text(x), "y": text(y)})
}

fn ec(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    EcdsaKeyPair::generate(algorithm).unwrap()
}

fn rsa_sign(encoding: &'static dyn RsaEncoding) -> Vec<u8> {
    let mut signature = vec![0; rsa().public_modulus_len()];
    let random = SystemRandom::new();
    rsa()
        .sign(encoding, &random, MESSAGE, &mut signature)
        .unwrap();
    signature
}

/// A signature and how it was made.
type Signed = (Algorithm, Vec<u8>);

/// Each key that there can be, with what it signs by each of its algorithms.
fn keys() -> Vec<(Value, Vec<Signed>)> {
    let rsa = [
        (Algorithm::Rs256, rsa_sign(&signature::RSA_PKCS1_SHA256)),
        (Algorithm::Rs384, rsa_sign(&signature::RSA_PKCS1_SHA384)),
        (Algorithm::Rs512, rsa_sign(&signature::RSA_PKCS1_SHA512)),
        (Algorithm::Ps256, rsa_sign(&signature::RSA_PSS_SHA256)),
        (Algorithm::Ps384, rsa_sign(&signature::RSA_PSS_SHA384)),
        (Algorithm::Ps512, rsa_sign(&signature::RSA_PSS_SHA512)),
    ];
    let mut keys = vec![(rsa_jwk(), rsa.to_vec())];
    for (crv, algorithm, signing) in [
        (
            "P-256",
            Algorithm::Es256,
            &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        ),
        (
            "P-384",
            Algorithm::Es384,
            &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        ),
        (
            "P-521",
            Algorithm::Es512,
            &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        ),
    ] {
        let pair = ec(signing);
        let signed = pair.sign(&SystemRandom::new(), MESSAGE).unwrap();
        keys.push((
            ec_jwk(crv, &pair),
            vec![(algorithm, signed.as_ref().to_vec())],
        ));
    }
    let pair = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
    let x = text(pair.public_key().as_ref());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
    let signed = pair.sign(MESSAGE).as_ref().to_vec();
    keys.push((jwk, vec![(Algorithm::EdDsa, signed)]));
    let secret = [9; 64];
    let signed = [
        (Algorithm::Hs256, aws_lc_rs::hmac::HMAC_SHA256),
        (Algorithm::Hs384, aws_lc_rs::hmac::HMAC_SHA384),
        (Algorithm::Hs512, aws_lc_rs::hmac::HMAC_SHA512),
    ]
    .map(|(algorithm, hash)| {
        let key = aws_lc_rs::hmac::Key::new(hash, &secret);
        let tag = aws_lc_rs::hmac::sign(&key, MESSAGE);
        (algorithm, tag.as_ref().to_vec())
    });
    let jwk = json!({"kty": "oct", "k": text(&secret)});
    keys.push((jwk, signed.to_vec()));
    keys
}

/// Each key with each algorithm and each signature: right where all three belong together, wrong otherwise.
#[test]
fn a_key_checks_its_own_signatures_by_its_own_algorithms() {
    let keys = keys();
    let every: Vec<_> = keys.iter().flat_map(|(_, signed)| signed).collect();
    let signing: Vec<_> = every.iter().map(|(algorithm, _)| *algorithm).collect();
    assert_eq!(signing, Algorithm::ALL);
    for (jwk, own) in &keys {
        let key = VerifyingKey::from_jwk(jwk).unwrap();
        for algorithm in Algorithm::ALL {
            let mine = own.iter().find(|(one, _)| *one == algorithm);
            assert_eq!(key.allows(algorithm), mine.is_some(), "{jwk} {algorithm}");
            for (by, signature) in &every {
                let right = mine.is_some() && *by == algorithm;
                let verified = key.verify(algorithm, MESSAGE, signature);
                assert_eq!(verified, right, "{jwk} {algorithm} {by}");
                assert!(
                    !key.verify(algorithm, b"other", signature),
                    "{jwk} {algorithm}"
                );
            }
        }
    }
}

#[test]
fn a_signature_has_one_length() {
    for (jwk, own) in keys() {
        let key = VerifyingKey::from_jwk(&jwk).unwrap();
        for (algorithm, signature) in own {
            let longer = [&signature[..], &[0]].concat();
            let padded = [&[0], &signature[..]].concat();
            let shorter = &signature[..signature.len() - 1];
            for wrong in [&*longer, &padded, shorter, &[]] {
                assert!(!key.verify(algorithm, MESSAGE, wrong), "{algorithm}");
            }
            assert!(!key.verify(algorithm, MESSAGE, &vec![0; signature.len()]));
        }
    }
}

/// ECDSA signatures as X.509 writes them are not what a token holds (RFC 7518 §3.4).
#[test]
fn an_ecdsa_signature_in_asn1_is_none() {
    let pair = ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING);
    let der = pair.to_pkcs8v1().unwrap();
    let asn1 = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
    let other = EcdsaKeyPair::from_pkcs8(asn1, der.as_ref()).unwrap();
    let signed = other.sign(&SystemRandom::new(), MESSAGE).unwrap();
    let key = VerifyingKey::from_jwk(&ec_jwk("P-256", &pair)).unwrap();
    assert!(!key.verify(Algorithm::Es256, MESSAGE, signed.as_ref()));
}

#[test]
fn alg_pins_a_key() {
    let mut jwk = rsa_jwk();
    jwk["alg"] = "PS384".into();
    let key = VerifyingKey::from_jwk(&jwk).unwrap();
    assert_eq!(key.algorithms().collect::<Vec<_>>(), [Algorithm::Ps384]);
    let signed = rsa_sign(&signature::RSA_PSS_SHA384);
    assert!(key.verify(Algorithm::Ps384, MESSAGE, &signed));
    let signed = rsa_sign(&signature::RSA_PKCS1_SHA256);
    assert!(!key.verify(Algorithm::Rs256, MESSAGE, &signed));
}

#[test]
fn a_key_that_contradicts_itself_or_is_for_something_else_is_none() {
    let ec = ec_jwk("P-256", &ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING));
    let coordinate = ec["x"].as_str().unwrap().to_owned();
    let long = text(&[&[0], &*URL_SAFE_NO_PAD.decode(&coordinate).unwrap()].concat());
    let with = |jwk: &Value, name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        jwk
    };
    for (jwk, name, value) in [
        (&ec, "alg", json!("ES384")),
        (&ec, "alg", json!("RS256")),
        (&ec, "alg", json!("HS256")),
        (&ec, "alg", json!("none")),
        (&ec, "alg", json!("ECDH-ES")),
        (&ec, "alg", json!(256)),
        (&ec, "crv", json!("P-384")),
        (&ec, "crv", json!("secp256k1")),
        (&ec, "x", json!(long)),
        (&ec, "x", json!(format!("{coordinate}="))),
        (&ec, "y", json!(coordinate)),
        (&ec, "y", Value::Null),
        (&ec, "use", json!("enc")),
        (&ec, "use", json!("")),
        (&ec, "use", json!(["sig"])),
        (&ec, "key_ops", json!(["sign"])),
        (&ec, "key_ops", json!([])),
        (&ec, "key_ops", json!("verify")),
        (&ec, "kid", json!(7)),
        (&ec, "kty", json!("ec")),
        (&ec, "kty", Value::Null),
        (&ec, "d", json!("AQAB")),
        (&rsa_jwk(), "alg", json!("ES256")),
        (&rsa_jwk(), "p", json!("AQAB")),
        (&rsa_jwk(), "n", json!("AQAB")),
        (&rsa_jwk(), "n", json!("")),
        (&rsa_jwk(), "n", json!("not base64url!")),
    ] {
        let wrong = with(jwk, name, value.clone());
        assert!(VerifyingKey::from_jwk(&wrong).is_err(), "{name}: {value}");
    }
    for (name, value) in [
        ("alg", json!("ES256")),
        ("use", json!("sig")),
        ("key_ops", json!(["verify", "deriveKey"])),
        ("kid", json!("")),
        ("x5c", json!("what nobody reads")),
    ] {
        let right = with(&ec, name, value.clone());
        assert!(VerifyingKey::from_jwk(&right).is_ok(), "{name}: {value}");
    }
    for other in [json!(null), json!([]), json!("key"), json!({})] {
        assert!(VerifyingKey::from_jwk(&other).is_err(), "{other}");
    }
}

#[test]
fn other_curves_are_told_by_name() {
    for crv in ["Ed448", "X25519", "X448"] {
        let jwk = json!({"kty": "OKP", "crv": crv, "x": text(&[1; 32])});
        let refused = VerifyingKey::from_jwk(&jwk).unwrap_err();
        assert_eq!(refused, KeyError::Curve(crv.to_owned()));
    }
    let short = json!({"kty": "OKP", "crv": "Ed25519", "x": text(&[1; 31])});
    assert!(VerifyingKey::from_jwk(&short).is_err());
}

#[test]
fn rsa_numbers_are_sound() {
    let (n, e) = numbers(rsa());
    let with = |n: &[u8], e: &[u8]| {
        let jwk = json!({"kty": "RSA", "n": text(n), "e": text(e)});
        VerifyingKey::from_jwk(&jwk).map(|key| *key.thumbprint())
    };
    let key = with(&n, &e).unwrap();
    // A leading zero is a writer's habit and no other key.
    assert_eq!(
        with(&[&[0], &*n].concat(), &[&[0], &*e].concat()).unwrap(),
        key
    );
    assert!(with(&n, &[3]).is_ok());
    for exponent in [
        &[][..],
        &[0],
        &[1],
        &[2],
        &[1, 0, 0],
        &[0xff; 5],
        &[0xff; 200],
    ] {
        assert_eq!(with(&n, exponent), Err(KeyError::Exponent), "{exponent:?}");
    }
    let even = [&n[..255], &[0]].concat();
    assert_eq!(with(&even, &e), Err(KeyError::Exponent));
    let mut bits = n.clone();
    bits[0] = 0x7f;
    assert_eq!(with(&bits, &e), Err(KeyError::Modulus(2047)));
    assert_eq!(
        with(&n[128..], &e),
        Err(KeyError::Modulus(with_bits(&n[128..])))
    );
    assert_eq!(with(&[0xff; 1025], &e), Err(KeyError::Modulus(8200)));
}

fn with_bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = &number[zeros..];
    number.len() * 8 - number[0].leading_zeros() as usize
}

#[test]
fn a_secret_is_as_long_as_the_hash() {
    for (algorithm, wants) in [
        (Algorithm::Hs256, 32),
        (Algorithm::Hs384, 48),
        (Algorithm::Hs512, 64),
    ] {
        let make = |length| VerifyingKey::from_secret(&vec![7; length], None, algorithm);
        assert!(make(wants).is_ok());
        let has = wants - 1;
        let short = KeyError::Short {
            algorithm,
            has,
            wants,
        };
        assert_eq!(make(has).unwrap_err(), short);
    }
    assert!(VerifyingKey::from_secret(&[7; 64], None, Algorithm::Rs256).is_err());
    let jwk = json!({"kty": "oct", "k": text(&[7; 48])});
    let key = VerifyingKey::from_jwk(&jwk).unwrap();
    let allowed: Vec<_> = key.algorithms().collect();
    assert_eq!(allowed, [Algorithm::Hs256, Algorithm::Hs384]);
    assert_eq!(format!("{key:?}"), "VerifyingKey(oct, None)");
}
