#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use std::time::Duration;

/// Argon2 with the least that it takes, of `open sesame`.
fn cheap() -> String {
    use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
    let params = Params::new(8, 1, 1, None).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password(b"open sesame").unwrap().to_string()
}

fn mistake(text: &str) -> String {
    Stored::hash(text).unwrap_err().what
}

#[test]
fn each_form_knows_its_password_and_no_other() {
    let bcrypt = bcrypt::hash("open sesame", 4).unwrap();
    let older = bcrypt.replacen("$2b$", "$2a$", 1);
    let php = bcrypt.replacen("$2b$", "$2y$", 1);
    for text in [cheap(), bcrypt, older, php] {
        let stored = Stored::hash(&text).unwrap();
        assert!(stored.verify("open sesame"), "{text}");
        assert!(!stored.verify("open sesam") && !stored.verify(""), "{text}");
    }
    let stored = Stored::password("open sesame");
    assert!(stored.verify("open sesame") && !stored.verify("open sesame "));
    assert!(!Stored::default().verify(""));
}

#[test]
fn what_is_made_is_what_is_read() {
    let text = make("pä$$:wörd").unwrap();
    assert!(
        text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{text}"
    );
    assert!(Stored::hash(&text).unwrap().verify("pä$$:wörd"));
    assert_ne!(
        text,
        make("pä$$:wörd").unwrap(),
        "each has a salt of its own"
    );
}

#[test]
fn other_hashes_are_told_apart_from_passwords() {
    for text in [
        "$1$salt$x",
        "$6$rounds=5000$x$y",
        "$scrypt$ln=15$a$b",
        "$2x$10$abc",
        "$argon2d$v=19$m=8",
    ] {
        assert!(Stored::looks_hashed(text), "{text}");
        assert!(Stored::hash(text).is_err(), "{text}");
    }
    for text in ["", "$", "$$", "$ecret", "$A$b", "pa$$word", "$a b$c"] {
        assert!(!Stored::looks_hashed(text), "{text}");
    }
    assert!(mistake("$6$a$b").contains("unknown kind"));
    assert!(mistake(&cheap().replace("argon2id", "argon2d")).contains("unknown kind"));
    assert!(mistake("$argon2id$v=19$m=8,t=1,p=1").contains("damaged"));
    assert!(mistake("$2b$12$short").contains("damaged"));
    assert!(mistake(&cheap().replace("m=8", "m=4194304")).contains("too much"));
    let slow = bcrypt::hash("a", 4).unwrap().replacen("$04$", "$20$", 1);
    assert!(mistake(&slow).contains("too much"));
}

#[test]
fn debug_shows_nothing() {
    let stored = Stored::hash(&cheap()).unwrap();
    let shown = format!(
        "{stored:?} {:?}",
        Proof::new("alice", "open sesame", &stored)
    );
    assert_eq!(shown, "Stored(…) Proof(…)");
}

fn stored() -> Arc<Stored> {
    Arc::new(Stored::hash(&cheap()).unwrap())
}

fn proof(stored: &Stored) -> Option<Proof> {
    Some(Proof::new("alice", "open sesame", stored))
}

#[tokio::test]
async fn a_right_password_is_remembered_for_its_time_and_for_its_hash() {
    let (checks, one) = (Arc::new(Checks::new(1, 4)), stored());
    let mine = proof(&one).unwrap();
    let now = Duration::from_secs(7);
    assert!(!checks.remembers(&mine, now));
    let check = |password: &str, proof| {
        checks
            .clone()
            .check(one.clone(), password.to_owned(), proof, now)
    };
    let wrong = Proof::new("alice", "wrong", &one);
    assert_eq!(check("wrong", Some(wrong)).await, Checked::Wrong);
    assert!(!checks.remembers(&wrong, now));
    assert_eq!(check("open sesame", Some(mine)).await, Checked::Right);
    assert_eq!(check("open sesame", Some(mine)).await, Checked::Right);
    assert_eq!(checks.made(), 2, "what is remembered is not checked again");
    assert!(checks.remembers(&mine, now + REMEMBERED - Duration::from_nanos(1)));
    assert!(!checks.remembers(&mine, now + REMEMBERED));
    let other = stored();
    assert!(other.verify("open sesame"));
    assert!(
        !checks.remembers(&proof(&other).unwrap(), now),
        "another hash of the same password"
    );
}

#[tokio::test]
async fn nobodys_password_is_checked_and_never_right() {
    let checks = Arc::new(Checks::new(1, 4));
    let check = checks
        .clone()
        .check(stored(), "open sesame".to_owned(), None, Duration::ZERO);
    assert_eq!((check.await, checks.made()), (Checked::Wrong, 1));
}

#[tokio::test]
async fn only_so_many_wait_and_many_with_one_password_are_one_check() {
    let (checks, one) = (Arc::new(Checks::new(1, 3)), stored());
    let ask = || {
        checks.clone().check(
            one.clone(),
            "open sesame".to_owned(),
            proof(&one),
            Duration::ZERO,
        )
    };
    let all = futures::future::join_all((0..6).map(|_| ask())).await;
    let count = |wanted| all.iter().filter(|found| **found == wanted).count();
    assert_eq!(
        (count(Checked::Right), count(Checked::Busy)),
        (4, 2),
        "{all:?}"
    );
    assert_eq!(checks.made(), 1);
    assert_eq!(ask().await, Checked::Right, "places are given back");
}

#[tokio::test]
async fn memory_is_bounded_and_keeps_the_newer() {
    let checks = Checks::default();
    let one = stored();
    let nth = |n: u32| Proof::new(&n.to_string(), "", &one);
    for n in 0..40_000 {
        checks.remembered.lock().keep(nth(n), REMEMBERED);
    }
    assert!(checks.remembers(&nth(39_999), Duration::ZERO));
    assert!(!checks.remembers(&nth(0), Duration::ZERO));
    let halves = checks.remembered.lock();
    assert!(halves.newer.len() + halves.older.len() <= 16_384);
}

#[test]
fn a_stand_in_is_one_of_the_hashes_and_stays() {
    let mut passwords = Passwords::default();
    let consumer = Arc::new(Consumer::new("alice", vec![], indexmap::IndexMap::new()).unwrap());
    assert!(!passwords.stand_in("nobody").verify(""));
    let hashed = || Stored::hash(&cheap()).unwrap();
    passwords.insert("alice", hashed(), &consumer).unwrap();
    passwords.insert("bob", hashed(), &consumer).unwrap();
    assert!(passwords.insert("bob", hashed(), &consumer).is_err());
    let known = ["alice", "bob"].map(|name| passwords.find(name).unwrap().stored.digest());
    for name in ["x", "y", "z", ""] {
        let one = passwords.stand_in(name).digest();
        assert!(known.contains(&one) && one == passwords.stand_in(name).digest());
    }
}
