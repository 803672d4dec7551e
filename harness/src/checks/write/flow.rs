//! Values on one line where they fit, else on several.

use std::fmt::{Display, Write as _};

/// How long a line may become.
const WIDTH: usize = 120;

/// A value to be written.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// As it stands.
    Scalar(String),
    /// In this order.
    List(Vec<Value>),
    /// In this order.
    Map(Map),
}

/// A mapping to be written.
#[derive(Clone, Debug, Default)]
pub(super) struct Map(Vec<(String, Value)>);

/// What needs no quotes: a number, a word of the format.
pub(super) fn literal(value: impl Display) -> Value {
    Value::Scalar(value.to_string())
}

/// A text, in quotes where it would be something else without.
pub(super) fn text(text: &str) -> Value {
    Value::Scalar(match is_plain(text) {
        true => text.to_owned(),
        false => serde_json::Value::from(text).to_string(),
    })
}

/// A sentence: on a line of its own a comma, a quotation mark or a backtick is nothing but that.
pub(super) fn sentence(text: &str) -> Value {
    let without: String = text.replace([',', '`', '"'], "");
    let begins = text.starts_with(|sign: char| sign.is_ascii_alphanumeric());
    match begins && is_plain(&without) {
        true => Value::Scalar(text.to_owned()),
        false => self::text(text),
    }
}

impl Value {
    /// A list, or its one element alone.
    pub(super) fn one_or_many(mut values: Vec<Self>) -> Self {
        match values.len() {
            1 => values.remove(0),
            _ => Self::List(values),
        }
    }

    fn flow(&self) -> String {
        match self {
            Self::Scalar(text) => text.clone(),
            Self::List(values) => {
                let values: Vec<String> = values.iter().map(Self::flow).collect();
                format!("[{}]", values.join(", "))
            }
            Self::Map(map) => {
                let pair =
                    |(key, value): &(String, Self)| format!("{}: {}", name(key), value.flow());
                let pairs: Vec<String> = map.0.iter().map(pair).collect();
                format!("{{{}}}", pairs.join(", "))
            }
        }
    }
}

impl Map {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn put(&mut self, key: &str, value: Value) {
        self.0.push((key.to_owned(), value));
    }

    /// As [`Self::put`], unless there is nothing in it.
    pub(super) fn put_some(&mut self, key: &str, map: Self) {
        if !map.0.is_empty() {
            self.put(key, Value::Map(map));
        }
    }

    /// Puts one more value at a key.
    pub(super) fn add(&mut self, key: &str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| known == key) {
            None => self.put(key, value),
            Some((_, Value::List(values))) => values.push(value),
            Some((_, one)) => {
                let first = std::mem::replace(one, Value::List(Vec::new()));
                *one = Value::List(vec![first, value]);
            }
        }
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// One line for each key, or more.
    pub(super) fn block(&self, indent: usize) -> String {
        let mut out = String::new();
        for (key, value) in &self.0 {
            entry(&mut out, indent, key, value);
        }
        out
    }

    /// As an element of a list.
    pub(super) fn element(&self, indent: usize) -> String {
        let block = self.block(indent + 2);
        let rest = block.get(indent + 2..).unwrap_or_default();
        format!("{}- {rest}", " ".repeat(indent))
    }
}

fn entry(out: &mut String, indent: usize, key: &str, value: &Value) {
    let space = " ".repeat(indent);
    let flow = value.flow();
    // Steps, credentials and such are lists of things to be read one by one.
    let short = indent + key.len() + 2 + flow.len() <= WIDTH && !OPEN.contains(&key);
    let written = match value {
        Value::Map(map) if !short => writeln!(
            out,
            "{space}{}:\n{}",
            name(key),
            map.block(indent + 2).trim_end_matches('\n')
        ),
        Value::List(values)
            if !short && values.iter().any(|value| matches!(value, Value::Map(_))) =>
        {
            let elements: String = values
                .iter()
                .map(|value| element(value, indent + 2))
                .collect();
            writeln!(
                out,
                "{space}{}:\n{}",
                name(key),
                elements.trim_end_matches('\n')
            )
        }
        _ => writeln!(out, "{space}{}: {flow}", name(key)),
    };
    written.expect("a String takes everything");
}

/// Keys whose values never stand on one line.
const OPEN: [&str; 2] = ["steps", "credentials"];

fn element(value: &Value, indent: usize) -> String {
    match value {
        Value::Map(map) => {
            let flow = value.flow();
            let short =
                indent + 2 + flow.len() <= WIDTH && !map.0.iter().any(|(key, _)| key == "request");
            match short {
                true => format!("{}- {flow}\n", " ".repeat(indent)),
                false => map.element(indent),
            }
        }
        other => format!("{}- {}\n", " ".repeat(indent), other.flow()),
    }
}

fn name(key: &str) -> String {
    match is_plain(key) {
        true => key.to_owned(),
        false => serde_json::Value::from(key).to_string(),
    }
}

/// Whether a text means itself without quotes, on one line with others.
fn is_plain(text: &str) -> bool {
    let first = |sign: char| sign.is_ascii_alphanumeric() || sign == '/';
    let sign = |sign: char| sign.is_ascii_alphanumeric() || " /._+*=;-()'?%@".contains(sign);
    let colons = text.split(':').skip(1);
    let mut colons = colons.map(|rest| rest.chars().next());
    text.starts_with(first)
        && text.chars().all(|one| sign(one) || one == ':')
        && colons.all(|next| next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '/'))
        && !text.ends_with(' ')
        && !["null", "true", "false"].contains(&text)
}
