//! One file of the configuration: its text, its value, and where each value stands.

use std::{
    fmt::Display,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    diagnostic::{Diagnostic, Place, Position, Report},
    index::{Index, Mark, Segment},
};

/// A file that could be read and parsed.
#[derive(Debug)]
pub struct Source {
    name: String,
    path: PathBuf,
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
    value: Value,
    index: Index,
}

impl Source {
    /// Reads and parses a file: JSON when its name ends so, otherwise YAML. `name` is what diagnostics call it. None
    /// when it can't be read or parsed; the reasons are in the report.
    pub fn read(path: &Path, name: &str, report: &mut Report) -> Option<Self> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(reason) => {
                report.error(
                    Place::file(name),
                    "unreadable-file",
                    format!("the file can't be read: {reason}"),
                );
                return None;
            }
        };
        Self::parse(path, name, bytes, report)
    }

    /// Parses what was read from `path`, as [`Source::read`].
    pub fn parse(path: &Path, name: &str, bytes: Vec<u8>, report: &mut Report) -> Option<Self> {
        let text = match String::from_utf8(bytes) {
            Ok(text) => text
                .strip_prefix('\u{feff}')
                .map(str::to_owned)
                .unwrap_or(text),
            Err(error) => {
                not_utf8(name, &error, report);
                return None;
            }
        };
        let json = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let mut source = Self {
            name: name.to_owned(),
            path: path.to_owned(),
            lines: line_starts(&text),
            text,
            value: Value::Null,
            index: Index::default(),
        };
        if source.text.trim().is_empty() {
            return source.refuse_empty(report);
        }
        source.value = if json {
            source.parse_json(report)?
        } else {
            source.parse_yaml(report)?
        };
        if source.value.is_null() {
            return source.refuse_empty(report);
        }
        Some(source)
    }

    /// What diagnostics call the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory that relative paths of the file start from.
    pub fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// What the file says, with aliases and merge keys resolved.
    pub fn value(&self) -> &Value {
        &self.value
    }

    fn refuse_empty(&self, report: &mut Report) -> Option<Self> {
        let help = "the shortest configuration is a `service` with its `name` and `url`";
        report
            .error(Place::file(&*self.name), "empty-file", "the file is empty")
            .help(help);
        None
    }

    fn parse_json(&mut self, report: &mut Report) -> Option<Value> {
        let (index, flaws) = Index::read(&as_yaml(&self.text));
        self.index = index;
        match serde_json::from_str(&self.text) {
            Ok(value) => {
                // A YAML parser may stumble over what is JSON all the same; only what it knows of keys counts.
                let mut twice = flaws
                    .into_iter()
                    .filter(|flaw| flaw.code == "duplicate-key")
                    .peekable();
                let clean = twice.peek().is_none();
                twice.for_each(|flaw| self.report(flaw, report));
                clean.then_some(value)
            }
            Err(error) => {
                let open = flaws
                    .into_iter()
                    .find(|flaw| error.is_eof() && flaw.code == "syntax");
                let mark = Mark::point(error.line(), error.column());
                let diagnostic = self.syntax(mark, "JSON", &error, report);
                if let Some(open) = open {
                    diagnostic.help(open.help);
                }
                None
            }
        }
    }

    fn parse_yaml(&mut self, report: &mut Report) -> Option<Value> {
        let (index, flaws) = Index::read(&self.text);
        self.index = index;
        if !flaws.is_empty() {
            flaws.into_iter().for_each(|flaw| self.report(flaw, report));
            return None;
        }
        let parsed = serde_yaml::from_str(&self.text).and_then(|mut value: serde_yaml::Value| {
            value.apply_merge()?;
            Ok(value)
        });
        let error: &dyn Display = match &parsed {
            Ok(value) => match serde_json::to_value(value) {
                Ok(value) => return Some(value),
                Err(error) => &error.to_string(),
            },
            Err(error) => error,
        };
        let place = parsed.as_ref().err().and_then(serde_yaml::Error::location);
        let mark = place.map_or(Mark::point(1, 1), |at| Mark::point(at.line(), at.column()));
        self.syntax(mark, "YAML", error, report);
        None
    }

    fn syntax<'r>(
        &self,
        mark: Mark,
        language: &str,
        error: &dyn Display,
        report: &'r mut Report,
    ) -> &'r mut Diagnostic {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or(&message);
        report.error(
            self.place(String::new(), mark),
            "syntax",
            format!("this is not {language}: {message}"),
        )
    }

    fn report(&self, flaw: super::index::Flaw, report: &mut Report) {
        let message = match flaw.code {
            "syntax" => format!("this is not YAML: {}", flaw.message),
            _ => flaw.message,
        };
        let diagnostic = report.error(self.place(String::new(), flaw.mark), flaw.code, message);
        if !flaw.help.is_empty() {
            diagnostic.help(flaw.help);
        }
    }

    fn place(&self, pointer: String, mark: Mark) -> Place {
        let Mark {
            line,
            column,
            width,
        } = mark;
        let position = Position {
            line,
            column,
            width,
            excerpt: self.excerpt(line),
        };
        Place {
            file: self.name.clone(),
            pointer,
            position: Some(position),
        }
    }

    /// The line, with API keys that stand in it as plain text made unreadable: a diagnostic ends in logs.
    fn excerpt(&self, line: usize) -> String {
        let start = self
            .lines
            .get(line - 1)
            .map_or(self.text.len(), |start| *start);
        let text = self.text[start..].lines().next().unwrap_or_default();
        let mut characters: Vec<char> = text.chars().collect();
        // A private key, perhaps, where its path should stand.
        if let Some(begin) = text.find("-----BEGIN") {
            let hidden = text[begin..].chars().count();
            return format!("{}{}", &text[..begin], "*".repeat(hidden));
        }
        for mark in self.index.secrets(line) {
            let from = (mark.column - 1).min(characters.len());
            let to = (from + mark.width).min(characters.len());
            let scalar: String = characters[from..to].iter().collect();
            let scalar = scalar.trim_start_matches(['"', '\'']);
            if !scalar.starts_with("${") && !scalar.starts_with("sha256:") {
                characters[from..to].fill('*');
            }
        }
        characters.into_iter().collect()
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(after_breaks).collect()
}

/// Where a value stands, by following the document from its root. Copying and moving it costs nothing; a place is only
/// made when there is something to say. A key that isn't there is said at the value that lacks it.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    source: &'a Source,
    node: usize,
    on_key: bool,
}

impl<'a> At<'a> {
    /// The whole document.
    pub fn root(source: &'a Source) -> Self {
        Self {
            source,
            node: 0,
            on_key: false,
        }
    }

    /// The value that an RFC 6901 JSON Pointer leads to, or the last one on the way that is there.
    pub fn pointer(source: &'a Source, pointer: &str) -> Self {
        let segments = pointer
            .split('/')
            .skip(1)
            .map(|segment| segment.replace("~1", "/").replace("~0", "~"));
        segments.fold(Self::root(source), |at, segment| {
            at.child(&segment).unwrap_or(at)
        })
    }

    /// The value under this key.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        let node = self.source.index.under(self.node, key).unwrap_or(self.node);
        Self {
            node,
            on_key: false,
            ..self
        }
    }

    /// The value at this index of a list, counted from 0.
    #[must_use]
    pub fn index(self, index: usize) -> Self {
        let node = self
            .source
            .index
            .element(self.node, index)
            .unwrap_or(self.node);
        Self {
            node,
            on_key: false,
            ..self
        }
    }

    /// The key of the value instead of the value.
    #[must_use]
    pub fn on_key(self) -> Self {
        Self {
            on_key: true,
            ..self
        }
    }

    /// The value that stands here.
    pub fn value(self) -> Option<&'a Value> {
        self.source.value.pointer(&self.path())
    }

    /// The file.
    pub fn source(self) -> &'a Source {
        self.source
    }

    fn child(self, segment: &str) -> Option<Self> {
        let index = &self.source.index;
        let element = || {
            segment
                .parse()
                .ok()
                .and_then(|number| index.element(self.node, number))
        };
        let node = index.under(self.node, segment).or_else(element)?;
        Some(Self {
            node,
            on_key: false,
            ..self
        })
    }

    fn path(self) -> String {
        let index = &self.source.index;
        let nodes = std::iter::successors(index.node(self.node), |node| index.node(node.parent?));
        let mut segments: Vec<String> = nodes
            .filter_map(|node| match &node.segment {
                Segment::Root => None,
                Segment::Key(key) => {
                    Some(format!("/{}", key.replace('~', "~0").replace('/', "~1")))
                }
                Segment::Index(index) => Some(format!("/{index}")),
            })
            .collect();
        segments.reverse();
        segments.concat()
    }
}

impl From<At<'_>> for Place {
    fn from(at: At<'_>) -> Self {
        match at.source.index.node(at.node) {
            Some(node) => {
                let mark = node.key.filter(|_| at.on_key).unwrap_or(node.value);
                at.source.place(at.path(), mark)
            }
            None => Place::file(at.source.name()),
        }
    }
}

/// JSON as text that a YAML parser reads in the same places: tabs as spaces, and surrogates, which JSON writes in
/// pairs and YAML doesn't know, as another character.
fn as_yaml(json: &str) -> String {
    let mut text = json.replace('\t', " ");
    let surrogates: Vec<usize> = text
        .to_ascii_lowercase()
        .match_indices("\\ud")
        .map(|(at, _)| at)
        .collect();
    for at in surrogates {
        let code = text
            .get(at + 2..at + 6)
            .and_then(|hex| u32::from_str_radix(hex, 16).ok());
        if code.is_some_and(|code| char::from_u32(code).is_none()) {
            text.replace_range(at + 2..at + 6, "fffd");
        }
    }
    text
}

fn not_utf8(name: &str, error: &std::string::FromUtf8Error, report: &mut Report) {
    let valid = error.utf8_error().valid_up_to();
    let before = String::from_utf8_lossy(&error.as_bytes()[..valid]);
    let line = before.matches('\n').count() + 1;
    let start = before.rsplit('\n').next().unwrap_or_default();
    let position = Position {
        line,
        column: start.chars().count() + 1,
        width: 1,
        excerpt: format!("{start}{}", char::REPLACEMENT_CHARACTER),
    };
    let at = Place {
        position: Some(position),
        ..Place::file(name)
    };
    report
        .error(at, "not-utf8", "the file is not UTF-8")
        .help("save the file as UTF-8");
}

#[cfg(test)]
mod tests;
