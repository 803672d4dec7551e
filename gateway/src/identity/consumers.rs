//! Every consumer, by name and by what a token says.

use super::passwords::Passwords;
use super::{Certificates, Claims, Consumer, Keys};
use hashbrown::Equivalent;
use std::collections::HashMap;
use std::sync::Arc;

/// Every consumer of a configuration, and the ways to find one.
#[derive(Debug, Default)]
pub struct Consumers {
    /// By API key.
    pub keys: Arc<Keys>,
    /// By user name and password.
    pub passwords: Arc<Passwords>,
    /// By certificate.
    pub certificates: Arc<Certificates>,
    by_name: HashMap<Box<str>, Arc<Consumer>>,
    by_claim: hashbrown::HashMap<TokenMatch, Arc<Consumer>>,
}

/// What a token says, borrowed from it: a look-up allocates nothing. Hashed as a [`TokenMatch`] is.
#[derive(Hash)]
struct Says<'a> {
    issuer: Option<&'a str>,
    claim: &'a str,
    value: &'a str,
}

impl Equivalent<TokenMatch> for Says<'_> {
    fn equivalent(&self, token: &TokenMatch) -> bool {
        (self.issuer, self.claim, self.value)
            == (token.issuer.as_deref(), &*token.claim, &*token.value)
    }
}

/// What a token has to say to be a consumer's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenMatch {
    /// Who issued it; none: whoever the route trusts.
    pub issuer: Option<Box<str>>,
    /// The claim that is looked at.
    pub claim: Box<str>,
    /// What it has to be.
    pub value: Box<str>,
}

impl Consumers {
    /// Adds a consumer, whose name no other has.
    pub fn insert(&mut self, consumer: &Arc<Consumer>) {
        self.by_name
            .insert(consumer.name().into(), consumer.clone());
    }

    /// Tokens that say so are the consumer's.
    ///
    /// # Errors
    /// Gives back the consumer whose tokens they are already.
    pub fn insert_token(
        &mut self,
        token: TokenMatch,
        consumer: &Arc<Consumer>,
    ) -> Result<(), Arc<Consumer>> {
        match self.by_claim.get(&token) {
            Some(owner) => Err(owner.clone()),
            None => {
                self.by_claim.insert(token, consumer.clone());
                Ok(())
            }
        }
    }

    /// The consumer of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Arc<Consumer>> {
        self.by_name.get(name)
    }

    /// The names of all.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|name| &**name)
    }

    /// The consumer whose token this is: by the first of these claims that somebody owns, one that names the issuer
    /// before one that does not.
    #[must_use]
    pub fn of_token(
        &self,
        issuer: Option<&str>,
        claims: &Claims,
        names: &[Box<str>],
    ) -> Option<&Arc<Consumer>> {
        if self.by_claim.is_empty() {
            return None;
        }
        names.iter().find_map(|name| {
            let value = claims.text(name)?;
            let owner = |issuer| {
                let (claim, value) = (&**name, &*value);
                self.by_claim.get(&Says {
                    issuer,
                    claim,
                    value,
                })
            };
            let of_issuer = issuer.and_then(|issuer| owner(Some(issuer)));
            of_issuer.or_else(|| owner(None))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_is_its_owner_s_by_issuer_claim_and_value() {
        let mut consumers = Consumers::default();
        for (name, issuer, claim, value) in [
            ("alice", Some("a"), "sub", "7"),
            ("bob", None, "sub", "7"),
            ("cli", Some("a"), "azp", "cli"),
        ] {
            let consumer = Consumer::new(name, vec![], indexmap::IndexMap::new()).unwrap();
            let issuer = issuer.map(Into::into);
            let (claim, value) = (claim.into(), value.into());
            let token = TokenMatch {
                issuer,
                claim,
                value,
            };
            consumers.insert_token(token, &Arc::new(consumer)).unwrap();
        }
        let names: [Box<str>; 2] = ["sub".into(), "azp".into()];
        let owner = |issuer, claims: serde_json::Value| {
            let claims = Claims::new(claims.as_object().unwrap().clone());
            let owner = consumers.of_token(Some(issuer), &claims, &names);
            owner.map(|consumer| consumer.name().to_owned())
        };
        assert_eq!(owner("a", json!({"sub": "7"})).unwrap(), "alice");
        assert_eq!(owner("b", json!({"sub": 7})).unwrap(), "bob");
        assert_eq!(
            owner("a", json!({"sub": "8", "azp": "cli"})).unwrap(),
            "cli"
        );
        assert_eq!(owner("b", json!({"sub": "8", "azp": "cli"})), None);
        assert_eq!(owner("a", json!({"sub": ["7"]})), None);
    }
}
