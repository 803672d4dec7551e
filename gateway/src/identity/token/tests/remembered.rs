//! Remembered tokens.

use super::*;
use crate::identity::Digest;
use std::sync::Arc;

fn known(claims: Value) -> Arc<Known> {
    Arc::new(Known {
        verified: judge(&with(claims)).unwrap(),
        issuer: 0,
        fields: Arc::new([]),
        suffices: true,
    })
}

#[test]
fn a_token_is_found_in_its_scope_until_it_is_forgotten() {
    let remembered = Remembered::default();
    let (one, other) = (
        Scope::of([b"one".as_slice()]),
        Scope::of([b"other".as_slice()]),
    );
    let token = Digest::of(b"token");
    assert!(remembered.find(one, token).is_none());
    remembered.keep(one, token, known(json!({})));
    let found = remembered.find(one, token).unwrap();
    assert_eq!(found.verified.claims().text("sub").unwrap(), "user-7");
    assert!(remembered.find(other, token).is_none());
    assert!(remembered.find(one, Digest::of(b"other")).is_none());
    remembered.forget(one, token);
    assert!(remembered.find(one, token).is_none());
}

#[test]
fn parts_of_a_scope_do_not_run_into_each_other() {
    let of = |parts: &[&str]| Scope::of(parts.iter().map(|part| part.as_bytes()));
    assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
    assert_ne!(of(&["a", "b"]), of(&["ab"]));
    assert_ne!(of(&["a", "b"]), of(&["ab", ""]));
}

#[test]
fn the_number_of_tokens_is_bounded() {
    let remembered = Remembered::new(1000, 1000 * 8192);
    let scope = Scope::of([]);
    let one = known(json!({}));
    for number in 0..20_000_u32 {
        remembered.keep(scope, Digest::of(&number.to_be_bytes()), one.clone());
    }
    assert!(
        (500..=1000).contains(&remembered.len()),
        "{}",
        remembered.len()
    );
}

#[test]
fn the_bytes_of_tokens_are_bounded() {
    let bytes = 8 * 1024 * 1024;
    let remembered = Remembered::new(1_000_000, bytes);
    let scope = Scope::of([]);
    let large = known(json!({"x": "x".repeat(8000)}));
    for number in 0..5_000_u32 {
        remembered.keep(scope, Digest::of(&number.to_be_bytes()), large.clone());
    }
    let most = bytes as usize / 8000;
    assert!(
        (most / 2..most).contains(&remembered.len()),
        "{}",
        remembered.len()
    );
}
