//! How two configurations differ in what they mean: `gateway diff`.
//!
//! What is compared is written out in full first: a plugin that holds for every route is a plugin of each, a value that
//! nobody gave is its default, and `60s` is `1m`. No secret is read, so a comparison needs no environment.

mod facts;

use crate::compile::Outline;
use crate::config::{Report, load, units};
use crate::plugin::registry;
use serde_json::Value;
use std::fmt;

/// One difference, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is about, as in `route orders`.
    pub subject: String,
    /// What became of it, as in `loses the plugin key-auth`.
    pub what: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.what)
    }
}

/// The differences from the configuration at `old` to the one at `new`: files, directories or globs.
///
/// # Errors
/// What is wrong with the documents of either; routes that tie and secrets that are absent are not looked at.
pub fn diff(old: &str, new: &str) -> Result<Vec<Change>, Report> {
    let (old, new) = (facts(old), facts(new));
    let (old, new) = match (old, new) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            let mut report = old.err().unwrap_or_default();
            report.append(new.err().unwrap_or_default());
            return Err(report);
        }
    };
    let mut changes = vec![];
    for (subject, old_value) in &old {
        match new.get(subject) {
            None => changes.push(change(subject, "is gone".to_owned())),
            Some(new_value) => compare(subject, "", old_value, new_value, &mut changes),
        }
    }
    let added = new.keys().filter(|subject| !old.contains_key(*subject));
    changes.extend(added.map(|subject| change(subject, "is added".to_owned())));
    Ok(changes)
}

fn facts(path: &str) -> Result<facts::Facts, Report> {
    let mut load = load(&[path.to_owned()], &registry::schema());
    let mut report = std::mem::take(&mut load.report);
    let outline = Outline::new(&load.documents, &mut report);
    if report.has_errors() {
        return Err(report);
    }
    Ok(facts::of(&outline))
}

fn change(subject: &str, what: String) -> Change {
    // A plugin's option is told by the plugin's name alone.
    let what = what.strip_prefix(facts::PLUGINS).unwrap_or(&what);
    Change {
        subject: subject.to_owned(),
        what: what.to_owned(),
    }
}

/// Adds the differences between two values; `at` is where they stand, as in `timeouts.total`.
fn compare(subject: &str, at: &str, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    if same(old, new) {
        return;
    }
    match (old, new) {
        (Value::Object(olds), Value::Object(news)) => {
            for (key, old) in olds {
                let at = join(at, key);
                match news.get(key) {
                    Some(new) => compare(subject, &at, old, new, changes),
                    None => changes.push(change(subject, gone(&at, old))),
                }
            }
            for (key, new) in news.iter().filter(|(key, _)| !olds.contains_key(*key)) {
                changes.push(change(subject, added(&join(at, key), new)));
            }
        }
        (Value::Array(olds), Value::Array(news))
            if is_rules(at) || scalars(olds) && scalars(news) =>
        {
            let without = |list: &[Value], value: &Value| !list.iter().any(|one| same(one, value));
            for old in olds.iter().filter(|old| without(news, old)) {
                changes.push(change(subject, format!("{at} loses {}", text(old))));
            }
            for new in news.iter().filter(|new| without(olds, new)) {
                changes.push(change(subject, format!("{at} gains {}", text(new))));
            }
        }
        (Value::Bool(_), Value::Bool(asked)) if at == facts::AUTH => {
            let what = match asked {
                true => "gains auth: it asks who calls now",
                false => "loses auth: anyone may call it",
            };
            changes.push(change(subject, what.to_owned()));
        }
        _ => {
            let weaker = at == "authenticate" && new == "any";
            let remark = if weaker {
                " (weaker: one credential is enough)"
            } else {
                ""
            };
            let what = format!("{at} {} → {}{remark}", text(old), text(new));
            changes.push(change(subject, what));
        }
    }
}

/// Whether a list is one of rules, of which each is told whole, in whatever order they stand.
fn is_rules(at: &str) -> bool {
    at == "plugins.authorize.allow" || at == "plugins.authorize.deny"
}

/// Whether two values mean the same: lists of words are sets here, and units may differ.
fn same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Array(olds), Value::Array(news)) if scalars(olds) && scalars(news) => {
            let within = |these: &[Value], those: &[Value]| {
                these
                    .iter()
                    .all(|one| those.iter().any(|other| same(one, other)))
            };
            within(olds, news) && within(news, olds)
        }
        (Value::String(left), Value::String(right)) => {
            let durations = (units::parse_duration(left), units::parse_duration(right));
            let sizes = (units::parse_size(left), units::parse_size(right));
            left == right
                || matches!(durations, (Ok(left), Ok(right)) if left == right)
                || matches!(sizes, (Ok(left), Ok(right)) if left == right)
        }
        _ => old == new,
    }
}

fn scalars(list: &[Value]) -> bool {
    !list
        .iter()
        .any(|value| value.is_object() || value.is_array())
}

fn gone(at: &str, old: &Value) -> String {
    named(at).map_or_else(
        || format!("{at} {} → nothing", text(old)),
        |thing| format!("loses the {thing}"),
    )
}

fn added(at: &str, new: &Value) -> String {
    named(at).map_or_else(
        || format!("{at} nothing → {}", text(new)),
        |thing| format!("gains the {thing}"),
    )
}

/// What stands directly under plugins or keys, in words.
fn named(at: &str) -> Option<String> {
    if let Some(key) = at.strip_prefix(facts::KEYS) {
        return Some(format!("key {key}"));
    }
    if at == facts::TLS {
        return Some("encryption by TLS".to_owned());
    }
    let plugin = at.strip_prefix(facts::PLUGINS)?;
    (!plugin.contains('.')).then(|| format!("plugin {plugin}"))
}

fn join(at: &str, key: &str) -> String {
    if at.is_empty() {
        key.to_owned()
    } else {
        format!("{at}.{key}")
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
