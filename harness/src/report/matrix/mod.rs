//! Several targets side by side: one page, its data as JSON, and a summary in Markdown.

mod page;

use std::fmt::Write as _;

use serde::Serialize;

use super::json::{Capability, capability};
use super::model::{Level, RunReport, Totals};
use super::plain;
pub use page::page;

/// The levels, from what everybody is held to.
const LEVELS: [Level; 3] = [Level::Core, Level::Extended, Level::Strict];

/// The runs as JSON: who was tested, how to do it again, and the result of each level of each capability.
///
/// # Errors
/// None that is known: there is no key that is not a string and no number that is not finite.
pub fn json(reports: &[RunReport]) -> serde_json::Result<String> {
    let document = Document {
        project: "gatecheck",
        schema_version: RunReport::SCHEMA_VERSION,
        suite_version: env!("CARGO_PKG_VERSION"),
        command: command(reports),
        targets: reports.iter().map(Target::of).collect(),
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

/// The runs as a table for a README: for each target and level, how many scenarios pass.
pub fn markdown(reports: &[RunReport]) -> String {
    let mut text = String::from(
        "| target | core | extended | strict | fails | known to fail | unsupported |\n|---|---:|---:|---:|---:|---:|---:|\n",
    );
    for report in reports {
        let levels = LEVELS.map(|level| passed(&of_level(report, level)));
        let totals = report.totals();
        let failing = totals.fail + totals.setup_failed + totals.unexpected_pass;
        writeln!(
            text,
            "| {} | {} | {} | {} | {failing} | {} | {} |",
            plain::target(report).replace('|', "\\|"),
            levels[0],
            levels[1],
            levels[2],
            totals.known_failing,
            totals.unsupported,
        )
        .expect("writing to a string can't fail");
    }
    text
}

/// The command that makes the matrix again.
fn command(reports: &[RunReport]) -> String {
    let names: Vec<_> = reports
        .iter()
        .map(|report| report.target.name.as_str())
        .collect();
    format!("gatecheck matrix --targets {}", names.join(","))
}

/// `12 of 13`.
fn passed(totals: &Totals) -> String {
    format!(
        "{} of {}",
        totals.pass,
        super::html::overview::total(totals)
    )
}

fn of_level(report: &RunReport, level: Level) -> Totals {
    let scenarios = report.scenarios.iter();
    Totals::of(scenarios.filter(|scenario| scenario.level == level))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    project: &'static str,
    schema_version: u32,
    suite_version: &'static str,
    command: String,
    targets: Vec<Target<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Target<'a> {
    name: &'a str,
    version: Option<&'a str>,
    date: &'a str,
    duration_ms: u64,
    succeeded: bool,
    command: String,
    totals: Totals,
    capabilities: Vec<Capability<'a>>,
}

impl<'a> Target<'a> {
    fn of(report: &'a RunReport) -> Self {
        Self {
            name: &report.target.name,
            version: report.target.version.as_deref(),
            date: &report.started_at,
            duration_ms: report.duration_ms,
            succeeded: report.succeeded(),
            command: plain::command(report),
            totals: report.totals(),
            capabilities: report.by_capability().into_iter().map(capability).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
