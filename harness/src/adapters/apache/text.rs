//! Directives, and texts in them.

use crate::adapters::Unsupported;

/// Lines of configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lines(Vec<String>);

impl Lines {
    /// Adds a directive.
    pub fn line(&mut self, directive: impl Into<String>) {
        self.0.push(directive.into());
    }

    /// Adds a section, such as `If`, or nothing where it would be empty.
    pub fn section(&mut self, name: &str, argument: &str, inner: Self) {
        if inner.0.is_empty() {
            return;
        }
        let argument = if argument.is_empty() {
            String::new()
        } else {
            format!(" {argument}")
        };
        self.0.push(format!("<{name}{argument}>"));
        self.0
            .extend(inner.0.into_iter().map(|line| format!("    {line}")));
        self.0.push(format!("</{name}>"));
    }

    /// Adds other lines behind these.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many rules of mod_rewrite there are.
    pub fn rules(&self) -> usize {
        let rules = self.0.iter();
        rules
            .filter(|line| line.starts_with("RewriteRule "))
            .count()
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        self.0.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// A text that stands for itself, within quotes and wherever variables may be named.
pub(super) fn literal(text: &str) -> Result<String, Unsupported> {
    let special = |c: char| c.is_control() || "\"\\$%'".contains(c);
    if text.contains(special) {
        return Err(Unsupported::new(format!(
            "{text:?} can't be told from a variable or the end of a text"
        )));
    }
    Ok(text.to_owned())
}

/// A text as a regular expression (PCRE) that matches it alone.
pub(super) fn escaped(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_/:@,;=~!&<> ".contains(c);
    text.chars().fold(String::new(), |mut escaped, c| {
        if c.is_ascii() && !plain(c) {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    })
}

/// A text in quotes, in which backslashes keep their meaning in a regular expression.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn what_would_mean_something_else_is_refused() {
        assert_eq!(literal("api.example.com:80").unwrap(), "api.example.com:80");
        for text in ["a\"b", "${b}", "%{ENV:x}", "a\nb", "it's"] {
            assert!(literal(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_expression_of_a_text_matches_it_alone() {
        assert_eq!(escaped("/a.b"), "/a\\.b");
        assert_eq!(quoted("say \"hi\""), "\"say \\\"hi\\\"\"");
    }

    #[test]
    fn rules_are_counted_without_their_conditions() {
        let mut lines = Lines::default();
        lines.line("RewriteCond %{REQUEST_METHOD} =GET");
        lines.line("RewriteRule ^ - [F]");
        assert_eq!(lines.rules(), 1);
    }
}
