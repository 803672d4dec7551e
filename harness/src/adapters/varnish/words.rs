//! Words of VCL: texts, regular expressions and names (vcl(7)).

use crate::adapters::Unsupported;

/// A text that means itself.
///
/// # Errors
/// When it can't be written: there are no escapes.
pub(super) fn text(text: &str) -> Result<String, Unsupported> {
    let odd = |c: char| c == '\n' || c == '\r';
    if text.contains(odd) {
        Err(Unsupported::new("a text of several lines"))
    } else if !text.contains('"') {
        Ok(format!("\"{text}\""))
    } else if !text.contains("\"}") {
        Ok(format!("{{\"{text}\"}}"))
    } else {
        Err(Unsupported::new("a text with \"} in it: that ends it"))
    }
}

/// A text as a regular expression that matches it alone.
pub(super) fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '/' | '~' | '%') {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    })
}

/// A name that a backend or a subroutine may have.
pub(super) fn name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn texts_mean_themselves_or_are_refused() {
        assert_eq!(text("a b").unwrap(), "\"a b\"");
        assert_eq!(text("realm=\"x\"").unwrap(), "{\"realm=\"x\"\"}");
        assert_eq!(text("say \"x\" twice").unwrap(), "{\"say \"x\" twice\"}");
        assert!(text("\"}").is_err());
        assert!(text("a\nb").is_err());
    }
}
