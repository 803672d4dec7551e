//! The command line, a module for each larger command.

mod derive_checks;
mod run_faults;
mod run_fixtures;
mod run_matrix;
mod run_mutate;
mod run_render;
mod watch;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use gatecheck::report::model::RunReport;
use gatecheck::report::terminal::{self, Terminal};
use gatecheck::report::{html, json, junit, rendered};
use gatecheck::suite::{Filter, Suite, source_url};
use gatecheck::{RunOptions, adapters, steps};
use parking_lot::Mutex;

/// A conformance suite for API gateways.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Exit status: 0 if the run succeeds, 1 if it fails, 2 if it can't be done."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios against a gateway.
    Run(Run),
    /// Run the suite against several gateways and show them side by side.
    Matrix(run_matrix::Matrix),
    /// Say a configuration in another gateway's words; what could not be said stands in comments.
    Render(run_render::Render),
    /// List scenarios: id, level, capability, name, sources.
    List {
        #[command(flatten)]
        selection: Selection,
    },
    /// List the steps that features are written in.
    Steps,
    /// Start servers of issuers and upstreams with certificates and tokens, until ctrl-c.
    Fixtures(run_fixtures::Fixtures),
    /// Change fixture configurations one thing at a time, and tell which changes no scenario notices.
    Mutate(run_mutate::Mutate),
    /// Write a suite of synthetic checks from a gateway's configuration.
    Derive(derive_checks::Derive),
    /// Run a suite of checks against a gateway, again and again: status page, metrics, log, alerts.
    Watch(watch::Arguments),
    /// Tell how good the suite is: put proxies with known faults around our gateway.
    Faults(run_faults::Faults),
}

#[derive(Debug, Args)]
struct Run {
    /// The gateway under test: one that is started here, or the URL of one that runs already.
    #[arg(long, value_name = "NAME|URL", value_parser = target)]
    target: String,
    /// What a gateway that runs already is held to, and how it comes to its configuration.
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    /// The binary of our own gateway [default: the one beside this program, else on the PATH].
    #[arg(long, value_name = "FILE")]
    gateway_bin: Option<PathBuf>,
    /// How many scenarios run side by side.
    #[arg(long, value_name = "N", default_value_t = RunOptions::CONCURRENCY)]
    concurrency: usize,
    /// Write a JSON report.
    #[arg(long, value_name = "FILE")]
    report_json: Option<PathBuf>,
    /// Write a JUnit XML report.
    #[arg(long, value_name = "FILE")]
    report_junit: Option<PathBuf>,
    /// Write an HTML report; the rendered configurations stand beside it, in a directory of its name.
    #[arg(long, value_name = "FILE")]
    report_html: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Selection {
    /// A tag expression, as in "@core and not @slow" or @CORS-004.
    #[arg(long, value_name = "EXPR")]
    tags: Option<String>,
    /// A part of the scenario's name.
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    // Watching has a log of its own.
    if !matches!(command, Command::Watch(_)) {
        tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_writer(io::stderr)
            .init();
    }
    match execute(command) {
        Ok(code) => code,
        Err(error) => {
            let unread =
                nobody_reads(&error) || writeln!(io::stderr(), "error: {error:#}").is_err();
            ExitCode::from(if unread { UNREAD } else { 2 })
        }
    }
}

/// As a shell tells that SIGPIPE has ended a program: whoever read the output has gone.
const UNREAD: u8 = 141;

fn nobody_reads(error: &anyhow::Error) -> bool {
    let io = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn execute(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(arguments) => run(arguments),
        Command::Matrix(arguments) => run_matrix::run(arguments),
        Command::Render(arguments) => run_render::run(arguments),
        Command::List { selection } => list(selection),
        Command::Steps => print_steps(),
        Command::Fixtures(arguments) => run_fixtures::run(arguments),
        Command::Mutate(arguments) => run_mutate::run(arguments),
        Command::Derive(arguments) => derive_checks::run(arguments),
        Command::Watch(arguments) => watch::run(arguments),
        Command::Faults(arguments) => run_faults::run(arguments),
    }
}

fn run(arguments: Run) -> anyhow::Result<ExitCode> {
    let terminal = Arc::new(Mutex::new(Terminal::new(io::stdout(), terminal::colours())));
    let lines = terminal.clone();
    let options = RunOptions {
        filter: arguments.selection.into(),
        gateway_bin: arguments.gateway_bin,
        profile: arguments.profile,
        concurrency: arguments.concurrency,
        progress: Arc::new(move |scenario| {
            if let Err(error) = lines.lock().scenario(scenario) {
                tracing::debug!(%error, "nobody reads the output");
            }
        }),
        ..RunOptions::new(arguments.target)
    };
    let runtime = tokio::runtime::Runtime::new().context("the runtime can't be started")?;
    let report = runtime.block_on(gatecheck::run(options))?;
    terminal.lock().summary(&report)?;
    write(arguments.report_json, || Ok(json::document(&report)?))?;
    write(arguments.report_junit, || Ok(junit::document(&report)))?;
    if let Some(page) = &arguments.report_html {
        let beside = page.with_extension("rendered");
        rendered::write(&report, &beside)
            .with_context(|| format!("{} can't be written", beside.display()))?;
    }
    write(arguments.report_html, || {
        Ok(html::page(&report, &source_url))
    })?;
    Ok(exit_code(&report))
}

/// A target's name, or a URL.
fn target(text: &str) -> Result<String, String> {
    if text.contains("://") || adapters::TARGETS.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(adapters::unknown(text))
}

fn write(
    path: Option<PathBuf>,
    text: impl FnOnce() -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    std::fs::write(&path, text()?).with_context(|| format!("{} can't be written", path.display()))
}

/// Nothing selected is a mistake in the selection, and a target that can't be set up says nothing of its behaviour.
fn exit_code(report: &RunReport) -> ExitCode {
    if report.succeeded() {
        ExitCode::SUCCESS
    } else if report.scenarios.is_empty() || report.never_set_up().is_some() {
        ExitCode::from(2)
    } else {
        ExitCode::FAILURE
    }
}

fn list(selection: Selection) -> anyhow::Result<ExitCode> {
    let suite = Suite::embedded()?;
    let mut out = io::stdout().lock();
    for case in suite.select(&selection.into())? {
        let sources = case.sources.join(" ");
        writeln!(
            out,
            "{:<10} {:<8} {:<13} {}  [{sources}]",
            case.id,
            case.level.to_string(),
            case.capability,
            case.name
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print_steps() -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    for definition in steps::vocabulary() {
        writeln!(
            out,
            "{:?} {}\n        {}",
            definition.kind, definition.pattern, definition.about
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

impl From<Selection> for Filter {
    fn from(selection: Selection) -> Self {
        Self {
            tags: selection.tags,
            name: selection.name,
        }
    }
}
