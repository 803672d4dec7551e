//! Who calls: consumers with their keys and passwords.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::adapters::Unsupported;
use crate::fixtures::{Consumer, Document, Fixture, variable};

/// The headers that tell upstreams of a client's certificate (RFC 9440): no client may send them either.
pub(in crate::adapters) const OF_CERTIFICATES: [&str; 2] = ["Client-Cert", "Client-Cert-Chain"];
/// What bcrypt looks at.
const LONGEST_PASSWORD: usize = 72;
/// 2ⁿ rounds: what crypt(3) takes by default.
const BCRYPT_COST: u32 = 5;

/// All consumers, those of the document first; or why they can't be told to a gateway.
pub(in crate::adapters) struct Callers {
    /// The keys that are valid.
    pub keys: Result<Vec<ApiKey>, Unsupported>,
    /// The users of basic authentication.
    pub logins: Result<Vec<Login>, Unsupported>,
    /// The headers that tell an upstream who calls, on whichever route: no client may send them on any.
    pub headers: BTreeSet<String>,
}

/// A key that lets a consumer in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::adapters) struct ApiKey {
    /// The consumer's name.
    pub consumer: String,
    /// The key.
    pub secret: String,
}

/// A user of basic authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::adapters) struct Login {
    /// The consumer's name.
    pub consumer: String,
    /// The user's name.
    pub user: String,
    /// What proves it.
    pub password: Password,
}

/// A password, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::adapters) enum Password {
    /// The password itself.
    Plain(String),
    /// Its hash by bcrypt, as in `$2b$…`.
    Bcrypt(String),
}

impl Login {
    /// The password's hash by bcrypt. One that is made here has a salt that follows from user and password, so that a
    /// configuration is rendered alike each time.
    ///
    /// # Errors
    /// When the password is too long for bcrypt.
    pub fn bcrypt(&self) -> Result<String, Unsupported> {
        let plain = match &self.password {
            Password::Bcrypt(hash) => return Ok(hash.clone()),
            Password::Plain(plain) => plain,
        };
        if plain.len() > LONGEST_PASSWORD {
            return Err(Unsupported::new(format!(
                "a password of more than {LONGEST_PASSWORD} bytes: bcrypt cuts it"
            )));
        }
        let digest = Sha256::digest(format!("{}\n{plain}", self.user));
        let mut salt = [0; 16];
        salt.copy_from_slice(&digest[..16]);
        let parts = bcrypt::hash_with_salt(plain, BCRYPT_COST, salt);
        parts
            .map(|parts| parts.format_for_version(bcrypt::Version::TwoY))
            .map_err(|error| Unsupported::new(format!("a password can't be hashed: {error}")))
    }
}

impl Callers {
    /// Those of a fixture.
    pub fn of(fixture: &Fixture, document: &Document) -> Self {
        Self {
            keys: keys(fixture, document),
            logins: logins(fixture, document),
            headers: identity_headers(document),
        }
    }
}

/// A header's name, with each of its dashes or an underscore in its place: some servers take them for one another.
pub(in crate::adapters) fn spellings(header: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for c in header.chars() {
        let also = if c == '-' { Some('_') } else { None };
        all = std::iter::once(c)
            .chain(also)
            .flat_map(|c| all.iter().map(move |text| format!("{text}{c}")))
            .collect();
    }
    all
}

fn identity_headers(document: &Document) -> BTreeSet<String> {
    let mut headers = BTreeSet::from(["X-Consumer-Name".to_owned()]);
    for plugin in document.routes().iter().flat_map(|route| &route.plugins) {
        let consumer = plugin.config.get("consumerHeader").and_then(Value::as_str);
        let claims = plugin.config.get("claimsToHeaders");
        let claims = claims.and_then(Value::as_object).into_iter().flatten();
        let claims = claims.filter_map(|(_, header)| header.as_str());
        headers.extend(claims.chain(consumer).map(str::to_owned));
    }
    headers
}

fn logins(fixture: &Fixture, document: &Document) -> Result<Vec<Login>, Unsupported> {
    let mut logins = Vec::new();
    for consumer in &document.consumers {
        let Some(basic) = &consumer.basic else {
            continue;
        };
        let password = match referred(fixture, &basic.password) {
            Some(plain) => Password::Plain(plain),
            None if basic.password.starts_with("$2") => Password::Bcrypt(basic.password.clone()),
            None => {
                return Err(Unsupported::new(
                    "a password that is only known by a hash other than bcrypt's",
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
            password: Password::Plain(password.secret.clone()),
        }));
    }
    Ok(logins)
}

fn keys(fixture: &Fixture, document: &Document) -> Result<Vec<ApiKey>, Unsupported> {
    let mut keys = Vec::new();
    for consumer in &document.consumers {
        for key in &consumer.keys {
            let secret = key.as_str().and_then(|key| referred(fixture, key));
            let secret =
                secret.ok_or_else(|| Unsupported::new("a key that is only known by its digest"))?;
            keys.push(ApiKey {
                consumer: consumer.name.clone(),
                secret,
            });
        }
    }
    for consumer in &fixture.consumers {
        for key in &consumer.keys {
            if valid(consumer, key.expires.as_deref())? {
                keys.push(ApiKey {
                    consumer: consumer.name.clone(),
                    secret: key.secret.clone(),
                });
            }
        }
    }
    Ok(keys)
}

/// What `${env:NAME}` stands for in a fixture.
pub(in crate::adapters) fn referred(fixture: &Fixture, text: &str) -> Option<String> {
    fixture.environment.get(variable(text)?).cloned()
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
        "a key of {:?} that expires in the future: the configuration's keys have no end",
        consumer.alias
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn underscores_may_stand_for_dashes() {
        assert_eq!(spellings("X-A-B"), ["X-A-B", "X_A-B", "X-A_B", "X_A_B"]);
    }

    #[test]
    fn a_hash_that_is_made_is_the_same_each_time_and_the_password_s() {
        let login = Login {
            consumer: "ann".to_owned(),
            user: "ann".to_owned(),
            password: Password::Plain("open sesame".to_owned()),
        };
        let hash = login.bcrypt().unwrap();
        assert_eq!(hash, login.bcrypt().unwrap());
        assert!(bcrypt::verify("open sesame", &hash).unwrap());
        assert!(!bcrypt::verify("open barley", &hash).unwrap());
        let long = Password::Plain("x".repeat(73));
        assert!(
            Login {
                password: long,
                ..login
            }
            .bcrypt()
            .is_err()
        );
    }
}
