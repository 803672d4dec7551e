//! Consumers as far as filters after authentication have to know them: their roles and groups, and who a token is of.

use serde_json::{Value, json};

use super::claims::{self, text};
use crate::adapters::Unsupported;
use crate::fixtures::{Document, Fixture};

/// The consumers.
pub(super) struct Identity {
    members: Vec<Member>,
}

struct Member {
    name: String,
    groups: Vec<String>,
    roles: Vec<String>,
    tokens: Vec<Token>,
}

/// A claim that names a consumer.
struct Token {
    issuer: Option<String>,
    claim: String,
    value: String,
}

impl Identity {
    /// Those of the document, and those of the scenarios.
    pub fn of(fixture: &Fixture, document: &Document) -> Self {
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let token = |value: &Value| {
            Some(Token {
                issuer: text(value, "issuer"),
                claim: text(value, "claim").unwrap_or_else(|| "sub".to_owned()),
                value: text(value, "value")?,
            })
        };
        let written = document.consumers.iter().map(|consumer| Member {
            name: consumer.name.clone(),
            groups: consumer.groups.clone(),
            roles: consumer.roles.clone(),
            tokens: consumer.tokens.iter().filter_map(token).collect(),
        });
        let added = fixture.consumers.iter().map(|consumer| Member {
            name: consumer.name.clone(),
            groups: consumer.groups.clone(),
            roles: consumer.roles.clone(),
            tokens: consumer
                .tokens
                .iter()
                .map(|token| Token {
                    issuer: token.issuer.clone(),
                    claim: token.claim.clone(),
                    value: token.value.clone(),
                })
                .collect(),
        });
        Self {
            members: written.chain(added).collect(),
        }
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.name.as_str())
    }

    /// Whether this consumer has a role.
    pub fn has_role(&self, name: &str, role: &String) -> bool {
        self.member(name)
            .is_some_and(|member| member.roles.contains(role))
    }

    /// Whether this consumer is in a group.
    pub fn in_group(&self, name: &str, group: &String) -> bool {
        self.member(name)
            .is_some_and(|member| member.groups.contains(group))
    }

    fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// The change of a header that tells whose a token is by these claims, the first first, by an expression of CEL;
    /// none where tokens are nobody's.
    pub fn told(&self, header: &str, claims: &[String]) -> Result<Option<Value>, Unsupported> {
        let (mut expression, mut any) = (String::new(), false);
        for claim in claims {
            for (member, token) in self.tokens().filter(|(_, token)| token.claim == *claim) {
                text(claim)?;
                let issuer = token.issuer.iter();
                let issuer = issuer
                    .map(|issuer| Ok(format!("{} == {} && ", claims::claim("iss"), text(issuer)?)));
                let issuer: String = issuer.collect::<Result<_, Unsupported>>()?;
                let (value, name) = (text(&token.value)?, text(&member.name)?);
                let (has, is) = (claims::has_claim(claim), claims::claim(claim));
                expression.push_str(&format!("{issuer}{has} && {is} == {value} ? {name} : "));
                any = true;
            }
        }
        Ok(any.then(|| {
            let value = format!("%CEL({expression}'')%");
            json!({"append": super::values::header(header, &value)})
        }))
    }

    fn tokens(&self) -> impl Iterator<Item = (&Member, &Token)> {
        let all = self.members.iter();
        all.flat_map(|member| member.tokens.iter().map(move |token| (member, token)))
    }
}
