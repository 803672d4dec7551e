//! `gateway run`: serve until a signal says to stop.

use super::Configuration;
use anyhow::{Context, Result};
use clap::Args;
use gateway::runtime::{Gateway, StartError, tell};
use serde_json::json;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

/// `gateway run`.
#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    configuration: Configuration,
    /// Listen here instead of where the configuration says. May be repeated.
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<SocketAddr>,
    /// Worker threads; as many as there are cores by default.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Write the addresses to this file, as JSON, once connections are accepted.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Do not watch the files; SIGHUP reloads all the same.
    #[arg(long)]
    no_watch: bool,
}

impl Run {
    /// Serves until SIGTERM or SIGINT.
    pub fn run(self) -> ExitCode {
        log_to_stderr();
        let runtime = runtime(self.threads.map(usize::from));
        let served = runtime
            .context("no threads could be started")
            .and_then(|runtime| {
                let result = runtime.block_on(self.serve());
                // Whoever is still connected has had its time.
                runtime.shutdown_background();
                result
            });
        match served {
            Ok(code) => code,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        }
    }

    async fn serve(self) -> Result<ExitCode> {
        let source = self.configuration.source(self.listen);
        let gateway = match Gateway::start(source).await {
            Ok(gateway) => gateway,
            Err(error) => {
                explain(&error);
                return Ok(ExitCode::FAILURE);
            }
        };
        if !self.no_watch
            && let Err(error) = gateway.watch()
        {
            tracing::warn!(%error, "the configuration's files cannot be watched; SIGHUP reloads them");
        }
        let addresses = gateway.addresses().await;
        let admin = gateway.admin_address().await;
        for url in gateway.urls().await {
            tracing::info!("listening on {url}");
        }
        if let Some(admin) = admin {
            tracing::info!("admin on http://{admin}");
        }
        if let Some(file) = &self.ready_file {
            write_ready(file, &addresses, admin)?;
        }
        until_stopped(&gateway).await?;
        tracing::info!("stopping: no new connections, requests under way may end");
        let drained = gateway.stop().await;
        if !drained {
            tracing::warn!("some requests did not end in time and were cut");
        }
        Ok(if drained {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// One thread needs nothing of what lets several share their work, and is cheaper without.
fn runtime(threads: Option<usize>) -> std::io::Result<Runtime> {
    let threads = threads.unwrap_or_else(|| available_parallelism().map_or(1, usize::from));
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.worker_threads(threads).enable_all().build()
}

/// Reloads on SIGHUP; returns on SIGTERM and SIGINT.
async fn until_stopped(gateway: &Arc<Gateway>) -> Result<()> {
    let mut hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be caught")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be caught")?;
    loop {
        tokio::select! {
            _ = hangup.recv() => tell(&gateway.reload().await),
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
        }
    }
}

/// Written whole: who waits for the file never reads half of it.
fn write_ready(file: &Path, addresses: &[SocketAddr], admin: Option<SocketAddr>) -> Result<()> {
    let text = |address: &SocketAddr| address.to_string();
    let ready = json!({
        "listeners": addresses.iter().map(text).collect::<Vec<_>>(),
        "admin": admin.as_ref().map(text),
    });
    let draft = file.with_extension("draft");
    std::fs::write(&draft, format!("{ready}\n"))
        .and_then(|()| std::fs::rename(&draft, file))
        .with_context(|| format!("the ready file {} cannot be written", file.display()))
}

fn explain(error: &StartError) {
    match error {
        StartError::Config(report) => eprint!("{}", report.human(std::io::stderr().is_terminal())),
        StartError::Bind(error) => eprintln!("error: {error}\n  help: {}", error.help()),
        StartError::Log { .. } => {
            eprintln!("error: {error}\n  help: make the directory, or choose another file")
        }
    }
}

fn log_to_stderr() {
    // What Pingora says of single requests is in the access log; only its own failures are news. What rustls warns of
    // comes from strangers' handshakes, which could fill the log with it.
    let filter = tracing_subscriber::EnvFilter::try_from_env("GATEWAY_LOG")
        .unwrap_or_else(|_| "info,pingora_core=off,pingora_proxy=off,rustls=error".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
