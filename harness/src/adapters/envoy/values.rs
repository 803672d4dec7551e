//! How Envoy's configuration writes what fixtures say: durations, texts in expressions, typed extensions.

use serde_json::{Value, json};

use crate::adapters::Unsupported;
use crate::adapters::common::values;

/// An extension's configuration, with the type that it is of.
pub(super) fn typed(kind: &str, mut config: Value) -> Value {
    if let Some(map) = config.as_object_mut() {
        let kind = format!("type.googleapis.com/envoy.{kind}");
        map.shift_insert(0, "@type".to_owned(), kind.into());
    }
    config
}

/// An extension by name.
pub(super) fn extension(name: &str, kind: &str, config: Value) -> Value {
    json!({"name": name, "typed_config": typed(kind, config)})
}

/// A duration as Envoy writes it: `1.5s`.
pub(super) fn duration(text: &str) -> Result<String, Unsupported> {
    let duration = values::duration(text)?;
    Ok(format!("{}s", duration.as_secs_f64()))
}

/// A text as a regular expression of RE2 that matches it alone.
pub(super) fn escaped(text: &str) -> String {
    let plain = |c: &char| !c.is_ascii_punctuation() || matches!(c, '-' | '_' | '/' | ':');
    text.chars().fold(String::new(), |mut escaped, c| {
        if !plain(&c) {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    })
}

/// A header that replaces what was there.
pub(super) fn header(name: &str, value: &str) -> Value {
    json!({
        "header": {"key": name, "value": value},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    })
}
