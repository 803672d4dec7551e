//! A token of anybody's against fixed keys: nothing passes but the tokens that RFC 7515 has signed with these keys, byte
//! for byte.

#![no_main]

use gateway::identity::jwk::{KeySet, VerifyingKey};
use gateway::identity::token::{Fault, Rules, Typ, Unverified, Verified, verify};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

/// RFC 7515 A.1 to A.3.
const SIGNED: [&[u8]; 3] = [
    include_bytes!("../seeds/token/hs256"),
    include_bytes!("../seeds/token/rs256"),
    include_bytes!("../seeds/token/es256"),
];
/// The keys of the same appendices.
const KEYS: &str = include_str!("../keys.json");
/// Six minutes before these tokens end.
const NOW: Duration = Duration::from_secs(1_300_819_020);

static JUDGE: LazyLock<(Rules, KeySet)> = LazyLock::new(|| {
    let keys: Vec<_> = serde_json::from_str(KEYS).expect("the file is JSON");
    let keys = keys.iter().map(VerifyingKey::from_jwk);
    let keys: Vec<_> = keys.collect::<Result<_, _>>().expect("the keys are sound");
    let rules = Rules {
        issuer: "joe".to_owned(),
        audience: vec![],
        algorithms: vec![],
        typ: Typ::Usual,
        required: vec![],
        leeway: Duration::ZERO,
        max_lifetime: None,
    };
    let judge = (rules, KeySet::fixed(keys));
    for token in SIGNED {
        judged(token, &judge).expect("a target that refuses everything finds nothing");
    }
    judge
});

fuzz_target!(|token: &[u8]| {
    if judged(token, &JUDGE).is_ok() {
        assert!(SIGNED.contains(&token), "a token of nobody's passes");
    }
});

fn judged(token: &[u8], (rules, keys): &(Rules, KeySet)) -> Result<Verified, Fault> {
    let token = Unverified::parse(token)?;
    if token.issuer()? != rules.issuer {
        return Err(Fault::Issuer);
    }
    verify(token, rules, keys, SystemTime::UNIX_EPOCH + NOW)
}
