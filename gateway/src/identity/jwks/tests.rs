//! The life cycle under a clock that stands still unless everybody waits, with a script for a server.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::identity::egress::{EgressError, Fetch, Fetched};
use crate::identity::jwk::Algorithm;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use parking_lot::Mutex;
use std::collections::HashMap;
use tokio::sync::watch;
use tokio::time::{Instant, advance, sleep};

const URL: &str = "https://auth.example/jwks.json";
const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// A server that answers by a script, and can be made to hold its answers back.
struct Server {
    answers: Mutex<HashMap<String, Result<Fetched, EgressError>>>,
    asked: Mutex<Vec<(String, Instant)>>,
    open: watch::Sender<bool>,
}

#[async_trait::async_trait]
impl Fetch for Server {
    async fn fetch(&self, from: &Address) -> Result<Fetched, EgressError> {
        let from = from.to_string();
        self.asked.lock().push((from.clone(), Instant::now()));
        let mut open = self.open.subscribe();
        open.wait_for(|open| *open).await.unwrap();
        let missing = Err(EgressError::Status(StatusCode::NOT_FOUND));
        self.answers.lock().get(&from).cloned().unwrap_or(missing)
    }
}

impl Server {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::default(),
            asked: Mutex::default(),
            open: watch::Sender::new(true),
        })
    }

    fn with(kids: &[&str]) -> Arc<Self> {
        let server = Self::new();
        server.publish(kids);
        server
    }

    fn publish(&self, kids: &[&str]) {
        self.answer(URL, &document(kids), None);
    }

    fn answer(&self, at: &str, body: &str, fresh: Option<Duration>) {
        let body = body.to_owned().into();
        let answer = Ok(Fetched { body, fresh });
        self.answers.lock().insert(at.to_owned(), answer);
    }

    fn fail(&self) {
        let failure = Err(EgressError::Connection("refused".to_owned()));
        self.answers.lock().insert(URL.to_owned(), failure);
    }

    fn asked(&self) -> usize {
        self.asked.lock().len()
    }

    fn asked_for(&self) -> Vec<String> {
        self.asked.lock().iter().map(|(at, _)| at.clone()).collect()
    }
}

/// A key pair by its name.
fn pair(kid: &str) -> Ed25519KeyPair {
    let mut seed = [7; 32];
    seed[..kid.len()].copy_from_slice(kid.as_bytes());
    Ed25519KeyPair::from_seed_unchecked(&seed).unwrap()
}

fn document(kids: &[&str]) -> String {
    let key = |kid: &&str| {
        let x = URL_SAFE_NO_PAD.encode(pair(kid).public_key());
        serde_json::json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x})
    };
    let keys: Vec<_> = kids.iter().map(key).collect();
    serde_json::json!({"keys": keys}).to_string()
}

fn at(place: Place) -> Settings {
    Settings {
        issuer: "https://auth.example".into(),
        place,
        trust: Trust::default(),
        bounds: Bounds::default(),
    }
}

fn settings() -> Settings {
    at(Place::Keys(Address::new(URL, false).unwrap()))
}

/// A source that has tried its first fetch.
async fn started(settings: Settings, server: &Arc<Server>) -> Arc<KeySource> {
    let source = KeySource::new(settings);
    source.start(server.clone());
    source.tried().await;
    source
}

fn kids(source: &KeySource) -> Option<Vec<String>> {
    let keys = source.keys()?;
    let name = |key: &Arc<crate::identity::jwk::VerifyingKey>| key.kid().unwrap().to_owned();
    Some(keys.keys().iter().map(name).collect())
}

fn knows(keys: Option<Arc<crate::identity::jwk::KeySet>>, kid: &str) -> bool {
    keys.is_some_and(|keys| keys.knows(kid))
}

#[tokio::test(start_paused = true)]
async fn keys_are_there_after_the_first_fetch() {
    let server = Server::with(&["a", "b"]);
    let source = KeySource::new(settings());
    assert!(
        source.keys().is_none(),
        "nothing is fetched before the start"
    );
    assert_eq!(server.asked(), 0);
    source.start(server.clone());
    source.start(server.clone());
    source.tried().await;
    assert_eq!(kids(&source).unwrap(), ["a", "b"]);
    assert_eq!(server.asked(), 1);
    let keys = source.keys().unwrap();
    let key = keys.candidates(Some("a"), Algorithm::EdDsa).next().unwrap();
    let signature = pair("a").sign(b"message");
    assert!(key.verify(Algorithm::EdDsa, b"message", signature.as_ref()));
    let foreign = pair("b").sign(b"message");
    assert!(!key.verify(Algorithm::EdDsa, b"message", foreign.as_ref()));
}

#[tokio::test(start_paused = true)]
async fn keys_are_refreshed_before_their_time_ends() {
    for (fresh, from, to) in [
        // Said by the server.
        (Some(10 * MINUTE), 7 * MINUTE, 9 * MINUTE),
        // Less than is allowed, and more.
        (Some(Duration::ZERO), 42 * SECOND, 54 * SECOND),
        (Some(9999 * 60 * MINUTE), 7 * 144 * MINUTE, 9 * 144 * MINUTE),
        // Not said: ten minutes.
        (None, 7 * MINUTE, 9 * MINUTE),
    ] {
        let server = Server::new();
        server.answer(URL, &document(&["a"]), fresh);
        let source = started(settings(), &server).await;
        let next = source.status().next.unwrap();
        assert!((from..=to).contains(&next), "{fresh:?}: {next:?}");
        sleep(next + SECOND).await;
        assert_eq!(server.asked(), 2, "{fresh:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_is_followed_without_a_miss() {
    let server = Server::with(&["old"]);
    let source = started(settings(), &server).await;
    let first = source.generation();
    // The new key is published, and a token signed with it comes at once.
    server.publish(&["old", "new"]);
    assert!(!source.keys().unwrap().knows("new"));
    assert!(knows(source.missing("new").await, "new"));
    assert!(source.keys().unwrap().knows("old"));
    let second = source.generation();
    assert_ne!(first, second);
    // Later the old one goes, with the next refresh.
    server.publish(&["new"]);
    sleep(10 * MINUTE).await;
    assert_eq!(kids(&source).unwrap(), ["new"]);
    let third = source.generation();
    assert_ne!(second, third);
    // The same keys again are no news.
    sleep(30 * MINUTE).await;
    assert!(server.asked() > 4);
    assert_eq!(source.generation(), third);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_random_kids_causes_one_fetch() {
    let server = Server::with(&["a"]);
    let source = started(settings(), &server).await;
    server.open.send_replace(false);
    let mut waiting = tokio::task::JoinSet::new();
    for number in 0..1000 {
        waiting.spawn(source.missing(&format!("made-up-{number}")));
    }
    // All wait for the one fetch.
    tokio::task::yield_now().await;
    while server.asked() < 2 {
        tokio::task::yield_now().await;
    }
    let begun = Instant::now();
    server.open.send_replace(true);
    let answers = waiting.join_all().await;
    assert_eq!(answers.len(), 1000);
    assert!(answers.into_iter().all(|keys| knows(keys, "a")));
    assert_eq!(server.asked(), 2, "the first fetch and one for all of them");
    // Within the cool-down nobody waits and nothing is fetched.
    for number in 0..1000 {
        let keys = source.missing(&format!("again-{number}")).await;
        assert!(knows(keys, "a"));
    }
    assert_eq!(Instant::now(), begun, "no time passes");
    assert_eq!(server.asked(), 2);
    assert_eq!(source.status().unknown_kids, 2000);
    // After it one more is possible, and finds what is new.
    server.publish(&["a", "b"]);
    advance(Bounds::default().cooldown).await;
    assert!(knows(source.missing("b").await, "b"));
    assert_eq!(server.asked(), 3);
}

/// A refresh that began before the new key was published doesn't count for the token that names it.
#[tokio::test(start_paused = true)]
async fn a_fetch_under_way_is_shared_and_does_not_use_up_the_next() {
    let server = Server::with(&["a"]);
    let source = KeySource::new(settings());
    server.open.send_replace(false);
    source.start(server.clone());
    let waiting = tokio::spawn(source.missing("b"));
    while server.asked() < 1 {
        tokio::task::yield_now().await;
    }
    server.open.send_replace(true);
    assert!(knows(waiting.await.unwrap(), "a"));
    assert_eq!(server.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_a_fetch_may_take() {
    let server = Server::with(&["a"]);
    let source = started(settings(), &server).await;
    server.open.send_replace(false);
    let begun = Instant::now();
    let keys = source.missing("b").await;
    assert!(knows(keys, "a"), "the keys there are stay");
    assert_eq!(begun.elapsed(), Bounds::default().timeout);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_not_started_keeps_nobody_waiting() {
    let source = KeySource::new(settings());
    let begun = Instant::now();
    assert!(source.missing("a").await.is_none());
    assert_eq!(Instant::now(), begun);
}

#[tokio::test(start_paused = true)]
async fn an_outage_before_the_first_fetch_leaves_no_keys_until_it_ends() {
    let server = Server::new();
    server.fail();
    let source = started(settings(), &server).await;
    assert!(source.keys().is_none());
    assert!(source.missing("a").await.is_none());
    let status = source.status();
    assert!(status.error.unwrap().contains("refused"));
    assert_eq!(status.age, None);
    // Tries go on, further and further apart.
    sleep(10 * MINUTE).await;
    let times: Vec<_> = server.asked.lock().iter().map(|(_, at)| *at).collect();
    assert!((12..40).contains(&times.len()), "{}", times.len());
    for pair in times.windows(2).skip(8) {
        let pause = pair[1] - pair[0];
        assert!(pause >= 30 * SECOND && pause <= MINUTE, "{pause:?}");
    }
    server.publish(&["a"]);
    sleep(MINUTE).await;
    assert_eq!(kids(&source).unwrap(), ["a"]);
    assert_eq!(source.status().failures, 0);
    assert_eq!(source.status().error, None);
}

#[tokio::test(start_paused = true)]
async fn keys_outlive_an_outage_up_to_a_bound() {
    let server = Server::new();
    server.answer(URL, &document(&["a"]), Some(10 * MINUTE));
    let source = started(settings(), &server).await;
    let begun = Instant::now();
    let generation = source.generation();
    server.fail();
    // Ten minutes of life and twenty-four hours of grace.
    let end = begun + 10 * MINUTE + 24 * 60 * MINUTE;
    tokio::time::sleep_until(end - SECOND).await;
    assert_eq!(kids(&source).unwrap(), ["a"]);
    assert_eq!(source.generation(), generation);
    tokio::time::sleep_until(end).await;
    assert!(source.keys().is_none(), "too old");
    assert!(source.status().keys.is_empty());
    server.publish(&["a"]);
    sleep(MINUTE).await;
    assert_eq!(kids(&source).unwrap(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_usable_key_set_loses_no_keys() {
    let secret = r#"{"keys": [{"kty": "oct", "k": "AAAA"}]}"#;
    for body in ["", "<html>", "[]", "{}", r#"{"keys": []}"#, secret] {
        let server = Server::with(&["a"]);
        let source = started(settings(), &server).await;
        server.answer(URL, body, None);
        source.missing("b").await;
        assert_eq!(server.asked(), 2);
        assert_eq!(kids(&source).unwrap(), ["a"], "{body}");
        let status = source.status();
        assert_eq!(status.failures, 1, "{body}");
        let counts: HashMap<_, _> = status.fetches.into();
        assert_eq!((counts["success"], counts["invalid"]), (1, 1), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_key_is_told_and_loses_no_other() {
    let server = Server::new();
    let good = document(&["a"]);
    let bad = r#"{"keys": [{"kty": "oct", "kid": "s", "k": "AAAA"}, "#;
    let both = good.replace(r#"{"keys":["#, bad);
    server.answer(URL, &both, None);
    let source = started(settings(), &server).await;
    assert_eq!(kids(&source).unwrap(), ["a"]);
    let skipped = source.status().skipped;
    assert_eq!(skipped.len(), 1);
    assert!(skipped[0].contains("\"s\""), "{skipped:?}");
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_its_source() {
    let server = Server::with(&["a"]);
    let source = started(settings(), &server).await;
    let alive = Arc::strong_count(&server);
    drop(source);
    while Arc::strong_count(&server) == alive {
        tokio::task::yield_now().await;
    }
    sleep(60 * MINUTE).await;
    assert_eq!(server.asked(), 1);
}

mod discovery {
    use super::*;

    const OPENID: &str = "https://auth.example/.well-known/openid-configuration";

    fn metadata(issuer: &str, keys: &str) -> String {
        serde_json::json!({"issuer": issuer, "jwks_uri": keys}).to_string()
    }

    fn by_metadata(issuer: &str) -> Settings {
        let address = Address::new(issuer, false).unwrap();
        let mut settings = at(Place::discovered(address).unwrap());
        settings.issuer = issuer.into();
        settings
    }

    #[tokio::test(start_paused = true)]
    async fn the_metadata_says_where_the_keys_are_each_time() {
        let server = Server::with(&["a"]);
        server.answer(OPENID, &metadata("https://auth.example", URL), None);
        let source = started(by_metadata("https://auth.example"), &server).await;
        assert_eq!(kids(&source).unwrap(), ["a"]);
        assert_eq!(server.asked_for(), [OPENID, URL]);
        let moved = "https://keys.example/moved";
        let new = metadata("https://auth.example", moved);
        server.answer(OPENID, &new, None);
        server.answer(moved, &document(&["b"]), None);
        assert!(knows(source.missing("b").await, "b"));
        assert_eq!(source.status().found.unwrap(), moved);
    }

    #[tokio::test(start_paused = true)]
    async fn oauth_metadata_is_the_fallback_with_the_path_behind() {
        let issuer = "https://auth.example/tenant";
        let oauth = "https://auth.example/.well-known/oauth-authorization-server/tenant";
        let server = Server::with(&["a"]);
        server.answer(oauth, &metadata(issuer, URL), None);
        let source = started(by_metadata(issuer), &server).await;
        assert_eq!(kids(&source).unwrap(), ["a"]);
        let openid = "https://auth.example/tenant/.well-known/openid-configuration";
        assert_eq!(server.asked_for(), [openid, oauth, URL]);
    }

    #[tokio::test(start_paused = true)]
    async fn metadata_must_be_the_issuers_own_and_lead_to_https() {
        let issuer = "https://auth.example";
        for (wrong, why) in [
            (metadata("https://auth.example/", URL), "that of the issuer"),
            (metadata("https://evil.example", URL), "that of the issuer"),
            (
                metadata(issuer, "http://auth.example/jwks.json"),
                "not `https`",
            ),
            (metadata(issuer, "file:///etc/passwd"), "neither"),
            (metadata(issuer, "http://127.0.0.1/"), "plain http"),
            (metadata(issuer, "https://localhost/"), "this machine"),
            ("{}".to_owned(), "cannot be read"),
            ("<html>".to_owned(), "cannot be read"),
        ] {
            let server = Server::with(&["a"]);
            server.answer(OPENID, &wrong, None);
            let source = started(by_metadata(issuer), &server).await;
            assert!(source.keys().is_none(), "{wrong}");
            let error = source.status().error.unwrap();
            assert!(error.contains(why), "{error}");
            assert_eq!(server.asked_for(), [OPENID], "{wrong}");
        }
    }

    #[test]
    fn the_issuers_url_is_written_and_not_that_of_the_metadata() {
        let place = |url: &str| Place::discovered(Address::new(url, false).unwrap());
        assert!(place("https://auth.example").is_ok());
        assert!(place("https://auth.example/tenant/").is_ok());
        assert!(place(OPENID).is_err());
        assert!(place("https://auth.example/?tenant=1").is_err());
    }
}
