//! nginx, open source, as packaged by distributions. What it can say truthfully is rendered; the rest is unsupported.

mod access;
mod conditions;
mod cors;
mod declarations;
mod keys;
mod limits;
mod location;
mod people;
mod plugins;
mod render;
mod retries;
mod routing;
mod rules;
mod secure;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use async_trait::async_trait;
use tokio::process::Command;

use super::process::{Process, checked};
use super::version::{Version, after};
use super::{
    Adapter, Bindings, Declaration, KnownFailing, Rendered, Running, SetupError, Shows, Site,
    Unsupported, binary,
};
use crate::fixtures::Fixture;

const CONFIGURATION: &str = "nginx.conf";
const PID_FILE: &str = "nginx.pid";
const ACCESS_LOG: &str = "access.log";

/// From 1.19.4 on a server can refuse a handshake.
const VERSION: Version = Version {
    program: "nginx",
    arguments: &["-v"],
    read: |printed| after(printed, "nginx version: nginx/"),
    least: (1, 20),
    install: "apt-get install nginx",
};

/// The adapter.
#[derive(Clone, Copy, Debug)]
pub struct Nginx;

#[async_trait]
impl Adapter for Nginx {
    fn name(&self) -> &'static str {
        "nginx"
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
        let unusable = |error: std::io::Error| {
            SetupError::new(format!(
                "the port or the directory can't be handed over: {error}"
            ))
        };
        let address = port.address();
        let listener = port.listening().map_err(unusable)?;
        listener.set_nonblocking(true).map_err(unusable)?;
        // The worker, of a lesser user where the master is root's, has to reach its temporary files.
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).map_err(unusable)?;
        let mut command = command();
        command
            .arg("-p")
            .arg(dir.path())
            .args(["-c", CONFIGURATION, "-e", "stderr"]);
        // As in its upgrade of a running binary, nginx takes over the socket of this number: it is the standard input.
        command
            .env("NGINX", "0;")
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)));
        let mut process = Process::start("nginx", command, rendered, dir)?;
        process
            .ready(|dir| dir.join(PID_FILE).exists().then_some(()))
            .await?;
        let access_log = process.dir().join(ACCESS_LOG);
        let mut running = Running::new(process, vec![address]);
        running.access_log = Some(access_log);
        Ok(running)
    }

    async fn check(&self, rendered: &Rendered, dir: &Path) -> Result<(), SetupError> {
        let mut command = command();
        command.arg("-t").arg("-p").arg(dir);
        command.args(["-c", CONFIGURATION, "-e", "stderr"]);
        checked("nginx -t", command, rendered).await
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

fn command() -> Command {
    Command::new(binary::find("nginx"))
}

#[cfg(test)]
mod tests;
