//! Who calls: consumers with their keys and passwords.

use jiff::Timestamp;

use super::plugins::quoted;
use crate::adapters::Unsupported;
use crate::fixtures::{Consumer, Document, Fixture};

/// All consumers, those of the document first.
pub(super) struct Callers {
    /// Names and keys.
    pub keys: Vec<(String, String)>,
    /// Passwords, or why they can't be written.
    pub passwords: Result<Vec<Login>, Unsupported>,
}

/// A user of basic authentication.
pub(super) struct Login {
    /// The consumer's name.
    pub consumer: String,
    /// The user's name.
    pub user: String,
    /// The password as in a password file.
    pub password: String,
}

impl Callers {
    /// Those of a fixture.
    pub fn of(fixture: &Fixture, document: &Document) -> Result<Self, Unsupported> {
        Ok(Self {
            keys: keys(fixture, document)?,
            passwords: passwords(fixture, document),
        })
    }
}

fn passwords(fixture: &Fixture, document: &Document) -> Result<Vec<Login>, Unsupported> {
    let mut logins = Vec::new();
    for consumer in &document.consumers {
        let Some(basic) = &consumer.basic else {
            continue;
        };
        let variable = basic.password.strip_prefix("${env:");
        let variable = variable.and_then(|rest| rest.strip_suffix('}'));
        let password = match variable.and_then(|variable| fixture.environment.get(variable)) {
            Some(plain) => format!("{{PLAIN}}{plain}"),
            // crypt(3) of glibc's libxcrypt knows bcrypt.
            None if basic.password.starts_with("$2") => basic.password.clone(),
            None => {
                return Err(Unsupported::new(
                    "a password whose hash crypt(3) doesn't know",
                ));
            }
        };
        logins.push(Login {
            consumer: consumer.name.clone(),
            user: basic.username.as_ref().unwrap_or(&consumer.name).clone(),
            password,
        });
    }
    for consumer in &fixture.consumers {
        logins.extend(consumer.password.as_ref().map(|password| Login {
            consumer: consumer.name.clone(),
            user: consumer.name.clone(),
            password: format!("{{PLAIN}}{}", password.secret),
        }));
    }
    Ok(logins)
}

/// Names and keys of all consumers, those of the document first.
fn keys(fixture: &Fixture, document: &Document) -> Result<Vec<(String, String)>, Unsupported> {
    let mut pairs = Vec::new();
    for consumer in &document.consumers {
        for key in &consumer.keys {
            let secret = key
                .as_str()
                .and_then(|key| key.strip_prefix("${env:")?.strip_suffix('}'));
            let secret = secret.and_then(|name| fixture.environment.get(name));
            let secret =
                secret.ok_or_else(|| Unsupported::new("a key that is only known by its digest"))?;
            pairs.push((consumer.name.clone(), secret.clone()));
        }
    }
    for consumer in &fixture.consumers {
        for key in &consumer.keys {
            if valid(consumer, key.expires.as_deref())? {
                pairs.push((consumer.name.clone(), key.secret.clone()));
            }
        }
    }
    Ok(pairs)
}

/// A key that has expired already is left out; one that will can't be expressed.
fn valid(consumer: &Consumer, expires: Option<&str>) -> Result<bool, Unsupported> {
    let Some(expires) = expires else {
        return Ok(true);
    };
    let past = expires
        .parse::<Timestamp>()
        .is_ok_and(|expires| expires <= Timestamp::now());
    if past {
        return Ok(false);
    }
    Err(Unsupported::new(format!(
        "a key of {} that expires in the future: a map knows no time",
        quoted(&consumer.alias)
    )))
}
