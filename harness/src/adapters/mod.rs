//! Adapters: each renders a fixture configuration into one gateway's own configuration, runs it, and says what that
//! gateway can't do. One folder each.

pub mod apache;
mod binary;
pub mod caddy;
mod common;
pub mod envoy;
pub mod express_gateway;
pub mod gateway;
pub mod haproxy;
pub mod nginx;
mod port;
mod process;
#[cfg(test)]
mod proof;
pub mod remote;
pub mod varnish;
mod version;
pub(crate) mod watchdog;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use async_trait::async_trait;
use tempfile::TempDir;

pub use port::Port;
pub use process::Running;

use crate::checks::mistake::nearest;
use crate::fixtures::{Authority, Fixture, PathPattern, RouteApi, Texts};
use crate::plan::Plan;
use crate::suite::Case;

/// A gateway that the suite can run against.
#[async_trait]
pub trait Adapter: Send + Sync {
    /// The name given to `--target`.
    fn name(&self) -> &'static str;

    /// What the gateway's binary says of its version.
    ///
    /// # Errors
    /// When the binary is missing, with the way to install it.
    async fn version(&self) -> Result<String, SetupError>;

    /// Puts something between the gateway and what stands around it, and says where. Only tests of the harness do.
    ///
    /// # Errors
    /// When that can't be started.
    async fn interpose(
        &self,
        _fixture: &Fixture,
        bindings: Bindings,
    ) -> Result<Bindings, SetupError> {
        Ok(bindings)
    }

    /// Translates a fixture, truthfully or not at all. A pure function of its arguments.
    ///
    /// # Errors
    /// When the gateway can't do what the fixture says.
    fn render(&self, fixture: &Fixture, bindings: &Bindings) -> Result<Rendered, Unsupported>;

    /// Starts the gateway in a directory of its own and waits, within bounds, until it serves.
    ///
    /// # Errors
    /// When it doesn't come up, with what it printed.
    async fn start(&self, rendered: &Rendered, site: Site) -> Result<Running, SetupError>;

    /// Has the gateway's own checker read the configuration whose files stand in `dir`.
    ///
    /// # Errors
    /// When it refuses it, with what it printed.
    async fn check(&self, rendered: &Rendered, dir: &Path) -> Result<(), SetupError>;

    /// Whether no more than one configuration can run at a time.
    fn one_at_a_time(&self) -> bool {
        false
    }

    /// Where the mock upstream of this name listens, and the address by which the gateway reaches it if it is another.
    fn upstream(&self, _authority: &str) -> (SocketAddr, Option<IpAddr>) {
        (SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None)
    }

    /// Decides whether a scenario can run at all, and puts in what the gateway has already.
    ///
    /// # Errors
    /// When it can't.
    fn admit(&self, _case: &Case, _plan: &mut Plan) -> Result<(), Unsupported> {
        Ok(())
    }

    /// A key that is made up for the run, in the form that the gateway's keys have.
    fn key(&self, made_up: String) -> String {
        made_up
    }

    /// What the gateway shows by its nature where most show something else.
    fn shows(&self) -> &'static [Shows] {
        &[]
    }

    /// The scenarios that the gateway can't do although its configuration can be rendered.
    fn unsupported(&self) -> &'static [Declaration];

    /// The scenarios that the gateway is known to fail.
    fn known_failing(&self) -> &'static [KnownFailing];
}

/// The addresses that a configuration is rendered for.
#[derive(Clone, Debug)]
pub struct Bindings {
    /// The address that the gateway serves on, for gateways that can't choose one and tell.
    pub listen: SocketAddr,
    /// Where each host of the fixture is: upstreams, issuers, introspection endpoints.
    pub upstreams: BTreeMap<Authority, SocketAddr>,
    /// The PEM files that the fixture names, to stand beside the configuration.
    pub files: Texts,
    /// The certificate of the authority that vouches for every server around the gateway, PEM.
    pub authority: String,
    /// Environment variables besides those of the fixture: secrets shared with issuers, PEM texts.
    pub environment: BTreeMap<String, String>,
}

/// A configuration in the gateway's own format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The files, by name.
    pub files: Vec<(String, String)>,
    /// Further command line arguments.
    pub arguments: Vec<String>,
    /// Environment variables, secrets among them.
    pub environment: Vec<(String, String)>,
    /// Routes of the fixture that the gateway does not serve.
    pub left_out: Vec<LeftOut>,
}

/// A route that the gateway can't serve as the fixture says, and so doesn't serve at all: never one that is open because
/// a plugin has no counterpart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The route's name.
    pub route: String,
    /// What it would have matched; empty for any path.
    pub paths: Vec<PathPattern>,
    /// Which part of it can't be said, and why not.
    pub reason: String,
}

/// Where a gateway runs.
#[derive(Debug)]
pub struct Site {
    /// A directory of its own, removed when it has stopped.
    pub dir: TempDir,
    /// The port of [`Bindings::listen`], kept for the gateway.
    pub port: Port,
}

/// What a gateway shows by its nature, and lawfully, for something that most show otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Shows {
    /// What scenarios expect.
    pub meaning: Meaning,
    /// The status that the gateway shows instead.
    pub status: u16,
    /// The scenarios in which it does: ids or other tags, without `@`; empty for all.
    pub selectors: &'static [&'static str],
    /// Why it does.
    pub reason: &'static str,
}

/// What a scenario expects to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// What this status says.
    Status(u16),
    /// That the handshake is refused.
    HandshakeRefused,
}

/// A gateway can't do what a fixture says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unsupported {
    /// Which part of the fixture, and why not.
    pub reason: String,
}

/// A target could not be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SetupError {
    /// What went wrong.
    pub message: String,
    /// The next step to take, where one is known.
    pub help: Option<String>,
}

/// What a gateway can't do.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// A scenario's id or another of its tags, without `@`.
    pub selector: &'static str,
    /// Why not.
    pub reason: &'static str,
}

/// A defect of a gateway.
#[derive(Clone, Copy, Debug)]
pub struct KnownFailing {
    /// A scenario's id or another of its tags, without `@`.
    pub selector: &'static str,
    /// What goes wrong.
    pub reason: &'static str,
    /// Where the defect is described.
    pub link: &'static str,
}

/// The names that `--target` takes.
pub const TARGETS: [&str; 8] = [
    "gateway",
    "nginx",
    "haproxy",
    "envoy",
    "caddy",
    "apache",
    "varnish",
    "express-gateway",
];

/// The adapter of this name.
///
/// # Errors
/// When there is none.
pub fn by_name(name: &str, gateway_bin: Option<PathBuf>) -> anyhow::Result<Arc<dyn Adapter>> {
    Ok(match name {
        "gateway" => Arc::new(gateway::Gateway::new(gateway_bin)),
        "nginx" => Arc::new(nginx::Nginx),
        "haproxy" => Arc::new(haproxy::Haproxy),
        "envoy" => Arc::new(envoy::Envoy),
        "caddy" => Arc::new(caddy::Caddy),
        "apache" => Arc::new(apache::Apache),
        "varnish" => Arc::new(varnish::Varnish),
        "express-gateway" => Arc::new(express_gateway::ExpressGateway),
        _ => bail!(unknown(name)),
    })
}

/// That there is no target of this name, and which there are.
pub fn unknown(name: &str) -> String {
    let meant = nearest(name, &TARGETS);
    let meant = meant.map_or_else(String::new, |known| format!(", did you mean {known:?}?"));
    format!(
        "there is no target {name:?}{meant}; there are {}, and any gateway by its URL",
        TARGETS.join(", ")
    )
}

impl LeftOut {
    /// This route, because of this.
    pub fn new(route: &RouteApi, why: Unsupported) -> Self {
        Self {
            route: route.name.clone(),
            paths: route.route.paths.clone(),
            reason: why.reason,
        }
    }
}

impl std::fmt::Display for Meaning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::HandshakeRefused => f.write_str("a refused handshake"),
        }
    }
}

impl Unsupported {
    /// With this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl SetupError {
    /// With this message and no help.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }

    /// With a next step.
    pub fn with_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: Some(help.into()),
        }
    }
}
