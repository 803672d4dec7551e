//! Consumers and their credentials.

use crate::config::{At, Loaded, Report, Secret, raw};
use crate::identity::{Consumer, Consumers, Digest, KeyEntry, Keys, NameError, TokenMatch};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub fn compile(documents: &[Loaded], report: &mut Report) -> Consumers {
    let mut consumers = Consumers::default();
    let mut keys = Keys::default();
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
                }
                Err(error) => {
                    report.error(at.key("name"), "invalid-consumer-name", error.to_string());
                }
            }
        }
    }
    consumers.keys = Arc::new(keys);
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

fn instant(text: &str) -> Option<SystemTime> {
    let timestamp: Timestamp = text.parse().ok()?;
    let millis = u64::try_from(timestamp.as_millisecond()).ok()?;
    Some(UNIX_EPOCH + Duration::from_millis(millis))
}
