//! Tokens signed by every algorithm, that an algorithm belongs to its key, and published examples.

use super::*;
use crate::identity::jwk::{Algorithm, KeySet, VerifyingKey};
use crate::identity::token::testing::{SECRET, judge_at, keys, rules};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use aws_lc_rs::{hmac, signature::RsaEncoding};
use std::sync::OnceLock;

fn rsa() -> &'static RsaKeyPair {
    static PAIR: OnceLock<RsaKeyPair> = OnceLock::new();
    PAIR.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
}

fn rsa_jwk() -> Value {
    use x509_parser::prelude::FromDer as _;
    let der = rsa().public_key().as_ref();
    let (_, key) = x509_parser::public_key::RSAPublicKey::from_der(der).unwrap();
    json!({"kty": "RSA", "kid": "k", "n": text(&key.modulus[1..]), "e": text(key.exponent)})
}

type Signed = (Algorithm, VerifyingKey, Vec<u8>);

fn by_rsa(algorithm: Algorithm, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Signed {
    let mut made = vec![0; rsa().public_modulus_len()];
    rsa()
        .sign(encoding, &SystemRandom::new(), message, &mut made)
        .unwrap();
    (algorithm, VerifyingKey::from_jwk(&rsa_jwk()).unwrap(), made)
}

fn by_ec(algorithm: Algorithm, message: &[u8]) -> Signed {
    let (crv, signing) = match algorithm {
        Algorithm::Es256 => ("P-256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::Es384 => ("P-384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING),
        _ => ("P-521", &signature::ECDSA_P521_SHA512_FIXED_SIGNING),
    };
    let pair = EcdsaKeyPair::generate(signing).unwrap();
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    let jwk = json!({"kty": "EC", "kid": "k", "crv": crv, "x": text(x), "y": text(y)});
    let made = pair.sign(&SystemRandom::new(), message).unwrap();
    (
        algorithm,
        VerifyingKey::from_jwk(&jwk).unwrap(),
        made.as_ref().to_vec(),
    )
}

fn signed(algorithm: Algorithm, message: &[u8]) -> Signed {
    let by_secret = |of| {
        let made = hmac::sign(&hmac::Key::new(of, SECRET), message)
            .as_ref()
            .to_vec();
        (
            algorithm,
            VerifyingKey::from_secret(SECRET, Some("k"), algorithm).unwrap(),
            made,
        )
    };
    match algorithm {
        Algorithm::Rs256 => by_rsa(algorithm, &signature::RSA_PKCS1_SHA256, message),
        Algorithm::Rs384 => by_rsa(algorithm, &signature::RSA_PKCS1_SHA384, message),
        Algorithm::Rs512 => by_rsa(algorithm, &signature::RSA_PKCS1_SHA512, message),
        Algorithm::Ps256 => by_rsa(algorithm, &signature::RSA_PSS_SHA256, message),
        Algorithm::Ps384 => by_rsa(algorithm, &signature::RSA_PSS_SHA384, message),
        Algorithm::Ps512 => by_rsa(algorithm, &signature::RSA_PSS_SHA512, message),
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => by_ec(algorithm, message),
        Algorithm::EdDsa => {
            let pair = Ed25519KeyPair::generate().unwrap();
            let x = text(pair.public_key());
            let jwk = json!({"kty": "OKP", "kid": "k", "crv": "Ed25519", "x": x});
            let made = pair.sign(message).as_ref().to_vec();
            (algorithm, VerifyingKey::from_jwk(&jwk).unwrap(), made)
        }
        Algorithm::Hs256 => by_secret(hmac::HMAC_SHA256),
        Algorithm::Hs384 => by_secret(hmac::HMAC_SHA384),
        Algorithm::Hs512 => by_secret(hmac::HMAC_SHA512),
    }
}

#[test]
fn every_algorithm_is_checked_and_pinned() {
    let claims = json!({"iss": "auth.example", "aud": "api", "exp": NOW + 9}).to_string();
    for algorithm in Algorithm::ALL {
        let header = json!({"alg": algorithm.name(), "kid": "k"}).to_string();
        let message = format!("{}.{}", text(header), text(&claims));
        let (_, key, made) = signed(algorithm, message.as_bytes());
        let keys = KeySet::fixed([key]);
        let token = format!("{message}.{}", text(&made));
        let check = |token: &str, rules: &Rules| judge_at(token, rules, &keys, NOW).map(|_| ());
        assert_eq!(check(&token, &rules()), Ok(()), "{algorithm}");
        let mut other = made.clone();
        other[3] ^= 1;
        let other = format!("{message}.{}", text(&other));
        assert_eq!(
            check(&other, &rules()),
            Err(Fault::Signature),
            "{algorithm}"
        );
        for made in [&made[1..], &[&made[..], &[0]].concat()] {
            let cut = format!("{message}.{}", text(made));
            assert_eq!(check(&cut, &rules()), Err(Fault::Signature), "{algorithm}");
        }
        let listed = |algorithms| Rules {
            algorithms,
            ..rules()
        };
        assert_eq!(check(&token, &listed(vec![algorithm])), Ok(()));
        let others = Algorithm::ALL
            .into_iter()
            .filter(|other| *other != algorithm);
        let others = listed(others.collect());
        assert_eq!(check(&token, &others), Err(Fault::Algorithm), "{algorithm}");
    }
}

/// The classic: a public key, which everybody has, taken for a secret (RFC 8725 §2.1).
#[test]
fn a_public_key_is_never_a_secret() {
    let claims = json!({"iss": "auth.example", "aud": "api", "exp": NOW + 9}).to_string();
    let message = format!("{}.{}", text(r#"{"alg":"HS256","kid":"k"}"#), text(claims));
    let keys = KeySet::fixed([VerifyingKey::from_jwk(&rsa_jwk()).unwrap()]);
    let jwk = rsa_jwk().to_string();
    for secret in [rsa().public_key().as_ref(), jwk.as_bytes()] {
        let made = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, secret),
            message.as_bytes(),
        );
        let token = format!("{message}.{}", text(made));
        assert_eq!(
            judge_at(&token, &rules(), &keys, NOW).unwrap_err(),
            Fault::Key
        );
    }
}

const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn of_joe(header: &str, signature: &str, jwk: Value, now: u64) -> Result<(), Fault> {
    let rules = Rules {
        issuer: "joe".into(),
        audience: vec![],
        leeway: std::time::Duration::ZERO,
        ..rules()
    };
    let keys = KeySet::fixed([VerifyingKey::from_jwk(&jwk).unwrap()]);
    judge_at(
        &format!("{header}.{PAYLOAD}.{signature}"),
        &rules,
        &keys,
        now,
    )
    .map(|_| ())
}

/// RFC 7515 A.1, A.2, A.3, A.5.
#[test]
fn published_examples_pass_until_they_end() {
    let cases = [
        (
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            json!({"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}),
        ),
        (
            "eyJhbGciOiJSUzI1NiJ9",
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
            json!({"kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}),
        ),
        (
            "eyJhbGciOiJFUzI1NiJ9",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
            json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}),
        ),
    ];
    for (header, signature, jwk) in cases {
        let check = |now| of_joe(header, signature, jwk.clone(), now);
        assert_eq!(check(1_300_819_379), Ok(()), "{header}");
        assert_eq!(check(1_300_819_380), Err(Fault::Expired), "{header}");
    }
    let unsecured = judge_at(
        &format!("eyJhbGciOiJub25lIn0.{PAYLOAD}."),
        &rules(),
        &keys(),
        0,
    );
    assert_eq!(unsecured.unwrap_err(), Fault::Algorithm);
}
