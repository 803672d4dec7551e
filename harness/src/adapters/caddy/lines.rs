//! Lines of a Caddyfile, and texts as its tokens.

use crate::adapters::Unsupported;

/// Lines, indented by the blocks that they stand in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lines(Vec<String>);

impl Lines {
    /// Adds a directive.
    pub fn line(&mut self, directive: impl Into<String>) {
        self.0.push(directive.into());
    }

    /// Adds a comment.
    pub fn comment(&mut self, text: &str) {
        self.0.push(format!("# {text}"));
    }

    /// Adds a block, or nothing where it would be empty.
    pub fn block(&mut self, opening: impl Into<String>, inner: Self) {
        if inner.0.is_empty() {
            return;
        }
        let opening = format!("{} {{", opening.into());
        self.0.push(opening.trim_start().to_owned());
        self.0
            .extend(inner.0.into_iter().map(|line| format!("\t{line}")));
        self.0.push("}".to_owned());
    }

    /// Adds a named matcher, on one line where it has one condition.
    pub fn matcher(&mut self, name: &str, conditions: Self) {
        match conditions.0.as_slice() {
            [only] => self.0.push(format!("{name} {only}")),
            _ => self.block(name, conditions),
        }
    }

    /// Adds other lines behind these.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        self.0.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// A text that stands for itself.
pub(super) fn literal(text: &str) -> Result<String, Unsupported> {
    if text.contains(['{', '}']) {
        return Err(Unsupported::new(format!(
            "a brace in {text:?}: it begins a placeholder"
        )));
    }
    word(text)
}

/// A text as one token; braces in it are placeholders, or a regular expression's.
pub(super) fn word(text: &str) -> Result<String, Unsupported> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,;=+*?@~^$()[]|\\".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    if text.is_empty() {
        return Ok("\"\"".to_owned());
    }
    if text.contains(['`', '\n', '\r']) || text.contains("{$") {
        return Err(Unsupported::new(format!(
            "{text:?} can't stand in a Caddyfile"
        )));
    }
    Ok(format!("`{text}`"))
}

/// A text as a regular expression (RE2) that matches it alone.
pub(super) fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if "\\.+*?()|[]{}^$".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn texts_are_quoted_where_they_need_it_and_refused_where_that_is_no_help() {
        assert_eq!(literal("a-b").unwrap(), "a-b");
        assert_eq!(literal("").unwrap(), "\"\"");
        assert_eq!(literal("say \"hi\"").unwrap(), "`say \"hi\"`");
        assert_eq!(word("{header.Origin} x").unwrap(), "`{header.Origin} x`");
        assert!(literal("{env.HOME}").is_err());
        assert!(word("{$HOME}").is_err());
        assert!(word("a`b").is_err());
    }

    #[test]
    fn matchers_of_one_condition_stand_on_one_line() {
        let condition = |text: &str| {
            let mut lines = Lines::default();
            lines.line(text);
            lines
        };
        let mut lines = Lines::default();
        lines.matcher("@a", condition("path /a"));
        let mut two = condition("path /b");
        two.line("method GET");
        lines.matcher("@b", two);
        assert_eq!(
            lines.text(),
            "@a path /a\n@b {\n\tpath /b\n\tmethod GET\n}\n"
        );
    }
}
