//! Text in HTML.

use std::fmt::{self, Display, Write};

/// Shows a text so that it is only a text, between tags and in quoted attributes. Control characters are shown as
/// their pictures (U+2400 to U+2421).
pub(crate) fn text(text: &str) -> impl Display + '_ {
    Text(text)
}

struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => f.write_char(c)?,
                '\0'..='\u{1f}' => {
                    f.write_char(char::from_u32(0x2400 + u32::from(c)).unwrap_or(c))?
                }
                '\u{7f}' => f.write_char('\u{2421}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
