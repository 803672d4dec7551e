//! The running gateways of a run: one for each configuration, started when its first scenario needs it, each with mock
//! upstreams of its own. Nothing outlives the lab.

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use mock_upstreams::{Behaviour, MockUpstream, Received};
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use crate::adapters::{Adapter, Bindings, Running, SetupError, Site};
use crate::fixtures::{Authority, Fixture};
use crate::plan::InstanceKey;

/// The gateways of a run.
pub struct Lab {
    adapter: Arc<dyn Adapter>,
    blueprints: HashMap<InstanceKey, Blueprint>,
    instances: Mutex<HashMap<InstanceKey, Arc<Slot>>>,
}

type Slot = OnceCell<Result<Arc<Instance>, SetupError>>;

/// What an instance is built from.
#[derive(Clone, Debug)]
pub struct Blueprint {
    /// The configuration with the consumers of all scenarios that share the instance.
    pub fixture: Fixture,
    /// What upstreams do when a request doesn't choose; an echo where none is given.
    pub behaviours: BTreeMap<Authority, Behaviour>,
}

/// A running gateway and its upstreams.
#[derive(Debug)]
pub struct Instance {
    /// The gateway.
    pub running: Running,
    /// The configuration it runs.
    pub fixture: Fixture,
    /// The mock upstreams.
    pub upstreams: BTreeMap<Authority, MockUpstream>,
}

impl Lab {
    /// An empty lab that can build these instances.
    pub fn new(adapter: Arc<dyn Adapter>, blueprints: HashMap<InstanceKey, Blueprint>) -> Self {
        Self {
            adapter,
            blueprints,
            instances: Mutex::default(),
        }
    }

    /// The instance of this key, started if it isn't running.
    ///
    /// # Errors
    /// When it doesn't come up; every scenario that needs it gets the same answer.
    pub async fn instance(&self, key: &InstanceKey) -> Result<Arc<Instance>, SetupError> {
        let slot = self
            .instances
            .lock()
            .entry(key.clone())
            .or_default()
            .clone();
        slot.get_or_init(|| self.build(key)).await.clone()
    }

    /// Stops the instance of this key, if there is one.
    pub async fn release(&self, key: &InstanceKey) {
        let slot = self.instances.lock().remove(key);
        stop(slot).await;
    }

    /// Stops every instance.
    pub async fn close(&self) {
        let slots: Vec<_> = self
            .instances
            .lock()
            .drain()
            .map(|(_, slot)| slot)
            .collect();
        futures::future::join_all(slots.into_iter().map(|slot| stop(Some(slot)))).await;
    }

    async fn build(&self, key: &InstanceKey) -> Result<Arc<Instance>, SetupError> {
        let unknown = || {
            SetupError::new(format!(
                "the configuration {} was not planned",
                key.configuration
            ))
        };
        let Blueprint {
            fixture,
            behaviours,
        } = self.blueprints.get(key).ok_or_else(unknown)?.clone();
        let failed =
            |what: &str, error: &dyn std::fmt::Display| SetupError::new(format!("{what}: {error}"));
        let mut upstreams = BTreeMap::new();
        for authority in fixture.authorities() {
            let behaviour = behaviours
                .get(&authority)
                .cloned()
                .unwrap_or_else(|| default_behaviour(&authority));
            let mock = MockUpstream::builder(behaviour)
                .name(host(&authority))
                .spawn()
                .await;
            upstreams.insert(
                authority,
                mock.map_err(|error| failed("a mock upstream can't be started", &error))?,
            );
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.map_err(|error| failed("no port is free", &error))?;
        let listen = listener
            .local_addr()
            .map_err(|error| failed("the port is unknown", &error))?;
        let addresses = upstreams
            .iter()
            .map(|(name, mock)| (name.clone(), mock.address()))
            .collect();
        let bindings = Bindings {
            listen,
            upstreams: addresses,
        };
        let rendered = self
            .adapter
            .render(&fixture, &bindings)
            .map_err(|error| SetupError::new(error.reason))?;
        let dir = tempfile::Builder::new().prefix("gatecheck-").tempdir();
        let dir = dir.map_err(|error| failed("no directory can be made", &error))?;
        let running = self
            .adapter
            .start(&rendered, Site { dir, listener })
            .await?;
        Ok(Arc::new(Instance {
            running,
            fixture,
            upstreams,
        }))
    }
}

impl Instance {
    /// What the upstreams received with this tag, each with its host; `in_target` also finds the tag in the target, for
    /// requests whose headers may not be understood.
    pub fn received(&self, tag: &str, in_target: bool) -> Vec<(&str, Vec<Received>)> {
        let received = |mock: &MockUpstream| {
            let mut found = mock.received_by(tag);
            if found.is_empty() && in_target {
                found = mock
                    .received()
                    .into_iter()
                    .filter(|request| request.target.contains(tag))
                    .collect();
            }
            found
        };
        self.upstreams
            .iter()
            .map(|(authority, mock)| (host(authority), received(mock)))
            .collect()
    }

    /// The upstream that a scenario calls `name`.
    pub fn upstream(&self, name: &str) -> Option<(&str, &MockUpstream)> {
        let authority = self.fixture.authority_of(name)?;
        self.upstreams
            .get_key_value(&authority)
            .map(|(authority, mock)| (host(authority), mock))
    }
}

/// Addresses for rendering a configuration that won't be started.
pub fn placeholder_bindings(fixture: &Fixture) -> Bindings {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    Bindings {
        listen: address,
        upstreams: fixture
            .authorities()
            .into_iter()
            .map(|name| (name, address))
            .collect(),
    }
}

/// At hosts that can't exist (RFC 6761 §6.4) nothing listens.
fn default_behaviour(authority: &str) -> Behaviour {
    if host(authority).ends_with(".invalid") {
        Behaviour::refuse()
    } else {
        Behaviour::echo()
    }
}

fn host(authority: &str) -> &str {
    authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host)
}

async fn stop(slot: Option<Arc<Slot>>) {
    if let Some(Ok(instance)) = slot.as_deref().and_then(OnceCell::get) {
        instance.running.stop().await;
    }
}
