//! Claims that the upstream is told in headers.
//!
//! A claim is a text, a number, `true` or `false`, or a list of such; the members of a list are joined by commas. What a
//! header or a list could be confused by is percent-encoded (RFC 3986 §2.1) in UTF-8: control characters, commas, `%`,
//! whatever is not ASCII, and spaces at the ends of a member. So a member never turns into two, and no line break passes.
//! A claim that is absent, `null` or an empty list leaves the header away.

use crate::identity::Claims;
use crate::plugin::edits::Fields;
use crate::plugin::registry::Compile;
use http::HeaderValue;
use http::header::{self, HeaderName};
use indexmap::IndexMap;
use serde_json::Value;
use std::fmt::Write;

/// Bytes of the longest value.
const LONGEST: usize = 8 * 1024;

/// Headers that say how the message or the connection is to be read.
const FRAMING: [HeaderName; 10] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// A claim that no header can carry: an object, a list in a list, or more than 8 KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfit;

/// Which claim goes into which header.
#[derive(Debug, Clone, Default)]
pub struct ClaimHeaders(Box<[(Box<str>, HeaderName)]>);

impl ClaimHeaders {
    /// As `claimsToHeaders` says it; mistakes go to the report. The headers in `taken` have another use, which is told.
    pub fn compile(
        map: &IndexMap<String, String>,
        taken: &[(&HeaderName, &str)],
        compile: &mut Compile<'_, '_>,
    ) -> Option<Self> {
        let outer = compile.at;
        compile.at = outer.key("claimsToHeaders");
        let headers: Vec<_> = map
            .iter()
            .map(|(claim, name)| Some((claim.as_str().into(), compile.header(claim, name)?)))
            .collect();
        let list = std::mem::replace(&mut compile.at, outer).key("claimsToHeaders");
        let headers: Vec<(Box<str>, HeaderName)> = headers.into_iter().collect::<Option<_>>()?;
        let mut sound = true;
        for (place, (claim, name)) in headers.iter().enumerate() {
            let uses = taken.iter().find(|(other, _)| *other == name);
            let wrong = if headers[..place].iter().any(|(_, other)| other == name) {
                "carries another claim already"
            } else if FRAMING.contains(name) {
                "belongs to the connection"
            } else if let Some((_, what)) = uses {
                what
            } else {
                continue;
            };
            sound = false;
            compile
                .report
                .error(list.key(claim), "same-header", format!("`{name}` {wrong}"))
                .help("name another header for the claim");
        }
        sound.then(|| Self(headers.into()))
    }

    /// The names in a configuration that was not compiled: a client's own never pass.
    #[must_use]
    pub fn names(config: &Value) -> Vec<HeaderName> {
        let map = config.get("claimsToHeaders").and_then(Value::as_object);
        let names = map
            .into_iter()
            .flatten()
            .filter_map(|(_, name)| name.as_str());
        names.filter_map(|name| name.parse().ok()).collect()
    }

    /// The headers for these claims.
    ///
    /// # Errors
    /// When one of them does not fit into a header.
    pub fn fields(&self, claims: &Claims) -> Result<Fields, Unfit> {
        let mut fields = vec![];
        for (claim, header) in &self.0 {
            if let Some(value) = claims.find(claim).map(value).transpose()?.flatten() {
                fields.push((header.clone(), value));
            }
        }
        Ok(fields.into())
    }

    /// Each claim with its header, for people.
    pub fn told(&self) -> impl Iterator<Item = String> {
        self.0
            .iter()
            .map(|(claim, header)| format!("{claim} in {header}"))
    }
}

pub(super) fn value(claim: &Value) -> Result<Option<HeaderValue>, Unfit> {
    let mut text = String::new();
    match claim {
        Value::Null => return Ok(None),
        Value::Array(items) if items.is_empty() => return Ok(None),
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                member(item, &mut text)?;
            }
        }
        one => member(one, &mut text)?,
    }
    if text.len() > LONGEST {
        return Err(Unfit);
    }
    HeaderValue::try_from(text).map(Some).map_err(|_| Unfit)
}

fn member(value: &Value, out: &mut String) -> Result<(), Unfit> {
    match value {
        Value::String(text) => encode(text, out),
        Value::Number(_) | Value::Bool(_) => out.push_str(&value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => return Err(Unfit),
    }
    Ok(())
}

fn encode(text: &str, out: &mut String) {
    let last = text.len().saturating_sub(1);
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            b'%' | b',' => escape(byte, out),
            b' ' if place > 0 && place < last => out.push(' '),
            b'!'..=b'~' => out.push(char::from(byte)),
            _ => escape(byte, out),
        }
    }
}

fn escape(byte: u8, out: &mut String) {
    write!(out, "%{byte:02X}").expect("writing to a text does not fail");
}
