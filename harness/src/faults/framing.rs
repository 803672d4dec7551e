//! Where a body ends (RFC 9112 §6.3), told from the bytes that pass, which stay as they are.

use super::message::{Fields, Request, Response};

/// How a body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

/// Follows a body to its end.
#[derive(Debug)]
pub(super) struct Meter {
    state: State,
    /// The line of the chunked coding that is being read.
    line: Vec<u8>,
    /// The body without its framing, and its trailers; kept only where that is asked for.
    kept: Option<Kept>,
}

/// A body without its framing.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub body: Vec<u8>,
    pub trailers: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Left(u64),
    Size,
    Chunk(u64),
    AfterChunk,
    Trailers,
    UntilClose,
    Done,
    Lost,
}

impl Framing {
    /// None where readers may disagree: such a request passes untouched.
    pub fn of_request(request: &Request) -> Option<Self> {
        match (chunked(&request.fields), length(&request.fields)?) {
            (false, length) if !request.fields.has("Transfer-Encoding") => {
                Some(Self::Length(length.unwrap_or_default()))
            }
            (true, None) => Some(Self::Chunked),
            _ => None,
        }
    }

    /// None where readers may disagree.
    pub fn of_response(method: &str, response: &Response) -> Option<Self> {
        if method == "HEAD" || response.status < 200 || matches!(response.status, 204 | 304) {
            return Some(Self::Length(0));
        }
        match (chunked(&response.fields), length(&response.fields)?) {
            (true, None) => Some(Self::Chunked),
            (false, length) if !response.fields.has("Transfer-Encoding") => {
                Some(length.map_or(Self::UntilClose, Self::Length))
            }
            _ => None,
        }
    }
}

impl Meter {
    pub fn new(framing: Framing, keep: bool) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Left(length),
            Framing::Chunked => State::Size,
            Framing::UntilClose => State::UntilClose,
        };
        Self {
            state,
            line: Vec::new(),
            kept: keep.then(Kept::default),
        }
    }

    /// Whether the body has ended; one that ends with its connection never has.
    pub fn done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the framing made no sense, so that nobody knows where the body ends.
    pub fn lost(&self) -> bool {
        self.state == State::Lost
    }

    /// What was kept.
    pub fn kept(&self) -> Option<&Kept> {
        self.kept.as_ref()
    }

    /// How many of these bytes belong to the body.
    pub fn take(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while taken < bytes.len() && !self.done() {
            taken += self.step(&bytes[taken..]);
        }
        taken
    }

    fn step(&mut self, bytes: &[u8]) -> usize {
        match self.state {
            State::Done => 0,
            State::Lost => bytes.len(),
            State::UntilClose => self.keep(bytes, bytes.len()),
            State::Left(left) => {
                let taken = self.keep(bytes, at_most(left, bytes));
                self.state = match left - taken as u64 {
                    0 => State::Done,
                    left => State::Left(left),
                };
                taken
            }
            State::Chunk(left) => {
                let taken = self.keep(bytes, at_most(left, bytes));
                self.state = match left - taken as u64 {
                    0 => State::AfterChunk,
                    left => State::Chunk(left),
                };
                taken
            }
            State::Size | State::AfterChunk | State::Trailers => {
                self.line.push(bytes[0]);
                if self.line.ends_with(b"\r\n") {
                    let line = std::mem::take(&mut self.line);
                    self.state = self.after(&line[..line.len() - 2]);
                } else if self.line.len() > 1 << 16 {
                    self.state = State::Lost;
                }
                1
            }
        }
    }

    fn after(&mut self, line: &[u8]) -> State {
        match (self.state, line) {
            (State::AfterChunk, []) => State::Size,
            (State::Trailers, []) => State::Done,
            (State::Trailers, line) => {
                if let Some(kept) = &mut self.kept {
                    kept.trailers.extend_from_slice(line);
                    kept.trailers.extend_from_slice(b"\r\n");
                }
                State::Trailers
            }
            (State::Size, line) => {
                let text = String::from_utf8_lossy(line);
                let size = text.split(';').next().unwrap_or_default().trim();
                match u64::from_str_radix(size, 16) {
                    Ok(0) => State::Trailers,
                    Ok(size) => State::Chunk(size),
                    Err(_) => State::Lost,
                }
            }
            _ => State::Lost,
        }
    }

    fn keep(&mut self, bytes: &[u8], count: usize) -> usize {
        if let Some(kept) = &mut self.kept {
            kept.body.extend_from_slice(&bytes[..count]);
        }
        count
    }
}

impl Kept {
    /// The body in one chunk, with its trailers.
    pub fn chunked(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if !self.body.is_empty() {
            bytes.extend(format!("{:x}\r\n", self.body.len()).into_bytes());
            bytes.extend(&self.body);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n");
        bytes.extend(&self.trailers);
        bytes.extend(b"\r\n");
        bytes
    }
}

fn at_most(left: u64, bytes: &[u8]) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len())
}

fn chunked(fields: &Fields) -> bool {
    let mut codings = fields.all("Transfer-Encoding");
    let only = codings
        .next()
        .is_some_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"));
    only && codings.next().is_none()
}

/// None where there are several lengths, or one that is no number.
fn length(fields: &Fields) -> Option<Option<u64>> {
    let mut lengths = fields.all("Content-Length");
    match (lengths.next(), lengths.next()) {
        (None, _) => Some(None),
        (Some(length), None) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(Some(length.parse().ok()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn pieces(framing: Framing, bytes: &[u8], size: usize) -> (usize, Meter) {
        let mut meter = Meter::new(framing, true);
        let taken = bytes.chunks(size).map(|piece| meter.take(piece)).sum();
        (taken, meter)
    }

    #[test]
    fn a_body_is_followed_to_its_end_however_it_comes() {
        let chunked = b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\nGET /";
        for size in 1..chunked.len() {
            let (taken, meter) = pieces(Framing::Chunked, chunked, size);
            assert_eq!(&chunked[taken..], b"GET /");
            assert!(meter.done());
            assert_eq!(meter.kept().unwrap().body, b"abc0123456789");
            assert_eq!(meter.kept().unwrap().trailers, b"X-Sum: 1\r\n");
            let (taken, meter) = pieces(Framing::Length(3), b"abcGET /", size);
            assert_eq!((taken, meter.done()), (3, true));
        }
    }

    #[test]
    fn what_is_no_chunk_is_lost() {
        let (taken, meter) = pieces(Framing::Chunked, b"zz\r\nabc", 2);
        assert_eq!((taken, meter.lost()), (7, true));
    }

    #[test]
    fn a_kept_body_is_framed_again() {
        let (_, meter) = pieces(
            Framing::Chunked,
            b"1\r\na\r\n1\r\nb\r\n0\r\nT: 1\r\n\r\n",
            4,
        );
        assert_eq!(
            meter.kept().unwrap().chunked(),
            b"2\r\nab\r\n0\r\nT: 1\r\n\r\n"
        );
    }
}
