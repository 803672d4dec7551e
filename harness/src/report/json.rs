//! The report as JSON, in the manner of a Gateway API conformance report: who was tested, how to do it again, and the
//! result of each level of each capability; then the whole run, so that it can be read back.

use serde::Serialize;

use super::model::{Level, RunReport, ScenarioReport, Totals, Verdict};
use super::plain;

/// Writes a run.
///
/// # Errors
/// None that is known: a run has no key that is not a string and no number that is not finite.
pub fn document(report: &RunReport) -> serde_json::Result<String> {
    let document = Document {
        project: "gatecheck",
        succeeded: report.succeeded(),
        command: plain::command(report),
        totals: report.totals(),
        capabilities: report.by_capability().into_iter().map(capability).collect(),
        run: report,
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

/// Reads the run that [`document`] wrote.
///
/// # Errors
/// It is no such document, or one of another version.
pub fn read(text: &str) -> Result<RunReport, ReadError> {
    let report: RunReport = serde_json::from_str(text)?;
    match report.schema_version {
        RunReport::SCHEMA_VERSION => Ok(report),
        version => Err(ReadError::Version(version)),
    }
}

/// Why a report can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not the JSON of a report.
    #[error("this is no report: {0}")]
    Json(#[from] serde_json::Error),
    /// It was written by another version of the suite.
    #[error("the report has the schema version {0}, this gatecheck reads {expected}", expected = RunReport::SCHEMA_VERSION)]
    Version(u32),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    project: &'static str,
    succeeded: bool,
    command: String,
    totals: Totals,
    capabilities: Vec<Capability<'a>>,
    #[serde(flatten)]
    run: &'a RunReport,
}

#[derive(Serialize)]
pub(super) struct Capability<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    core: Option<Outcome<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extended: Option<Outcome<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<Outcome<'a>>,
}

/// What came of one level of a capability.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    result: &'static str,
    totals: Totals,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_held: Vec<NotHeld<'a>>,
}

/// A scenario that the target is not held to.
#[derive(Serialize)]
struct NotHeld<'a> {
    id: &'a str,
    verdict: &'static str,
    reason: &'a str,
}

pub(super) fn capability<'a>(
    (name, scenarios): (&'a str, Vec<&'a ScenarioReport>),
) -> Capability<'a> {
    let of = |level| {
        let scenarios: Vec<_> = scenarios
            .iter()
            .copied()
            .filter(|scenario| scenario.level == level)
            .collect();
        (!scenarios.is_empty()).then(|| outcome(&scenarios))
    };
    Capability {
        name,
        core: of(Level::Core),
        extended: of(Level::Extended),
        strict: of(Level::Strict),
    }
}

/// `success` is all passed, `partial` is nothing failed, but something was not held.
fn outcome<'a>(scenarios: &[&'a ScenarioReport]) -> Outcome<'a> {
    let totals = Totals::of(scenarios.iter().copied());
    let failed: Vec<_> = scenarios
        .iter()
        .filter(|scenario| scenario.verdict.fails_run())
        .map(|scenario| scenario.id.as_str())
        .collect();
    let not_held: Vec<_> = scenarios
        .iter()
        .filter_map(|scenario| not_held(scenario))
        .collect();
    let result = match (failed.is_empty(), not_held.is_empty()) {
        (false, _) => "failure",
        (true, false) => "partial",
        (true, true) => "success",
    };
    Outcome {
        result,
        totals,
        failed,
        not_held,
    }
}

fn not_held(scenario: &ScenarioReport) -> Option<NotHeld<'_>> {
    match &scenario.verdict {
        Verdict::Unsupported { reason } | Verdict::KnownFailing { reason, .. } => Some(NotHeld {
            id: &scenario.id,
            verdict: scenario.verdict.label(),
            reason,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::report::sample;

    #[test]
    fn writes_the_whole_run() {
        insta::assert_snapshot!(document(&sample::run()).unwrap());
    }

    #[test]
    fn reads_what_it_wrote() {
        let report = sample::run();
        assert_eq!(read(&document(&report).unwrap()).unwrap(), report);
    }

    #[test]
    fn refuses_what_it_did_not_write() {
        assert!(
            read("{}")
                .unwrap_err()
                .to_string()
                .starts_with("this is no report: missing field")
        );
        let mut report = sample::run();
        report.schema_version = 2;
        let error = read(&document(&report).unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the report has the schema version 2, this gatecheck reads 1"
        );
    }
}
