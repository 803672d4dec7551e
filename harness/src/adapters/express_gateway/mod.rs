//! Express Gateway, from npm: pipelines of policies on Node.js. Its users and keys come by an admin interface, and its
//! keys have a form of their own, so routes with callers can't be rendered.

mod declarations;
mod pipeline;
mod render;
mod secure;

use std::path::Path;

use async_trait::async_trait;
use tokio::process::Command;

use super::process::{Process, checked, printed};
use super::{
    Adapter, Bindings, Declaration, KnownFailing, Rendered, Running, SetupError, Site, Unsupported,
    binary,
};
use crate::fixtures::Fixture;

const GATEWAY: &str = "gateway.config.yml";
const SYSTEM: &str = "system.config.yml";

/// The adapter.
#[derive(Clone, Copy, Debug)]
pub struct ExpressGateway;

#[async_trait]
impl Adapter for ExpressGateway {
    fn name(&self) -> &'static str {
        "express-gateway"
    }

    async fn version(&self) -> Result<String, SetupError> {
        let mut command = command();
        command.arg("--version");
        match printed(command).await {
            Ok((true, version)) => Ok(version),
            Ok((false, output)) => Err(SetupError::with_help(
                format!("express-gateway doesn't start: {output}"),
                "install it: cargo xtask setup",
            )),
            Err(error) => Err(SetupError::with_help(
                format!("express-gateway can't be run: {error}"),
                "install it: cargo xtask setup",
            )),
        }
    }

    fn render(&self, fixture: &Fixture, bindings: &Bindings) -> Result<Rendered, Unsupported> {
        let mut rendered = render::configuration(fixture, bindings)?;
        rendered.files.extend(bindings.files.clone());
        Ok(rendered)
    }

    async fn start(&self, rendered: &Rendered, site: Site) -> Result<Running, SetupError> {
        let Site { dir, port } = site;
        let address = port.address();
        let mut command = command();
        command
            .arg(dir.path())
            .current_dir(dir.path())
            .env("EG_DISABLE_CONFIG_WATCH", "true")
            .env("LOG_LEVEL", "warn");
        let mut process = Process::start("express-gateway", command, rendered, dir)?;
        process.accepts(address).await?;
        drop(port);
        Ok(Running::new(process, vec![address]))
    }

    async fn check(&self, rendered: &Rendered, dir: &Path) -> Result<(), SetupError> {
        let mut command = command();
        command.arg("--check").arg(dir).current_dir(dir);
        checked("express-gateway", command, rendered).await
    }

    fn unsupported(&self) -> &'static [Declaration] {
        declarations::UNSUPPORTED
    }

    fn known_failing(&self) -> &'static [KnownFailing] {
        declarations::KNOWN_FAILING
    }
}

fn command() -> Command {
    Command::new(binary::find("express-gateway"))
}

#[cfg(test)]
mod tests;
