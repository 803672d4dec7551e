//! The users and what proves them, in a file that the launcher hands to the gateway's own services before it serves.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::adapters::Unsupported;
use crate::adapters::common::callers::{Callers, Password};

/// The users' file; none where there are none. What can't be told is left out: no route that needs it is served.
///
/// # Errors
/// When a consumer has another name as a user.
pub(super) fn users(callers: &Callers) -> Result<Option<String>, Unsupported> {
    let mut users: BTreeMap<&str, Value> = BTreeMap::new();
    for key in callers.keys.iter().flatten() {
        let Some((id, secret)) = key.secret.split_once(':') else {
            continue;
        };
        let user = users.entry(&key.consumer).or_insert_with(|| json!({}));
        let key = json!({"keyId": id, "keySecret": secret});
        match user["keys"].as_array_mut() {
            Some(keys) => keys.push(key),
            None => user["keys"] = json!([key]),
        }
    }
    for login in callers.logins.iter().flatten() {
        if login.user != login.consumer {
            return Err(Unsupported::new(
                "basic-auth: a user is known by one name, here and upstream",
            ));
        }
        let user = users.entry(&login.consumer).or_insert_with(|| json!({}));
        match &login.password {
            Password::Plain(plain) => user["password"] = json!(plain),
            Password::Bcrypt(hash) => user["passwordHash"] = json!(hash),
        }
    }
    if users.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_string_pretty(&users);
    Ok(Some(
        text.expect("a map with texts as keys can be written") + "\n",
    ))
}

/// Whether a key has the form that the gateway's keys have: what is looked up, a colon, and what has to be right.
pub(super) fn is_formed(key: &str) -> bool {
    let parts = key.split_once(':');
    parts.is_some_and(|(id, secret)| {
        [id, secret]
            .iter()
            .all(|part| !part.is_empty() && !part.contains([':', ' ', '\t']))
    })
}

/// A key in this form.
pub(super) fn formed(made_up: &str) -> String {
    let letters: String = made_up
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let (id, secret) = letters.split_at(letters.len() / 2);
    format!("{id}:{secret}")
}
