//! The ways to change one value, each of which gives another document or nothing.

use serde_json::{Map, Value, json};

use super::place::{Spot, spots};
use crate::fixtures::Change;

/// A way to change what stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// It is taken away.
    Remove,
    /// It is taken away, unless it is this, which goes without saying. JSON.
    Reset(&'static str),
    /// It is taken out of a list that has others.
    Thin,
    /// This is put in its place. JSON.
    Set(&'static str),
    /// True becomes false, and false true.
    Flip,
    /// A text gets another ending, a number is one more, true becomes false.
    Other,
    /// A number, or a size in bytes, is so much more.
    Shift(i64),
    /// A number, a size or a duration is so many times itself.
    Times(u64),
    /// A number, a size or a duration is such a part of itself.
    Part(u64),
    /// A list gets this element, unless it has it. JSON.
    Append(&'static str),
    /// A mapping gets this member, unless it has one of that name. Name and JSON.
    Give(&'static str, &'static str),
    /// A member goes by another name.
    Rename(&'static str, &'static str),
    /// A mapping loses these members, which go together.
    Without(&'static [&'static str]),
    /// The next different value of the same place in the document is put there, as where services are swapped.
    Swap,
    /// `{exact: path}` becomes the prefix `path`.
    Prefix,
    /// The name of the document's first service is put there.
    FirstService,
}

impl Operator {
    /// The change that it makes here; none where it does not fit, or would change nothing.
    pub fn change(self, spot: &Spot<'_>, document: &Value) -> Option<Change> {
        let value = spot.value;
        let new = match self {
            Self::Remove => return (!value.is_null()).then(|| removed(spot)),
            Self::Reset(usual) => return (*value != parsed(usual)).then(|| removed(spot)),
            Self::Thin => return (siblings(spot, document)? > 1).then(|| removed(spot)),
            Self::Append(element) => {
                let element = parsed(element);
                let missing = !value.as_array()?.contains(&element);
                return missing.then(|| set(format!("{}/-", spot.pointer), element));
            }
            Self::Give(name, given) => return give(spot, name, parsed(given)),
            Self::Set(new) => parsed(new),
            Self::Flip => Value::Bool(!value.as_bool()?),
            Self::Other => other(value)?,
            Self::Shift(by) => shifted(value, by)?,
            Self::Times(by) => scaled(value, |number| number.checked_mul(by))?,
            Self::Part(by) => scaled(value, |number| number.checked_div(by))?,
            Self::Rename(name, new) => renamed(value.as_object()?, name, new)?,
            Self::Without(names) => {
                let mut map = value.as_object()?.clone();
                map.retain(|key, _| !names.contains(&key.as_str()));
                Value::Object(map)
            }
            Self::Swap => next(spot, document)?,
            Self::Prefix => value.get("exact")?.clone(),
            Self::FirstService => spots(document)
                .into_iter()
                .find(|spot| spot.place == "service.name")?
                .value
                .clone(),
        };
        (new != *value).then(|| set(spot.pointer.clone(), new))
    }
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).expect("the tables of this module hold JSON, as a test shows")
}

fn removed(spot: &Spot<'_>) -> Change {
    Change {
        pointer: spot.pointer.clone(),
        value: None,
    }
}

fn set(pointer: String, value: Value) -> Change {
    Change {
        pointer,
        value: Some(value),
    }
}

fn siblings(spot: &Spot<'_>, document: &Value) -> Option<usize> {
    let (list, _) = spot.pointer.rsplit_once('/')?;
    Some(document.pointer(list)?.as_array()?.len())
}

fn give(spot: &Spot<'_>, name: &str, given: Value) -> Option<Change> {
    match spot.value {
        Value::Null => Some(set(spot.pointer.clone(), json!({name: given}))),
        Value::Object(map) if !map.contains_key(name) => {
            Some(set(format!("{}/{name}", spot.pointer), given))
        }
        _ => None,
    }
}

fn other(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => Some(Value::String(format!("{text}-other"))),
        Value::Number(number) => Some(json!(number.as_i64()?.checked_add(1)?)),
        Value::Bool(flag) => Some(Value::Bool(!flag)),
        _ => None,
    }
}

fn shifted(value: &Value, by: i64) -> Option<Value> {
    let number = match value {
        Value::String(text) => bytes(text)?,
        value => value.as_u64()?,
    };
    number.checked_add_signed(by).map(Value::from)
}

/// A number, or a text of a number and a unit, changed; the unit becomes the smallest where it must.
fn scaled(value: &Value, change: impl Fn(u64) -> Option<u64>) -> Option<Value> {
    let Value::String(text) = value else {
        return change(value.as_u64()?).map(Value::from);
    };
    if let Some(size) = bytes(text) {
        return change(size).map(Value::from);
    }
    let time = milliseconds(text)?;
    let changed = change(time).filter(|changed| *changed != time);
    changed.map(|time| json!(format!("{time}ms")))
}

fn renamed(map: &Map<String, Value>, name: &str, new: &str) -> Option<Value> {
    if !map.contains_key(name) {
        return None;
    }
    let members = map.iter().map(|(key, value)| {
        let key = if key == name { new } else { key };
        (key.to_owned(), value.clone())
    });
    Some(Value::Object(members.collect()))
}

fn next(spot: &Spot<'_>, document: &Value) -> Option<Value> {
    let all: Vec<&Value> = spots(document)
        .into_iter()
        .filter(|other| other.place == spot.place)
        .map(|other| other.value)
        .collect();
    let here = all.iter().position(|value| *value == spot.value)?;
    let (before, behind) = all.split_at(here);
    let mut others = behind.iter().chain(before);
    let found = others.find(|value| **value != spot.value)?;
    Some((*found).clone())
}

/// `64KiB` in bytes.
fn bytes(text: &str) -> Option<u64> {
    let factor = |unit: &str| match unit {
        "" => Some(1),
        "kB" => Some(1_000),
        "MB" => Some(1_000_000),
        "GB" => Some(1_000_000_000),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    measured(text, factor)
}

/// `5m` in milliseconds.
fn milliseconds(text: &str) -> Option<u64> {
    let factor = |unit: &str| match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    };
    measured(text, factor)
}

fn measured(text: &str, factor: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    number.checked_mul(factor(unit)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    /// What each operator makes of the value of `service.x`, as the change tells itself.
    fn told(operator: Operator, value: Value) -> Option<String> {
        let document =
            json!({"service": {"x": value}, "altService": {"name": "two", "x": "second"}});
        let spot = spots(&document)
            .into_iter()
            .find(|spot| spot.pointer == "/service/x")?;
        operator
            .change(&spot, &document)
            .map(|change| change.to_string())
    }

    fn changes(operator: Operator, value: Value, to: &str) {
        assert_eq!(told(operator, value).as_deref(), Some(to));
    }

    #[test]
    fn values_become_others() {
        changes(Operator::Remove, json!(1), "/service/x removed");
        changes(Operator::Reset("2"), json!(1), "/service/x removed");
        changes(Operator::Set("[1]"), json!(1), "/service/x = [1]");
        changes(Operator::Flip, json!(true), "/service/x = false");
        changes(Operator::Other, json!("a"), "/service/x = \"a-other\"");
        changes(Operator::Other, json!(3), "/service/x = 4");
        changes(Operator::Shift(-1), json!(3), "/service/x = 2");
        changes(Operator::Shift(1), json!("4KiB"), "/service/x = 4097");
        changes(Operator::Times(2), json!("4KiB"), "/service/x = 8192");
        changes(Operator::Times(10), json!("4s"), "/service/x = \"40000ms\"");
        changes(Operator::Part(4), json!("1m"), "/service/x = \"15000ms\"");
        changes(
            Operator::Append("\"b\""),
            json!(["a"]),
            "/service/x/- = \"b\"",
        );
        changes(
            Operator::Give("b", "1"),
            json!({"a": 0}),
            "/service/x/b = 1",
        );
        changes(
            Operator::Rename("a", "b"),
            json!({"a": 0}),
            "/service/x = {\"b\":0}",
        );
        changes(
            Operator::Without(&["a", "b"]),
            json!({"a": 0, "b": 0, "c": 0}),
            "/service/x = {\"c\":0}",
        );
        changes(Operator::Swap, json!("first"), "/service/x = \"second\"");
        changes(
            Operator::Prefix,
            json!({"exact": "/a"}),
            "/service/x = \"/a\"",
        );
        changes(Operator::FirstService, json!("one"), "/service/x = \"two\"");
    }

    #[test]
    fn what_would_change_nothing_is_no_change() {
        for (operator, value) in [
            (Operator::Reset("\"X-A\""), json!("X-A")),
            (Operator::Set("1"), json!(1)),
            (Operator::Flip, json!("a")),
            (Operator::Shift(-1), json!(0)),
            (Operator::Times(2), json!("unlimited")),
            (Operator::Times(2), json!("0s")),
            (Operator::Append("\"a\""), json!(["a"])),
            (Operator::Give("a", "1"), json!({"a": 0})),
            (Operator::Rename("a", "b"), json!({"c": 0})),
            (Operator::Without(&["a"]), json!({"c": 0})),
            (Operator::Swap, json!("second")),
            (Operator::Prefix, json!("/a")),
            (Operator::Thin, json!("a")),
        ] {
            assert_eq!(told(operator, value), None, "{operator:?}");
        }
    }
}
