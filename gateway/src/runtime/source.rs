//! Where the configuration comes from.

use crate::compile::{Lasting, Outline, Overrides, compile};
use crate::config::{Report, load};
use crate::lint::lint;
use crate::plugin::registry;
use crate::snapshot::Snapshot;

/// The paths and options of a command line.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Files, directories and globs.
    pub paths: Vec<String>,
    /// What is said over the documents.
    pub overrides: Overrides,
}

impl Source {
    /// A source of files, directories and globs.
    #[must_use]
    pub fn new(paths: Vec<String>) -> Self {
        Self {
            paths,
            overrides: Overrides::default(),
        }
    }

    /// Loads, compiles and lints. The report that comes with a snapshot holds warnings, and errors of which each
    /// has closed a route.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn read(&self, lasting: &Lasting) -> Result<(Snapshot, Report), Report> {
        let mut load = load(&self.paths, &registry::schema());
        let mut report = std::mem::take(&mut load.report);
        let whole = !report.prevents();
        let outline = Outline::new(&load.documents, &mut report);
        // What could be read is compiled even so: its mistakes are told in the same run.
        let snapshot = compile(
            &outline,
            &load.watched,
            &self.overrides,
            lasting,
            &mut report,
        );
        // A document that could not be read may hold what a finding would miss.
        if whole {
            lint(&outline, &mut report);
        }
        match snapshot {
            Some(snapshot) if !report.prevents() => Ok((snapshot, report)),
            _ => Err(report),
        }
    }
}
