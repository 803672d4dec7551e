//! Apache httpd, as packaged by Debian. Which route a request is for is decided by mod_rewrite, from the most specific
//! route on; what else a route needs stands in an `<If>` of its own. What it can say truthfully is rendered; the rest is
//! unsupported.

mod access;
mod cors;
mod declarations;
mod render;
mod rules;
mod secure;
mod text;
mod upstream;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
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

const CONFIGURATION: &str = "httpd.conf";
const ROUTES: &str = "routes.conf";
const ACCESS_LOG: &str = "access.log";

const VERSION: Version = Version {
    program: "apache2",
    arguments: &["-v"],
    read: |printed| after(printed, "Apache/"),
    least: (2, 4),
    install: "apt-get install apache2-bin",
};

/// The adapter.
#[derive(Clone, Copy, Debug)]
pub struct Apache;

#[async_trait]
impl Adapter for Apache {
    fn name(&self) -> &'static str {
        "apache"
    }

    async fn version(&self) -> Result<String, SetupError> {
        VERSION.ask().await
    }

    fn render(&self, fixture: &Fixture, bindings: &Bindings) -> Result<Rendered, Unsupported> {
        render::configuration(fixture, bindings)
    }

    async fn start(&self, rendered: &Rendered, site: Site) -> Result<Running, SetupError> {
        let Site { dir, port } = site;
        // The worker, of a lesser user where the first process is root's, reads maps and users there.
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).map_err(|error| {
            SetupError::new(format!("the directory can't be handed over: {error}"))
        })?;
        let mut command = command(dir.path());
        command.arg("-DFOREGROUND");
        let mut process = Process::start("apache2", command, rendered, dir)?;
        process.accepts(port.address()).await?;
        let access_log = process.dir().join(ACCESS_LOG);
        let mut running = Running::new(process, vec![port.address()]);
        running.access_log = Some(access_log);
        Ok(running)
    }

    async fn check(&self, rendered: &Rendered, dir: &Path) -> Result<(), SetupError> {
        let mut command = command(dir);
        command.arg("-t");
        checked("apache2 -t", command, rendered).await
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

/// A command on the configuration in `dir`.
fn command(dir: &Path) -> Command {
    let mut command = Command::new(binary::find("apache2"));
    command.arg("-d").arg(dir).args(["-f", CONFIGURATION]);
    command
}

#[cfg(test)]
mod tests;
