//! A condition on the value of a header or a query parameter.

use regex::bytes::Regex;

use crate::domain::Mistake;

/// What a value has to be. Where a name comes more than once, every value has to match, so that a request which says
/// two things can't choose its route.
#[derive(Clone, Debug)]
pub enum ValueMatch {
    /// This value, byte for byte.
    Exact(Box<[u8]>),
    /// Any value, even an empty one.
    Present,
    /// A value in which the expression finds something; `^` and `$` tie it to the ends.
    Regex(Box<Regex>),
}

impl ValueMatch {
    /// The value `text` and no other.
    pub fn exact(text: &str) -> Self {
        Self::Exact(text.as_bytes().into())
    }

    /// A value that matches the regular expression `text`.
    pub fn regex(text: &str) -> Result<Self, Mistake> {
        Regex::new(text)
            .map(|regex| Self::Regex(Box::new(regex)))
            .map_err(|error| {
                // What is before the last line draws the expression again.
                let error = error.to_string();
                let reason = error.lines().last().unwrap_or_default();
                let reason = reason.trim_start_matches("error: ");
                let what = format!("`{text}` is no regular expression: {reason}");
                Mistake::new(
                    what,
                    "see https://docs.rs/regex/#syntax for what can be written",
                )
            })
    }

    /// Whether one value matches.
    pub fn matches(&self, value: &[u8]) -> bool {
        match self {
            Self::Exact(wanted) => **wanted == *value,
            Self::Present => true,
            Self::Regex(regex) => regex.is_match(value),
        }
    }

    /// Whether there are values and all of them match.
    pub fn matches_all<V: AsRef<[u8]>>(&self, values: impl IntoIterator<Item = V>) -> bool {
        let mut values = values.into_iter().peekable();
        values.peek().is_some() && values.all(|value| self.matches(value.as_ref()))
    }

    /// Whether one value could match both. Two different expressions count as overlapping: nobody can tell.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(value), other) | (other, Self::Exact(value)) => other.matches(value),
            _ => true,
        }
    }
}
