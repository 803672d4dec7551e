//! For tests: tokens that a known secret signs, and the rules and keys they pass by.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::{Fault, Rules, Typ, Unverified, Verified, verify};
use crate::identity::jwk::{Algorithm, KeySet, VerifyingKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// The moment of all tests.
pub const NOW: u64 = 1_800_000_000;
/// What signs.
pub const SECRET: &[u8] =
    b"a secret of sixty-four bytes, which is what HS512 asks for at the least.";

/// Base64url.
pub fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of these parts as they are, signed by HS256.
pub fn raw(header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", text(header), text(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let signature = text(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// A token with this header over the usual one, and these claims over the usual ones; `null` takes one away.
pub fn token(header: Value, claims: Value) -> String {
    let usual = json!({"iss": "auth.example", "aud": "api", "sub": "user-7", "exp": NOW + 300});
    let over = |mut base: Value, change: Value| {
        let members = base.as_object_mut().unwrap();
        for (name, value) in change.as_object().unwrap() {
            match value {
                Value::Null => drop(members.remove(name)),
                value => drop(members.insert(name.clone(), value.clone())),
            }
        }
        base.to_string()
    };
    raw(&over(json!({"alg": "HS256"}), header), &over(usual, claims))
}

/// A token with these claims over the usual ones.
pub fn with(claims: Value) -> String {
    token(json!({}), claims)
}

/// The rules of the usual token.
pub fn rules() -> Rules {
    Rules {
        issuer: "auth.example".to_owned(),
        audience: vec!["api".to_owned()],
        algorithms: vec![],
        typ: Typ::Usual,
        required: vec![],
        leeway: Duration::from_secs(30),
        max_lifetime: None,
    }
}

/// The key of the usual token.
pub fn keys() -> KeySet {
    KeySet::fixed([VerifyingKey::from_secret(SECRET, None, Algorithm::Hs256).unwrap()])
}

/// So many seconds after 1970.
pub fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// What comes of a token at that moment.
pub fn judge_at(token: &str, rules: &Rules, keys: &KeySet, now: u64) -> Result<Verified, Fault> {
    let token = Unverified::parse(token.as_bytes())?;
    if token.issuer()? != rules.issuer {
        return Err(Fault::Issuer);
    }
    verify(token, rules, keys, at(now))
}

/// What comes of a token under the usual rules.
pub fn judge(token: &str) -> Result<Verified, Fault> {
    judge_at(token, &rules(), &keys(), NOW)
}

/// What is wrong with a token.
#[track_caller]
pub fn fault(token: &str) -> Fault {
    judge(token).expect_err("the token is wrong")
}
