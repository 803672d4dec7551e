//! `gatecheck fixtures`: starts what identity needs, says where it is, and stays until it is told to end.

mod bed;
mod directory;
mod text;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use gatecheck::fixtures::ANSWERS;
use gatecheck::fixtures::certificates::VARIANTS;
use gatecheck::fixtures::tokens::kinds;
use tokio::signal::unix::{SignalKind, signal};

use bed::Bed;
use directory::Directory;

/// What to start; all of it where nothing is chosen. Certificates are always made.
#[derive(Debug, Args)]
pub struct Fixtures {
    /// Start the server of an issuer's keys and metadata, and mint tokens.
    #[arg(long)]
    jwks: bool,
    /// Start an introspection endpoint.
    #[arg(long)]
    introspection: bool,
    /// Start mock upstreams without TLS, with it, and with certificates required of clients.
    #[arg(long)]
    upstreams: bool,
    /// Where certificates and tokens are written; it must not exist yet, and is removed at the end [default: a temporary
    /// directory].
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// How to print what was started.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// List the kinds of tokens, certificates and answers, and leave.
    #[arg(long)]
    list: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One line of JSON.
    Json,
}

/// Runs the command until ctrl-c, SIGTERM or SIGHUP.
///
/// # Errors
/// When something can't be started or written.
pub fn run(arguments: Fixtures) -> anyhow::Result<ExitCode> {
    if arguments.list {
        list(&mut io::stdout().lock())?;
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Runtime::new().context("the runtime can't be started")?;
    runtime.block_on(async {
        let mut hung_up = signal(SignalKind::hangup())?;
        let mut terminated = signal(SignalKind::terminate())?;
        let mut interrupted = signal(SignalKind::interrupt())?;
        let directory = Directory::make(arguments.directory.as_deref())?;
        let bed = Bed::start(&arguments.parts(), directory.path()).await?;
        print(&bed, arguments.format)?;
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
            _ = hung_up.recv() => {}
        }
        drop(bed);
        directory.remove()
    })?;
    Ok(ExitCode::SUCCESS)
}

/// What is started.
#[derive(Clone, Copy, Debug)]
struct Parts {
    jwks: bool,
    introspection: bool,
    upstreams: bool,
}

impl Fixtures {
    fn parts(&self) -> Parts {
        let all = !(self.jwks || self.introspection || self.upstreams);
        Parts {
            jwks: all || self.jwks,
            introspection: all || self.introspection,
            upstreams: all || self.upstreams,
        }
    }
}

fn print(bed: &Bed, format: Format) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match format {
        Format::Json => writeln!(out, "{}", bed.description)?,
        Format::Text => out.write_all(text::render(&bed.description).as_bytes())?,
    }
    out.flush()
}

fn list(out: &mut impl io::Write) -> io::Result<()> {
    writeln!(out, "Tokens:")?;
    for kind in kinds() {
        let verdict = bed::verdict(kind.verdict);
        writeln!(out, "  {:<30} {verdict:<8} {}", kind.name, kind.about)?;
    }
    writeln!(out, "\nCertificates, of servers and of clients:")?;
    for variant in VARIANTS {
        let verdict = if variant.good { "good" } else { "wrong" };
        writeln!(out, "  {:<30} {verdict:<8} {}", variant.name, variant.about)?;
    }
    writeln!(out, "\nAnswers of the servers:")?;
    for (name, about) in ANSWERS {
        writeln!(out, "  {name:<39} {about}")?;
    }
    Ok(())
}
