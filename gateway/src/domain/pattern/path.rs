//! Path patterns: a prefix on segment borders or the whole path, with `{name}` for one segment.

use std::fmt;

use crate::domain::Mistake;
use crate::domain::path::{self, PathRules};

/// A pattern over normalised paths (RFC 3986 §6.2.2, see [`path::normalise`]).
///
/// A prefix takes whole segments: `/a` takes `/a`, `/a/` and `/a/b`, not `/ab`; `/a/` is the same prefix as `/a`, and
/// `/` takes everything. An exact pattern takes one path, and there `/a/` and `/a` are two.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathPattern {
    text: Box<str>,
    segments: Box<[Segment]>,
    exact: bool,
}

/// One segment of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// This text, in normal form. Empty only at the end of an exact pattern.
    Literal(Box<str>),
    /// Any one segment that isn't empty, known by this name.
    Param(Box<str>),
}

impl PathPattern {
    /// A pattern that takes every path below `text`.
    pub fn prefix(text: &str) -> Result<Self, Mistake> {
        Self::parse(text, false)
    }

    /// A pattern that takes the whole path or nothing.
    pub fn exact(text: &str) -> Result<Self, Mistake> {
        Self::parse(text, true)
    }

    /// Whether the whole path has to match.
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// The segments, without the empty one behind a prefix's trailing slash.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The names of the parameters, from left to right.
    pub fn params(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Param(name) => Some(&**name),
            Segment::Literal(_) => None,
        })
    }

    /// How many bytes of the normalised `path` the pattern takes; `None` when it doesn't match.
    ///
    /// What lies behind them is empty or begins with `/`.
    pub fn matched_len(&self, path: &str) -> Option<usize> {
        let mut at = 0;
        for segment in &self.segments {
            let rest = path[at..].strip_prefix('/')?;
            let text = &rest[..rest.find('/').unwrap_or(rest.len())];
            let taken = match segment {
                Segment::Literal(literal) => **literal == *text,
                Segment::Param(_) => !text.is_empty(),
            };
            if !taken {
                return None;
            }
            at += 1 + text.len();
        }
        (!self.exact || at == path.len()).then_some(at)
    }

    fn parse(text: &str, exact: bool) -> Result<Self, Mistake> {
        let Some(inner) = text.strip_prefix('/') else {
            let help = format!("write `/{text}`");
            return Err(Mistake::new(
                format!("the path `{text}` doesn't start with `/`"),
                help,
            ));
        };
        let inner = if exact {
            inner
        } else {
            inner.strip_suffix('/').unwrap_or(inner)
        };
        let mut segments = Vec::new();
        if exact || !inner.is_empty() {
            let count = inner.split('/').count();
            for (at, segment) in inner.split('/').enumerate() {
                let may_be_empty = exact && at + 1 == count;
                segments.push(parse_segment(segment, may_be_empty, text)?);
            }
        }
        let pattern = Self {
            text: text.into(),
            segments: segments.into(),
            exact,
        };
        let names: Vec<&str> = pattern.params().collect();
        if let Some(twice) = (1..names.len()).find(|&at| names[..at].contains(&names[at])) {
            let what = format!(
                "the path `{text}` has two parameters named `{}`",
                names[twice]
            );
            return Err(Mistake::new(what, "give each parameter its own name"));
        }
        Ok(pattern)
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The values of a pattern's parameters in one path, found when asked for.
#[derive(Clone, Copy, Debug)]
pub struct Params<'a> {
    pattern: &'a PathPattern,
    path: &'a str,
}

impl<'a> Params<'a> {
    /// The parameters of `path`, which `pattern` has matched.
    pub fn new(pattern: &'a PathPattern, path: &'a str) -> Self {
        Self { pattern, path }
    }

    /// The value of the parameter `name`, still percent-encoded.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Names and values, from left to right.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let values = self.path.split('/').skip(1);
        self.pattern
            .segments
            .iter()
            .zip(values)
            .filter_map(|(segment, value)| match segment {
                Segment::Param(name) => Some((&**name, value)),
                Segment::Literal(_) => None,
            })
    }
}

fn parse_segment(segment: &str, may_be_empty: bool, text: &str) -> Result<Segment, Mistake> {
    if let Some(name) = segment
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        return parse_name(name, text).map(|name| Segment::Param(name.into()));
    }
    let mistake = |reason: &str, help: &'static str| {
        Err(Mistake::new(format!("the path `{text}` {reason}"), help))
    };
    match segment {
        "" if may_be_empty => return Ok(Segment::Literal("".into())),
        "" => return mistake("has an empty segment", "write one `/` where there are two"),
        "*" | "**" => {
            let help = "a path is a prefix already: leave the `*` out at its end, and write `{name}` for one segment";
            return mistake("has a wildcard", help);
        }
        _ if segment.contains(['{', '}']) => {
            return mistake(
                "has a parameter in part of a segment",
                "let `{name}` be the whole segment",
            );
        }
        _ if segment.contains('?') => {
            return mistake("has a query", "put the condition under the route's `query`");
        }
        _ => {}
    }
    literal(segment, text).map(|literal| Segment::Literal(literal.into()))
}

/// The name of a parameter: a letter or `_`, then letters, digits, `_` and `-`.
pub(super) fn parse_name<'a>(name: &'a str, text: &str) -> Result<&'a str, Mistake> {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    {
        return Ok(name);
    }
    let what = format!("`{{{name}}}` in the path `{text}` is no name for a parameter");
    Err(Mistake::new(
        what,
        "use letters, digits, `_` and `-`, and begin with a letter, as in `{user_id}`",
    ))
}

/// The normal form of one segment; characters beyond ASCII may be written plainly.
pub(super) fn literal(segment: &str, text: &str) -> Result<String, Mistake> {
    let mut encoded = String::with_capacity(segment.len() + 1);
    encoded.push('/');
    for c in segment.chars() {
        if c.is_ascii() {
            encoded.push(c);
        } else {
            let mut utf8 = [0; 4];
            encoded.extend(
                c.encode_utf8(&mut utf8)
                    .bytes()
                    .map(|b| format!("%{b:02X}")),
            );
        }
    }
    let rules = PathRules {
        merge_slashes: false,
        keep_encoded_slashes: true,
    };
    match path::normalise(&encoded, rules) {
        Ok(normal) if normal == "/" => Err(Mistake::new(
            format!(
                "the path `{text}` has a dot segment, which requests never have when routes are matched"
            ),
            "write the path without `.` and `..`",
        )),
        Ok(normal) => Ok(normal[1..].to_owned()),
        Err(error) => Err(Mistake::new(
            format!("the path `{text}` can't match a request: {error}"),
            "percent-encode the character, as in `%20` for a space",
        )),
    }
}
