//! Reading mappings strictly: unknown keys, wrong types and missing values become mistakes with their place, and reading
//! goes on, so that all of them are told at once.

use std::cell::RefCell;
use std::time::Duration;

use crate::checks::mistake::{Mark, Mistake, Mistakes, nearest};
use crate::checks::units;
use crate::checks::yaml::{Entry, Node, Value};

/// What is read, and the mistakes found so far.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    file: &'a str,
    mistakes: RefCell<Vec<Mistake>>,
}

/// A mapping whose keys are all known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'n> {
    /// The mapping.
    pub node: &'n Node,
}

impl<'n> Fields<'n> {
    /// What stands at a key; nothing where it is empty.
    pub fn at(&self, key: &str) -> Option<&'n Node> {
        let value = &self.node.find(key)?.value;
        (!value.is_null()).then_some(value)
    }
}

impl<'a> Reader<'a> {
    /// Of a file that mistakes call by this name.
    pub fn new(file: &'a str) -> Self {
        Self {
            file,
            mistakes: RefCell::default(),
        }
    }

    /// What was read, unless there was a mistake.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, Mistakes> {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort_by_key(|mistake| mistake.at);
        match read {
            Some(read) if mistakes.is_empty() => Ok(read),
            _ => Err(Mistakes(mistakes)),
        }
    }

    /// Notes a mistake.
    pub fn mistake(&self, at: Mark, what: impl Into<String>, help: impl Into<String>) {
        let help = help.into();
        self.mistakes.borrow_mut().push(Mistake {
            file: self.file.to_owned(),
            at: Some(at),
            what: what.into(),
            help: (!help.is_empty()).then_some(help),
        });
    }

    /// A mapping with these keys and no others; `of` says whose they are.
    pub fn fields<'n>(&self, node: &'n Node, of: &str, known: &[&str]) -> Option<Fields<'n>> {
        for entry in self.entries(node, of)? {
            if known.contains(&entry.key.as_str()) {
                continue;
            }
            let what = format!("{of} has no key `{}`", entry.key);
            self.mistake(entry.key_at, what, did_you_mean(&entry.key, known));
        }
        Some(Fields { node })
    }

    /// The lines of a mapping whose keys are free.
    pub fn entries<'n>(&self, node: &'n Node, of: &str) -> Option<&'n [Entry]> {
        match &*node.value {
            Value::Map(entries) => Some(entries),
            _ => {
                let what = format!("{of} is a mapping, not {}", node.kind());
                self.mistake(node.at, what, "write it as `key: value`");
                None
            }
        }
    }

    /// What has to stand at a key.
    pub fn required<'n>(&self, fields: Fields<'n>, key: &str, of: &str) -> Option<&'n Node> {
        let found = fields.at(key);
        if found.is_none() {
            let at = fields
                .node
                .find(key)
                .map_or(fields.node.at, |entry| entry.key_at);
            self.mistake(at, format!("{of} has no `{key}`"), format!("add `{key}:`"));
        }
        found
    }

    /// A text; numbers and truth values are taken as they are written.
    pub fn text<'n>(&self, node: &'n Node, of: &str) -> Option<&'n str> {
        match &*node.value {
            Value::Scalar { text, .. } if !node.is_null() => Some(text),
            _ => {
                let what = format!("{of} is a text, not {}", node.kind());
                self.mistake(node.at, what, "");
                None
            }
        }
    }

    /// The elements of a list.
    pub fn list<'n>(&self, node: &'n Node, of: &str) -> &'n [Node] {
        match &*node.value {
            Value::List(nodes) => nodes,
            _ => {
                let what = format!("{of} is a list, not {}", node.kind());
                self.mistake(
                    node.at,
                    what,
                    "put `- ` before each element, or `[…]` around",
                );
                &[]
            }
        }
    }

    /// A list, or the one element of one.
    pub fn one_or_many<'n>(&self, node: &'n Node) -> &'n [Node] {
        match &*node.value {
            Value::List(nodes) => nodes,
            _ => std::slice::from_ref(node),
        }
    }

    /// A whole number within bounds.
    pub fn number(&self, node: &Node, of: &str, least: i64, greatest: i64) -> Option<i64> {
        let found = match &*node.value {
            Value::Scalar { text, .. } => text.parse().ok(),
            _ => None,
        };
        let found = found.filter(|number| (least..=greatest).contains(number));
        if found.is_none() {
            let what = match greatest {
                i64::MAX => format!("{of} is a whole number, {least} at least"),
                _ => format!("{of} is a whole number between {least} and {greatest}"),
            };
            self.mistake(node.at, what, "");
        }
        found
    }

    /// `true` or `false`.
    pub fn boolean(&self, node: &Node, of: &str) -> Option<bool> {
        self.word(node, of, &["true", "false"])
            .map(|word| word == "true")
    }

    /// One of some words.
    pub fn word(&self, node: &Node, of: &str, words: &[&'static str]) -> Option<&'static str> {
        let text = self.text(node, of)?;
        let found = words.iter().find(|word| **word == text);
        if found.is_none() {
            let what = format!("{of} is one of {}, not `{text}`", words.join(", "));
            self.mistake(node.at, what, did_you_mean(text, words));
        }
        found.copied()
    }

    /// A duration, longer than nothing.
    pub fn duration(&self, node: &Node, of: &str) -> Option<Duration> {
        let text = self.text(node, of)?;
        let found = units::duration(text).filter(|duration| !duration.is_zero());
        if found.is_none() {
            let what = format!("{of} is a duration between 1ms and 30d, not `{text}`");
            self.mistake(node.at, what, "write `500ms`, `30s`, `5m` or `1h`");
        }
        found
    }

    /// A size.
    pub fn size(&self, node: &Node, of: &str) -> Option<u64> {
        let text = self.text(node, of)?;
        let found = units::size(text);
        if found.is_none() {
            let what = format!("{of} is a size, not `{text}`");
            self.mistake(node.at, what, "write `512`, `64KiB` or `10MiB`");
        }
        found
    }
}

/// The help for a word that is unknown.
pub(crate) fn did_you_mean(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.join(", ")),
    }
}
