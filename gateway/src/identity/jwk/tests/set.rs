//! Key sets.

use super::*;
use proptest::prelude::*;

fn okp(kid: Option<&str>, seed: u8) -> Value {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let x = text(pair.public_key().as_ref());
    let mut jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
    if let Some(kid) = kid {
        jwk["kid"] = kid.into();
    }
    jwk
}

fn parse(keys: &[Value]) -> (KeySet, Vec<SkippedKey>) {
    KeySet::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap()
}

fn found(set: &KeySet, kid: Option<&str>) -> usize {
    set.candidates(kid, Algorithm::EdDsa).count()
}

#[test]
fn keys_are_found_by_their_exact_name() {
    let keys = [okp(Some("a"), 1), okp(Some("b"), 2), okp(None, 3)];
    let (set, skipped) = parse(&keys);
    assert!(skipped.is_empty());
    let kid = |kid| found(&set, Some(kid));
    assert_eq!((kid("a"), kid("A"), kid(""), kid("c")), (1, 0, 0, 0));
    assert_eq!(found(&set, None), 3, "a token without a name may be of any");
    assert_eq!(set.candidates(Some("a"), Algorithm::Rs256).count(), 0);
    assert!(set.knows("a") && !set.knows("c"));
    let key = set.candidates(Some("a"), Algorithm::EdDsa).next().unwrap();
    assert!(set.contains(key.id()));
    let (renamed, _) = parse(&[okp(Some("c"), 1)]);
    assert!(!renamed.contains(key.id()), "another name is another key");
}

#[test]
fn keys_of_one_name_are_all_tried_and_not_too_many() {
    let (set, _) = parse(&[okp(Some("a"), 1), okp(Some("a"), 2)]);
    assert_eq!(found(&set, Some("a")), 2);
    let many: Vec<_> = (1..=100).map(|seed| okp(None, seed)).collect();
    let (set, _) = parse(&many);
    assert_eq!(set.len(), 100);
    assert_eq!(found(&set, None), 16);
}

#[test]
fn a_configured_key_without_a_name_is_tried_for_any() {
    let named = VerifyingKey::from_jwk(&okp(Some("a"), 1)).unwrap();
    let nameless = VerifyingKey::from_jwk(&okp(None, 2)).unwrap();
    let set = KeySet::fixed([named, nameless]);
    assert_eq!(found(&set, Some("a")), 1);
    assert_eq!(found(&set, Some("whatever")), 1);
    assert_eq!(found(&set, None), 2);
}

#[test]
fn one_bad_key_loses_no_other() {
    let secret = json!({"kty": "oct", "kid": "s", "k": text(&[7; 64])});
    let encryption = json!({"kty": "RSA", "use": "enc", "kid": "e"});
    let mut private = okp(Some("p"), 4);
    private["d"] = text(&[4; 32]).into();
    let keys = [secret, okp(Some("a"), 1), encryption, private, json!(7)];
    let (set, skipped) = parse(&keys);
    assert_eq!(set.len(), 1);
    let told: Vec<_> = skipped.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            r#"keys[0] ("s"): secrets are not taken from a published key set"#,
            r#"keys[2] ("e"): it is meant for `enc`, not for signatures"#,
            r#"keys[3] ("p"): it shows its private part, so that anybody may have signed with it"#,
            "keys[4]: a key is a JSON object",
        ]
    );
}

/// A secret in a key set would let whoever reads the set sign tokens; so would the key of an HMAC that is a public key.
#[test]
fn no_published_key_checks_an_hmac() {
    let secret = json!({"kty": "oct", "kid": "s", "k": text(&[7; 64]), "alg": "HS256"});
    let mut confused = rsa_jwk();
    confused["alg"] = "HS256".into();
    let (set, skipped) = parse(&[secret, confused, rsa_jwk()]);
    assert_eq!((set.len(), skipped.len()), (1, 2));
    for algorithm in Algorithm::SECRET {
        assert_eq!(set.candidates(None, algorithm).count(), 0);
        assert_eq!(set.candidates(Some("s"), algorithm).count(), 0);
    }
    assert_eq!(set.candidates(None, Algorithm::Rs256).count(), 1);
}

#[test]
fn a_document_is_a_key_set_or_refused() {
    for (document, fine) in [
        (r#"{"keys": []}"#, true),
        (r#" {"keys": [], "more": {"a": 1}} "#, true),
        (r#"{"keys": [], "keys": []}"#, false),
        (r#"{"keys": [], "more": {"a": 1, "a": 2}}"#, false),
        (r#"{"keys": [{"kid": "a", "kid": "b"}]}"#, false),
        (r#"{"keys": {}}"#, false),
        (r#"{"Keys": []}"#, false),
        (r#"{"keys": []} {}"#, false),
        ("[]", false),
        ("", false),
        ("<html>", false),
        ("null", false),
    ] {
        let parsed = KeySet::parse(document.as_bytes());
        assert_eq!(parsed.is_ok(), fine, "{document}: {parsed:?}");
    }
}

#[test]
fn a_document_has_a_size() {
    let padded = |length: usize| {
        let mut document = br#"{"keys": []}"#.to_vec();
        document.resize(length, b' ');
        KeySet::parse(&document).map(|_| ())
    };
    assert_eq!(padded(MAX_BYTES), Ok(()));
    let length = MAX_BYTES + 1;
    assert_eq!(padded(length), Err(KeySetError::Large(length)));
    let keys = |count| parse_error(&vec![json!({}); count]);
    assert_eq!(keys(1000), None);
    assert_eq!(keys(1001), Some(KeySetError::Many(1001)));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(KeySet::parse(deep.as_bytes()).is_err());
}

fn parse_error(keys: &[Value]) -> Option<KeySetError> {
    let document = json!({"keys": keys}).to_string();
    KeySet::parse(document.as_bytes()).err()
}

proptest! {
    #[test]
    fn bytes_are_a_key_set_or_refused(bytes: Vec<u8>) {
        let inside = [br#"{"keys": ["#.as_slice(), &bytes, b"]}"].concat();
        for document in [&bytes, &inside] {
            if let Ok((set, _)) = KeySet::parse(document) {
                prop_assert!(set.is_empty());
            }
        }
    }

    /// Members of the right names with anything in them.
    #[test]
    fn members_are_a_key_or_refused(
        kty in "RSA|EC|OKP|oct", crv in "P-256|P-384|P-521|Ed25519|Ed448",
        numbers: [Vec<u8>; 4], alg in "RS256|ES512|EdDSA|none",
    ) {
        let [n, e, x, y] = numbers.map(|number| text(&number));
        let jwk = json!({"kty": kty, "crv": crv, "alg": alg, "n": n, "e": e, "x": x, "y": y, "k": "AA"});
        prop_assert!(VerifyingKey::from_jwk(&jwk).is_err());
    }
}

#[test]
fn what_a_document_says_stays_on_the_line_that_tells_of_it() {
    let (x, alg) = ("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "RS\n256");
    let document = json!({"keys": [
        {"kty": "a\nb"},
        {"kty": "EC", "crv": "P-\r256", "x": "", "y": ""},
        {"kty": "OKP", "crv": "Ed\u{1b}25519"},
        {"kty": "OKP", "crv": "Ed25519", "x": x, "use": "a\u{85}b"},
        {"kty": "OKP", "crv": "Ed25519", "x": x, "alg": alg, "kid": "a\nb"},
    ]});
    let (keys, skipped) = KeySet::parse(document.to_string().as_bytes()).unwrap();
    assert!(keys.is_empty());
    let told: Vec<String> = skipped.iter().map(ToString::to_string).collect();
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    assert_eq!(
        told,
        [
            r"keys[0]: keys of the type `a\nb` are unknown here",
            r"keys[1]: the curve `P-\r256` is not supported",
            r"keys[2]: the curve `Ed\u{1b}25519` is not supported",
            r"keys[3]: it is meant for `a\u{85}b`, not for signatures",
            r#"keys[4] ("a\nb"): the algorithm `RS\n256` is not supported"#,
        ]
    );
}
