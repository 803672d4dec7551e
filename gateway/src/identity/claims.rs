//! The claims of a token (RFC 7519 §4) or of an introspection's answer (RFC 7662 §2.2), once they are believed.

use serde_json::{Map, Value};
use std::borrow::Cow;

/// Claims by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// These claims.
    #[must_use]
    pub fn new(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// Each claim with its name, in the order of the token.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    /// The claim of that name; where there is none, `a.b` is the member `b` of the claim `a`. A name that is itself
    /// written with dots, such as `https://example.com/roles`, comes first.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Value> {
        find(&self.0, path)
    }

    /// A claim as text: strings as they are, numbers and booleans as JSON writes them, nothing else.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<Cow<'_, str>> {
        match self.find(path)? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(Cow::Owned(value.to_string())),
            _ => None,
        }
    }

    /// The members of a claim that is a list: the strings of an array, or the words of a text with spaces between, as in
    /// `scope` (RFC 8693 §4.2).
    pub fn list<'a>(&'a self, path: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let (array, text): (&[Value], &str) = match self.find(path) {
            Some(Value::Array(array)) => (array, ""),
            Some(Value::String(text)) => (&[], text),
            _ => (&[], ""),
        };
        let members = array.iter().filter_map(Value::as_str);
        members.chain(text.split(' ').filter(|word| !word.is_empty()))
    }
}

fn find<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        find(claims.get(first)?.as_object()?, rest)
    })
}

/// Claims tell of people, and a debug line is read by others.
impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use serde_json::json;

    fn claims(value: Value) -> Claims {
        Claims::new(value.as_object().unwrap().clone())
    }

    #[test]
    fn a_dotted_path_leads_into_objects() {
        let claims = claims(json!({
            "realm_access": {"roles": ["admin", 7]}, "https://a.example/roles": ["own"], "n": 3, "scope": "a  b"
        }));
        let list = |path| claims.list(path).collect::<Vec<_>>();
        assert_eq!(list("realm_access.roles"), ["admin"]);
        assert_eq!(list("https://a.example/roles"), ["own"]);
        assert_eq!(list("scope"), ["a", "b"]);
        assert!(list("realm_access").is_empty() && list("none.of.it").is_empty());
        assert_eq!(claims.text("n").unwrap(), "3");
        assert_eq!(claims.text("realm_access"), None);
    }

    #[test]
    fn debug_shows_names_only() {
        let shown = format!("{:?}", claims(json!({"email": "alice@example.com"})));
        assert_eq!(shown, r#"["email"]"#);
    }
}
