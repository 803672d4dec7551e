//! An HTTP/1 answer as it came over the wire.

use serde_json::Value;

/// One final answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub status: u16,
    /// In order, with duplicates.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the body came to its announced end.
    pub complete: bool,
    /// The informational answers before it: status and headers.
    pub early: Vec<(u16, Vec<(String, String)>)>,
}

impl Answer {
    /// The first answer in these bytes and how many of them it takes, once it is whole or `closed`.
    pub fn parse(bytes: &[u8], method: &str, closed: bool) -> Option<(Self, usize)> {
        let mut answer = Self::default();
        let mut at = 0;
        loop {
            let length = bytes[at..]
                .windows(4)
                .position(|four| four == b"\r\n\r\n")?;
            let head = String::from_utf8_lossy(&bytes[at..at + length]).into_owned();
            at += length + 4;
            let (status, headers) = read_head(&head);
            if status / 100 == 1 && status != 101 {
                answer.early.push((status, headers));
                continue;
            }
            (answer.status, answer.headers) = (status, headers);
            break;
        }
        let rest = &bytes[at..];
        if method == "HEAD" || matches!(answer.status, 101 | 204 | 304) {
            answer.complete = true;
            return Some((answer, at));
        }
        let taken = answer.read_body(rest, closed)?;
        Some((answer, at + taken))
    }

    fn read_body(&mut self, rest: &[u8], closed: bool) -> Option<usize> {
        if let Some(length) = self.header("content-length") {
            let length: usize = length.parse().unwrap();
            self.complete = rest.len() >= length;
            self.body = rest[..rest.len().min(length)].to_vec();
            return (self.complete || closed).then_some(self.body.len());
        }
        if self.header("transfer-encoding") == Some("chunked") {
            let taken = self.read_chunks(rest);
            return (self.complete || closed).then_some(taken);
        }
        self.body = rest.to_vec();
        self.complete = closed;
        closed.then_some(rest.len())
    }

    fn read_chunks(&mut self, rest: &[u8]) -> usize {
        let mut at = 0;
        self.body.clear();
        while let Some(end) = rest[at..].windows(2).position(|two| two == b"\r\n") {
            let size = std::str::from_utf8(&rest[at..at + end]).unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            let data = at + end + 2;
            if rest.len() < data + size + 2 {
                break;
            }
            self.body.extend_from_slice(&rest[data..data + size]);
            at = data + size + 2;
            if size == 0 {
                self.complete = true;
                break;
            }
        }
        at
    }

    /// Every answer in these bytes.
    pub fn all(mut bytes: &[u8]) -> Vec<Self> {
        let mut answers = Vec::new();
        while let Some((answer, taken)) = Self::parse(bytes, "GET", true) {
            answers.push(answer);
            bytes = &bytes[taken..];
        }
        assert!(bytes.is_empty(), "left over: {bytes:?}");
        answers
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let fits = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .find(fits)
            .map(|(_, value)| value.as_str())
    }

    /// All values of a header.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let fits = move |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .filter(fits)
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }

    /// The `code` of a problem document; an empty text where there is none.
    pub fn code(&self) -> String {
        if self.header("content-type") != Some("application/problem+json") {
            return String::new();
        }
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        problem["code"].as_str().unwrap().to_owned()
    }
}

fn read_head(head: &str) -> (u16, Vec<(String, String)>) {
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let field = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_owned(), value.trim().to_owned())
    };
    (status.parse().unwrap(), lines.map(field).collect())
}
