//! What is asked of claims, each refusal beside what is let through.

use super::super::confirmation;
use super::*;
use crate::identity::token::testing::{at, judge_at, keys, rules};
use std::time::Duration;

fn under(rules: &Rules, claims: Value) -> Result<(), Fault> {
    judge_at(&with(claims), rules, &keys(), NOW).map(|_| ())
}

#[track_caller]
fn holds(claims: Value) {
    assert_eq!(under(&rules(), claims.clone()), Ok(()), "{claims}");
}

#[track_caller]
fn fails(claims: Value, expected: Fault) {
    assert_eq!(under(&rules(), claims.clone()), Err(expected), "{claims}");
}

#[test]
fn the_issuer_is_compared_exactly() {
    for wrong in [
        json!(null),
        json!(""),
        json!("AUTH.example"),
        json!("auth.example/"),
        json!(["auth.example"]),
        json!(7),
    ] {
        fails(json!({"iss": wrong}), Fault::Issuer);
    }
}

#[test]
fn an_end_is_required_and_ends() {
    fails(json!({"exp": null}), Fault::Missing);
    holds(json!({"exp": NOW - 29}));
    fails(json!({"exp": NOW - 30}), Fault::Expired);
    fails(json!({"exp": NOW - 31}), Fault::Expired);
    fails(json!({"exp": 0}), Fault::Expired);
    holds(json!({"exp": NOW as f64 - 29.5}));
    fails(json!({"exp": NOW as f64 - 30.5}), Fault::Expired);
    let strict = Rules {
        leeway: Duration::ZERO,
        ..rules()
    };
    assert_eq!(under(&strict, json!({"exp": NOW})), Err(Fault::Expired));
    assert_eq!(under(&strict, json!({"exp": NOW as f64 + 0.5})), Ok(()));
}

#[test]
fn a_date_is_a_number_of_seconds() {
    for name in ["exp", "nbf", "iat"] {
        for wrong in [
            json!("1800000300"),
            json!(true),
            json!([]),
            json!({}),
            json!(-1),
            json!(-0.5),
            json!(1e300),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(NOW * 1000),
        ] {
            fails(json!({name: wrong}), Fault::Date);
        }
    }
    // A claim that is null is there, and no date.
    let null = raw(
        r#"{"alg":"HS256"}"#,
        &format!(
            r#"{{"iss":"auth.example","aud":"api","exp":{},"nbf":null}}"#,
            NOW + 1
        ),
    );
    assert_eq!(fault(&null), Fault::Date);
    holds(json!({"exp": 253_402_300_799_u64}));
    holds(json!({"exp": 1.8e12 / 1000.0 + 300.0}));
}

#[test]
fn a_beginning_lies_before() {
    holds(json!({"nbf": NOW + 30}));
    fails(json!({"nbf": NOW + 31}), Fault::Early);
    holds(json!({"iat": NOW + 30}));
    fails(json!({"iat": NOW + 31}), Fault::Future);
    holds(json!({"nbf": 0, "iat": 0}));
}

#[test]
fn a_lifetime_is_bounded_where_that_is_asked() {
    let rules = Rules {
        max_lifetime: Some(Duration::from_secs(600)),
        ..rules()
    };
    assert_eq!(under(&rules, json!({"iat": NOW - 300})), Ok(()));
    assert_eq!(
        under(&rules, json!({"iat": NOW - 301})),
        Err(Fault::Lifetime)
    );
    assert_eq!(under(&rules, json!({})), Err(Fault::Missing));
    assert_eq!(
        under(&rules, json!({"iat": NOW, "exp": 253_402_300_799_u64})),
        Err(Fault::Lifetime)
    );
}

#[test]
fn the_audience_is_one_of_those_wanted() {
    for right in [json!("api"), json!(["api"]), json!(["x", "api"])] {
        holds(json!({"aud": right}));
    }
    for wrong in [
        json!(null),
        json!(""),
        json!("API"),
        json!("api "),
        json!([]),
        json!(["x"]),
        json!(["api", 7]),
        json!([["api"]]),
        json!({"api": 1}),
        json!(7),
    ] {
        fails(json!({"aud": wrong}), Fault::Audience);
    }
    let several = Rules {
        audience: vec!["a".into(), "b".into()],
        ..rules()
    };
    assert_eq!(under(&several, json!({"aud": "b"})), Ok(()));
    assert_eq!(under(&several, json!({"aud": "c"})), Err(Fault::Audience));
    let none = Rules {
        audience: vec![],
        ..rules()
    };
    assert_eq!(under(&none, json!({"aud": null})), Ok(()));
    assert_eq!(under(&none, json!({"aud": "whoever"})), Ok(()));
}

#[test]
fn claims_that_are_required_are_there_and_not_null() {
    let rules = Rules {
        required: vec!["tenant".into()],
        ..rules()
    };
    assert_eq!(under(&rules, json!({"tenant": "a"})), Ok(()));
    assert_eq!(under(&rules, json!({})), Err(Fault::Missing));
    let null = format!(
        r#"{{"iss":"auth.example","aud":"api","exp":{},"tenant":null}}"#,
        NOW + 1
    );
    let null = judge_at(&raw(r#"{"alg":"HS256"}"#, &null), &rules, &keys(), NOW);
    assert_eq!(null.map(|_| ()), Err(Fault::Missing));
}

#[test]
fn the_profile_for_access_tokens_is_kept_in_full() {
    let rules = Rules {
        typ: Typ::Exactly("at+jwt".into()),
        ..rules()
    };
    let full = json!({"client_id": "c", "iat": NOW, "jti": "j"});
    let check = |claims: Value| {
        judge_at(
            &token(json!({"typ": "at+jwt"}), claims),
            &rules,
            &keys(),
            NOW,
        )
        .map(|_| ())
    };
    assert_eq!(check(full.clone()), Ok(()));
    for name in ["sub", "client_id", "iat", "jti"] {
        let mut without = full.clone();
        without[name] = Value::Null;
        assert_eq!(check(without), Err(Fault::Missing), "{name}");
    }
}

#[test]
fn a_bound_token_is_for_its_certificate_alone() {
    let thumbprint = [7; 32];
    let bound = judge(&with(json!({"cnf": {"x5t#S256": text(thumbprint)}}))).unwrap();
    assert_eq!(bound.holds(at(NOW), Some(&thumbprint)), Ok(()));
    assert_eq!(bound.holds(at(NOW), None), Err(Fault::Bound));
    assert_eq!(bound.holds(at(NOW), Some(&[8; 32])), Err(Fault::Bound));
    let free = judge(&with(json!({}))).unwrap();
    assert_eq!(free.holds(at(NOW), Some(&thumbprint)), Ok(()));
    for cnf in [
        json!({}),
        json!([]),
        json!("x"),
        json!({"jkt": "abc"}),
        json!({"x5t#S256": text(thumbprint), "jkt": "abc"}),
        json!({"x5t#S256": text([7; 31])}),
        json!({"x5t#S256": format!("{}=", text(thumbprint))}),
        json!({"x5t#S256": 7}),
        json!({"jwk": {}}),
        json!({"kid": "k"}),
    ] {
        fails(json!({"cnf": cnf}), Fault::Confirmation);
    }
    let null = json!({"cnf": null});
    let Value::Object(null) = null else { panic!() };
    assert_eq!(confirmation::bound_to(&null), Err(Fault::Confirmation));
}

#[test]
fn a_believed_token_ends_and_begins_as_it_says() {
    let token = judge(&with(json!({"nbf": NOW, "exp": NOW + 10}))).unwrap();
    assert_eq!(token.holds(at(NOW + 39), None), Ok(()));
    assert_eq!(token.holds(at(NOW + 40), None), Err(Fault::Expired));
    assert_eq!(token.holds(at(NOW - 30), None), Ok(()));
    assert_eq!(token.holds(at(NOW - 31), None), Err(Fault::Early));
}
