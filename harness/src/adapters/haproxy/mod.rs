//! HAProxy 2.6 and later, as packaged by distributions. What it can say truthfully is rendered; the rest is unsupported.

mod access;
mod backend;
mod cors;
mod declarations;
mod frontend;
mod limits;
mod lookups;
mod people;
mod render;
mod routing;
mod rules;
mod secure;
mod tokens;
mod words;

use std::fs;
use std::path::Path;

use async_trait::async_trait;
use tokio::process::Command;

use super::process::{Process, checked};
use super::version::{Version, after};
use super::{
    Adapter, Bindings, Declaration, KnownFailing, Rendered, Running, SetupError, Shows, Site,
    Unsupported, binary,
};
use crate::fixtures::Fixture;

const CONFIGURATION: &str = "haproxy.cfg";

/// The first version with all that is rendered.
const VERSION: Version = Version {
    program: "haproxy",
    arguments: &["-v"],
    read: |printed| after(printed, "HAProxy version "),
    least: (2, 6),
    install: "apt-get install haproxy",
};

/// The adapter.
#[derive(Clone, Copy, Debug)]
pub struct Haproxy;

#[async_trait]
impl Adapter for Haproxy {
    fn name(&self) -> &'static str {
        "haproxy"
    }

    async fn version(&self) -> Result<String, SetupError> {
        VERSION.ask().await
    }

    fn render(&self, fixture: &Fixture, bindings: &Bindings) -> Result<Rendered, Unsupported> {
        let mut rendered = render::configuration(fixture, bindings)?;
        let roots = (secure::ROOTS.to_owned(), bindings.authority.clone());
        rendered.files.push(roots);
        rendered.files.extend(bindings.files.clone());
        Ok(rendered)
    }

    async fn start(&self, rendered: &Rendered, site: Site) -> Result<Running, SetupError> {
        let Site { dir, port } = site;
        let address = port.address();
        // A master in the foreground, which reloads on SIGHUP.
        let mut command = command(dir.path());
        command.arg("-W");
        let mut process = Process::start("haproxy", command, rendered, dir)?;
        // The port is kept until HAProxy listens on it.
        process.accepts(address).await?;
        drop(port);
        let (access_log, id) = (process.output_file(), process.id());
        process
            .ready(|_| master_listens(&access_log, id).then_some(()))
            .await?;
        let mut running = Running::new(process, vec![address]);
        running.access_log = Some(access_log);
        running.copies = keys_beside_certificates(rendered);
        Ok(running)
    }

    async fn check(&self, rendered: &Rendered, dir: &Path) -> Result<(), SetupError> {
        let mut command = command(dir);
        command.arg("-c");
        checked("haproxy -c", command, rendered).await
    }

    fn shows(&self) -> &'static [Shows] {
        declarations::SHOWS
    }

    fn unsupported(&self) -> &'static [Declaration] {
        declarations::UNSUPPORTED
    }

    fn known_failing(&self) -> &'static [KnownFailing] {
        declarations::KNOWN_FAILING
    }
}

fn command(dir: &Path) -> Command {
    let mut command = Command::new(binary::find("haproxy"));
    command.current_dir(dir).args(["-f", CONFIGURATION]);
    command
}

/// Whether the master takes SIGHUP. Once its worker serves it executes itself anew, and what it is told meanwhile is lost:
/// so it has to have said that all is loaded, and to catch the signal without blocking it.
fn master_listens(output: &Path, id: Option<u32>) -> bool {
    let printed = fs::read_to_string(output).unwrap_or_default();
    let status = id.map(|id| format!("/proc/{id}/status"));
    // Where there is no such file, nothing better is known.
    let status = status.and_then(|file| fs::read_to_string(file).ok());
    printed.contains("Loading success") && status.is_none_or(|status| catches_hangup(&status))
}

/// Whether proc_pid_status(5) shows SIGHUP, the first of the signals, as caught and not blocked.
fn catches_hangup(status: &str) -> bool {
    let first = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let mask = u64::from_str_radix(line.trim(), 16).ok()?;
        Some(mask & 1 == 1)
    };
    first("SigCgt:") == Some(true) && first("SigBlk:") == Some(false)
}

/// The files of the fixture that stand a second time beside their certificates, where HAProxy looks for keys.
fn keys_beside_certificates(rendered: &Rendered) -> Vec<(String, String)> {
    let beside = rendered.files.iter();
    let beside = beside.filter(|(name, _)| name.ends_with(".pem.key"));
    let pairs = beside.flat_map(|(copy, text)| {
        let same = rendered.files.iter();
        let same = same.filter(move |(name, other)| name != copy && other == text);
        same.map(move |(name, _)| (name.clone(), copy.clone()))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests;
