//! `gatecheck mutate`: changes fixture configurations one thing at a time, and tells which changes no scenario notices.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use gatecheck::mutation::{self, Finding, Options, Outcome};
use gatecheck::suite::Suite;

/// Which fixtures to change, and how to tell of it.
#[derive(Debug, Args)]
pub struct Mutate {
    /// Only configurations of this fixture, a file of scenarios/ without its extension; may be given again.
    #[arg(long, value_name = "FIXTURE")]
    only: Vec<String>,
    /// Only mutants whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    matching: Option<String>,
    /// List the mutants, and leave.
    #[arg(long)]
    list: bool,
    /// The binary of our own gateway [default: the one beside this program, else on the PATH].
    #[arg(long, value_name = "FILE")]
    gateway_bin: Option<PathBuf>,
    /// How many mutants run side by side.
    #[arg(long, value_name = "N", default_value_t = Options::CONCURRENCY)]
    concurrency: usize,
    /// Write what came of every mutant as JSON.
    #[arg(long, value_name = "FILE")]
    report_json: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When it can't be done: a fixture's name is unknown, or scenarios fail without any change.
pub fn run(arguments: Mutate) -> anyhow::Result<ExitCode> {
    let Mutate {
        only,
        matching,
        list,
        gateway_bin,
        concurrency,
        report_json,
    } = arguments;
    let progress = Arc::new(|finding: &Finding| {
        if let Err(error) = line(finding) {
            tracing::debug!(%error, "nobody reads the output");
        }
    });
    let options = Options {
        only,
        matching,
        gateway_bin,
        concurrency,
        progress,
    };
    if list {
        return print(&options);
    }
    let runtime = tokio::runtime::Runtime::new().context("the runtime can't be started")?;
    let score = runtime.block_on(mutation::run(options))?;
    score.write(&mut io::stdout().lock())?;
    if let Some(path) = report_json {
        std::fs::write(&path, score.json()?)
            .with_context(|| format!("{} can't be written", path.display()))?;
    }
    Ok(if score.reached() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn line(finding: &Finding) -> io::Result<()> {
    let (label, by) = match &finding.outcome {
        Outcome::Noticed { by, .. } => ("noticed ", by.as_str()),
        Outcome::Survived { .. } | Outcome::Listed { .. } => ("survived", ""),
        Outcome::Refused { .. } => ("refused ", ""),
    };
    let mut out = io::stdout().lock();
    writeln!(out, "{label} {}  {by}", finding.mutant)?;
    out.flush()
}

fn print(options: &Options) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let mutants = options.mutants(&Suite::embedded()?)?;
    for mutant in &mutants {
        let cases = mutant.cases.len();
        writeln!(
            out,
            "{}  [{}; {cases} scenarios]",
            mutant.name(),
            mutant.place
        )?;
    }
    writeln!(out, "{} mutants", mutants.len())?;
    Ok(ExitCode::SUCCESS)
}
