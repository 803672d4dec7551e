//! Where each value of a document stands in its text, from the events of a YAML 1.2 parser.
//!
//! The index is a tree beside the value: it knows line and column of every value and every key, follows aliases and
//! merge keys to where the value really stands, and finds what a value can't show any more: keys given twice, several
//! documents in one file, tags, keys that are no text.

use saphyr_parser::{Event, Parser, Span, StrInput, Tag};

/// Aliases and merge keys followed from one value to the next; a cycle of them ends here.
const HOPS: usize = 16;

/// A stretch of text on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// In characters, at least 1.
    pub width: usize,
}

impl Mark {
    /// One character; parsers that have no place say line or column 0.
    pub fn point(line: usize, column: usize) -> Self {
        Self {
            line: line.max(1),
            column: column.max(1),
            width: 1,
        }
    }

    fn new(span: Span) -> Self {
        let one_line = span.start.line() == span.end.line();
        let width = if one_line {
            span.end.col().saturating_sub(span.start.col())
        } else {
            1
        };
        Self {
            line: span.start.line(),
            column: span.start.col() + 1,
            width: width.max(1),
        }
    }
}

/// Something that the text has and no value may have.
#[derive(Debug)]
pub(super) struct Flaw {
    pub mark: Mark,
    pub code: &'static str,
    pub message: String,
    pub help: String,
}

/// One value of the document.
#[derive(Debug)]
pub(super) struct Node {
    pub parent: Option<usize>,
    pub segment: Segment,
    pub value: Mark,
    /// Of the key, for a value in a mapping.
    pub key: Option<Mark>,
    scalar: bool,
    children: Vec<usize>,
    alias_of: Option<usize>,
}

/// How a value is reached from its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Root,
    Key(String),
    Index(usize),
}

/// The tree; node 0 is the whole document.
#[derive(Debug, Default)]
pub(super) struct Index {
    nodes: Vec<Node>,
}

impl Index {
    /// Reads the text as far as it can be read, with every flaw on the way.
    pub fn read(text: &str) -> (Self, Vec<Flaw>) {
        let mut builder = Builder::default();
        let mut parser = Parser::new_from_str(text);
        builder.run(&mut parser, text);
        (builder.index, builder.flaws)
    }

    /// The node, unless the document has none.
    pub fn node(&self, id: usize) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// The value under this key, perhaps by an alias or a merge key.
    pub fn under(&self, id: usize, key: &str) -> Option<usize> {
        self.search(id, key, HOPS)
    }

    /// The value at this index of a list.
    pub fn element(&self, id: usize, index: usize) -> Option<usize> {
        let id = self.resolve(id, HOPS)?;
        let child = self.nodes.get(id)?.children.get(index).copied()?;
        (self.nodes[child].segment == Segment::Index(index)).then_some(child)
    }

    /// The scalars on this line that may be secrets: what stands under `keys`, except the ends of their time, under
    /// `token`, under `basic`, except the user name, secrets of plugins; and a private key where its path should stand.
    pub fn secrets(&self, line: usize) -> impl Iterator<Item = Mark> + '_ {
        // Nodes stand in the order of the text.
        let first = self.nodes.partition_point(|node| node.value.line < line);
        let on_line = self.nodes.iter().enumerate().skip(first);
        let scalars = on_line
            .take_while(move |(_, node)| node.value.line == line)
            .filter(|(_, node)| node.scalar);
        scalars.filter_map(|(id, node)| {
            let open = |key: &str| key.starts_with("expire") || key == "username";
            let open = matches!(&node.segment, Segment::Key(key) if open(key));
            let mut way = std::iter::successors(Some(id), |id| self.nodes[*id].parent);
            let names = ["keys", "token", "basic"].into_iter();
            let names = || names.clone().chain(super::secret::SECRETS);
            let named = way.any(|id| names().any(|name| self.is_named(id, name)));
            // No path of a private key is that long: it is the key.
            let pasted = self.is_named(id, "key") && node.value.width > 255;
            (named && !open || pasted).then_some(node.value)
        })
    }

    fn is_named(&self, id: usize, name: &str) -> bool {
        matches!(&self.nodes[id].segment, Segment::Key(key) if key == name)
    }

    fn search(&self, id: usize, key: &str, hops: usize) -> Option<usize> {
        let id = self.resolve(id, hops)?;
        let children = &self.nodes.get(id)?.children;
        if let Some(child) = children.iter().find(|child| self.is_named(**child, key)) {
            return Some(*child);
        }
        let merged = children
            .iter()
            .find(|child| self.is_named(**child, "<<"))
            .copied()?;
        let hops = hops.checked_sub(1)?;
        self.search(merged, key, hops).or_else(|| {
            let elements = &self.nodes[self.resolve(merged, hops)?].children;
            elements
                .iter()
                .find_map(|element| self.search(*element, key, hops))
        })
    }

    fn resolve(&self, id: usize, hops: usize) -> Option<usize> {
        match self.nodes.get(id)?.alias_of {
            Some(anchored) => self.resolve(anchored, hops.checked_sub(1)?),
            None => Some(id),
        }
    }
}

#[derive(Default)]
struct Builder {
    index: Index,
    flaws: Vec<Flaw>,
    open: Vec<Open>,
    anchors: Vec<(usize, usize)>,
}

/// A mapping or list whose end hasn't come yet.
struct Open {
    node: usize,
    mapping: bool,
    key: Option<(String, Mark)>,
}

impl Builder {
    fn run(&mut self, parser: &mut Parser<'_, StrInput<'_>>, text: &str) {
        let mut documents = 0;
        while let Some(event) = parser.next_event() {
            let (event, span) = match event {
                Ok(event) => event,
                Err(error) => {
                    let mark = Mark::new(Span::empty(*error.marker()));
                    return self.syntax(mark, error.info(), text);
                }
            };
            let mark = Mark::new(span);
            if matches!(event, Event::DocumentStart(_)) {
                documents += 1;
                if documents > 1 {
                    let help =
                        "put each document into a file of its own and name them in `include`";
                    return self.flaw(
                        mark,
                        "several-documents",
                        "a file holds one document, and here begins another",
                        help,
                    );
                }
            }
            if !self.event(event, mark) {
                return;
            }
        }
    }

    /// Takes in one event; false when the rest can't be understood.
    fn event(&mut self, event: Event<'_>, mark: Mark) -> bool {
        let key_is_due = self
            .open
            .last()
            .is_some_and(|open| open.mapping && open.key.is_none());
        match event {
            Event::Scalar(text, _, anchor, tag) => {
                self.check_tag(tag.as_deref(), mark);
                if key_is_due {
                    self.name(&text, mark);
                } else {
                    let node = self.add(mark, anchor);
                    self.index.nodes[node].scalar = true;
                }
            }
            Event::MappingStart(..) | Event::SequenceStart(..) | Event::Alias(_) if key_is_due => {
                self.flaw(mark, "key", "a key must be a string", "write the key out");
                return false;
            }
            Event::MappingStart(anchor, tag) => self.begin(mark, anchor, tag.as_deref(), true),
            Event::SequenceStart(anchor, tag) => self.begin(mark, anchor, tag.as_deref(), false),
            Event::Alias(anchor) => {
                let node = self.add(mark, 0);
                self.index.nodes[node].alias_of = self.anchored(anchor);
            }
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
        true
    }

    fn begin(&mut self, mark: Mark, anchor: usize, tag: Option<&Tag>, mapping: bool) {
        self.check_tag(tag, mark);
        let node = self.add(mark, anchor);
        self.open.push(Open {
            node,
            mapping,
            key: None,
        });
    }

    fn name(&mut self, key: &str, mark: Mark) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        open.key = Some((key.to_owned(), mark));
        let siblings = &self.index.nodes[open.node].children;
        let first = siblings
            .iter()
            .find(|sibling| self.index.is_named(**sibling, key));
        if let Some(first) = first.and_then(|first| self.index.nodes[*first].key) {
            let message = format!("the key `{key}` is given twice");
            let help = format!(
                "it stands already at line {}, column {}; keep one of them",
                first.line, first.column
            );
            self.flaw(mark, "duplicate-key", &message, &help);
        }
    }

    fn add(&mut self, value: Mark, anchor: usize) -> usize {
        let id = self.index.nodes.len();
        let mut node = Node {
            parent: None,
            segment: Segment::Root,
            value,
            key: None,
            scalar: false,
            children: Vec::new(),
            alias_of: None,
        };
        if let Some(open) = self.open.last_mut() {
            let siblings = &mut self.index.nodes[open.node].children;
            node.parent = Some(open.node);
            match open.key.take() {
                Some((key, mark)) => (node.segment, node.key) = (Segment::Key(key), Some(mark)),
                None => node.segment = Segment::Index(siblings.len()),
            }
            siblings.push(id);
        }
        if anchor > 0 {
            self.anchors.push((anchor, id));
        }
        self.index.nodes.push(node);
        id
    }

    fn anchored(&self, anchor: usize) -> Option<usize> {
        self.anchors
            .iter()
            .find(|(known, _)| *known == anchor)
            .map(|(_, node)| *node)
    }

    fn check_tag(&mut self, tag: Option<&Tag>, mark: Mark) {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) {
            let message = format!("the tag `{tag}` has no meaning here");
            self.flaw(
                mark,
                "tag",
                &message,
                "take it away; secrets are written `${env:NAME}` or `${file:path}`",
            );
        }
    }

    /// A parser says where it gave up; more often than not what is to be mended stands before.
    fn syntax(&mut self, mark: Mark, message: &str, text: &str) {
        let open = self.open.iter().rev().find_map(|open| {
            let Mark { line, column, .. } = self.index.nodes[open.node].value;
            let bracket = text.lines().nth(line - 1)?.chars().nth(column - 1)?;
            ['[', '{']
                .contains(&bracket)
                .then_some((bracket, line, column))
        });
        let help = match open {
            Some((bracket, line, column)) => {
                format!("the `{bracket}` at line {line}, column {column} is not closed before this")
            }
            None if message.contains("tab") => "indent with spaces".to_owned(),
            None => "look at the indentation, and put a text with `: ` or ` #` in it into quotes"
                .to_owned(),
        };
        self.flaw(mark, "syntax", message, &help);
    }

    fn flaw(&mut self, mark: Mark, code: &'static str, message: &str, help: &str) {
        self.flaws.push(Flaw {
            mark,
            code,
            message: message.to_owned(),
            help: help.to_owned(),
        });
    }
}
