//! Durations and sizes as people write them: `30s`, `64KiB`.
//!
//! The grammar is deliberately small: one whole number and one unit, no fractions, no sums, no spaces. A duration
//! without a unit is refused, because half of its readers would take it for milliseconds.

use std::{borrow::Cow, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

const DURATION_UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

const SIZE_UNITS: [(&str, u64); 7] = [
    ("", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// The form of a duration, for the schema.
pub(super) const DURATION_PATTERN: &str = "^[0-9]+(ms|s|m|h|d)$";

/// The form of a size, for the schema.
pub(super) const SIZE_PATTERN: &str = "^[0-9]+(KiB|MiB|GiB|kB|MB|GB)?$";

/// Why a duration or a size can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// The text is not one whole number and one of the units of a duration.
    #[error(
        "`{0}` is not a duration; write a whole number and a unit: `250ms`, `30s`, `5m`, `2h` or `1d`"
    )]
    Duration(String),
    /// The text is not one whole number and, perhaps, one of the units of a size.
    #[error(
        "`{0}` is not a size; write bytes or a whole number and a unit: `512`, `64KiB`, `10MiB` or `1GiB`"
    )]
    Size(String),
    /// The number is right in form but doesn't fit into 64 bits of milliseconds or bytes.
    #[error("`{0}` is too large")]
    TooLarge(String),
}

/// Reads a duration: a whole number and one of `ms`, `s`, `m`, `h`, `d`.
///
/// # Errors
/// When the text has another form, or the duration doesn't fit into 64 bits of milliseconds.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    scale(text, &DURATION_UNITS, UnitError::Duration).map(Duration::from_millis)
}

/// Reads a size in bytes: a whole number, then nothing, or one of `KiB`, `MiB`, `GiB` (powers of 1024), `kB`, `MB`,
/// `GB` (powers of 1000).
///
/// # Errors
/// When the text has another form, or the size doesn't fit into 64 bits of bytes.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    scale(text, &SIZE_UNITS, UnitError::Size)
}

/// What was probably meant by something that is no duration: `10s` by `10 seconds`.
pub(super) fn nearest_duration(text: &str) -> Option<String> {
    let (number, unit) = number_and_unit(text)?;
    let unit = match unit.as_str() {
        "ms" | "msec" | "millis" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        _ => return None,
    };
    Some(format!("{number}{unit}"))
}

/// What was probably meant by something that is no size: `10MB` by `10 mb`, `4KiB` by `4k`.
pub(super) fn nearest_size(text: &str) -> Option<String> {
    let (number, unit) = number_and_unit(text)?;
    let unit = match unit.as_str() {
        "b" | "byte" | "bytes" => "",
        "k" | "ki" => "KiB",
        "m" | "mi" => "MiB",
        "g" | "gi" => "GiB",
        unit => {
            SIZE_UNITS
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(unit))?
                .0
        }
    };
    Some(format!("{number}{unit}"))
}

fn number_and_unit(text: &str) -> Option<(u64, String)> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    Some((number.parse().ok()?, unit.trim().to_ascii_lowercase()))
}

fn scale(
    text: &str,
    units: &[(&str, u64)],
    malformed: fn(String) -> UnitError,
) -> Result<u64, UnitError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = units
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, factor)| *factor);
    let Some(factor) = factor.filter(|_| digits > 0) else {
        return Err(malformed(text.to_owned()));
    };
    let number: Option<u64> = number.parse().ok();
    number
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(|| UnitError::TooLarge(text.to_owned()))
}

/// A duration as it stands in a document; [`DurationText::parse`] reads it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct DurationText(pub String);

impl DurationText {
    /// The duration that is meant.
    ///
    /// # Errors
    /// As [`parse_duration`].
    pub fn parse(&self) -> Result<Duration, UnitError> {
        parse_duration(&self.0)
    }
}

impl JsonSchema for DurationText {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": DURATION_PATTERN,
            "examples": ["250ms", "30s", "5m"],
            "x-expects": "a duration such as `250ms`, `30s` or `5m`",
        })
    }
}

/// A size as it stands in a document, a number of bytes or a text; [`SizeText::parse`] reads it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum SizeText {
    /// Bytes.
    Bytes(u64),
    /// A number with or without a unit.
    Text(String),
}

impl SizeText {
    /// The size that is meant, in bytes.
    ///
    /// # Errors
    /// As [`parse_size`].
    pub fn parse(&self) -> Result<u64, UnitError> {
        match self {
            Self::Bytes(bytes) => Ok(*bytes),
            Self::Text(text) => parse_size(text),
        }
    }
}

impl JsonSchema for SizeText {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "string"],
            "minimum": 0,
            "pattern": SIZE_PATTERN,
            "examples": ["64KiB", "10MiB", 512],
            "x-expects": "a size such as `512`, `64KiB` or `10MiB`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_of_a_duration_is_read() {
        let expected = [
            ("250ms", 250),
            ("30s", 30_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("1d", 86_400_000),
            ("0s", 0),
        ];
        for (text, millis) in expected {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
    }

    #[test]
    fn every_unit_of_a_size_is_read() {
        let expected = [
            ("512", 512),
            ("64KiB", 65_536),
            ("10MiB", 10_485_760),
            ("1GiB", 1_073_741_824),
            ("1kB", 1_000),
            ("2MB", 2_000_000),
            ("3GB", 3_000_000_000),
        ];
        for (text, bytes) in expected {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn another_form_is_refused() {
        for text in ["", "30", "s", "1.5s", "-1s", "1 s", "1m30s", "30S", "٣s"] {
            assert_eq!(
                parse_duration(text),
                Err(UnitError::Duration(text.to_owned())),
                "{text}"
            );
        }
        for text in ["", "KiB", "1.5MiB", "-1", "10 MiB", "10mb", "1K", "1KB"] {
            assert_eq!(
                parse_size(text),
                Err(UnitError::Size(text.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn what_was_meant_is_guessed_and_always_readable() {
        for (text, meant) in [("10 seconds", "10s"), ("5 min", "5m"), ("1H", "1h")] {
            assert_eq!(nearest_duration(text).as_deref(), Some(meant));
            assert!(parse_duration(meant).is_ok());
        }
        for (text, meant) in [
            ("10mb", "10MB"),
            ("4k", "4KiB"),
            ("1 GiB", "1GiB"),
            ("12 bytes", "12"),
        ] {
            assert_eq!(nearest_size(text).as_deref(), Some(meant));
            assert!(parse_size(meant).is_ok());
        }
        for text in ["", "soon", "1.5s", "10 parsecs"] {
            assert_eq!(
                (nearest_duration(text), nearest_size(text)),
                (None, None),
                "{text}"
            );
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_not_wrapped() {
        for text in ["18446744073709551615d", "99999999999999999999s"] {
            assert_eq!(
                parse_duration(text),
                Err(UnitError::TooLarge(text.to_owned()))
            );
        }
        assert_eq!(parse_size("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(
            parse_size("18014398509481984KiB"),
            Err(UnitError::TooLarge("18014398509481984KiB".to_owned()))
        );
    }
}
