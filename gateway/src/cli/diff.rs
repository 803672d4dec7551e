//! `gateway diff`: how two configurations differ in what they mean.

use super::print;
use clap::Args;
use gateway::diff::diff;
use std::fmt::Write;
use std::io::IsTerminal;
use std::process::ExitCode;

/// `gateway diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// A file, directory or glob of documents.
    old: String,
    /// As the first, to be compared with it.
    new: String,
}

impl Diff {
    /// Tells the differences, one a line. As with `diff`: 0 when there are none, 1 when there are some, 2 on trouble.
    pub fn run(self) -> ExitCode {
        let changes = match diff(&self.old, &self.new) {
            Ok(changes) => changes,
            Err(report) => {
                eprint!("{}", report.human(std::io::stderr().is_terminal()));
                return ExitCode::from(2);
            }
        };
        if changes.is_empty() {
            return print("no differences\n");
        }
        let mut text = String::new();
        for change in changes {
            writeln!(text, "{change}").expect("writing to a String never fails");
        }
        print(&text);
        ExitCode::FAILURE
    }
}
