//! One line of JSON, written straight into a buffer.

use std::io::Write;

/// An object under construction. Nothing is allocated beside the buffer's growth.
#[derive(Debug)]
pub struct Line<'a> {
    buffer: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Line<'a> {
    /// Opens the object.
    pub fn open(buffer: &'a mut Vec<u8>) -> Self {
        buffer.push(b'{');
        Self {
            buffer,
            first: true,
        }
    }

    /// Closes the object and the line.
    pub fn close(self) {
        self.buffer.extend_from_slice(b"}\n");
    }

    /// A member whose value is text.
    pub fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        self.json(value);
    }

    /// Nearly all text needs no escape and is copied as it is.
    fn json(&mut self, value: &str) {
        let plain = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
        if value.as_bytes().iter().all(plain) {
            self.buffer.push(b'"');
            self.buffer.extend_from_slice(value.as_bytes());
            self.buffer.push(b'"');
        } else {
            // Writing into memory cannot fail.
            serde_json::to_writer(&mut *self.buffer, value).expect("memory takes every byte");
        }
    }

    /// A member whose value is text, if there is one.
    pub fn maybe(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A member whose value is text that needs no escapes.
    pub fn plain(&mut self, name: &'static str, value: &[&[u8]]) {
        self.name(name);
        self.buffer.push(b'"');
        for part in value {
            self.buffer.extend_from_slice(part);
        }
        self.buffer.push(b'"');
    }

    /// A member whose value is an address.
    pub fn address(&mut self, name: &'static str, value: std::net::IpAddr) {
        self.name(name);
        // Writing into memory cannot fail, and an address needs no escapes.
        write!(self.buffer, "\"{value}\"").expect("memory takes every byte");
    }

    /// A member whose value is a whole number.
    pub fn number(&mut self, name: &'static str, value: u64) {
        self.name(name);
        self.buffer
            .extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    /// A member in milliseconds with three places, from microseconds.
    pub fn millis(&mut self, name: &'static str, micros: u128) {
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        self.number(name, micros / 1000);
        let places = micros % 1000;
        self.buffer.push(b'.');
        for digit in [places / 100, places / 10 % 10, places % 10] {
            self.buffer.push(b'0' + u8::try_from(digit).unwrap_or(0));
        }
    }

    /// A member that is an object with one member of text, under a name that is not a constant.
    pub fn nested(&mut self, name: &'static str, inner: &str, value: &str) {
        self.name(name);
        self.buffer.push(b'{');
        for (text, after) in [(inner, b':'), (value, b'}')] {
            self.json(text);
            self.buffer.push(after);
        }
    }

    fn name(&mut self, name: &'static str) {
        if !std::mem::take(&mut self.first) {
            self.buffer.push(b',');
        }
        self.buffer.push(b'"');
        self.buffer.extend_from_slice(name.as_bytes());
        self.buffer.extend_from_slice(b"\":");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn writes_json_that_others_read() {
        let mut buffer = Vec::new();
        let mut line = Line::open(&mut buffer);
        line.text("path", "/a\"b\n");
        line.maybe("absent", None);
        line.plain("time", &[b"12:00", b".000"]);
        line.number("status", 200);
        line.millis("duration_ms", 12_034);
        line.nested("headers", "x-canary", "tr\"ue");
        line.close();
        let read: serde_json::Value = serde_json::from_slice(&buffer).unwrap();
        let expected = serde_json::json!({
            "path": "/a\"b\n", "time": "12:00.000", "status": 200, "duration_ms": 12.034,
            "headers": {"x-canary": "tr\"ue"},
        });
        assert_eq!(read, expected);
        assert!(buffer.ends_with(b"}\n"));
    }
}
