//! `gatecheck matrix`: the suite on several targets, one after another, and what came of it side by side.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use gatecheck::expectations::Expectation;
use gatecheck::report::model::RunReport;
use gatecheck::report::{html, json, junit, matrix, rendered};
use gatecheck::suite::{Filter, source_url};
use gatecheck::{RunOptions, adapters};

/// The arguments of `gatecheck matrix`.
#[derive(Debug, Args)]
pub struct Matrix {
    /// The gateways, with commas between [default: all that there are adapters for].
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = adapters::TARGETS)]
    targets: Vec<String>,
    /// A tag expression, as in "@core and not @slow".
    #[arg(long, value_name = "EXPR")]
    tags: Option<String>,
    /// The binary of our own gateway [default: the one beside this program, else on the PATH].
    #[arg(long, value_name = "FILE")]
    gateway_bin: Option<PathBuf>,
    /// How many scenarios run side by side.
    #[arg(long, value_name = "N", default_value_t = RunOptions::CONCURRENCY)]
    concurrency: usize,
    /// The directory for the page, the data and the targets' own reports.
    #[arg(long, value_name = "DIR", default_value = "matrix")]
    out: PathBuf,
    /// A directory with what was recorded of each target; what differs from it fails the command.
    #[arg(long, value_name = "DIR")]
    expect: Option<PathBuf>,
    /// Record what is found in the directory of --expect, instead of holding it against that.
    #[arg(long, requires = "expect")]
    record: bool,
}

/// Runs the command.
pub fn run(arguments: Matrix) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("the runtime can't be started")?;
    let mut reports: Vec<RunReport> = Vec::new();
    let mut differences = Vec::new();
    let mut out = io::stdout();
    for target in arguments.names() {
        let report = runtime.block_on(gatecheck::run(arguments.options(&target)))?;
        writeln!(out, "{}", line(&report))?;
        if let Some(why) = report.never_set_up() {
            writeln!(out, "{:<16} {why}", "")?;
        }
        arguments.write_target(&report)?;
        differences.extend(arguments.compare(&report)?);
        let interrupted = report.interrupted.is_some();
        reports.push(report);
        if interrupted {
            break;
        }
    }
    let files = [
        ("index.html", matrix::page(&reports, &source_url)),
        ("matrix.json", matrix::json(&reports)?),
        ("matrix.md", matrix::markdown(&reports)),
    ];
    for (name, text) in files {
        write(&arguments.out.join(name), &text)?;
    }
    writeln!(out, "\n{}", matrix::markdown(&reports))?;
    for difference in &differences {
        writeln!(out, "{difference}")?;
    }
    writeln!(
        out,
        "the matrix: {}",
        arguments.out.join("index.html").display()
    )?;
    let good = differences.is_empty() && reports.iter().all(RunReport::succeeded);
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Matrix {
    fn names(&self) -> Vec<String> {
        if self.targets.is_empty() {
            adapters::TARGETS.map(str::to_owned).to_vec()
        } else {
            self.targets.clone()
        }
    }

    fn options(&self, target: &str) -> RunOptions {
        RunOptions {
            filter: Filter {
                tags: self.tags.clone(),
                name: None,
            },
            gateway_bin: self.gateway_bin.clone(),
            concurrency: self.concurrency,
            progress: Arc::new(|_| {}),
            ..RunOptions::new(target)
        }
    }

    /// The target's own report, in all its forms.
    fn write_target(&self, report: &RunReport) -> anyhow::Result<()> {
        fs::create_dir_all(&self.out)
            .with_context(|| format!("{} can't be made", self.out.display()))?;
        let file = |extension: &str| {
            let name = &report.target.name;
            self.out.join(format!("{name}.{extension}"))
        };
        write(&file("json"), &json::document(report)?)?;
        write(&file("junit.xml"), &junit::document(report))?;
        write(&file("html"), &html::page(report, &source_url))?;
        let beside = file("rendered");
        rendered::write(report, &beside)
            .with_context(|| format!("{} can't be written", beside.display()))
    }

    /// How the target differs from what was recorded of it.
    fn compare(&self, report: &RunReport) -> anyhow::Result<Vec<String>> {
        let Some(dir) = &self.expect else {
            return Ok(Vec::new());
        };
        let (target, found) = (&report.target.name, Expectation::of(report));
        if self.record {
            found.record(dir, target)?;
            return Ok(Vec::new());
        }
        let Some(recorded) = Expectation::recorded(dir, target)? else {
            let dir = dir.display();
            return Ok(vec![format!(
                "{target}: nothing was recorded of it in {dir}"
            )]);
        };
        let differences = recorded.differences(&found, self.tags.is_none());
        Ok(differences
            .into_iter()
            .map(|difference| format!("{target}: {difference}"))
            .collect())
    }
}

/// How one target did, in a line.
fn line(report: &RunReport) -> String {
    let totals = report.totals();
    let outcome = if report.succeeded() {
        "as declared"
    } else {
        "NOT AS DECLARED"
    };
    format!(
        "{:<16} {outcome}: {} pass, {} fail, {} known to fail, {} unsupported in {:.1} s",
        report.target.name,
        totals.pass,
        totals.fail + totals.setup_failed + totals.unexpected_pass,
        totals.known_failing,
        totals.unsupported,
        report.duration_ms as f64 / 1_000.0
    )
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("{} can't be written", path.display()))
}
