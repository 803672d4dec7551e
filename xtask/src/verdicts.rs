//! The suite's JSON report in a table: how many scenarios of each capability came to which verdict.

use std::collections::BTreeMap;
use std::path::Path;

use crate::json::Json;
use crate::table::Table;
use crate::{Result, workspace};

/// All verdicts, in the order of the table's columns.
const COLUMNS: [&str; 6] = [
    "pass",
    "fail",
    "setup-failed",
    "unexpected-pass",
    "known-failing",
    "unsupported",
];

type Counts = [u32; COLUMNS.len()];

/// Numbers of scenarios by capability and verdict.
#[derive(Debug, Default, PartialEq)]
pub struct Verdicts(BTreeMap<String, Counts>);

impl Verdicts {
    /// Reads a report.
    pub fn read(file: &Path) -> Result<Self> {
        Self::of(&Json::parse(&std::fs::read_to_string(file)?)?)
    }

    fn of(report: &Json) -> Result<Self> {
        let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
        let scenarios = report
            .member("scenarios")
            .ok_or("the report has no scenarios")?;
        for scenario in scenarios.items() {
            let capability = scenario.member("capability").and_then(Json::text);
            let verdict = scenario
                .member("verdict")
                .and_then(|verdict| verdict.member("kind")?.text());
            let column = COLUMNS.iter().position(|&known| Some(known) == verdict);
            let column =
                column.ok_or_else(|| format!("an unknown verdict in the report: {verdict:?}"))?;
            counts
                .entry(capability.unwrap_or("other").to_owned())
                .or_default()[column] += 1;
        }
        Ok(Self(counts))
    }

    /// A line for each capability.
    pub fn table(&self) -> String {
        let mut table = Table::new(&[&["capability"], &COLUMNS[..]].concat());
        let cell = |number: u32| {
            if number == 0 {
                "·".to_owned()
            } else {
                number.to_string()
            }
        };
        for (capability, counts) in &self.0 {
            table.row(
                [capability.clone()]
                    .into_iter()
                    .chain(counts.map(cell))
                    .collect(),
            );
        }
        table.markdown()
    }

    /// The sums in words, verdicts that did not occur left out: `40 pass, 3 unsupported`.
    pub fn sums(&self) -> String {
        let sum = |column: usize| self.0.values().map(|counts| counts[column]).sum::<u32>();
        let sums = COLUMNS
            .iter()
            .enumerate()
            .map(|(column, verdict)| (sum(column), verdict));
        let words = sums
            .filter(|(sum, _)| *sum > 0)
            .map(|(sum, verdict)| format!("{sum} {verdict}"));
        words.collect::<Vec<_>>().join(", ")
    }
}

/// The file for a report on a target, in the target directory; one of an earlier run is removed, for it must not be
/// taken for this one's.
pub fn report_file(target: &str, form: &str) -> Result<std::path::PathBuf> {
    let file = workspace::scratch("gatecheck")?.join(format!("{target}.{form}"));
    if file.exists() {
        std::fs::remove_file(&file)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn verdicts_are_counted_by_capability() {
        let report = r#"{"scenarios": [
            {"capability": "cors", "verdict": {"kind": "pass"}},
            {"capability": "api-keys", "verdict": {"kind": "fail", "message": "m"}},
            {"capability": "cors", "verdict": {"kind": "pass"}}]}"#;
        let verdicts = Verdicts::of(&Json::parse(report).unwrap()).unwrap();
        assert_eq!(verdicts.sums(), "2 pass, 1 fail");
        let table = verdicts.table();
        let lines: Vec<Vec<&str>> = table
            .lines()
            .skip(2)
            .map(|line| line.split('|').map(str::trim).collect())
            .collect();
        assert_eq!(lines[0][1..4], ["api-keys", "·", "1"]);
        assert_eq!(lines[1][1..4], ["cors", "2", "·"]);
    }

    #[test]
    fn an_unknown_verdict_is_not_swallowed() {
        let report = Json::parse(r#"{"scenarios": [{"verdict": {"kind": "new"}}]}"#).unwrap();
        assert!(
            Verdicts::of(&report)
                .unwrap_err()
                .to_string()
                .contains("new")
        );
    }
}
