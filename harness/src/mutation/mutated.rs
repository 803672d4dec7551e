//! Our gateway, given a changed configuration while the harness goes on with the one that scenarios are about.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use crate::adapters::gateway::Gateway;
use crate::adapters::{
    Adapter, Bindings, Declaration, KnownFailing, Rendered, Running, SetupError, Site, Unsupported,
};
use crate::fixtures::certificates::Certificates;
use crate::fixtures::{Change, Fixture};

/// The gateway with a change to its configuration.
pub(super) struct Mutated {
    gateway: Gateway,
    change: Change,
    strangers: Arc<Certificates>,
}

impl Mutated {
    /// With this change. PEM files that only the change names are of `strangers`, authorities that nobody trusts.
    pub fn new(binary: Option<PathBuf>, change: Change, strangers: Arc<Certificates>) -> Self {
        Self {
            gateway: Gateway::new(binary),
            change,
            strangers,
        }
    }

    fn changed(&self, fixture: &Fixture) -> Result<Fixture, Unsupported> {
        let changed = fixture.clone().changed(std::slice::from_ref(&self.change));
        changed.map_err(|error| Unsupported::new(error.to_string()))
    }
}

#[async_trait]
impl Adapter for Mutated {
    fn name(&self) -> &'static str {
        "gateway"
    }

    async fn version(&self) -> Result<String, SetupError> {
        // The run of the unchanged configurations has asked the binary.
        Ok("mutated".to_owned())
    }

    fn render(&self, fixture: &Fixture, bindings: &Bindings) -> Result<Rendered, Unsupported> {
        let changed = self.changed(fixture)?;
        let mut bindings = bindings.clone();
        for file in changed.pem_files() {
            if bindings.files.contains_key(&file.name) {
                continue;
            }
            let made = file.make(&self.strangers);
            let made = made.map_err(|error| Unsupported::new(format!("{error:#}")))?;
            bindings.files.extend(made);
        }
        self.gateway.render(&changed, &bindings)
    }

    async fn start(&self, rendered: &Rendered, site: Site) -> Result<Running, SetupError> {
        self.gateway.start(rendered, site).await
    }

    async fn check(&self, rendered: &Rendered, dir: &Path) -> Result<(), SetupError> {
        self.gateway.check(rendered, dir).await
    }

    fn unsupported(&self) -> &'static [Declaration] {
        self.gateway.unsupported()
    }

    fn known_failing(&self) -> &'static [KnownFailing] {
        self.gateway.known_failing()
    }
}
