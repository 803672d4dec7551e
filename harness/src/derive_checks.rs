//! `gatecheck derive`: a suite of synthetic checks from a gateway's configuration.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use gatecheck::checks::derive::{Options, derive};

/// What to derive, and where to write it.
#[derive(Debug, Args)]
pub struct Derive {
    /// The configuration, in the format of docs/configuration.md; what it includes is read too.
    #[arg(value_name = "CONFIG")]
    configuration: PathBuf,
    /// Write the suite into this file, which must not exist yet [default: standard output].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite the file, and what was changed in it.
    #[arg(long, requires = "output")]
    force: bool,
    /// Where the gateway is, as https://api.example.com [default: as the configuration says].
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A response header in which every service tells its name: canaries are checked by it.
    #[arg(long, value_name = "NAME")]
    service_header: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// When the configuration has mistakes, or the suite can't be written.
pub fn run(arguments: Derive) -> anyhow::Result<ExitCode> {
    let options = Options {
        url: arguments.url,
        service_header: arguments.service_header,
    };
    let derived = derive(&arguments.configuration, &options)?;
    let Some(path) = arguments.output else {
        io::stdout().write_all(derived.text.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    };
    let file = OpenOptions::new()
        .write(true)
        .create(arguments.force)
        .truncate(arguments.force)
        .create_new(!arguments.force)
        .open(&path);
    let shown = path.display();
    let mut file = match file {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{shown} exists already; --force overwrites it, with whatever was changed in it")
        }
        opened => opened.with_context(|| format!("{shown} can't be written"))?,
    };
    file.write_all(derived.text.as_bytes())
        .with_context(|| format!("{shown} can't be written"))?;
    let intrusive = |check: &&gatecheck::checks::Check| check.intrusive.is_some();
    eprintln!(
        "{shown}: {} checks, {} of them intrusive; {} things could not be checked and stand at its end",
        derived.suite.checks.len(),
        derived.suite.checks.iter().filter(intrusive).count(),
        derived.left_out.len(),
    );
    Ok(ExitCode::SUCCESS)
}
