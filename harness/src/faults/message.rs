//! Heads of HTTP/1.1 messages (RFC 9112), as faults change them. Every byte is one character (ISO 8859-1), so that what
//! isn't changed goes on as it came.

/// The most fields of a head that is looked at; heads with more pass untouched.
const MAX_FIELDS: usize = 128;

/// A request's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The request target.
    pub target: String,
    /// The minor version of HTTP/1.
    pub minor: u8,
    /// The header fields.
    pub fields: Fields,
}

/// A response's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The minor version of HTTP/1.
    pub minor: u8,
    /// The status code.
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// The header fields.
    pub fields: Fields,
}

/// Header fields, in order and in their case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

/// What the bytes at hand are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed<T> {
    /// A head, and its length in bytes.
    Whole(T, usize),
    /// The beginning of one.
    Partial,
    /// No head that this module reads.
    Unknown,
}

impl Request {
    pub(super) fn parse(bytes: &[u8]) -> Parsed<Self> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut parsed = httparse::Request::new(&mut fields);
        match parsed.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => {
                let request = Self {
                    method: parsed.method.unwrap_or_default().to_owned(),
                    // httparse takes UTF-8 here; one character is one byte again once it is written.
                    target: text(parsed.path.unwrap_or_default().as_bytes()),
                    minor: parsed.version.unwrap_or(1),
                    fields: Fields::of(parsed.headers),
                };
                Parsed::Whole(request, length)
            }
            Ok(httparse::Status::Partial) => Parsed::Partial,
            Err(_) => Parsed::Unknown,
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let start = format!("{} {} HTTP/1.{}", self.method, self.target, self.minor);
        self.fields.bytes(&start)
    }

    /// The path of the target.
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(&self.target, |(path, _)| path)
    }

    /// Replaces the path, the query stays.
    pub fn set_path(&mut self, path: &str) {
        self.target = match self.target.split_once('?') {
            Some((_, query)) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
    }

    /// Whether it is a CORS preflight (Fetch §3.2.2).
    pub fn is_preflight(&self) -> bool {
        self.method == "OPTIONS"
            && self.fields.has("Origin")
            && self.fields.has("Access-Control-Request-Method")
    }
}

impl Response {
    pub(super) fn parse(bytes: &[u8]) -> Parsed<Self> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut parsed = httparse::Response::new(&mut fields);
        match parsed.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => {
                let response = Self {
                    minor: parsed.version.unwrap_or(1),
                    status: parsed.code.unwrap_or_default(),
                    reason: text(parsed.reason.unwrap_or_default().as_bytes()),
                    fields: Fields::of(parsed.headers),
                };
                Parsed::Whole(response, length)
            }
            Ok(httparse::Status::Partial) => Parsed::Partial,
            Err(_) => Parsed::Unknown,
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let start = format!("HTTP/1.{} {} {}", self.minor, self.status, self.reason);
        self.fields.bytes(&start)
    }

    /// Another status.
    pub fn set_status(&mut self, status: u16) {
        let known = http::StatusCode::from_u16(status).ok();
        let reason = known.and_then(|status| status.canonical_reason());
        self.status = status;
        self.reason = reason.unwrap_or_default().to_owned();
    }
}

impl Fields {
    fn of(parsed: &[httparse::Header<'_>]) -> Self {
        let fields = parsed.iter();
        Self(
            fields
                .map(|field| (field.name.to_owned(), text(field.value)))
                .collect(),
        )
    }

    fn bytes(&self, start: &str) -> Vec<u8> {
        let mut head = format!("{start}\r\n");
        for (name, value) in &self.0 {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        // A character that a fault has brought in and that is no byte becomes `?`.
        head.chars()
            .map(|c| u8::try_from(c).unwrap_or(b'?'))
            .collect()
    }

    /// The fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Every value of a field; its name in any case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value)
    }

    /// The first value of a field.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether the field is there.
    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// Whether the field's value has this part.
    pub fn says(&self, name: &str, part: &str) -> bool {
        self.all(name).any(|value| value.contains(part))
    }

    /// Takes every field away that this is true of.
    pub fn remove_where(&mut self, gone: impl Fn(&str) -> bool) {
        self.0.retain(|(name, _)| !gone(name));
    }

    /// Takes the field away.
    pub fn remove(&mut self, name: &str) {
        self.remove_where(|key| key.eq_ignore_ascii_case(name));
    }

    /// One field of that name with this value, in the place of the first one.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let place = self.0.iter();
        let place = place
            .take_while(|(key, _)| !key.eq_ignore_ascii_case(name))
            .count();
        self.remove(name);
        self.0
            .insert(place.min(self.0.len()), (name.to_owned(), value.into()));
    }

    /// One field more, at the end.
    pub fn add(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// Changes the value of a field, if it is there.
    pub fn change(&mut self, name: &str, change: impl Fn(&str) -> String) {
        for (key, value) in &mut self.0 {
            if key.eq_ignore_ascii_case(name) {
                *value = change(value);
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_head_is_written_as_it_was_read() {
        let bytes =
            b"GET /caf\xc3\xa9?x HTTP/1.1\r\nHost: a\r\nX-Odd: \xff\xfe\r\nx-ODD: 2\r\n\r\nbody";
        let Parsed::Whole(request, length) = Request::parse(bytes) else {
            panic!("no head")
        };
        assert_eq!(request.bytes(), bytes[..length]);
        assert_eq!(request.fields.all("x-odd").count(), 2);
        let bytes = b"HTTP/1.1 404 Not Found\r\nAllow: \r\n\r\n";
        let Parsed::Whole(response, length) = Response::parse(bytes) else {
            panic!("no head")
        };
        assert_eq!(
            (response.bytes().as_slice(), length),
            (&bytes[..], bytes.len())
        );
    }

    #[test]
    fn what_is_no_head_is_told_from_what_may_become_one() {
        assert_eq!(Request::parse(b"GET / HTTP/1.1\r\nHost"), Parsed::Partial);
        assert_eq!(Request::parse(b"\x16\x03\x01\x02"), Parsed::Unknown);
        assert_eq!(
            Request::parse(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            Parsed::Unknown
        );
        assert_eq!(Response::parse(b"nonsense\r\n\r\n"), Parsed::Unknown);
    }

    #[test]
    fn a_field_is_set_in_its_place() {
        let mut fields = Fields::default();
        for (name, value) in [("A", "1"), ("b", "2"), ("C", "3"), ("B", "4")] {
            fields.add(name, value);
        }
        fields.set("B", "5");
        let all: Vec<_> = fields.iter().collect();
        assert_eq!(all, [("A", "1"), ("B", "5"), ("C", "3")]);
        fields.set("D", "6");
        assert_eq!(fields.first("d").unwrap(), "6");
    }
}
