//! What is wrong with a configuration, where, and how to mend it.

use crate::domain::Mistake;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration can't be used, or not all of it: see [`Diagnostic::confined`].
    Error,
    /// The configuration can be used, but probably should not.
    Warning,
}

impl Severity {
    /// `error` or `warning`, as in the rendered output and in SARIF.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A place in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as the user named it or as an include reached it.
    pub file: String,
    /// JSON Pointer (RFC 6901) of the value; empty for the whole document.
    pub pointer: String,
    /// Where in the text; none when the file as a whole is meant, for example because it is missing.
    pub position: Option<Position>,
}

impl Place {
    /// The file as a whole.
    pub fn file(name: impl Into<String>) -> Self {
        Self {
            file: name.into(),
            pointer: String::new(),
            position: None,
        }
    }

    /// The line, counted from 1; 0 for the file as a whole.
    pub fn line(&self) -> usize {
        self.position.as_ref().map_or(0, |position| position.line)
    }

    /// The column in characters, counted from 1; 0 for the file as a whole.
    pub fn column(&self) -> usize {
        self.position.as_ref().map_or(0, |position| position.column)
    }
}

/// A place in a text, with the line to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// How many characters are meant, on this line.
    pub width: usize,
    /// The line itself, without its line break and with plain-text secrets made unreadable.
    pub excerpt: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is, in kebab-case; stable, so that tools may refer to it.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub at: Place,
    /// How to mend it.
    pub help: Option<String>,
    /// Whether an error closes a route of its own and leaves the rest of the configuration in force.
    pub confined: bool,
}

impl Diagnostic {
    /// Says how to mend it.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }
}

/// Everything that is wrong, in the order of the files and lines, and the files beside the documents that were read to
/// find it out.
#[derive(Debug, Clone, Default)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
    files: BTreeSet<PathBuf>,
}

impl Report {
    /// Adds an error; `at` is an [`At`](super::source::At) or a [`Place`].
    pub fn error(
        &mut self,
        at: impl Into<Place>,
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.add(Severity::Error, at.into(), code, message.into())
    }

    /// Adds an error that closes a route of its own: `gateway check` fails, and the gateway runs without that route.
    pub fn confined_error(
        &mut self,
        at: impl Into<Place>,
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let diagnostic = self.add(Severity::Error, at.into(), code, message.into());
        diagnostic.confined = true;
        diagnostic
    }

    /// Adds a warning; `at` is an [`At`](super::source::At) or a [`Place`].
    pub fn warn(
        &mut self,
        at: impl Into<Place>,
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.add(Severity::Warning, at.into(), code, message.into())
    }

    /// Adds an error that a domain type's constructor made.
    pub fn mistake(
        &mut self,
        at: impl Into<Place>,
        code: &'static str,
        mistake: Mistake,
    ) -> &mut Diagnostic {
        self.error(at, code, mistake.what).help(mistake.help)
    }

    /// How many things are wrong, repetitions included.
    pub fn len(&self) -> usize {
        self.diagnostics.len()
    }

    /// Adds everything of another report.
    pub fn append(&mut self, other: Report) {
        self.diagnostics.extend(other.diagnostics);
        self.files.extend(other.files);
    }

    /// Notes a file that a document refers to, there or not: what it holds belongs to the configuration.
    pub fn reads(&mut self, file: PathBuf) {
        self.files.insert(file);
    }

    /// The files that were noted.
    pub fn files(&self) -> &BTreeSet<PathBuf> {
        &self.files
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// Whether anything is an error, be it one that only closes a route.
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }

    /// Whether the configuration can't be used.
    pub fn prevents(&self) -> bool {
        self.errors().any(|error| !error.confined)
    }

    /// The errors that only close a route.
    pub fn confined(&self) -> Report {
        let confined = self.errors().filter(|error| error.confined).cloned();
        let mut report = Report::default();
        report.diagnostics.extend(confined);
        report
    }

    fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        let all = self.diagnostics.iter();
        all.filter(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Everything that is wrong, by file, line and column, each thing once.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.diagnostics.iter().collect();
        sorted.sort_by(|left, right| order(left, right));
        sorted.dedup();
        sorted
    }

    fn add(
        &mut self,
        severity: Severity,
        at: Place,
        code: &'static str,
        message: String,
    ) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic {
            severity,
            code,
            message,
            at,
            help: None,
            confined: false,
        });
        self.diagnostics
            .last_mut()
            .expect("one was pushed in the line before")
    }
}

fn order(left: &Diagnostic, right: &Diagnostic) -> Ordering {
    let key = |of: &Diagnostic| (of.at.line(), of.at.column(), of.severity, of.code);
    let file = left.at.file.cmp(&right.at.file);
    file.then_with(|| key(left).cmp(&key(right)))
        .then_with(|| left.message.cmp(&right.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: &str, line: usize) -> Place {
        let position = Position {
            line,
            column: 1,
            width: 1,
            excerpt: "x: 1".to_owned(),
        };
        Place {
            position: Some(position),
            ..Place::file(file)
        }
    }

    #[test]
    fn a_report_is_sorted_by_place_and_says_each_thing_once() {
        let mut report = Report::default();
        report.error(place("b.yaml", 1), "one", "first of b");
        report.warn(place("a.yaml", 10), "two", "tenth of a");
        report
            .error(place("a.yaml", 9), "two", "ninth of a")
            .help("mend it");
        report.error(place("b.yaml", 1), "one", "first of b");
        let messages: Vec<_> = report
            .sorted()
            .iter()
            .map(|diagnostic| diagnostic.message.as_str())
            .collect();
        assert_eq!(messages, ["ninth of a", "tenth of a", "first of b"]);
    }

    #[test]
    fn a_warning_alone_is_no_error() {
        let mut report = Report::default();
        assert!(report.is_empty() && !report.has_errors());
        report.warn(place("a.yaml", 1), "one", "odd");
        assert!(!report.is_empty() && !report.has_errors());
        report.confined_error(place("a.yaml", 1), "one", "wrong for one route");
        assert!(report.has_errors() && !report.prevents());
        report.error(place("a.yaml", 1), "one", "wrong");
        assert!(report.has_errors() && report.prevents());
        assert_eq!(report.confined().len(), 1);
    }
}
