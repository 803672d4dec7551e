//! A conformance suite for API gateways: Gherkin scenarios, fixtures, adapters and reports.
//!
//! [`run`] is the whole of it: it plans the selected scenarios for a target, runs them side by side and reports.

pub mod adapters;
pub mod checks;
pub mod client;
pub mod engine;
pub mod expectations;
pub mod faults;
pub mod fixtures;
pub mod lab;
pub mod plan;
pub mod report;
pub mod servers;
pub mod session;
pub mod steps;
pub mod suite;
pub mod world;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use parking_lot::Mutex;

use adapters::Adapter;
use adapters::remote::Remote;
use engine::{Engine, Progress};
use report::model::{
    Configuration, RunReport, ScenarioReport, Selection, StaleDeclaration, Target, Verdict,
};
use session::{Agenda, stale_declarations};
use suite::{Case, Filter, Suite};

/// What to run, and against what.
#[derive(Clone)]
pub struct RunOptions {
    /// The target's name, one of [`adapters::TARGETS`], or the URL of a gateway that runs already.
    pub target: String,
    /// The profile of a gateway that runs already.
    pub profile: Option<PathBuf>,
    /// Which scenarios to run.
    pub filter: Filter,
    /// The binary of our own gateway; found by itself where none is given.
    pub gateway_bin: Option<PathBuf>,
    /// How many scenarios run side by side.
    pub concurrency: usize,
    /// Called with each scenario as it ends.
    pub progress: Arc<Progress>,
}

impl RunOptions {
    /// How many scenarios run side by side by default.
    pub const CONCURRENCY: usize = 24;

    /// All scenarios against this target.
    pub fn new(target: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            profile: None,
            filter: Filter::default(),
            gateway_bin: None,
            concurrency: Self::CONCURRENCY,
            progress: Arc::new(|_| {}),
        }
    }

    fn adapter(&self) -> anyhow::Result<Arc<dyn Adapter>> {
        match (&self.profile, self.target.contains("://")) {
            (Some(profile), true) => Ok(Arc::new(Remote::new(
                &self.target,
                profile,
                self.gateway_bin.clone(),
            )?)),
            (None, true) => anyhow::bail!(
                "what the gateway at {} is held to stands in a profile: --profile FILE",
                self.target
            ),
            (Some(_), false) => anyhow::bail!(
                "a profile is for a gateway that runs already, given by its URL; {} is started here",
                self.target
            ),
            (None, false) => adapters::by_name(&self.target, self.gateway_bin.clone()),
        }
    }

    /// The target as on the command line.
    fn given(&self) -> String {
        match &self.profile {
            Some(profile) => format!("{} --profile {}", self.target, profile.display()),
            None => self.target.clone(),
        }
    }
}

/// Runs the embedded suite. A signal to end stops every target and reports what ended until then.
///
/// # Errors
/// When the features, the selection or the target's name make no sense. A target that doesn't start is no error but a
/// verdict.
pub async fn run(options: RunOptions) -> anyhow::Result<RunReport> {
    let adapter = options.adapter()?;
    run_suite(Suite::embedded()?, adapter, options).await
}

/// Runs a suite against a target of any adapter; `options.target` is what reports call it.
///
/// # Errors
/// When the selection makes no sense.
pub async fn run_suite(
    suite: Suite,
    adapter: Arc<dyn Adapter>,
    options: RunOptions,
) -> anyhow::Result<RunReport> {
    let begun = Instant::now();
    let started_at = jiff::Timestamp::now().to_string();
    let cases = suite.select(&options.filter)?;
    let mut stale_declarations = stale_declarations(&suite, adapter.as_ref());
    let (version, ended) = match adapter.version().await {
        Ok(version) => {
            let agenda = Agenda::new(&cases, adapter)?;
            let ended = run_agenda(suite, &cases, agenda, &options).await?;
            (Some(version), ended)
        }
        Err(error) => {
            let verdict = Verdict::SetupFailed {
                message: error.message,
                help: error.help,
            };
            let report = |case: &Arc<Case>| case.report(&options.target, verdict.clone());
            let scenarios = cases.iter().map(report).collect();
            let ended = Ended {
                scenarios,
                ..Ended::default()
            };
            (None, ended)
        }
    };
    stale_declarations.extend(ended.unmet);
    Ok(RunReport {
        schema_version: RunReport::SCHEMA_VERSION,
        suite_version: env!("CARGO_PKG_VERSION").to_owned(),
        target: Target {
            name: options.target,
            version,
        },
        started_at,
        duration_ms: world::millis(begun.elapsed()),
        selection: Selection {
            tags: options.filter.tags,
            name: options.filter.name,
            profile: options.profile.map(|file| file.display().to_string()),
        },
        scenarios: ended.scenarios,
        configurations: ended.configurations,
        stale_declarations,
        interrupted: ended.interrupted,
    })
}

/// What came of a run.
#[derive(Default)]
struct Ended {
    scenarios: Vec<ScenarioReport>,
    configurations: Vec<Configuration>,
    /// What the adapter declares and no scenario has met.
    unmet: Vec<StaleDeclaration>,
    interrupted: Option<String>,
}

async fn run_agenda(
    suite: Suite,
    cases: &[Arc<Case>],
    agenda: Agenda,
    options: &RunOptions,
) -> anyhow::Result<Ended> {
    let Agenda {
        session,
        decided,
        known_failing,
    } = agenda;
    let session = Arc::new(session);
    let mut reports: Vec<(usize, ScenarioReport)> = Vec::new();
    for case in cases {
        if let Some(verdict) = decided.get(&case.number) {
            let mut report = case.report(&options.target, verdict.clone());
            report.configuration = session.configuration(case.number);
            (options.progress)(&report);
            reports.push((case.number, report));
        }
    }
    let open = cases
        .iter()
        .filter(|case| !decided.contains_key(&case.number));
    let open: Vec<Arc<Case>> = open.cloned().collect();
    let groups = if session.lab.one_at_a_time() {
        session.groups(&open)
    } else {
        vec![open]
    };
    let done = Arc::new(Mutex::new(Vec::new()));
    let course = async {
        for group in groups {
            let engine = Engine {
                features: suite.features.clone(),
                cases: group.into_iter().map(|case| (case.number, case)).collect(),
                known_failing: known_failing.clone(),
                session: session.clone(),
                concurrency: options.concurrency.max(1),
                progress: options.progress.clone(),
                target: options.given(),
            };
            engine.run(done.clone()).await;
        }
    };
    let mut end = end_signals().context("signals can't be waited for")?;
    let interrupted = tokio::select! {
        () = course => None,
        signal = end.recv() => signal.map(|()| "a signal ended the run; scenarios that had not ended are missing".to_owned()),
    };
    session.lab.close().await;
    // A part of the suite need not meet everything.
    let whole = interrupted.is_none() && options.filter == Filter::default();
    reports.append(&mut done.lock());
    reports.sort_by_key(|(number, _)| *number);
    Ok(Ended {
        scenarios: reports.into_iter().map(|(_, report)| report).collect(),
        configurations: session.lab.configurations(),
        unmet: if whole { session.unmet() } else { Vec::new() },
        interrupted,
    })
}

/// Yields when the process is asked to end.
fn end_signals() -> std::io::Result<tokio::sync::mpsc::Receiver<()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    for kind in [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ] {
        let (mut signals, sender) = (signal(kind)?, sender.clone());
        tokio::spawn(async move {
            signals.recv().await;
            if sender.send(()).await.is_err() {
                tracing::debug!("the run had ended by itself");
            }
        });
    }
    Ok(receiver)
}
