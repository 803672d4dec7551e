//! Varnish 6 and later, as packaged by distributions, with caching switched off. What VCL can say truthfully is rendered;
//! the rest is unsupported.

mod access;
mod declarations;
mod render;
mod routing;
mod rules;
mod services;
mod words;

use std::path::Path;

use async_trait::async_trait;
use tokio::process::Command;

use super::process::{Process, checked, printed};
use super::{
    Adapter, Bindings, Declaration, KnownFailing, Rendered, Running, SetupError, Shows, Site,
    Unsupported, binary,
};
use crate::fixtures::Fixture;

const CONFIGURATION: &str = "default.vcl";
/// The directory of its shared memory.
const INSTANCE: &str = "varnish";
/// The first version with all that is rendered.
const OLDEST: u32 = 6;
const INSTALL: &str = "install it: apt-get install varnish varnish-modules";
/// VCL is compiled by the C compiler; it is faster about it when nothing has to be optimised.
const COMPILER: &str = "cc_command=exec gcc -std=gnu11 -O0 -pthread -fpic -shared -Wl,-x -o %o %s";

/// The adapter.
#[derive(Clone, Copy, Debug)]
pub struct Varnish;

#[async_trait]
impl Adapter for Varnish {
    fn name(&self) -> &'static str {
        "varnish"
    }

    async fn version(&self) -> Result<String, SetupError> {
        let mut command = Command::new(binary::find("varnishd"));
        command.arg("-V");
        match printed(command).await {
            Ok((true, text)) => recent_enough(&text),
            Ok((false, output)) => Err(SetupError::new(format!("varnishd -V failed: {output}"))),
            Err(error) => Err(SetupError::with_help(
                format!("varnishd can't be run: {error}"),
                INSTALL,
            )),
        }
    }

    fn render(&self, fixture: &Fixture, bindings: &Bindings) -> Result<Rendered, Unsupported> {
        render::configuration(fixture, bindings)
    }

    async fn start(&self, rendered: &Rendered, site: Site) -> Result<Running, SetupError> {
        let Site { dir, port } = site;
        let address = port.address();
        let mut command = command(dir.path());
        command.arg("-F").args(["-a", &address.to_string()]);
        // Nobody talks to it but by signals, and one client of the suite at a time needs few threads.
        command.args(["-T", "none", "-s", "malloc,8m"]);
        for parameter in [
            "vsl_space=1M",
            "thread_pools=1",
            "thread_pool_min=20",
            "thread_pool_max=200",
        ] {
            command.args(["-p", parameter]);
        }
        command.args(&rendered.arguments);
        let mut process = Process::start("varnishd", command, rendered, dir)?;
        // The port is kept until varnishd listens on it.
        process.accepts(address).await?;
        drop(port);
        Ok(Running::new(process, vec![address]))
    }

    async fn check(&self, rendered: &Rendered, dir: &Path) -> Result<(), SetupError> {
        let mut command = command(dir);
        command.arg("-C");
        checked("varnishd -C", command, rendered).await
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
    let mut command = Command::new(binary::find("varnishd"));
    command.current_dir(dir).arg("-n").arg(dir.join(INSTANCE));
    command.arg("-f").arg(dir.join(CONFIGURATION));
    command.args(["-p", COMPILER]);
    command
}

/// The version in `varnishd (varnish-7.1.1 revision …)`, unless it is too old.
fn recent_enough(text: &str) -> Result<String, SetupError> {
    let unreadable = || SetupError::new(format!("varnishd -V says no version: {text}"));
    let (_, rest) = text.split_once("(varnish-").ok_or_else(unreadable)?;
    let version = rest.split([' ', ')']).next().ok_or_else(unreadable)?;
    let major = version.split('.').next().map(str::parse::<u32>);
    let Some(Ok(major)) = major else {
        return Err(unreadable());
    };
    if major < OLDEST {
        return Err(SetupError::with_help(
            format!("varnish {version} is older than {OLDEST}"),
            INSTALL,
        ));
    }
    Ok(version.to_owned())
}

#[cfg(test)]
mod tests;
