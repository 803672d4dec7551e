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

use super::process::{Process, checked};
use super::version::{Version, after};
use super::{
    Adapter, Bindings, Declaration, KnownFailing, Rendered, Running, SetupError, Shows, Site,
    Unsupported, binary,
};
use crate::fixtures::Fixture;

const CONFIGURATION: &str = "default.vcl";
/// The directory of its shared memory.
const INSTANCE: &str = "varnish";
/// VCL is compiled by the C compiler; it is faster about it when nothing has to be optimised.
const COMPILER: &str = "cc_command=exec gcc -std=gnu11 -O0 -pthread -fpic -shared -Wl,-x -o %o %s";

/// The first version with all that is rendered.
const VERSION: Version = Version {
    program: "varnishd",
    arguments: &["-V"],
    read: |printed| after(printed, "(varnish-"),
    least: (6, 0),
    install: "apt-get install varnish varnish-modules",
};

/// The adapter.
#[derive(Clone, Copy, Debug)]
pub struct Varnish;

#[async_trait]
impl Adapter for Varnish {
    fn name(&self) -> &'static str {
        "varnish"
    }

    async fn version(&self) -> Result<String, SetupError> {
        VERSION.ask().await
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

#[cfg(test)]
mod tests;
