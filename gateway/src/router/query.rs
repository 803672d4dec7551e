//! Conditions on query parameters, in the form encoding that browsers send (URL Standard §5.1).

use std::borrow::Cow;

use crate::domain::pattern::ValueMatch;

/// Whether every condition holds. A parameter that comes more than once has to match each time.
pub(super) fn matches(conditions: &[(String, ValueMatch)], query: &str) -> bool {
    conditions.iter().all(|(name, wanted)| {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let values = pairs.filter(|(key, _)| *decode(key) == *name.as_bytes());
        wanted.matches_all(values.map(|(_, value)| decode(value)))
    })
}

/// Percent-decoded once, with `+` for a space; borrowed when nothing is encoded.
fn decode(text: &str) -> Cow<'_, [u8]> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text.as_bytes());
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_encoding::percent_decode_str(&spaced).collect())
}
