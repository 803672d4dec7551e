//! Tokens as a scenario declares them.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::fixtures::tokens::Draft;
use crate::steps::StepFailure;

/// A token that a scenario declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TokenPlan {
    /// What the scenario calls it.
    pub alias: String,
    /// The kind, of the catalogue of tokens.
    pub kind: String,
    /// Which issuer signs; empty for the configuration's first.
    pub issuer: String,
    /// The algorithm, where the issuer's usual one is not meant.
    pub algorithm: Option<String>,
    /// Claims, or members of the introspection answer.
    pub claims: Vec<(String, Said)>,
    /// Parameters of the header.
    pub header: Vec<(String, Said)>,
    /// The token itself, where it means nothing by itself.
    pub opaque: Option<String>,
}

/// What a scenario says of a claim or a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// It has this value.
    Value(Value),
    /// It is a time, so many seconds from when the token is issued.
    Time(i64),
    /// It is not there.
    Removed,
}

impl Said {
    /// The value if the token is issued now; none: removed.
    pub fn now(&self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value.clone()),
            Self::Time(offset) => Some(seconds().saturating_add_signed(*offset).into()),
            Self::Removed => None,
        }
    }
}

impl TokenPlan {
    /// Reads a row of a table: `issuer`, `algorithm`, `header NAME`, or a claim. The value is JSON, a time such as
    /// `now+5m`, the word `removed`, or any other text.
    pub fn set(&mut self, name: &str, value: &str) {
        match (name, name.strip_prefix("header ")) {
            ("issuer", _) => self.issuer = value.to_owned(),
            ("algorithm", _) => self.algorithm = Some(value.to_owned()),
            (_, Some(parameter)) => self.header.push((parameter.to_owned(), read(value))),
            (claim, None) => self.claims.push((claim.to_owned(), read(value))),
        }
    }

    /// The draft with what the table says.
    pub fn applied<'a>(&self, mut draft: Draft<'a>) -> Draft<'a> {
        for (name, value) in &self.claims {
            draft = match value.now() {
                Some(value) => draft.claim(name, value),
                None => draft.without(name),
            };
        }
        for (name, value) in &self.header {
            draft = match value.now() {
                Some(value) => draft.header(name, value),
                None => draft.without_header(name),
            };
        }
        draft
    }

    /// Replaces every text among the claims by what `expand` makes of it.
    pub(super) fn expand(
        &mut self,
        expand: &dyn Fn(&str) -> Result<String, StepFailure>,
    ) -> Result<(), StepFailure> {
        for (_, value) in self.claims.iter_mut().chain(&mut self.header) {
            if let Said::Value(value) = value {
                expand_value(value, expand)?;
            }
        }
        Ok(())
    }
}

/// Seconds since the Unix epoch.
pub fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}

fn expand_value(
    value: &mut Value,
    expand: &dyn Fn(&str) -> Result<String, StepFailure>,
) -> Result<(), StepFailure> {
    match value {
        Value::String(text) => *text = expand(text)?,
        Value::Array(list) => {
            for inner in list {
                expand_value(inner, expand)?;
            }
        }
        Value::Object(map) => {
            for inner in map.values_mut() {
                expand_value(inner, expand)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn read(value: &str) -> Said {
    if value == "removed" {
        return Said::Removed;
    }
    let json = || serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    time(value).map_or_else(|| Said::Value(json()), Said::Time)
}

/// `now`, `now+5m`, `now-1h`, in seconds from now.
fn time(text: &str) -> Option<i64> {
    let rest = text.strip_prefix("now")?;
    if rest.is_empty() {
        return Some(0);
    }
    let (sign, amount) = rest.split_at_checked(1)?;
    let (number, unit) = amount.split_at_checked(amount.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    let amount = i64::from(number.parse::<u32>().ok()?).checked_mul(unit)?;
    match sign {
        "+" => Some(amount),
        "-" => Some(-amount),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_json_a_time_or_text() {
        let value = |value| Said::Value(value);
        assert_eq!(read("[1]"), value(json!([1])));
        assert_eq!(read("editor"), value(json!("editor")));
        assert_eq!(read("\"7\""), value(json!("7")));
        assert_eq!(read("removed"), Said::Removed);
        assert_eq!(read("nowhere"), value(json!("nowhere")));
        assert_eq!(read("now"), Said::Time(0));
        assert_eq!(read("now+5m"), Said::Time(300));
        assert_eq!(read("now-1h"), Said::Time(-3600));
    }

    #[test]
    fn a_time_counts_from_when_the_token_is_issued() {
        let ago = Said::Time(-3600).now().unwrap().as_u64().unwrap();
        assert!((3599..=3601).contains(&(seconds() - ago)));
    }

    #[test]
    fn a_row_is_of_the_token_its_header_or_its_claims() {
        let mut plan = TokenPlan::default();
        for (name, value) in [
            ("issuer", "b"),
            ("algorithm", "RS256"),
            ("header typ", "at+jwt"),
            ("jti", "removed"),
        ] {
            plan.set(name, value);
        }
        assert_eq!(
            (plan.issuer.as_str(), plan.algorithm.as_deref()),
            ("b", Some("RS256"))
        );
        assert_eq!(
            plan.header,
            [("typ".to_owned(), Said::Value(json!("at+jwt")))]
        );
        assert_eq!(plan.claims, [("jti".to_owned(), Said::Removed)]);
    }
}
