//! The suite's JSON report in a sentence: how many scenarios came to which verdict.

use std::path::Path;

use crate::json::Json;
use crate::{Result, workspace};

/// All verdicts, in the order in which they are told.
const VERDICTS: [&str; 6] = [
    "pass",
    "fail",
    "setup-failed",
    "unexpected-pass",
    "known-failing",
    "unsupported",
];

/// Numbers of scenarios by verdict.
#[derive(Debug, Default, PartialEq)]
pub struct Verdicts([u32; VERDICTS.len()]);

impl Verdicts {
    /// Reads a report.
    pub fn read(file: &Path) -> Result<Self> {
        Self::of(&Json::parse(&std::fs::read_to_string(file)?)?)
    }

    fn of(report: &Json) -> Result<Self> {
        let mut counts = Self::default();
        let scenarios = report
            .member("scenarios")
            .ok_or("the report has no scenarios")?;
        for scenario in scenarios.items() {
            let verdict = scenario
                .member("verdict")
                .and_then(|verdict| verdict.member("kind")?.text());
            let place = VERDICTS.iter().position(|&known| Some(known) == verdict);
            let place =
                place.ok_or_else(|| format!("an unknown verdict in the report: {verdict:?}"))?;
            counts.0[place] += 1;
        }
        Ok(counts)
    }

    /// The sums in words, verdicts that did not occur left out: `40 pass, 3 unsupported`.
    pub fn sums(&self) -> String {
        let sums = self.0.iter().zip(VERDICTS);
        let words = sums
            .filter(|(sum, _)| **sum > 0)
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
    fn verdicts_are_counted() {
        let report = r#"{"scenarios": [
            {"capability": "cors", "verdict": {"kind": "pass"}},
            {"capability": "api-keys", "verdict": {"kind": "fail", "message": "m"}},
            {"capability": "cors", "verdict": {"kind": "pass"}}]}"#;
        let verdicts = Verdicts::of(&Json::parse(report).unwrap()).unwrap();
        assert_eq!(verdicts.sums(), "2 pass, 1 fail");
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
