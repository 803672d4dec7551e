//! The head of a request (RFC 9112 §3 and §5), read leniently: what a strict server would refuse is noted.

use crate::received::{Oddity, text};

/// The head of a request, as it came.
pub(super) struct RequestHead {
    pub method: String,
    pub target: String,
    pub version: String,
    pub headers: Vec<(String, String)>,
    pub oddities: Vec<Oddity>,
}

/// Reads a head. There is none that can't be read: at worst its method is the whole line.
pub(super) fn parse(bytes: &[u8]) -> RequestHead {
    let mut oddities = Vec::new();
    let mut lines = bytes
        .split_inclusive(|&byte| byte == b'\n')
        .map(|line| trim_end(line, &mut oddities));
    let request_line = text(lines.next().unwrap_or_default());
    let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let (method, target, version) = request_line_parts(&request_line, &mut oddities);
    let headers = fields(&lines, &mut oddities);
    note_hosts(&headers, &version, &mut oddities);
    RequestHead {
        method,
        target,
        version,
        headers,
        oddities,
    }
}

/// Reads header or trailer lines without their line ends.
pub(super) fn fields(lines: &[&[u8]], oddities: &mut Vec<Oddity>) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::with_capacity(lines.len());
    for line in lines {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            oddities.push(Oddity::FoldedLine);
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(text(line).trim_matches([' ', '\t']));
            }
            continue;
        }
        let line = text(line);
        let Some((name, value)) = line.split_once(':') else {
            oddities.push(Oddity::LineWithoutColon);
            continue;
        };
        let trimmed = name.trim_end_matches([' ', '\t']);
        if trimmed != name {
            oddities.push(Oddity::SpaceBeforeColon);
        }
        if trimmed.is_empty() || !trimmed.bytes().all(is_token) {
            oddities.push(Oddity::BadName);
        }
        fields.push((
            trimmed.to_owned(),
            value.trim_matches([' ', '\t']).to_owned(),
        ));
    }
    fields
}

/// Takes the line end off.
pub(super) fn trim_end<'a>(line: &'a [u8], oddities: &mut Vec<Oddity>) -> &'a [u8] {
    if let Some(line) = line.strip_suffix(b"\r\n") {
        return line;
    }
    if line.ends_with(b"\n") && !oddities.contains(&Oddity::BareLineFeed) {
        oddities.push(Oddity::BareLineFeed);
    }
    line.strip_suffix(b"\n").unwrap_or(line)
}

fn request_line_parts(line: &str, oddities: &mut Vec<Oddity>) -> (String, String, String) {
    let mut parts = line.splitn(2, ' ');
    let method = parts.next().unwrap_or_default();
    let (target, version) = parts
        .next()
        .and_then(|rest| rest.rsplit_once(' '))
        .unwrap_or_default();
    let sound = method.bytes().all(is_token)
        && !target.contains([' ', '\t'])
        && version.starts_with("HTTP/1.");
    if !sound || method.is_empty() || target.is_empty() {
        oddities.push(Oddity::RequestLine);
    }
    (method.to_owned(), target.to_owned(), version.to_owned())
}

fn note_hosts(headers: &[(String, String)], version: &str, oddities: &mut Vec<Oddity>) {
    match headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
        .count()
    {
        0 if version == "HTTP/1.1" => oddities.push(Oddity::NoHost),
        0 | 1 => {}
        _ => oddities.push(Oddity::RepeatedHost),
    }
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_target_order_case_and_duplicates() {
        let head = parse(
            b"GET /a%2fb/../c?x=%20 HTTP/1.1\r\nHost: h\r\nX-b: 1\r\nx-B:  2 \r\nAccept:\r\n\r\n",
        );
        assert_eq!(
            (head.method.as_str(), head.target.as_str()),
            ("GET", "/a%2fb/../c?x=%20")
        );
        let headers: Vec<_> = head
            .headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            headers,
            [("Host", "h"), ("X-b", "1"), ("x-B", "2"), ("Accept", "")]
        );
        assert_eq!(head.oddities, []);
    }

    #[test]
    fn notes_what_is_odd() {
        let odd = |bytes: &[u8]| parse(bytes).oddities;
        assert_eq!(odd(b"GET / HTTP/1.1\r\n\r\n"), [Oddity::NoHost]);
        assert_eq!(odd(b"GET / HTTP/1.0\r\n\r\n"), []);
        assert_eq!(
            odd(b"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"),
            [Oddity::RepeatedHost]
        );
        assert_eq!(
            odd(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
            [Oddity::SpaceBeforeColon]
        );
        assert_eq!(
            odd(b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n"),
            [Oddity::LineWithoutColon]
        );
        assert_eq!(
            odd(b"GET / HTTP/1.1\r\nHost: a\r\nX[]: a\r\n\r\n"),
            [Oddity::BadName]
        );
        assert_eq!(
            odd(b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
            [Oddity::RequestLine]
        );
        assert_eq!(odd(b"nonsense\r\nHost: a\r\n\r\n"), [Oddity::RequestLine]);
        assert_eq!(odd(b"GET / HTTP/1.1\nHost: a\n\n"), [Oddity::BareLineFeed]);
    }

    #[test]
    fn joins_folded_lines() {
        let head = parse(b"GET / HTTP/1.1\r\nHost: a\r\nX: one\r\n  two\r\n\r\n");
        assert_eq!(head.headers[1], ("X".to_owned(), "one two".to_owned()));
        assert_eq!(head.oddities, [Oddity::FoldedLine]);
    }

    #[test]
    fn reads_bytes_beyond_utf8_as_latin1() {
        let head = parse(b"GET /\xff HTTP/1.1\r\nHost: a\r\nX: gr\xc3\xbc\xc3\x9f\r\n\r\n");
        assert_eq!(head.target, "/\u{ff}");
        assert_eq!(head.headers[1].1, "grüß");
    }
}
