//! The one form of a request's path: RFC 3986 §6.2.2 (case, escapes, dot segments) and §5.2.4.
//!
//! Routes are matched on this form and it is what goes upstream, so that gateway and upstream can't read one path in
//! two ways. It is normalised once and never decoded again: `%252e` stays `%252e`. Printable characters that a path may
//! hold only percent-encoded, but that browsers and clients send raw (`[ ] | ^ " < > { }` and the grave accent), are
//! encoded.

use std::borrow::Cow;

/// What a listener does beyond RFC 3986.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathRules {
    /// Takes `//` for `/`, before dot segments are removed.
    pub merge_slashes: bool,
    /// Lets `%2F` and `%5C` pass, still encoded, as ordinary characters of a segment.
    pub keep_encoded_slashes: bool,
}

/// Why a path is refused (400).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It is empty or in another form than `/…`.
    #[error("the path doesn't start with `/`")]
    NotAbsolute,
    /// A NUL, raw or as `%00`.
    #[error("the path holds a NUL character")]
    Nul,
    /// `%2F` or `%5C`, which upstreams read in different ways.
    #[error("the path holds an encoded slash or backslash")]
    EncodedSlash,
    /// `\`, which some upstreams take for `/`.
    #[error("the path holds a backslash")]
    Backslash,
    /// A raw control character.
    #[error("the path holds a control character")]
    Control,
    /// A `%` without two hexadecimal digits behind it.
    #[error("the path holds a `%` that isn't followed by two hexadecimal digits")]
    MalformedEscape,
    /// A raw space, `?`, `#` or non-ASCII character, which RFC 3986 §3.3 allows only percent-encoded.
    #[error("the path holds a character that has to be percent-encoded")]
    NotEncoded,
}

/// The normal form of `raw_path` (no query), borrowed when that is what came in.
///
/// Dot segments that climb above the root are clamped there, as RFC 3986 §5.2.4 says.
pub fn normalise(raw_path: &str, rules: PathRules) -> Result<Cow<'_, str>, PathError> {
    if !raw_path.starts_with('/') {
        return Err(PathError::NotAbsolute);
    }
    if is_normal(raw_path.as_bytes(), rules.merge_slashes) {
        return Ok(Cow::Borrowed(raw_path));
    }
    rewrite(raw_path.as_bytes(), rules).map(Cow::Owned)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Dot,
    Slash,
    Percent,
    /// Printable, and percent-encoded in normal form.
    Raw,
    Refused,
}

static CLASS: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut table = [Class::Refused; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'.' => Class::Dot,
            b'/' => Class::Slash,
            b'%' => Class::Percent,
            b if b.is_ascii_alphanumeric() => Class::Plain,
            b'-' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b','
            | b';' | b'=' | b':' | b'@' => Class::Plain,
            b'"' | b'<' | b'>' | b'[' | b']' | b'^' | b'`' | b'{' | b'|' | b'}' => Class::Raw,
            _ => Class::Refused,
        };
        byte += 1;
    }
    table
}

/// True only when nothing has to be changed or refused.
fn is_normal(path: &[u8], merge_slashes: bool) -> bool {
    let mut after_slash = false;
    for (at, &byte) in path.iter().enumerate() {
        match CLASS[byte as usize] {
            Class::Plain => after_slash = false,
            Class::Slash if after_slash && merge_slashes => return false,
            Class::Slash => after_slash = true,
            Class::Dot if after_slash && starts_dot_segment(&path[at..]) => return false,
            Class::Dot => after_slash = false,
            Class::Percent if is_normal_escape(&path[at..]) => after_slash = false,
            Class::Percent | Class::Raw | Class::Refused => return false,
        }
    }
    true
}

/// Upper case, and of a character that is neither unreserved nor one that a rule decides about.
fn is_normal_escape(rest: &[u8]) -> bool {
    let Some(digits) = rest.get(1..3) else {
        return false;
    };
    let upper = digits
        .iter()
        .all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
    upper
        && unescape(digits).is_ok_and(|byte| {
            !matches!(byte, 0 | b'/' | b'\\' | b'-' | b'.' | b'_' | b'~')
                && !byte.is_ascii_alphanumeric()
        })
}

fn starts_dot_segment(rest: &[u8]) -> bool {
    let end = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
    matches!(&rest[..end], b"." | b"..")
}

fn rewrite(path: &[u8], rules: PathRules) -> Result<String, PathError> {
    let mut out = String::with_capacity(path.len());
    out.push('/');
    let mut segment = out.len();
    let mut at = 1;
    while let Some(&byte) = path.get(at) {
        at += 1;
        match CLASS[byte as usize] {
            Class::Plain | Class::Dot => out.push(byte as char),
            Class::Slash => segment = close(&mut out, segment, true, rules.merge_slashes),
            Class::Percent => {
                let escaped = unescape(path.get(at..at + 2).ok_or(PathError::MalformedEscape)?)?;
                at += 2;
                push_escaped(&mut out, escaped, rules)?;
            }
            Class::Raw => push_encoded(&mut out, byte),
            Class::Refused => return Err(refusal(byte)),
        }
    }
    close(&mut out, segment, false, rules.merge_slashes);
    Ok(out)
}

/// Ends the segment that began at `segment`, removes it when it is a dot segment, and returns where the next begins.
fn close(out: &mut String, segment: usize, another: bool, merge_slashes: bool) -> usize {
    match &out[segment..] {
        "." => out.truncate(segment),
        ".." => {
            let parent = out[..segment - 1].rfind('/').unwrap_or(0);
            out.truncate(parent + 1);
        }
        "" if merge_slashes => {}
        _ if another => out.push('/'),
        _ => {}
    }
    out.len()
}

fn unescape(digits: &[u8]) -> Result<u8, PathError> {
    let digit = |byte: u8| {
        (byte as char)
            .to_digit(16)
            .ok_or(PathError::MalformedEscape)
    };
    // Two hexadecimal digits are at most 255.
    Ok((digit(digits[0])? * 16 + digit(digits[1])?) as u8)
}

fn push_escaped(out: &mut String, byte: u8, rules: PathRules) -> Result<(), PathError> {
    match byte {
        0 => return Err(PathError::Nul),
        b'/' | b'\\' if !rules.keep_encoded_slashes => return Err(PathError::EncodedSlash),
        // RFC 3986 §2.3: an unreserved character means the same without its escape.
        b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
        _ if byte.is_ascii_alphanumeric() => out.push(byte as char),
        _ => push_encoded(out, byte),
    }
    Ok(())
}

fn push_encoded(out: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(HEX[usize::from(byte >> 4)] as char);
    out.push(HEX[usize::from(byte & 15)] as char);
}

const fn refusal(byte: u8) -> PathError {
    match byte {
        0 => PathError::Nul,
        b'\\' => PathError::Backslash,
        _ if byte.is_ascii_control() => PathError::Control,
        _ => PathError::NotEncoded,
    }
}

#[cfg(test)]
mod tests;
