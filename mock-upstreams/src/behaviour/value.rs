//! How durations, sizes, bytes and headers are written in a behaviour.

use http::{HeaderName, HeaderValue};
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// Header lines in order. In JSON a list of `"Name: value"`; in text the same lines with `%0A` between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<(String, String)>);

impl<'a> FromIterator<(&'a str, &'a str)> for Fields {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(fields: I) -> Self {
        Self(
            fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.0
                .iter()
                .map(|(name, value)| format!("{name}: {value}")),
        )
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("header lines such as `Retry-After: 5`")
    }

    fn visit_str<E: de::Error>(self, lines: &str) -> Result<Fields, E> {
        lines
            .lines()
            .filter(|line| !line.is_empty())
            .map(field)
            .collect::<Result<_, _>>()
            .map(Fields)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut lines: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some(line) = lines.next_element::<String>()? {
            fields.push(field(&line)?);
        }
        Ok(Fields(fields))
    }
}

fn field<E: de::Error>(line: &str) -> Result<(String, String), E> {
    let (name, value) = line
        .split_once(':')
        .ok_or_else(|| E::custom(format!("`{line}` is no header line: write `Name: value`")))?;
    let (name, value) = (name.trim(), value.trim());
    if HeaderName::try_from(name).is_err() {
        return Err(E::custom(format!(
            "`{name}` is no header name; use `raw` for a broken head"
        )));
    }
    if HeaderValue::try_from(value).is_err() {
        return Err(E::custom(format!(
            "{value:?} is no header value; use `raw` for a broken head"
        )));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// The code of a final response.
pub(super) fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    match u16::deserialize(deserializer)? {
        code @ 200..=999 => Ok(code),
        code => Err(de::Error::custom(format!(
            "status {code}: it must lie between 200 and 999"
        ))),
    }
}

/// A duration such as `200ms`, `1.5s` or `2m`.
pub(super) mod duration {
    use super::*;
    use std::time::Duration;

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        let micros = duration.as_micros();
        match micros % 1000 {
            0 => serializer.serialize_str(&format!("{}ms", micros / 1000)),
            _ => serializer.serialize_str(&format!("{micros}us")),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "`{text}` is no duration: write `200ms`, `1.5s` or `2m`"
            ))
        })
    }

    fn parse(text: &str) -> Option<Duration> {
        let number = text.find(|c: char| c.is_ascii_alphabetic())?;
        let (amount, unit) = text.split_at(number);
        let seconds = match unit {
            "us" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            _ => return None,
        };
        Duration::try_from_secs_f64(amount.trim().parse::<f64>().ok()? * seconds).ok()
    }
}

/// A number of bytes: `4096`, `64KiB`, `3MiB` or `1GiB`.
pub(super) mod size {
    use super::*;

    pub fn serialize<S: Serializer>(bytes: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&bytes.to_string())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Size {
            Number(u64),
            Text(String),
        }
        match Size::deserialize(deserializer)? {
            Size::Number(bytes) => Ok(bytes),
            Size::Text(text) => parse(&text).ok_or_else(|| {
                de::Error::custom(format!(
                    "`{text}` is no size: write `4096`, `64KiB` or `3MiB`"
                ))
            }),
        }
    }

    fn parse(text: &str) -> Option<u64> {
        let (number, unit) = text.split_at(
            text.find(|c: char| c.is_ascii_alphabetic())
                .unwrap_or(text.len()),
        );
        let factor = match unit {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return None,
        };
        number.trim().parse::<u64>().ok()?.checked_mul(factor)
    }
}

/// Bytes as a string in which each character up to U+00FF is one byte, so that what is written stays legible.
pub(super) mod latin1 {
    use super::*;

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(
            &bytes
                .iter()
                .map(|&byte| char::from(byte))
                .collect::<String>(),
        )
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.chars()
            .map(|c| {
                u8::try_from(c)
                    .map_err(|_| de::Error::custom(format!("`{c}` is beyond U+00FF: not one byte")))
            })
            .collect()
    }
}
