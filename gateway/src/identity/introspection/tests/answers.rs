//! What is an answer and what is not, and what follows from one for a token.

use super::*;
use crate::identity::token::Fault;

/// What is read from a body with the status 200.
fn read(body: &str) -> &'static str {
    match answer::read(&status(200, body.to_owned()).unwrap()) {
        Ok(Some(_)) => "active",
        Ok(None) => "inactive",
        Err(outage) => outage.label(),
    }
}

#[test]
fn only_what_the_standard_says_is_an_answer() {
    for (body, wanted) in [
        (r#"{"active": true}"#, "active"),
        (r#"{"active": false}"#, "inactive"),
        (r#"{"active": false, "exp": "whatever"}"#, "inactive"),
        (r#"{"active": "true"}"#, "invalid"),
        (r#"{"active": 1}"#, "invalid"),
        (r#"{"active": null}"#, "invalid"),
        (r#"{"active": [true]}"#, "invalid"),
        (r#"{"Active": true}"#, "invalid"),
        (r#"{"active": false, "active": true}"#, "invalid"),
        (r#"{"active": true} trailing"#, "invalid"),
        (r#"{"active": true"#, "invalid"),
        (r#"[{"active": true}]"#, "invalid"),
        (r#""active""#, "invalid"),
        ("true", "invalid"),
        ("{}", "invalid"),
        ("", "invalid"),
        ("<html>", "invalid"),
        ("eyJhbGciOiJub25lIn0.eyJhY3RpdmUiOnRydWV9.", "invalid"),
        ("\u{feff}{\"active\": true}", "invalid"),
    ] {
        assert_eq!(read(body), wanted, "{body}");
    }
    let body = &b"{\"active\": true, \"sub\": \"\xff\"}"[..];
    assert!(answer::read(&status(200, body).unwrap()).is_err());
}

#[test]
fn a_member_of_another_type_makes_the_answer_unusable() {
    for (member, value, wanted) in [
        ("exp", json!(START), "active"),
        ("exp", json!(1.5), "active"),
        ("exp", json!(START.to_string()), "invalid"),
        ("exp", json!(-1), "invalid"),
        ("exp", json!(1e300), "invalid"),
        ("exp", json!(null), "invalid"),
        ("nbf", json!("soon"), "invalid"),
        ("iat", json!({}), "invalid"),
        ("aud", json!("api"), "active"),
        ("aud", json!(["api", "web"]), "active"),
        ("aud", json!([]), "active"),
        ("aud", json!(null), "active"),
        ("aud", json!(7), "invalid"),
        ("aud", json!(["api", 7]), "invalid"),
        ("aud", json!({"api": true}), "invalid"),
        ("scope", json!("a b"), "active"),
        ("scope", json!(["a", "b"]), "invalid"),
        ("sub", json!(null), "active"),
        ("sub", json!(7), "invalid"),
        ("iss", json!(["auth.example"]), "invalid"),
        ("client_id", json!(true), "invalid"),
        ("username", json!({}), "invalid"),
        ("cnf", json!({}), "active"),
        ("cnf", json!("x5t"), "invalid"),
        ("cnf", json!(null), "invalid"),
        ("anything", json!([{"of": ["its", "own"]}]), "active"),
    ] {
        let mut body = json!({"active": true});
        body[member] = value;
        assert_eq!(read(&body.to_string()), wanted, "{body}");
    }
}

fn active(claims: Value) -> Active {
    let mut body = claims;
    body["active"] = json!(true);
    let answer = ok(&body).unwrap();
    answer::read(&answer).unwrap().unwrap()
}

fn rules(issuer: Option<&str>, audience: &[&str]) -> Rules {
    Rules {
        issuer: issuer.map(Into::into),
        audience: audience.iter().map(|name| (*name).into()).collect(),
    }
}

#[test]
fn a_token_holds_for_its_issuer_and_its_audience_in_its_time() {
    let any = || rules(None, &[]);
    let mine = || rules(Some("auth.example"), &["api", "web"]);
    for (claims, rules, wanted) in [
        (json!({}), any(), Ok(())),
        (json!({"iss": "b", "aud": "x"}), any(), Ok(())),
        (json!({"iss": "auth.example", "aud": "web"}), mine(), Ok(())),
        (
            json!({"iss": "auth.example", "aud": ["x", "api"]}),
            mine(),
            Ok(()),
        ),
        (json!({"aud": "api"}), mine(), Err(Fault::Issuer)),
        (
            json!({"iss": "auth.example/", "aud": "api"}),
            mine(),
            Err(Fault::Issuer),
        ),
        (json!({"iss": "auth.example"}), mine(), Err(Fault::Audience)),
        (
            json!({"iss": "auth.example", "aud": null}),
            mine(),
            Err(Fault::Audience),
        ),
        (
            json!({"iss": "auth.example", "aud": []}),
            mine(),
            Err(Fault::Audience),
        ),
        (
            json!({"iss": "auth.example", "aud": ["API"]}),
            mine(),
            Err(Fault::Audience),
        ),
        (json!({"exp": START + 1}), any(), Ok(())),
        (json!({"exp": START}), any(), Err(Fault::Expired)),
        (json!({"exp": 0}), any(), Err(Fault::Expired)),
        (json!({"nbf": START}), any(), Ok(())),
        (json!({"nbf": START + 1}), any(), Err(Fault::Early)),
        (json!({"token_use": "access_token"}), any(), Ok(())),
        (
            json!({"token_use": "refresh_token"}),
            any(),
            Err(Fault::Type),
        ),
    ] {
        let found = active(claims.clone()).holds(&rules, at(0).time, None);
        assert_eq!(found, wanted, "{claims} {rules:?}");
    }
}

#[test]
fn a_bound_token_is_its_certificate_s_alone() {
    let (own, other) = ([7; 32], [8; 32]);
    let bound = || json!({"cnf": {"x5t#S256": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"}});
    let proof = || json!({"cnf": {"jkt": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"}});
    for (claims, certificate, wanted) in [
        (bound(), Some(&own), Ok(())),
        (bound(), Some(&other), Err(Fault::Bound)),
        (bound(), None, Err(Fault::Bound)),
        (json!({}), Some(&own), Ok(())),
        (proof(), Some(&own), Err(Fault::Confirmation)),
        (json!({"cnf": {}}), Some(&own), Err(Fault::Confirmation)),
        (
            json!({"cnf": {"x5t#S256": 7}}),
            Some(&own),
            Err(Fault::Confirmation),
        ),
    ] {
        let found = active(claims.clone()).holds(&Rules::default(), at(0).time, certificate);
        assert_eq!(found, wanted, "{claims} {certificate:?}");
    }
}
