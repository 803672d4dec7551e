//! Where the configuration comes from.

use crate::compile::{Lasting, Overrides, compile};
use crate::config::{Report, load};
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

    /// Loads and compiles. The report that comes with a snapshot holds warnings only.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn read(&self, lasting: &Lasting) -> Result<(Snapshot, Report), Report> {
        let mut load = load(&self.paths, &registry::schema());
        let mut report = std::mem::take(&mut load.report);
        // What could be read is compiled even so: its mistakes are told in the same run.
        match compile(&load, &self.overrides, lasting, &mut report) {
            Some(snapshot) if !report.has_errors() => Ok((snapshot, report)),
            _ => Err(report),
        }
    }
}
