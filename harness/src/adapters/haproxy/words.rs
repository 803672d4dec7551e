//! Words and lines of an HAProxy configuration (configuration.txt §2.2), and the names of its sections and ACLs.

use crate::adapters::Unsupported;

/// A line of a section.
pub(super) fn line(text: &mut String, directive: &str) {
    text.push_str("    ");
    text.push_str(directive);
    text.push('\n');
}

/// A text as one word that means itself.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@?&*".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    let escaped = text.chars().fold(String::new(), |mut escaped, c| {
        if matches!(c, '\\' | '"' | '$') {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    });
    format!("\"{escaped}\"")
}

/// A text as one word where `%` would begin a variable (§8.2.4).
pub(super) fn format_word(text: &str) -> String {
    word(&text.replace('%', "%%"))
}

/// A text as a regular expression that matches it alone.
pub(super) fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '/' | '~' | '%') {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    })
}

/// A name that a section may have.
///
/// # Errors
/// When it has characters that no section's name may have.
pub(super) fn name(text: &str) -> Result<&str, Unsupported> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if !text.is_empty() && text.chars().all(allowed) {
        Ok(text)
    } else {
        Err(Unsupported::new(format!(
            "the name {text:?}: sections are named by letters, digits and -_.:"
        )))
    }
}

/// The ACLs of a section, each of them written once.
#[derive(Debug, Default)]
pub(super) struct Acls {
    named: Vec<(String, Vec<String>)>,
}

impl Acls {
    /// The name of the ACL that holds when one of these expressions does; like `wish`, if that is not taken.
    pub fn any(&mut self, wish: &str, expressions: Vec<String>) -> String {
        let mut known = self.named.iter();
        if let Some((name, _)) = known.find(|(_, known)| *known == expressions) {
            return name.clone();
        }
        let slug: String = wish
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let taken = |name: &str| self.named.iter().any(|(known, _)| known == name);
        let mut name = slug.clone();
        let mut number = 2;
        while taken(&name) {
            name = format!("{slug}_{number}");
            number += 1;
        }
        self.named.push((name.clone(), expressions));
        name
    }

    /// The name of the ACL of one expression.
    pub fn one(&mut self, wish: &str, expression: String) -> String {
        self.any(wish, vec![expression])
    }

    /// Their lines.
    pub fn lines(&self) -> String {
        let mut text = String::new();
        for (name, expressions) in &self.named {
            for expression in expressions {
                line(&mut text, &format!("acl {name} {expression}"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_themselves() {
        assert_eq!(word("users"), "users");
        assert_eq!(word("^/users/[^/]+$"), "'^/users/[^/]+$'");
        assert_eq!(word("it's $5"), "\"it's \\$5\"");
        assert_eq!(format_word("100%"), "'100%%'");
        assert_eq!(word(""), "''");
    }

    #[test]
    fn an_expression_has_one_name_and_a_name_one_expression() {
        let mut acls = Acls::default();
        let first = acls.one("path a", "path /a".to_owned());
        assert_eq!(first, "path_a");
        assert_eq!(acls.one("other", "path /a".to_owned()), first);
        assert_eq!(acls.one("path-a", "path /b".to_owned()), "path_a_2");
        assert_eq!(
            acls.lines(),
            "    acl path_a path /a\n    acl path_a_2 path /b\n"
        );
        assert!(name("a b").is_err());
    }
}
