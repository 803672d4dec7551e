//! Claims against a naive reading of them, and tokens that nobody made.

use super::*;
use crate::identity::token::testing::{judge_at, keys, rules};
use proptest::prelude::*;
use std::time::Duration;

const LEEWAY: i64 = 30;

/// RFC 7519 §4.1, word for word.
fn passes(claims: &Value, now: i64) -> bool {
    let date = |name: &str| claims.get(name).map(|value| value.as_i64());
    let Some(Some(exp)) = date("exp") else {
        return false;
    };
    let before = |name: &str| match date(name) {
        None => true,
        Some(Some(value)) => value >= 0 && value <= now + LEEWAY,
        Some(None) => false,
    };
    let aud = match &claims["aud"] {
        Value::String(one) => one == "api",
        Value::Array(all) => all.iter().all(Value::is_string) && all.iter().any(|one| one == "api"),
        _ => false,
    };
    exp >= 0 && now < exp + LEEWAY && before("nbf") && before("iat") && aud
}

fn dates() -> impl Strategy<Value = Value> {
    let near = (-100_i64..100).prop_map(|offset| json!(NOW as i64 + offset));
    prop_oneof![8 => near, 1 => Just(json!("1800000000")), 1 => (-5_i64..5).prop_map(|n| json!(n))]
}

fn claims() -> impl Strategy<Value = Value> {
    let name = prop_oneof![Just("api"), Just("other"), Just("")];
    let aud = prop_oneof![
        4 => name.clone().prop_map(|one| json!(one)),
        4 => prop::collection::vec(name, 0..3).prop_map(|all| json!(all)),
        1 => Just(json!(["api", 1])),
        1 => Just(json!(7)),
    ];
    let maybe = || prop::option::weighted(0.7, dates());
    (maybe(), maybe(), maybe(), prop::option::weighted(0.9, aud)).prop_map(
        |(exp, nbf, iat, aud)| {
            let mut claims = json!({"iss": "auth.example"});
            for (name, value) in [("exp", exp), ("nbf", nbf), ("iat", iat), ("aud", aud)] {
                if let Some(value) = value {
                    claims[name] = value;
                }
            }
            claims
        },
    )
}

proptest! {
    #[test]
    fn claims_pass_when_the_standard_says_so(claims in claims()) {
        let token = raw(r#"{"alg":"HS256"}"#, &claims.to_string());
        let rules = Rules { leeway: Duration::from_secs(LEEWAY as u64), ..rules() };
        let found = judge_at(&token, &rules, &keys(), NOW);
        prop_assert_eq!(found.is_ok(), passes(&claims, NOW as i64), "{:?}", found.err());
    }

    #[test]
    fn no_bytes_are_a_token_by_chance(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Unverified::parse(&bytes).is_err());
    }

    #[test]
    fn parts_that_nobody_signed_never_pass(header in "\\PC{0,60}", claims in "\\PC{0,60}", signature in any::<[u8; 32]>()) {
        let token = format!("{}.{}.{}", text(&header), text(&claims), text(signature));
        prop_assert!(judge(&token).is_err());
        let token = format!("{}.{}.{}", text(r#"{"alg":"HS256"}"#), text(&claims), text(signature));
        prop_assert!(judge(&token).is_err());
    }

    #[test]
    fn a_changed_token_never_passes(place in any::<prop::sample::Index>(), byte in any::<u8>(), kind in 0..3) {
        let mut token = with(json!({"sub": "user-7"})).into_bytes();
        let place = place.index(token.len());
        match kind {
            0 if token[place] == byte => return Ok(()),
            0 => token[place] = byte,
            1 => token.insert(place, byte),
            _ => drop(token.remove(place)),
        }
        let found = Unverified::parse(&token)
            .and_then(|token| verify(token, &rules(), &keys(), testing::at(NOW)));
        prop_assert!(found.is_err());
    }
}
