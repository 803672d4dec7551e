//! Durations (`500ms`, `30s`, `5m`, `1h`) and sizes (`512`, `64KiB`, `10MiB`), as the gateway's configuration writes
//! them.

use std::time::Duration;

const DURATIONS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

const SIZES: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("", 1),
];

/// Reads a duration; none where it isn't one, or longer than 30 days.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let millis = amount(text, &DURATIONS)?;
    (millis <= 30 * 86_400_000).then(|| Duration::from_millis(millis))
}

/// Writes a duration in the largest unit that it is a whole number of.
pub(crate) fn duration_text(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    written(millis, &DURATIONS)
}

/// Reads a size in bytes.
pub(crate) fn size(text: &str) -> Option<u64> {
    amount(text, &SIZES)
}

/// Writes a size in the largest unit that it is a whole number of.
pub(crate) fn size_text(bytes: u64) -> String {
    written(bytes, &SIZES)
}

fn amount(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text
        .find(|sign: char| !sign.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn written(amount: u64, units: &[(&str, u64)]) -> String {
    let fits = |(_, factor): &&(&str, u64)| amount > 0 && amount.is_multiple_of(*factor);
    let (unit, factor) = units
        .iter()
        .find(fits)
        .copied()
        .unwrap_or_else(|| units[units.len() - 1]);
    format!("{}{unit}", amount / factor)
}
