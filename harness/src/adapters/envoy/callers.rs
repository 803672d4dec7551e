//! Consumers as far as filters after authentication have to know them: their roles and groups, and who a token is of.

use serde_json::{Value, json};

use super::tokens::{NAMESPACE, PAYLOAD};
use super::values::typed;
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

    /// The settings of the filter that tells whose a token is, by an expression of CEL; none where tokens are nobody's.
    pub fn told(&self, header: &str) -> Result<Option<Value>, Unsupported> {
        let claims = format!("metadata.filter_metadata['{NAMESPACE}']['{PAYLOAD}']");
        let (mut expression, mut any) = (String::new(), false);
        for member in &self.members {
            for token in member.tokens.iter().filter(|token| token.claim == "sub") {
                let issuer = token.issuer.iter();
                let issuer =
                    issuer.map(|issuer| Ok(format!("{claims}['iss'] == {} && ", text(issuer)?)));
                let issuer: String = issuer.collect::<Result<_, Unsupported>>()?;
                let (value, name) = (text(&token.value)?, text(&member.name)?);
                expression.push_str(&format!("{issuer}{claims}['sub'] == {value} ? {name} : "));
                any = true;
            }
        }
        Ok(any.then(|| {
            let value = format!("%CEL({expression}'')%");
            typed(
                "extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute",
                json!({"mutations": {"request_mutations": [
                    {"append": super::values::header(header, &value)},
                ]}}),
            )
        }))
    }
}

/// A text in an expression.
fn text(text: &str) -> Result<String, Unsupported> {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '\'' | '\\' | '%' | '(' | ')');
    if text.chars().all(plain) {
        Ok(format!("'{text}'"))
    } else {
        Err(Unsupported::new(format!(
            "the name {text:?} in an expression"
        )))
    }
}
