//! Sizes and durations as fixtures write them.

use std::time::Duration;

use serde_json::Value;

use crate::adapters::Unsupported;

/// The bytes of a size: a number, or a text such as `64KiB`.
pub(in crate::adapters) fn bytes(value: &Value) -> Result<u64, Unsupported> {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" => Some(1),
        "kB" => Some(1000),
        "KiB" => Some(1 << 10),
        "MB" => Some(1_000_000),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let number = digits.parse::<u64>().ok();
    number
        .zip(factor)
        .map(|(number, factor)| number * factor)
        .ok_or_else(|| Unsupported::new(format!("the size {text}")))
}

/// A duration such as `250ms`, `30s` or `5m`.
pub(in crate::adapters) fn duration(text: &str) -> Result<Duration, Unsupported> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => Some(1),
        "s" => Some(1000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    };
    let number = digits.parse::<u64>().ok();
    number
        .zip(unit)
        .map(|(number, unit)| Duration::from_millis(number * unit))
        .ok_or_else(|| Unsupported::new(format!("the duration {text:?} can't be written")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use serde_json::json;

    use super::*;

    #[test]
    fn sizes_and_durations_are_read_and_others_refused() {
        assert_eq!(bytes(&json!("64KiB")).unwrap(), 65_536);
        assert_eq!(bytes(&json!(512)).unwrap(), 512);
        assert!(bytes(&json!("64 parsecs")).is_err());
        assert_eq!(duration("250ms").unwrap(), Duration::from_millis(250));
        assert_eq!(duration("5m").unwrap(), Duration::from_secs(300));
        assert!(duration("5").is_err());
    }
}
