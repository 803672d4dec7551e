//! `gatecheck watch`: runs a suite of checks against a gateway, once or until it is told to end.

use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use clap::{Args, ValueEnum};
use gatecheck::checks::serve::StatusServer;
use gatecheck::checks::state::Damping;
use gatecheck::checks::watch::{self, Settings, Watch};
use gatecheck::checks::webhook::{Patience, Webhook};
use gatecheck::checks::{Secrets, State, Target, Text, log, status, table};
use gatecheck::report::terminal;
use tokio::signal::unix::{SignalKind, signal};

/// The shortest interval.
const SHORTEST: Duration = Duration::from_millis(100);

/// What to watch and whom to tell.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The suite of checks, as `gatecheck derive` writes it.
    suite: PathBuf,
    /// The gateway's address, instead of the suite's.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The address of a host that is not looked up; may be given several times.
    #[arg(long, value_name = "HOST=IP", value_parser = resolve)]
    resolve: Vec<(String, SocketAddr)>,
    /// How often each check runs; less often where the suite says so.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = interval)]
    every: Duration,
    /// Run each check once, print the results, and leave.
    #[arg(long)]
    once: bool,
    /// With --once: how to print the results.
    #[arg(long, value_enum, default_value_t = Format::Text, requires = "once")]
    format: Format,
    /// With --once: the least state that fails.
    #[arg(long, value_enum, default_value_t = FailOn::Bad, requires = "once")]
    fail_on: FailOn,
    /// Also run the checks that spend a limit or write.
    #[arg(long)]
    intrusive: bool,
    /// Run this check and no other; may be given several times.
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// Where page, metrics and JSON are served; port 0 is any free port.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:9902",
        conflicts_with = "once"
    )]
    listen: SocketAddr,
    /// Send alerts there: a URL, or ${env:NAME} where that is a secret; may be given several times.
    #[arg(long, value_name = "URL", conflicts_with = "once")]
    webhook: Vec<String>,
    /// Sign alerts (Standard Webhooks) with this: ${env:NAME} or ${file:PATH}.
    #[arg(long, value_name = "REFERENCE", requires = "webhook")]
    webhook_secret: Option<String>,
    /// How many runs trouble has to last before an alert.
    #[arg(long, value_name = "RUNS", default_value = "2", value_parser = runs, conflicts_with = "once")]
    raise_after: NonZeroUsize,
    /// How many runs it has to be over before an alert says so.
    #[arg(long, value_name = "RUNS", default_value = "2", value_parser = runs, conflicts_with = "once")]
    recover_after: NonZeroUsize,
    /// How often trouble that lasts is told again; 0s: never.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = watch::duration, conflicts_with = "once")]
    remind_every: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table.
    Text,
    /// What the status page calls status.json.
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Bad checks fail.
    Bad,
    /// Degraded ones too.
    Degraded,
}

/// Runs the command: with `--once` to its end, else until SIGINT or SIGTERM. SIGHUP reads the suite again.
///
/// # Errors
/// When the suite can't be run, or what was asked for can't be started.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("the runtime can't be started")?;
    let code = match arguments.once {
        true => runtime.block_on(once(&arguments)),
        false => runtime.block_on(keep_watching(&arguments)),
    };
    // A lookup that hangs must not keep the program from ending.
    runtime.shutdown_background();
    code
}

async fn once(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let view = watch::once(&arguments.settings()).await?;
    let text = match arguments.format {
        Format::Text => table::text(&view, terminal::colours()),
        Format::Json => format!("{:#}\n", status::document(&view)),
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    let least = match arguments.fail_on {
        FailOn::Bad => State::Bad,
        FailOn::Degraded => State::Degraded,
    };
    let failed = view.state().is_none_or(|state| state >= least);
    Ok(match failed {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

async fn keep_watching(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    let webhooks = arguments.webhooks()?;
    let _log = log::Log::install().context("the log can't be set up")?;
    let mut watch = Watch::start(arguments.settings(), webhooks)?;
    let board = watch.board().clone();
    let server = StatusServer::start(arguments.listen, board).await;
    let server = server.with_context(|| {
        let address = arguments.listen;
        format!(
            "the status page can't be served on {address}; choose another address with --listen"
        )
    })?;
    told_where(&server, &watch);
    let ended_by = loop {
        tokio::select! {
            _ = interrupted.recv() => break "SIGINT",
            _ = terminated.recv() => break "SIGTERM",
            _ = hung_up.recv() => if let Err(error) = watch.reload() {
                eprintln!("error: {error}\nthe suite before stays in force");
            },
        }
    };
    let waiting = watch.alerts_waiting();
    tracing::info!(
        event = "stopped",
        signal = ended_by,
        alerts_not_sent = waiting,
        "watching has ended"
    );
    Ok(ExitCode::SUCCESS)
}

fn told_where(server: &StatusServer, watch: &Watch) {
    let view = watch.board().view();
    let (running, address) = (view.running().count(), server.address());
    let skipped = view.rows.len() - running;
    tracing::info!(
        event = "started", address = %address, suite = view.suite.name, url = view.suite.url, checks = running, skipped,
        "watching"
    );
    eprintln!(
        "watching {} at {}: {running} checks run, {skipped} don't; status page: http://{address}/",
        view.suite.name, view.suite.url
    );
    for note in &view.suite.notes {
        eprintln!("note: {note}");
    }
}

impl Arguments {
    fn settings(&self) -> Settings {
        Settings {
            suite: self.suite.clone(),
            target: Target {
                url: self.url.clone(),
                resolve: self.resolve.clone(),
                ..Target::default()
            },
            every: self.every,
            intrusive: self.intrusive,
            only: self.only.clone(),
            damping: Damping {
                raise_after: self.raise_after,
                recover_after: self.recover_after,
                remind_every: Some(self.remind_every).filter(|every| !every.is_zero()),
            },
        }
    }

    fn webhooks(&self) -> anyhow::Result<Vec<Webhook>> {
        let secret = self.webhook_secret.as_deref();
        let secret = secret
            .map(|secret| {
                ensure!(
                    secret.contains("${"),
                    "--webhook-secret takes a reference, ${{env:NAME}} or ${{file:PATH}}: others can see the command line"
                );
                resolved(secret, "--webhook-secret")
            })
            .transpose()?;
        let webhook = |url: &String| {
            let url = resolved(url, "--webhook")?;
            Ok(Webhook::new(&url, secret.as_deref(), Patience::DEFAULT)?)
        };
        self.webhook.iter().map(webhook).collect()
    }
}

/// What a text with references stands for.
fn resolved(text: &str, option: &str) -> anyhow::Result<String> {
    let text = Text::parse(text).with_context(|| option.to_owned())?;
    let mut secrets = Secrets::new(Target::default().environment, Path::new("."));
    secrets.resolve(&text).with_context(|| option.to_owned())
}

fn resolve(text: &str) -> Result<(String, SocketAddr), String> {
    let (host, address) = text
        .split_once('=')
        .ok_or("write HOST=IP, as in api.example=127.0.0.1")?;
    let address: IpAddr = address
        .parse()
        .map_err(|_| format!("{address:?} is no IP address; the port is that of the URL"))?;
    Ok((host.to_ascii_lowercase(), SocketAddr::new(address, 0)))
}

fn interval(text: &str) -> Result<Duration, String> {
    let every = watch::duration(text)?;
    match every >= SHORTEST {
        true => Ok(every),
        false => Err(format!(
            "the shortest interval is {} ms",
            SHORTEST.as_millis()
        )),
    }
}

fn runs(text: &str) -> Result<NonZeroUsize, String> {
    let runs: Option<NonZeroUsize> = text.parse().ok();
    runs.filter(|runs| runs.get() <= 1000)
        .ok_or_else(|| anyhow!("write a number from 1 to 1000").to_string())
}
