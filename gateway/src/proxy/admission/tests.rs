#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::compile::default_listener;

/// A head as a client sends it, and what Pingora's parser makes of one; `Host` is there unless the head names one.
struct Head {
    line: (&'static str, &'static [u8]),
    version: Version,
    fields: Vec<(&'static str, Vec<u8>)>,
}

fn get(target: &'static str) -> Head {
    Head {
        line: ("GET", target.as_bytes()),
        version: Version::HTTP_11,
        fields: vec![("Host", b"api.example.com".to_vec())],
    }
}

impl Head {
    fn method(mut self, method: &'static str) -> Self {
        self.line.0 = method;
        self
    }

    fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    fn field(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    fn without_host(mut self) -> Self {
        self.fields.clear();
        self
    }

    fn request(&self) -> RequestHeader {
        let mut request = RequestHeader::build(self.line.0, self.line.1, None).unwrap();
        request.set_version(self.version);
        for (name, value) in &self.fields {
            request.append_header(*name, &value[..]).unwrap();
        }
        request
    }

    fn raw(&self) -> Vec<u8> {
        let mut raw = [self.line.0.as_bytes(), b" ", self.line.1, b" HTTP/1.1\r\n"].concat();
        for (name, value) in &self.fields {
            raw.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        raw.extend(b"\r\n");
        raw
    }

    /// Over HTTP/1.
    fn check(&self) -> Result<(), Reason> {
        checked(&self.request(), Some(&self.raw()), &default_listener())
    }

    /// Over HTTP/2, where there is no raw head.
    fn check_h2(&self) -> Result<(), Reason> {
        checked(&self.request(), None, &default_listener())
    }
}

fn checked(request: &RequestHeader, raw: Option<&[u8]>, listener: &Listener) -> Result<(), Reason> {
    check(request, raw, listener).map_err(|rejection| rejection.reason)
}

const MALFORMED: Result<(), Reason> = Err(Reason::MalformedRequest);

#[test]
fn an_ordinary_request_is_admitted() {
    assert_eq!(get("/").check(), Ok(()));
    assert_eq!(get("/a?b=c").field("Accept", "*/*").check(), Ok(()));
    let post = get("/").method("POST");
    assert_eq!(post.field("Content-Length", "12").check(), Ok(()));
    let post = get("/").method("POST");
    assert_eq!(post.field("Transfer-Encoding", "chunked").check(), Ok(()));
}

#[test]
fn every_line_ends_with_cr_lf() {
    let request = get("/").request();
    let check = |raw: &[u8]| checked(&request, Some(raw), &default_listener());
    assert_eq!(check(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Ok(()));
    for raw in [
        &b"GET / HTTP/1.1\nHost: a\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\nHost: a\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\n",
        b"GET / HTTP/1.1\n\n",
        b"GET / HTTP/1.1\r\nX: a\rb\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\r\r\n\r\n",
        b"GET / HTTP/1.1\rHost: a\r\n\r\n",
    ] {
        let text = String::from_utf8_lossy(raw);
        assert_eq!(check(raw), MALFORMED, "{text:?}");
    }
}

#[test]
fn content_length_is_one_whole_number() {
    let with = |values: &[&'static str]| {
        let post = get("/").method("POST");
        let add = |head: Head, value: &&'static str| head.field("Content-Length", *value);
        values.iter().fold(post, add).check()
    };
    for sound in ["0", "7", "007", "18446744073709551615"] {
        assert_eq!(with(&[sound]), Ok(()), "{sound}");
    }
    for wrong in ["", "-1", "+1", "1.0", "0x10", "1 2", "1, 1", "1_0", "١"] {
        assert_eq!(with(&[wrong]), MALFORMED, "{wrong}");
    }
    assert_eq!(with(&["7", "7"]), MALFORMED);
    assert_eq!(with(&["7", "8"]), MALFORMED);
}

#[test]
fn the_only_transfer_coding_is_chunked_once() {
    let with = |values: &[&'static str]| {
        let post = get("/").method("POST");
        let add = |head: Head, value: &&'static str| head.field("Transfer-Encoding", *value);
        values.iter().fold(post, add)
    };
    assert_eq!(with(&["chunked"]).check(), Ok(()));
    assert_eq!(with(&["Chunked"]).check(), Ok(()));
    for other in [
        "gzip, chunked",
        "chunked, chunked",
        "identity",
        "xchunked",
        "",
        "chunked;a=b",
    ] {
        assert_eq!(
            with(&[other]).check(),
            Err(Reason::UnknownCoding),
            "{other}"
        );
    }
    assert_eq!(with(&["chunked", "chunked"]).check(), MALFORMED);
    assert_eq!(with(&["gzip", "chunked"]).check(), MALFORMED);
    let old = with(&["chunked"]).version(Version::HTTP_10);
    assert_eq!(old.check(), MALFORMED);
}

#[test]
fn length_and_coding_exclude_each_other() {
    let both = get("/")
        .method("POST")
        .field("Content-Length", "5")
        .field("Transfer-Encoding", "chunked");
    assert_eq!(both.check(), MALFORMED);
    // Pingora drops the length, so only the raw head still has it, in whatever case.
    let chunked = get("/")
        .method("POST")
        .field("Transfer-Encoding", "chunked");
    for name in ["Content-Length", "content-LENGTH"] {
        let raw = format!(
            "POST / HTTP/1.1\r\nHost: a\r\n{name}: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        let check = checked(
            &chunked.request(),
            Some(raw.as_bytes()),
            &default_listener(),
        );
        assert_eq!(check, MALFORMED, "{name}");
    }
    let near = chunked
        .field("X-Content-Length", "5")
        .field("Content-Length-Hint", "5");
    assert_eq!(near.check(), Ok(()));
}

#[test]
fn http_1_1_has_one_host() {
    assert_eq!(get("/").without_host().check(), MALFORMED);
    let twice = get("/").field("Host", "api.example.com");
    assert_eq!(twice.check(), MALFORMED, "even the same one");
    let old = get("/").without_host().version(Version::HTTP_10);
    assert_eq!(old.check(), Ok(()));
    // HTTP/2 has `:authority` in its place (RFC 9113 §8.3.1).
    let h2 = get("/").without_host().version(Version::HTTP_2);
    assert_eq!(h2.check_h2(), Ok(()));
}

#[test]
fn a_host_is_a_host() {
    let with = |host: &'static str| get("/").without_host().field("Host", host).check();
    for host in [
        "a",
        "api.example.com:8080",
        "127.0.0.1",
        "[::1]:443",
        "xn--bcher-kva.example",
        "",
    ] {
        assert_eq!(with(host), Ok(()), "{host}");
    }
    for host in [
        "a b", "me@a", "a/b", "a?b", "a#b", "a\\b", "a\tb", "http://a", "bücher", "a\"b", "<a>",
    ] {
        assert_eq!(with(host), MALFORMED, "{host}");
    }
}

#[test]
fn the_target_is_of_a_known_form() {
    for target in [
        "/",
        "//a",
        "/a?b",
        "/a[0]|b^c{\"d\"}",
        "http://a/b",
        "HTTP://a:80",
        "https://a?b",
    ] {
        assert_eq!(get(target).check(), Ok(()), "{target}");
    }
    for target in [
        "a",
        "?a",
        "\\a",
        "*",
        "ftp://a/b",
        "http:///b",
        "http://",
        "http://me@a/b",
        "http:/a",
        "a:80",
        "x://http://a",
    ] {
        assert_eq!(get(target).check(), MALFORMED, "{target}");
    }
    assert_eq!(get("*").method("OPTIONS").check(), Ok(()));
    assert_eq!(get("**").method("OPTIONS").check(), MALFORMED);
}

#[test]
fn a_target_is_text() {
    let mut head = get("/");
    head.line.1 = b"/\xff";
    assert_eq!(head.check(), MALFORMED);
    head.line.1 = b"/\xc3\xbc";
    // Told apart here from what is no UTF-8 at all; as a path it is refused where it is normalised.
    assert_eq!(head.check(), Ok(()));
}

#[test]
fn the_listener_bounds_target_fields_and_head() {
    let mut listener = default_listener();
    listener.target_bytes = 10;
    listener.header_count = 3;
    listener.header_bytes = 100;
    let check = |head: &Head| checked(&head.request(), Some(&head.raw()), &listener);
    assert_eq!(check(&get("/23456789a")), Ok(()));
    assert_eq!(check(&get("/23456789ab")), Err(Reason::TargetTooLong));
    let three = get("/").field("A", "1").field("B", "2");
    assert_eq!(check(&three), Ok(()));
    let four = three.field("A", "3");
    assert_eq!(check(&four), Err(Reason::HeadersTooLarge));
    let spare = 100 - get("/").field("A", "").raw().len();
    let exact = get("/").field("A", vec![b'a'; spare]);
    assert_eq!(exact.raw().len(), 100);
    assert_eq!(check(&exact), Ok(()));
    let over = get("/").field("A", vec![b'a'; spare + 1]);
    assert_eq!(check(&over), Err(Reason::HeadersTooLarge));
}

#[test]
fn http_2_counts_32_bytes_beside_each_field() {
    let mut listener = default_listener();
    // "host" and its value, "a" and its value, and twice 32.
    listener.header_bytes = 4 + 15 + 1 + 10 + 64;
    let check = |length| {
        let head = get("/")
            .version(Version::HTTP_2)
            .field("A", vec![b'a'; length]);
        checked(&head.request(), None, &listener)
    };
    assert_eq!(check(10), Ok(()));
    assert_eq!(check(11), Err(Reason::HeadersTooLarge));
}

#[test]
fn absolute_form_is_taken_apart() {
    for (target, scheme, authority) in [
        ("http://a/b", "http", "a"),
        ("HTTPS://a:443?b", "HTTPS", "a:443"),
        ("http://[::1]#c", "http", "[::1]"),
    ] {
        assert_eq!(absolute(target.as_bytes()), Some((scheme, authority)));
    }
    for target in [
        "/http://a",
        "a",
        "ftp://a",
        "http://",
        "http://a@b/",
        "http://a b/",
    ] {
        assert_eq!(absolute(target.as_bytes()), None, "{target}");
    }
}
