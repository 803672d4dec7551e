//! `gatecheck faults`: how good the suite is, by what it says of gateways with known faults.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use gatecheck::RunOptions;
use gatecheck::adapters::gateway::Gateway;
use gatecheck::faults::trial::{Bench, Finding};
use gatecheck::faults::{Fault, all, by_name, document, unknown};
use gatecheck::suite::Suite;

/// Puts proxies with faults around our gateway and says which of them the suite tells.
#[derive(Debug, Args)]
pub struct Faults {
    /// Try this fault alone; may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// List the faults, with the ids that tell them, and leave.
    #[arg(long)]
    list: bool,
    /// With --list: as the tables of docs/faults.md.
    #[arg(long, requires = "list")]
    markdown: bool,
    /// Run the whole suite for each fault, one after the other, instead of the scenarios it has something to do in.
    #[arg(long)]
    whole: bool,
    /// The binary of our own gateway [default: the one beside this program, else on the PATH].
    #[arg(long, value_name = "FILE")]
    gateway_bin: Option<PathBuf>,
    /// How many scenarios run side by side.
    #[arg(long, value_name = "N", default_value_t = RunOptions::CONCURRENCY)]
    concurrency: usize,
}

/// Runs the command.
///
/// # Errors
/// When a fault is unknown, or a run can't be made.
pub fn run(arguments: Faults) -> anyhow::Result<ExitCode> {
    let faults = chosen(&arguments.only)?;
    if arguments.list {
        list(&mut io::stdout(), &faults, arguments.markdown)?;
        return Ok(ExitCode::SUCCESS);
    }
    let begun = Instant::now();
    let bench = Bench {
        suite: Suite::embedded()?,
        adapter: Arc::new(Gateway::new(arguments.gateway_bin)),
        concurrency: arguments.concurrency,
        progress: |what, scenarios| eprintln!("{what}: {scenarios} scenarios"),
    };
    let runtime = tokio::runtime::Runtime::new().context("the runtime can't be started")?;
    let (without, findings) = runtime.block_on(async {
        let (plan, without) = bench.watch().await?;
        if !arguments.whole {
            return anyhow::Ok((without, bench.rounds(&faults, &plan).await?));
        }
        let mut findings = Vec::new();
        for fault in &faults {
            findings.push(bench.whole(fault).await?);
        }
        Ok((without, findings))
    })?;
    let mut out = io::stdout();
    for (id, message) in &without {
        let line = first_line(message);
        writeln!(out, "{id} fails without any fault: {line}")?;
    }
    for finding in &findings {
        tell(&mut out, finding)?;
    }
    let exact = findings.iter().filter(|finding| finding.exact()).count();
    writeln!(
        out,
        "\n{exact} of {} faults told, by what should tell them and nothing else, in {:.0} s",
        findings.len(),
        begun.elapsed().as_secs_f64()
    )?;
    Ok(match exact == findings.len() && without.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Fault>> {
    if names.is_empty() {
        return Ok(all().collect());
    }
    let find = |name: &String| by_name(name).with_context(|| unknown(name));
    names.iter().map(find).collect()
}

fn list(out: &mut impl Write, faults: &[&Fault], markdown: bool) -> io::Result<()> {
    if markdown {
        return write!(out, "{}", document::table());
    }
    for fault in faults {
        writeln!(out, "{:<38} a gateway that {}", fault.name, fault.about)?;
        writeln!(out, "{:<38} told by {}", "", fault.told_by.join(" "))?;
    }
    Ok(())
}

fn tell(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let Finding {
        fault,
        told,
        missed,
        others,
        scenarios,
    } = finding;
    let word = match finding.exact() {
        true => "told",
        false if told.is_empty() => "MISSED",
        false => "INEXACT",
    };
    writeln!(
        out,
        "{word:<8} {}: {} of {} ids, {scenarios} scenarios",
        fault.name,
        told.len(),
        fault.told_by.len()
    )?;
    for id in missed {
        writeln!(out, "         {id} should fail, and did not")?;
    }
    for (id, message) in others {
        let line = first_line(message);
        writeln!(out, "         {id} should not fail: {line}")?;
    }
    Ok(())
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}
