//! The next step of someone whose value was refused.

use std::fmt::Display;

use serde_json::Value;

use super::{
    terms::{Terms, nearest},
    units::{DURATION_PATTERN, SIZE_PATTERN, nearest_duration, nearest_size},
};

/// How to make what was found into what the schema wants; none when there is no telling.
pub(super) fn mend(terms: Terms<'_>, schema: &Value, found: &Value) -> Option<String> {
    let wants = |kind: &str| terms.accepts(schema, kind);
    match found {
        Value::Null => Some("give it a value or take the key away".to_owned()),
        Value::Number(number) if schema["pattern"] == DURATION_PATTERN => {
            Some(format!("give a unit: `{number}s` or `{number}ms`"))
        }
        Value::Number(_) | Value::Bool(_) if terms.takes_any_string(schema) => {
            Some(format!("put it into quotes: `\"{found}\"`"))
        }
        Value::Number(_) | Value::String(_) if wants("array") => {
            Some(format!("put it into brackets: `[{found}]`"))
        }
        Value::String(text) => match text.as_str() {
            "yes" | "on" if wants("boolean") => Some("write `true`".to_owned()),
            "no" | "off" if wants("boolean") => Some("write `false`".to_owned()),
            text if wants("integer") && text.parse::<i64>().is_ok() => {
                Some(format!("take the quotes away: `{text}`"))
            }
            text if schema["pattern"] == DURATION_PATTERN => did_you_mean(nearest_duration(text)),
            text if schema["pattern"] == SIZE_PATTERN => did_you_mean(nearest_size(text)),
            text => did_you_mean(nearest(text, &terms.constants(schema))),
        },
        _ => None,
    }
}

fn did_you_mean(near: Option<impl Display>) -> Option<String> {
    near.map(|near| format!("did you mean `{near}`?"))
}
