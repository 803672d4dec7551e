//! A reader for the small JSON texts that the project's own programs print (RFC 8259).

use crate::Result;

/// A JSON value. Numbers stay text: nothing here calculates with them.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`, `true`, `false` and numbers, as written.
    Bare(String),
    /// A string, unescaped.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object, in the order of the text.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one whole document.
    pub fn parse(text: &str) -> Result<Self> {
        let mut reader = Reader { rest: text };
        let value = reader.value()?;
        reader.space();
        if reader.rest.is_empty() {
            Ok(value)
        } else {
            Err(reader.unexpected("the end"))
        }
    }

    /// The member of an object, or none.
    pub fn member(&self, name: &str) -> Option<&Json> {
        let Json::Object(members) = self else {
            return None;
        };
        members
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The items of an array; nothing for any other value.
    pub fn items(&self) -> &[Json] {
        if let Json::List(items) = self {
            items
        } else {
            &[]
        }
    }

    /// The text of a string, a number or a literal.
    pub fn text(&self) -> Option<&str> {
        match self {
            Json::Bare(text) | Json::Text(text) => Some(text),
            Json::List(_) | Json::Object(_) => None,
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Json> {
        self.space();
        match self.rest.chars().next() {
            Some('{') => self
                .list('{', '}', |reader| {
                    reader.space();
                    let name = reader.string()?;
                    reader.space();
                    reader.expect(':')?;
                    Ok((name, reader.value()?))
                })
                .map(Json::Object),
            Some('[') => self.list('[', ']', Self::value).map(Json::List),
            Some('"') => self.string().map(Json::Text),
            _ => self.bare(),
        }
    }

    fn list<T>(
        &mut self,
        open: char,
        close: char,
        item: impl Fn(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.expect(open)?;
        let mut items = Vec::new();
        self.space();
        if self.take(close) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            self.space();
            if self.take(close) {
                return Ok(items);
            }
            self.expect(',')?;
        }
    }

    fn string(&mut self) -> Result<String> {
        self.expect('"')?;
        let mut text = String::new();
        loop {
            match self.next()? {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                other => text.push(other),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        Ok(match self.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let digits = self.rest.get(..4).ok_or("JSON: \\u needs four digits")?;
                self.rest = &self.rest[4..];
                // Half of a surrogate pair alone is no character; the texts read here have none.
                char::from_u32(u32::from_str_radix(digits, 16)?)
                    .unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            other => other,
        })
    }

    fn bare(&mut self) -> Result<Json> {
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if word.is_empty() {
            return Err(self.unexpected("a value"));
        }
        self.rest = rest;
        Ok(Json::Bare(word.to_owned()))
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn next(&mut self) -> Result<char> {
        let mut characters = self.rest.chars();
        let first = characters.next().ok_or("JSON: the text ends too early")?;
        self.rest = characters.as_str();
        Ok(first)
    }

    fn take(&mut self, wanted: char) -> bool {
        let Some(rest) = self.rest.strip_prefix(wanted) else {
            return false;
        };
        self.rest = rest;
        true
    }

    fn expect(&mut self, wanted: char) -> Result {
        if self.take(wanted) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{wanted}`")))
        }
    }

    fn unexpected(&self, wanted: &str) -> Box<dyn std::error::Error> {
        let found: String = self.rest.chars().take(20).collect();
        format!("JSON: {wanted} expected, found `{found}`").into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn reads_what_the_gateway_writes() {
        let ready =
            Json::parse(r#" {"listeners": ["127.0.0.1:43211"], "admin": null, "n": -1.5e3} "#)
                .unwrap();
        assert_eq!(
            ready.member("listeners").unwrap().items()[0].text(),
            Some("127.0.0.1:43211")
        );
        assert_eq!(ready.member("admin").unwrap().text(), Some("null"));
        assert_eq!(ready.member("n").unwrap().text(), Some("-1.5e3"));
        assert_eq!(ready.member("absent"), None);
    }

    #[test]
    fn unescapes_strings() {
        assert_eq!(
            Json::parse(r#""a\"\\\né""#).unwrap(),
            Json::Text("a\"\\\né".to_owned())
        );
        assert_eq!(Json::parse("[]").unwrap(), Json::List(vec![]));
    }

    #[test]
    fn refuses_what_is_not_json() {
        for text in ["", "{", "[1 2]", "{\"a\" 1}", "\"open", "1 1", "[,]"] {
            assert!(Json::parse(text).is_err(), "{text}");
        }
    }
}
