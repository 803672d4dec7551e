//! Runs the mutants: first the scenarios on the unchanged configurations, which all have to pass; then those of each
//! mutant, until one fails.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::listed::LISTED;
use super::mutant::{Mutant, mutants};
use super::mutated::Mutated;
use super::report::{Finding, Outcome, Score};
use super::usage::{Use, uses};
use crate::adapters::gateway::Gateway;
use crate::fixtures::Fixture;
use crate::fixtures::certificates::Certificates;
use crate::report::model::{RunReport, ScenarioReport, Verdict};
use crate::suite::Suite;
use crate::world::millis;
use crate::{RunOptions, run_suite};

/// A scenario that takes no longer is among the first to be run, in milliseconds.
const QUICK: u64 = 400;
/// How many scenarios of one mutant run side by side.
const CONCURRENCY: usize = 8;

/// Called with each finding as it is made.
pub type Progress = dyn Fn(&Finding) + Send + Sync;

/// What to change, and how to run it.
#[derive(Clone)]
pub struct Options {
    /// The fixtures whose configurations are changed; none: all.
    pub only: Vec<String>,
    /// A text that names of mutants must contain.
    pub matching: Option<String>,
    /// The binary of our own gateway; found by itself where none is given.
    pub gateway_bin: Option<PathBuf>,
    /// How many mutants run side by side.
    pub concurrency: usize,
    /// Called with each finding as it is made.
    pub progress: Arc<Progress>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            matching: None,
            gateway_bin: None,
            concurrency: Self::CONCURRENCY,
            progress: Arc::new(|_| {}),
        }
    }
}

impl Options {
    /// How many mutants run side by side by default.
    pub const CONCURRENCY: usize = 4;

    /// The fixtures that are meant.
    ///
    /// # Errors
    /// When there is no fixture of a name that was given.
    pub fn fixtures(&self) -> anyhow::Result<Vec<String>> {
        let names = Fixture::names();
        if let Some(unknown) = self.only.iter().find(|name| !names.contains(name)) {
            bail!(
                "there is no configuration {unknown:?} in scenarios/; there are {}",
                names.join(", ")
            );
        }
        let meant = |name: &String| self.only.is_empty() || self.only.contains(name);
        Ok(names.into_iter().filter(meant).collect())
    }

    /// The mutants that are meant.
    ///
    /// # Errors
    /// When a fixture's name is unknown, or a configuration can't be read.
    pub fn mutants(&self, suite: &Suite) -> anyhow::Result<Vec<Mutant>> {
        let mut by_fixture: BTreeMap<String, Vec<Use>> = BTreeMap::new();
        for one in uses(suite)? {
            by_fixture.entry(one.fixture.clone()).or_default().push(one);
        }
        let mut found = Vec::new();
        for name in self.fixtures()? {
            let uses = by_fixture.remove(&name);
            found.extend(mutants(&uses.unwrap_or_default())?);
        }
        if let Some(text) = &self.matching {
            found.retain(|mutant| mutant.name().contains(text));
        }
        Ok(found)
    }
}

/// Changes the configurations, one thing at a time, and tells which changes nobody noticed.
///
/// # Errors
/// When scenarios fail on the unchanged configurations, the gateway can't be started for another reason than its
/// configuration, or a signal ends the run.
pub async fn run(options: Options) -> anyhow::Result<Score> {
    let begun = Instant::now();
    let suite = Suite::embedded()?;
    let mutants = options.mutants(&suite)?;
    let lab = Bench::new(&suite, &mutants, &options).await?;
    let findings = stream::iter(mutants)
        .map(|mutant| lab.find(mutant))
        .buffered(options.concurrency.max(1))
        .inspect_ok(|finding| (options.progress)(finding))
        .try_collect()
        .await?;
    let mut score = Score {
        findings,
        ..Score::default()
    };
    if options.matching.is_none() {
        score.excuse(LISTED, &options.fixtures()?);
    }
    score.duration_ms = millis(begun.elapsed());
    Ok(score)
}

/// What the mutants share.
struct Bench<'a> {
    suite: &'a Suite,
    gateway_bin: Option<PathBuf>,
    /// How long each case took without a change, in milliseconds.
    took: HashMap<usize, u64>,
    strangers: Arc<Certificates>,
}

impl<'a> Bench<'a> {
    /// Runs what the mutants' cases do without any change.
    async fn new(suite: &'a Suite, mutants: &[Mutant], options: &Options) -> anyhow::Result<Self> {
        let gateway_bin = options.gateway_bin.clone();
        let needed: HashSet<usize> = mutants
            .iter()
            .flat_map(|mutant| mutant.cases.clone())
            .collect();
        let adapter = Arc::new(Gateway::new(gateway_bin.clone()));
        let report = run_suite(suite.only(&needed), adapter, RunOptions::new("gateway")).await?;
        uninterrupted(&report)?;
        let failed: Vec<String> = report
            .scenarios
            .iter()
            .filter(|one| one.verdict.fails_run())
            .map(told)
            .collect();
        if !failed.is_empty() {
            bail!(
                "scenarios fail without any change, so nothing can be said of changes:\n  {}",
                failed.join("\n  ")
            );
        }
        let took = suite
            .cases
            .iter()
            .filter(|case| needed.contains(&case.number));
        let took = took
            .zip(&report.scenarios)
            .map(|(case, one)| (case.number, one.duration_ms));
        Ok(Self {
            suite,
            gateway_bin,
            took: took.collect(),
            strangers: Arc::new(Certificates::new()?),
        })
    }

    /// Runs the cases of a mutant, those that are quick first, until one notices.
    async fn find(&self, mutant: Mutant) -> anyhow::Result<Finding> {
        let quick = |case: &usize| self.took.get(case).is_some_and(|took| *took <= QUICK);
        let (quick, slow): (HashSet<usize>, HashSet<usize>) =
            mutant.cases.iter().copied().partition(quick);
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for cases in [quick, slow] {
            if cases.is_empty() {
                continue;
            }
            let report = self.try_out(&mutant, &cases).await?;
            let ended = report.scenarios.iter().any(failed);
            let (first, rest) = self.parted(report, &mutant.own);
            own.extend(first);
            others.extend(rest);
            if ended {
                break;
            }
        }
        let name = mutant.name();
        let outcome = outcome(&own, &others).with_context(|| name.clone())?;
        Ok(Finding {
            mutant: name,
            told: mutant.told(),
            fixture: mutant.fixture,
            place: mutant.place,
            outcome,
        })
    }

    /// The reports of a run, those of cases of the configuration itself apart.
    fn parted(
        &self,
        report: RunReport,
        own: &[usize],
    ) -> (Vec<ScenarioReport>, Vec<ScenarioReport>) {
        let own: HashSet<(&str, usize)> = own
            .iter()
            .filter_map(|number| self.suite.cases.get(*number))
            .map(|case| (case.file.as_str(), case.line))
            .collect();
        let is_own = |one: &ScenarioReport| own.contains(&(one.file.as_str(), one.line));
        report.scenarios.into_iter().partition(is_own)
    }

    async fn try_out(&self, mutant: &Mutant, cases: &HashSet<usize>) -> anyhow::Result<RunReport> {
        let (binary, strangers) = (self.gateway_bin.clone(), self.strangers.clone());
        let adapter = Mutated::new(binary, mutant.change.clone(), strangers);
        let options = RunOptions {
            concurrency: CONCURRENCY,
            stop_at_failure: true,
            ..RunOptions::new("gateway")
        };
        let report = run_suite(self.suite.only(cases), Arc::new(adapter), options).await?;
        uninterrupted(&report)?;
        Ok(report)
    }
}

/// What a mutant's scenarios say, those of the configuration itself first. Where the gateway takes the change, but not
/// together with a scenario's own, only the others count.
fn outcome(own: &[ScenarioReport], others: &[ScenarioReport]) -> anyhow::Result<Outcome> {
    let mut refused = None;
    let mut scenarios = Vec::new();
    for (index, report) in own.iter().chain(others).enumerate() {
        match &report.verdict {
            Verdict::Fail { message } => {
                return Ok(Outcome::Noticed {
                    by: told(report),
                    message: message.clone(),
                });
            }
            Verdict::SetupFailed { message, .. } if !message.contains("instead of serving") => {
                bail!("{}: {message}", report.id);
            }
            Verdict::SetupFailed { message, .. } | Verdict::Unsupported { reason: message } => {
                if index < own.len() || scenarios.is_empty() {
                    refused = Some(message.clone());
                }
            }
            _ => scenarios.push(report.id.clone()),
        }
    }
    match refused {
        Some(message) => Ok(Outcome::Refused { message }),
        None => Ok(Outcome::Survived { scenarios }),
    }
}

fn failed(report: &ScenarioReport) -> bool {
    matches!(report.verdict, Verdict::Fail { .. })
}

fn told(report: &ScenarioReport) -> String {
    format!("{} {}", report.id, report.name)
}

fn uninterrupted(report: &RunReport) -> anyhow::Result<()> {
    match &report.interrupted {
        Some(why) => bail!("{why}"),
        None => Ok(()),
    }
}
