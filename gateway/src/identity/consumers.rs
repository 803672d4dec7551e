//! Every consumer, by name and by what a token says.

use super::passwords::Passwords;
use super::{Certificates, Claims, Consumer, Keys};
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
    by_claim: HashMap<TokenMatch, Arc<Consumer>>,
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
            let token = |issuer: Option<&str>| TokenMatch {
                issuer: issuer.map(Into::into),
                claim: name.clone(),
                value: (&*value).into(),
            };
            let of_issuer = issuer.and_then(|issuer| self.by_claim.get(&token(Some(issuer))));
            of_issuer.or_else(|| self.by_claim.get(&token(None)))
        })
    }
}
