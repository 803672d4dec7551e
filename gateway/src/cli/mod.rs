//! The command line. Exit codes: 0 as asked, 1 findings or failure, 2 usage.

mod check;
mod diff;
mod explain;
mod hash;
mod run;
mod schema;

use clap::{Args, Parser, Subcommand};
use gateway::compile::Overrides;
use gateway::runtime::Source;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

/// An API gateway, configured by readable API documents.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve what the configuration says.
    Run(run::Run),
    /// Tell what is wrong with the configuration, and what may be, without starting.
    Check(check::Check),
    /// Tell what would become of one request, step by step.
    Explain(explain::Explain),
    /// Tell how two configurations differ in what they mean; fails when they do.
    Diff(diff::Diff),
    /// Print a hash of a password, read from standard input, for a consumer's `basic`.
    HashPassword,
    /// Print the JSON Schema of a document, for editors.
    Schema,
}

impl Arguments {
    /// Does what was asked.
    pub fn run(self) -> ExitCode {
        match self.command {
            Command::Run(run) => run.run(),
            Command::Check(check) => check.run(),
            Command::Explain(explain) => explain.run(),
            Command::Diff(diff) => diff.run(),
            Command::HashPassword => hash::run(),
            Command::Schema => schema::run(),
        }
    }
}

/// The configuration, as every command takes it.
#[derive(Debug, Args)]
pub struct Configuration {
    /// Files, directories or globs of YAML or JSON documents.
    #[arg(required = true, value_name = "CONFIG")]
    paths: Vec<String>,
    /// Address for a host and port instead of asking a name server, as curl's --resolve. May be repeated.
    #[arg(long, value_name = "HOST:PORT=ADDRESS", value_parser = resolve)]
    resolve: Vec<(String, SocketAddr)>,
}

impl Configuration {
    /// Where the gateway reads it from.
    pub fn source(self, listen: Vec<SocketAddr>) -> Source {
        Source {
            paths: self.paths,
            overrides: Overrides {
                listen,
                resolve: self.resolve,
            },
        }
    }
}

fn resolve(text: &str) -> Result<(String, SocketAddr), String> {
    let (name, address) = text
        .split_once('=')
        .ok_or("write it as in users-svc:8080=127.0.0.1:9001")?;
    if !name
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
    {
        return Err(format!(
            "`{name}` is not a host with a port, as in users-svc:8080"
        ));
    }
    let address = address
        .parse()
        .map_err(|_| format!("`{address}` is not an address with a port, as in 127.0.0.1:9001"))?;
    Ok((name.to_owned(), address))
}

/// Writes to standard output. A reader that has seen enough, as `head`, is no failure.
fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("error: standard output cannot be written: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
