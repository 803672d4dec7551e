//! Consumers and their credentials.

use crate::config::{At, Loaded, Report, Secret, raw};
use crate::domain::Mistake;
use crate::identity::passwords::{Passwords, Stored, has_control};
use crate::identity::{
    CertificateMatch, Certificates, Consumer, Consumers, Digest, KeyEntry, Keys, NameError,
    TokenMatch,
};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub fn compile(documents: &[Loaded], report: &mut Report) -> Consumers {
    let mut consumers = Consumers::default();
    let mut keys = Keys::default();
    let mut passwords = Passwords::default();
    let mut certificates = Certificates::default();
    let mut names = HashMap::new();
    for Loaded { source, document } in documents {
        let list = At::root(source).key("consumers");
        for (place, raw) in document.consumers.iter().enumerate() {
            let at = list.index(place);
            if names.insert(raw.name.as_str(), at).is_some() {
                report
                    .error(
                        at.key("name"),
                        "duplicate-consumer",
                        format!("two consumers are named `{}`", raw.name),
                    )
                    .help("give one of them another name, or put all credentials under one");
            }
            match consumer(raw) {
                Ok(consumer) => {
                    consumers.insert(&consumer);
                    add_keys(&consumer, raw, at, &mut keys, report);
                    add_tokens(&consumer, raw, at, &mut consumers, report);
                    add_certificates(&consumer, raw, at, &mut certificates, report);
                    if let Some(basic) = &raw.basic {
                        add_basic(&consumer, basic, at.key("basic"), &mut passwords, report);
                    }
                }
                Err(error) => {
                    report.error(at.key("name"), "invalid-consumer-name", error.to_string());
                }
            }
        }
    }
    consumers.keys = Arc::new(keys);
    consumers.passwords = Arc::new(passwords);
    consumers.certificates = Arc::new(certificates);
    consumers
}

fn consumer(raw: &raw::Consumer) -> Result<Arc<Consumer>, NameError> {
    let consumer = Consumer::new(&raw.name, raw.groups.clone(), raw.metadata.clone())?;
    Ok(Arc::new(consumer.with_roles(raw.roles.clone())))
}

fn add_tokens(
    consumer: &Arc<Consumer>,
    raw: &raw::Consumer,
    at: At<'_>,
    consumers: &mut Consumers,
    report: &mut Report,
) {
    let list = at.key("tokens");
    for (place, token) in raw.tokens.iter().enumerate() {
        let token = TokenMatch {
            issuer: token.issuer.as_deref().map(Into::into),
            claim: token.claim.as_deref().unwrap_or("sub").into(),
            value: token.value.as_str().into(),
        };
        if let Err(owner) = consumers.insert_token(token, consumer) {
            report
                .error(
                    list.index(place),
                    "duplicate-token",
                    format!("such tokens are already those of `{}`", owner.name()),
                )
                .help("a token belongs to one consumer");
        }
    }
}

fn add_keys(
    consumer: &Arc<Consumer>,
    raw: &raw::Consumer,
    at: At<'_>,
    keys: &mut Keys,
    report: &mut Report,
) {
    let list = at.key("keys");
    for (place, key) in raw.keys.iter().enumerate() {
        let at = list.index(place);
        let (text, expires) = match key {
            raw::Key::Lasting(text) => (text, None),
            raw::Key::Expiring(key) => (&key.key, key.expires.as_deref()),
        };
        let secret_at = if matches!(key, raw::Key::Expiring(_)) {
            at.key("key")
        } else {
            at
        };
        let expires = expires.map(|text| (text, instant(text)));
        if let Some((text, None)) = expires {
            report
                .error(
                    at.key("expires"),
                    "invalid-date",
                    format!("`{text}` is not a point in time"),
                )
                .help("write it as in `2027-01-01T00:00:00Z` (RFC 3339)");
            continue;
        }
        let digest = match text.resolve_at(secret_at, report) {
            Some(Secret::Value { value, .. }) => Digest::of(value.as_bytes()),
            Some(Secret::Sha256(digest)) => Digest::from_bytes(digest),
            None => continue,
        };
        let entry = KeyEntry {
            consumer: consumer.clone(),
            expires: expires.and_then(|(_, end)| end),
        };
        if let Err(owner) = keys.insert(digest, entry) {
            report
                .error(
                    secret_at,
                    "duplicate-key-value",
                    format!("the key is already one of `{}`", owner.name()),
                )
                .help("every key belongs to one consumer, once");
        }
    }
}

fn add_certificates(
    consumer: &Arc<Consumer>,
    raw: &raw::Consumer,
    at: At<'_>,
    certificates: &mut Certificates,
    report: &mut Report,
) {
    let list = at.key("certificates");
    for (place, raw) in raw.certificates.iter().enumerate() {
        let at = list.index(place);
        // The schema sees to it that there is exactly one.
        let (key, what) = match (&raw.san, &raw.subject, &raw.fingerprint) {
            (Some(san), ..) => ("san", CertificateMatch::san(san)),
            (_, Some(subject), _) => ("subject", CertificateMatch::subject(subject)),
            (.., Some(fingerprint)) => ("fingerprint", CertificateMatch::fingerprint(fingerprint)),
            (None, None, None) => continue,
        };
        let at = at.key(key);
        match what.map(|what| certificates.insert(what, consumer)) {
            Err(mistake) => {
                report.mistake(at, "invalid-certificate-match", mistake);
            }
            Ok(Err(owner)) => {
                report
                    .error(
                        at,
                        "duplicate-certificate",
                        format!("such certificates are already those of `{}`", owner.name()),
                    )
                    .help("a certificate belongs to one consumer");
            }
            Ok(Ok(())) => {}
        }
    }
}

fn add_basic(
    consumer: &Arc<Consumer>,
    raw: &raw::Basic,
    at: At<'_>,
    passwords: &mut Passwords,
    report: &mut Report,
) {
    let username = raw.username.as_deref().unwrap_or(consumer.name());
    let username_at = match raw.username {
        Some(_) => at.key("username"),
        None => at,
    };
    if username.contains(':') || has_control(username) {
        report
            .error(
                username_at,
                "invalid-username",
                format!("{username:?} can't be sent as a user name"),
            )
            .help("write it without `:` and control characters (RFC 7617 §2)");
        return;
    }
    let password_at = at.key("password");
    let stored = match raw.password.resolve_at(password_at, report) {
        Some(Secret::Value { value, .. }) => stored(&value),
        Some(Secret::Sha256(_)) => Err(Mistake::new(
            "a SHA-256 digest of a password is guessed too quickly",
            "print a hash that takes its time with `gateway hash-password`",
        )),
        None => return,
    };
    match stored.map(|stored| passwords.insert(username, stored, consumer)) {
        Err(mistake) => {
            report.mistake(password_at, "invalid-password", mistake);
        }
        Ok(Err(owner)) => {
            report
                .error(
                    username_at,
                    "duplicate-username",
                    format!(
                        "the user name `{username}` is already that of `{}`",
                        owner.name()
                    ),
                )
                .help("give one of them another `username`");
        }
        Ok(Ok(())) => {}
    }
}

fn stored(value: &str) -> Result<Stored, Mistake> {
    if Stored::looks_hashed(value) {
        return Stored::hash(value);
    }
    if has_control(value) {
        return Err(Mistake::new(
            "no client can send this password: it has control characters",
            "a file's last line break is dropped, and no other (RFC 7617 §2)",
        ));
    }
    Ok(Stored::password(value))
}

fn instant(text: &str) -> Option<SystemTime> {
    let timestamp: Timestamp = text.parse().ok()?;
    let millis = u64::try_from(timestamp.as_millisecond()).ok()?;
    Some(UNIX_EPOCH + Duration::from_millis(millis))
}
