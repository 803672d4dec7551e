//! `gateway check`: what is wrong with a configuration, and what may be, without starting.

use super::{Configuration, print};
use clap::{Args, ValueEnum};
use gateway::compile::Lasting;
use gateway::config::Report;
use std::io::IsTerminal;
use std::process::ExitCode;

/// `gateway check`.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    configuration: Configuration,
    /// How the findings are told.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Let warnings fail too.
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Text with the places underlined.
    Human,
    /// One object with all diagnostics.
    Json,
    /// SARIF 2.1.0, as code-scanning tools read it.
    Sarif,
}

impl Check {
    /// Tells what is found on standard output; fails on errors, and with `--strict` on warnings.
    pub fn run(self) -> ExitCode {
        let read = self.configuration.source(vec![]).read(&Lasting::default());
        let report = read.map_or_else(|report| report, |(_, report)| report);
        let failed = report.has_errors() || (self.strict && !report.is_empty());
        let printed = print(&self.format.render(&report));
        if failed { ExitCode::FAILURE } else { printed }
    }
}

impl Format {
    fn render(self, report: &Report) -> String {
        match self {
            Self::Human if report.is_empty() => "no findings\n".to_owned(),
            Self::Human => report.human(std::io::stdout().is_terminal()),
            Self::Json => format!("{:#}\n", report.json()),
            Self::Sarif => format!("{:#}\n", report.sarif()),
        }
    }
}
