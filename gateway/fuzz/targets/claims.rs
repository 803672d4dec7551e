//! The claims of an issuer that signs whatever it is given: a line of header, then claims, both as they are. What passes
//! is what a second and simpler reading lets pass too.

#![no_main]

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gateway::identity::jwk::{Algorithm, KeySet, VerifyingKey};
use gateway::identity::token::{Fault, Rules, Typ, Unverified, Verified, verify};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

const SECRET: &[u8] = b"a secret that everybody may read, as it is for nothing but this";
const NOW: u64 = 1_300_819_020;
const LEEWAY: u64 = 30;

static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let key = VerifyingKey::from_secret(SECRET, None, Algorithm::Hs256);
    let keys = KeySet::fixed([key.expect("the secret is long enough")]);
    let usual = include_bytes!("../seeds/claims/usual");
    let (header, claims) = parts(usual).expect("the seed has two lines");
    judged(header, claims, &keys).expect("a target that refuses everything finds nothing");
    keys
});

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules {
    issuer: "joe".to_owned(),
    audience: vec!["api".to_owned()],
    algorithms: vec![],
    typ: Typ::Usual,
    required: vec![],
    leeway: Duration::from_secs(LEEWAY),
    max_lifetime: None,
});

fuzz_target!(|input: &[u8]| {
    let Some((header, claims)) = parts(input) else {
        return;
    };
    let Ok(verified) = judged(header, claims, &KEYS) else {
        return;
    };
    check(header, claims);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    let bound = claims_of(claims).get("cnf").is_some();
    assert!(bound || verified.holds(now, None).is_ok());
    let claims = verified.claims();
    for (name, _) in claims.iter() {
        assert!(claims.find(name).is_some());
        let words = claims.list(name).count();
        assert!(
            words == 0
                || claims.text(name).is_some()
                || claims.find(name).is_some_and(Value::is_array)
        );
    }
});

fn parts(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = input.iter().position(|byte| *byte == b'\n')?;
    Some((&input[..end], &input[end + 1..]))
}

fn judged(header: &[u8], claims: &[u8], keys: &KeySet) -> Result<Verified, Fault> {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", text(header), text(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let signature = text(hmac::sign(&key, signed.as_bytes()).as_ref());
    let token = format!("{signed}.{signature}");
    let token = Unverified::parse(token.as_bytes())?;
    if token.issuer()? != RULES.issuer {
        return Err(Fault::Issuer);
    }
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    verify(token, &RULES, keys, now)
}

/// What has to hold of a token that passed.
fn check(header: &[u8], claims: &[u8]) {
    let header: Value = serde_json::from_slice(header).expect("it passed as JSON");
    assert_eq!(header["alg"], "HS256");
    for refused in ["crit", "jwk", "jku", "x5u", "x5c"] {
        assert!(header.get(refused).is_none(), "{refused} passes");
    }
    let claims = claims_of(claims);
    assert_eq!(claims["iss"], "joe");
    let api = |value: &Value| *value == "api";
    assert!(
        api(&claims["aud"])
            || claims["aud"]
                .as_array()
                .is_some_and(|all| all.iter().any(api))
    );
    let (now, leeway) = (NOW as f64, LEEWAY as f64);
    assert!(claims["exp"].as_f64().is_some_and(|end| now < end + leeway));
    for start in ["nbf", "iat"] {
        let start = claims.get(start).map(|start| start.as_f64());
        assert!(start.is_none_or(|start| start.is_some_and(|start| start - leeway <= now)));
    }
}

fn claims_of(claims: &[u8]) -> Value {
    serde_json::from_slice(claims).expect("they passed as JSON")
}
