//! Caddy, as packaged by distributions: the standard modules alone, so neither rate limits nor tokens. What it can say
//! truthfully is rendered as a Caddyfile; the rest is unsupported.
//!
//! Its matchers see paths without dot segments and doubled slashes; what is forwarded is the target as it came.

mod auth;
mod cors;
mod declarations;
mod lines;
mod listener;
mod render;
mod route;
mod upstream;

use std::path::Path;

use async_trait::async_trait;
use tokio::process::Command;

use super::process::{Process, checked};
use super::version::Version;
use super::{
    Adapter, Bindings, Declaration, KnownFailing, Rendered, Running, SetupError, Shows, Site,
    Unsupported, binary,
};
use crate::fixtures::Fixture;

const CONFIGURATION: &str = "Caddyfile";
const ACCESS_LOG: &str = "access.log";

/// The first version with `lb_retries` and `protocols`.
const VERSION: Version = Version {
    program: "caddy",
    arguments: &["version"],
    read: |printed| printed.trim_start_matches('v').split_whitespace().next(),
    least: (2, 6),
    install: "apt-get install caddy",
};

/// The adapter.
#[derive(Clone, Copy, Debug)]
pub struct Caddy;

#[async_trait]
impl Adapter for Caddy {
    fn name(&self) -> &'static str {
        "caddy"
    }

    async fn version(&self) -> Result<String, SetupError> {
        VERSION.ask().await
    }

    fn render(&self, fixture: &Fixture, bindings: &Bindings) -> Result<Rendered, Unsupported> {
        render::configuration(fixture, bindings)
    }

    async fn start(&self, rendered: &Rendered, site: Site) -> Result<Running, SetupError> {
        let Site { dir, port } = site;
        let command = command("run", dir.path());
        let mut process = Process::start("caddy", command, rendered, dir)?;
        process.accepts(port.address()).await?;
        let access_log = process.dir().join(ACCESS_LOG);
        let mut running = Running::new(process, vec![port.address()]);
        running.access_log = Some(access_log);
        running.log_members = declarations::LOG_MEMBERS;
        Ok(running)
    }

    async fn check(&self, rendered: &Rendered, dir: &Path) -> Result<(), SetupError> {
        checked("caddy validate", command("validate", dir), rendered).await
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

/// A command on the configuration in `dir`, where all that Caddy writes goes as well.
fn command(verb: &str, dir: &Path) -> Command {
    let mut command = Command::new(binary::find("caddy"));
    command
        .arg(verb)
        .args(["--config", CONFIGURATION, "--adapter", "caddyfile"])
        .current_dir(dir)
        .env("XDG_CONFIG_HOME", dir)
        .env("XDG_DATA_HOME", dir);
    command
}

#[cfg(test)]
mod tests;
