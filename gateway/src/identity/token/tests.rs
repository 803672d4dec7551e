#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod algorithms;
mod claims;
mod oracle;
mod remembered;

use super::testing::{NOW, fault, judge, raw, text, token, with};
use super::*;
use serde_json::{Value, json};

#[test]
fn a_sound_token_is_believed() {
    let verified = judge(&with(json!({"roles": ["a"]}))).unwrap();
    assert_eq!(verified.claims().text("sub").unwrap(), "user-7");
    assert!(verified.holds(testing::at(NOW), None).is_ok());
    for header in [
        json!({"typ": "JWT", "kid": "any", "x5t": "AA", "x5t#S256": "AA", "b64": true}),
        json!({"cty": "json", "unknown": {"a": [1]}}),
    ] {
        assert!(judge(&token(header.clone(), json!({}))).is_ok(), "{header}");
    }
}

#[test]
fn the_form_is_the_compact_one_and_no_other() {
    let sound = with(json!({}));
    assert!(judge(&sound).is_ok());
    let parts: Vec<&str> = sound.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("{sound}")
    };
    for wrong in [
        String::new(),
        ".".to_owned(),
        format!("{header}.{claims}"),
        format!("{sound}."),
        format!("{sound}.{claims}.{claims}.{claims}"),
        format!("{header}=.{claims}.{signature}"),
        format!("{header}.{claims}.{signature}="),
        format!("{header}.{claims}.+{}", &signature[1..]),
        format!("{header}.{claims}. {signature}"),
        format!(" {sound}"),
        format!("{sound}\n"),
        format!("{header}.{claims}.{signature}AA"),
    ] {
        assert_eq!(fault(&wrong), Fault::Form, "{wrong:?}");
    }
    assert_eq!(fault(&format!("{sound}.a.b")), Fault::Encrypted);
    assert_eq!(fault(".."), Fault::Header);
    assert_eq!(fault(&"a".repeat(MAX_BYTES + 1)), Fault::TooLarge);
    let large = with(json!({"x": "x".repeat(MAX_BYTES)}));
    assert_eq!(fault(&large), Fault::TooLarge);
    assert!(judge(&with(json!({"x": "x".repeat(MAX_BYTES / 2)}))).is_ok());
}

/// 32 bytes take 43 characters, the last of which has two bits too many.
#[test]
fn one_signature_has_one_text() {
    let sound = with(json!({}));
    let last = sound.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for other in alphabet.chars().filter(|other| *other != last) {
        let changed = format!("{}{other}", &sound[..sound.len() - 1]);
        let found = fault(&changed);
        assert!(matches!(found, Fault::Form | Fault::Signature), "{found:?}");
    }
}

#[test]
fn json_is_an_object_with_unique_names() {
    let claims = json!({"iss": "auth.example", "aud": "api", "exp": NOW + 1}).to_string();
    assert!(judge(&raw(r#"{"alg":"HS256"}"#, &claims)).is_ok());
    for header in [
        "",
        "null",
        "[]",
        "\"HS256\"",
        "{",
        r#"{"alg":"HS256"} x"#,
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"HS256","a\u006cg":"none"}"#,
        r#"{"alg":"HS256","x":{"y":[{"z":1,"z":2}]}}"#,
        "\u{feff}{\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"x\":\"\u{1}\"}",
        r#"{"alg":"HS256","x":"\ud800"}"#,
    ] {
        assert_eq!(fault(&raw(header, &claims)), Fault::Header, "{header}");
    }
    let twice = claims.replacen('{', r#"{"iss":"auth.example","#, 1);
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let deep = claims.replacen('{', &format!("{{\"x\":{deep},"), 1);
    for wrong in ["", "null", "7", "[{}]", &twice, &deep, r#"{"exp":1e999}"#] {
        assert_eq!(
            fault(&raw(r#"{"alg":"HS256"}"#, wrong)),
            Fault::Claims,
            "{wrong}"
        );
    }
    let latin = format!(
        "{}.{}.AA",
        text(r#"{"alg":"HS256"}"#),
        text(b"{\"x\":\"\xe9\"}")
    );
    assert_eq!(fault(&latin), Fault::Claims);
}

#[test]
fn what_a_header_must_not_ask_for_is_refused() {
    let cases: [(Value, Fault); 29] = [
        (json!({"alg": null}), Fault::Header),
        (json!({"alg": 7}), Fault::Header),
        (json!({"alg": ["HS256"]}), Fault::Header),
        (json!({"alg": "none"}), Fault::Algorithm),
        (json!({"alg": "None"}), Fault::Algorithm),
        (json!({"alg": ""}), Fault::Algorithm),
        (json!({"alg": "hs256"}), Fault::Algorithm),
        (json!({"alg": "RSA1_5"}), Fault::Algorithm),
        (json!({"alg": "RS256"}), Fault::Key),
        (json!({"alg": "HS384"}), Fault::Key),
        (json!({"kid": 7}), Fault::Header),
        (json!({"typ": 7}), Fault::Header),
        (json!({"cty": []}), Fault::Header),
        (json!({"cty": "JWT"}), Fault::Nested),
        (json!({"cty": "application/jwt"}), Fault::Nested),
        (json!({"crit": ["exp"], "exp": 1}), Fault::Extension),
        (json!({"crit": ["b64"], "b64": false}), Fault::Extension),
        (json!({"crit": ["b64"], "b64": true}), Fault::Extension),
        (json!({"crit": []}), Fault::Header),
        (json!({"crit": "exp"}), Fault::Header),
        (json!({"crit": [7]}), Fault::Header),
        (json!({"crit": {}}), Fault::Header),
        (json!({"b64": false}), Fault::Extension),
        (json!({"b64": "false"}), Fault::Header),
        (json!({"jwk": {"kty": "oct", "k": "AA"}}), Fault::OwnKey),
        (
            json!({"jku": "https://mallory.example/jwks.json"}),
            Fault::OwnKey,
        ),
        (
            json!({"x5u": "https://mallory.example/x.pem"}),
            Fault::OwnKey,
        ),
        (json!({"x5c": ["MIIB"]}), Fault::OwnKey),
        (json!({"typ": "dpop+jwt"}), Fault::Type),
    ];
    for (header, expected) in cases {
        assert_eq!(
            fault(&token(header.clone(), json!({}))),
            expected,
            "{header}"
        );
    }
}

#[test]
fn a_type_is_a_media_type() {
    let check = |typ: Value, rules: &Rules| {
        let claims = json!({"sub": "s", "client_id": "c", "iat": NOW, "jti": "j"});
        testing::judge_at(
            &token(json!({"typ": typ}), claims),
            rules,
            &testing::keys(),
            NOW,
        )
        .map(|_| ())
    };
    let usual = testing::rules();
    for typ in [
        Value::Null,
        json!("JWT"),
        json!("jwt"),
        json!("at+jwt"),
        json!("application/at+JWT"),
    ] {
        assert_eq!(check(typ, &usual), Ok(()));
    }
    for typ in [
        "",
        "id_token",
        "JWT ",
        "logout+jwt",
        "text/jwt",
        "application/a/jwt",
    ] {
        assert_eq!(check(json!(typ), &usual), Err(Fault::Type), "{typ}");
    }
    let strict = Rules {
        typ: Typ::Exactly("at+jwt".to_owned()),
        ..usual
    };
    for typ in [
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "APPLICATION/at+jwt",
    ] {
        assert_eq!(check(json!(typ), &strict), Ok(()), "{typ}");
    }
    for typ in [Value::Null, json!("JWT"), json!("x/at+jwt")] {
        assert_eq!(check(typ, &strict), Err(Fault::Type));
    }
}

#[test]
fn another_signature_or_another_text_is_not_valid() {
    let one = with(json!({}));
    let other = with(json!({"sub": "admin"}));
    let (signed, _) = other.rsplit_once('.').unwrap();
    let (_, signature) = one.rsplit_once('.').unwrap();
    assert_eq!(fault(&format!("{signed}.{signature}")), Fault::Signature);
    assert_eq!(fault(&format!("{signed}.")), Fault::Signature);
    assert_eq!(
        fault(&format!("{signed}.{}", &signature[..40])),
        Fault::Signature
    );
}
