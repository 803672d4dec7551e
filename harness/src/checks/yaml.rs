//! A YAML 1.2 (so also JSON) document as a tree in which every value and every key knows where it stands.
//!
//! Aliases and merge keys are followed; what the text has and no value may have (keys given twice, several documents,
//! tags, keys that are no text) is a mistake.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput};

use super::mistake::{Mark, Mistake, Mistakes};

/// How deep values may be nested: more than any document has, and less than what fills the stack.
const DEEPEST: usize = 64;

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it begins.
    pub at: Mark,
    /// What it is; shared where an alias means it.
    pub value: Arc<Value>,
}

/// What a value is.
#[derive(Debug)]
pub enum Value {
    /// A text, number, truth value or nothing, as it is written.
    Scalar {
        /// Its text, quotes taken off.
        text: String,
        /// Whether it stands without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the text.
    Map(Vec<Entry>),
}

/// One line of a mapping.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_at: Mark,
    /// What it is for.
    pub value: Node,
}

impl Node {
    /// Reads a document; `file` is what mistakes call it.
    ///
    /// # Errors
    /// When it is empty, not YAML, or has what no value may have.
    pub fn parse(file: &str, text: &str) -> Result<Self, Mistakes> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut builder = Builder {
            file,
            ..Builder::default()
        };
        builder.run(&mut Parser::new_from_str(text));
        if builder.mistakes.is_empty() && builder.root.is_none() {
            builder.mistake(None, "the file is empty", None);
        }
        match builder.root {
            Some(root) if builder.mistakes.is_empty() => Ok(root),
            _ => Err(Mistakes(builder.mistakes)),
        }
    }

    /// The value at this key of a mapping.
    pub fn find(&self, key: &str) -> Option<&Entry> {
        match &*self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// Whether it is nothing: an empty value, `null` or `~`.
    pub fn is_null(&self) -> bool {
        matches!(&*self.value, Value::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// What it is, in a word.
    pub fn kind(&self) -> &'static str {
        match &*self.value {
            _ if self.is_null() => "nothing",
            Value::Scalar { .. } => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

#[derive(Default)]
struct Builder<'a> {
    file: &'a str,
    root: Option<Node>,
    documents: usize,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    mistakes: Vec<Mistake>,
}

/// A list or mapping whose end hasn't come yet.
struct Open {
    at: Mark,
    anchor: usize,
    holds: Holds,
}

enum Holds {
    List(Vec<Node>),
    Map(Vec<Entry>, Option<(String, Mark)>),
}

impl Builder<'_> {
    fn run(&mut self, parser: &mut Parser<'_, StrInput<'_>>) {
        while let Some(event) = parser.next_event() {
            match event {
                Ok((event, span)) => {
                    if !self.take(event, mark(span.start)) {
                        return;
                    }
                }
                Err(error) => {
                    let what = format!("this is not YAML: {}", error.info());
                    let help = "look at the indentation and the brackets before this, and put a text with `: ` or ` #` \
                                in it into quotes";
                    return self.mistake(Some(mark(*error.marker())), &what, Some(help));
                }
            }
        }
    }

    /// Takes in one event; false when the rest can't be understood.
    fn take(&mut self, event: Event<'_>, at: Mark) -> bool {
        let key_is_due = matches!(
            self.open.last(),
            Some(Open {
                holds: Holds::Map(_, None),
                ..
            })
        );
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let what = "a file holds one document, and here begins another";
                    self.mistake(Some(at), what, Some("put each into a file of its own"));
                    return false;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                if tag.is_some_and(|tag| !tag.is_yaml_core_schema()) {
                    self.mistake(Some(at), "tags have no meaning here", Some("take it away"));
                }
                if key_is_due {
                    self.key(&text, at);
                } else {
                    let plain = style == ScalarStyle::Plain;
                    let text = text.into_owned();
                    self.add(at, anchor, Value::Scalar { text, plain });
                }
            }
            Event::MappingStart(..) | Event::SequenceStart(..) | Event::Alias(_) if key_is_due => {
                self.mistake(Some(at), "a key must be a text", Some("write the key out"));
                return false;
            }
            Event::MappingStart(..) | Event::SequenceStart(..) if self.open.len() >= DEEPEST => {
                self.mistake(Some(at), "this is nested too deeply", None);
                return false;
            }
            Event::MappingStart(anchor, _) => self.begin(at, anchor, Holds::Map(Vec::new(), None)),
            Event::SequenceStart(anchor, _) => self.begin(at, anchor, Holds::List(Vec::new())),
            Event::MappingEnd | Event::SequenceEnd => self.end(),
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => self.put(Node { at, ..node }),
                None => {
                    self.mistake(Some(at), "this alias means itself", Some("write it out"));
                    return false;
                }
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        true
    }

    fn key(&mut self, key: &str, at: Mark) {
        let Some(Open {
            holds: Holds::Map(entries, due),
            ..
        }) = self.open.last_mut()
        else {
            return;
        };
        *due = Some((key.to_owned(), at));
        let first = entries.iter().find(|entry| entry.key == key);
        if let Some(first) = first.map(|entry| entry.key_at) {
            let what = format!("the key `{key}` is given twice");
            let help = format!("it stands already at {first}; keep one of them");
            self.mistake(Some(at), &what, Some(&help));
        }
    }

    fn begin(&mut self, at: Mark, anchor: usize, holds: Holds) {
        self.open.push(Open { at, anchor, holds });
    }

    fn end(&mut self) {
        let Some(Open { at, anchor, holds }) = self.open.pop() else {
            return;
        };
        let value = match holds {
            Holds::List(nodes) => Value::List(nodes),
            Holds::Map(entries, _) => Value::Map(merged(entries)),
        };
        self.add(at, anchor, value);
    }

    fn add(&mut self, at: Mark, anchor: usize, value: Value) {
        let value = Arc::new(value);
        let node = Node { at, value };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.put(node);
    }

    fn put(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.holds) {
            Some(Holds::List(nodes)) => nodes.push(node),
            Some(Holds::Map(entries, due)) => {
                if let Some((key, key_at)) = due.take() {
                    entries.push(Entry {
                        key,
                        key_at,
                        value: node,
                    });
                }
            }
            None => self.root = (!node.is_null()).then_some(node),
        }
    }

    fn mistake(&mut self, at: Option<Mark>, what: &str, help: Option<&str>) {
        self.mistakes.push(Mistake {
            file: self.file.to_owned(),
            at,
            what: what.to_owned(),
            help: help.map(str::to_owned),
        });
    }
}

/// The entries with those of merge keys (`<<`) behind them, as far as they are not given already.
fn merged(entries: Vec<Entry>) -> Vec<Entry> {
    let (merges, mut own): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.key == "<<");
    for merge in merges {
        let maps = match &*merge.value.value {
            Value::List(nodes) => nodes.clone(),
            _ => vec![merge.value.clone()],
        };
        for map in maps {
            let Value::Map(inherited) = &*map.value else {
                continue;
            };
            for entry in inherited {
                if !own.iter().any(|known| known.key == entry.key) {
                    own.push(entry.clone());
                }
            }
        }
    }
    own
}

fn mark(marker: Marker) -> Mark {
    Mark {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}
