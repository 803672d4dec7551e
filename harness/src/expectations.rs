//! What was recorded of a target: the verdicts of each requirement. A run is held against it, so that nothing is lost or
//! won without somebody saying so.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::report::model::RunReport;

/// The verdicts of each requirement, by its id: `pass`, or `2 pass, 1 unsupported` where the rows of an outline differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation(BTreeMap<String, String>);

impl Expectation {
    /// What a run found.
    pub fn of(report: &RunReport) -> Self {
        let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for scenario in &report.scenarios {
            let verdicts = counts.entry(&scenario.id).or_default();
            *verdicts.entry(scenario.verdict.label()).or_default() += 1;
        }
        let told = counts.into_iter().map(|(id, verdicts)| {
            let told: Vec<_> = match verdicts.len() {
                1 => verdicts.keys().map(|&verdict| verdict.to_owned()).collect(),
                _ => verdicts
                    .iter()
                    .map(|(verdict, count)| format!("{count} {verdict}"))
                    .collect(),
            };
            (id.to_owned(), told.join(", "))
        });
        Self(told.collect())
    }

    /// What was recorded of a target; none if nothing was.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn recorded(dir: &Path, target: &str) -> anyhow::Result<Option<Self>> {
        let file = file(dir, target);
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("{} can't be read", file.display()))?,
        };
        let verdicts = serde_json::from_str(&text)
            .with_context(|| format!("{} is no expectation", file.display()))?;
        Ok(Some(Self(verdicts)))
    }

    /// Records it.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn record(&self, dir: &Path, target: &str) -> anyhow::Result<()> {
        let file = file(dir, target);
        let text = serde_json::to_string_pretty(&self.0)? + "\n";
        fs::create_dir_all(dir)
            .and_then(|()| fs::write(&file, text))
            .with_context(|| format!("{} can't be written", file.display()))
    }

    /// How a run differs from this, a line for each requirement; `whole`: the run was of the whole suite, so that
    /// nothing may be missing.
    pub fn differences(&self, run: &Self, whole: bool) -> Vec<String> {
        let changed = run.0.iter().filter_map(|(id, found)| match self.0.get(id) {
            Some(expected) if expected == found => None,
            Some(expected) => Some(format!("{id}: recorded {expected}, found {found}")),
            None => Some(format!("{id}: not recorded, found {found}")),
        });
        let gone = self
            .0
            .iter()
            .filter(|(id, _)| whole && !run.0.contains_key(*id));
        let gone = gone.map(|(id, expected)| format!("{id}: recorded {expected}, not found"));
        changed.chain(gone).collect()
    }
}

fn file(dir: &Path, target: &str) -> PathBuf {
    dir.join(format!("{target}.json"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn expectation(pairs: &[(&str, &str)]) -> Expectation {
        let pairs = pairs.iter();
        Expectation(
            pairs
                .map(|(id, told)| (id.to_string(), told.to_string()))
                .collect(),
        )
    }

    #[test]
    fn what_changed_is_told() {
        let recorded = expectation(&[("A-001", "pass"), ("A-002", "pass"), ("A-003", "pass")]);
        let run = expectation(&[("A-001", "pass"), ("A-002", "fail"), ("A-004", "pass")]);
        assert_eq!(
            recorded.differences(&run, true),
            [
                "A-002: recorded pass, found fail",
                "A-004: not recorded, found pass",
                "A-003: recorded pass, not found",
            ]
        );
        assert_eq!(recorded.differences(&run, false).len(), 2);
        assert!(recorded.differences(&recorded, true).is_empty());
    }

    #[test]
    fn what_is_recorded_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Expectation::recorded(dir.path(), "nginx").unwrap(), None);
        let recorded = expectation(&[("A-001", "2 pass, 1 unsupported")]);
        recorded.record(dir.path(), "nginx").unwrap();
        let read = Expectation::recorded(dir.path(), "nginx").unwrap();
        assert_eq!(read, Some(recorded));
    }
}
