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
    /// Claims, or members of the introspection answer; none: removed.
    pub claims: Vec<(String, Option<Value>)>,
    /// Parameters of the header; none: removed.
    pub header: Vec<(String, Option<Value>)>,
    /// The token itself, where it means nothing by itself.
    pub opaque: Option<String>,
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
            draft = match value {
                Some(value) => draft.claim(name, at_present(value)),
                None => draft.without(name),
            };
        }
        for (name, value) in &self.header {
            draft = match value {
                Some(value) => draft.header(name, at_present(value)),
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
            if let Some(value) = value {
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

fn read(value: &str) -> Option<Value> {
    if value == "removed" {
        return None;
    }
    Some(serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)))
}

/// The value, where it is a time such as `now+5m` in seconds since the Unix epoch: the time is that at which the token
/// is made, not that at which the scenario is read.
pub fn at_present(value: &Value) -> Value {
    let time = value.as_str().and_then(time);
    time.map_or_else(|| value.clone(), Value::from)
}

/// `now`, `now+5m`, `now-1h`, in seconds since the Unix epoch.
fn time(text: &str) -> Option<u64> {
    let rest = text.strip_prefix("now")?;
    if rest.is_empty() {
        return Some(seconds());
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
    let amount = number.parse::<u64>().ok()?.checked_mul(unit)?;
    match sign {
        "+" => seconds().checked_add(amount),
        "-" => seconds().checked_sub(amount),
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
        assert_eq!(read("[1]"), Some(json!([1])));
        assert_eq!(read("editor"), Some(json!("editor")));
        assert_eq!(read("\"7\""), Some(json!("7")));
        assert_eq!(read("removed"), None);
        assert_eq!(at_present(&json!("nowhere")), json!("nowhere"));
        assert_eq!(read("now+5m"), Some(json!("now+5m")), "not yet");
        let hence = at_present(&json!("now+5m")).as_u64().unwrap();
        assert!((299..=301).contains(&(hence - seconds())));
        let ago = at_present(&json!("now-1h")).as_u64().unwrap();
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
        assert_eq!(plan.header, [("typ".to_owned(), Some(json!("at+jwt")))]);
        assert_eq!(plan.claims, [("jti".to_owned(), None)]);
    }
}
