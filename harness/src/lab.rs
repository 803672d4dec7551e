//! The running gateways of a run: one for each configuration, started when its first scenario needs it, each with mock
//! upstreams of its own. Nothing outlives the lab.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use mock_upstreams::{Behaviour, MockUpstream, Received, Tls, tls};
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use crate::adapters::{Adapter, Bindings, Port, Rendered, Running, SetupError, Site, watchdog};
use crate::fixtures::certificates::{Certificates, Leaf};
use crate::fixtures::{Authority, Content, Fixture, PemFile, Texts};
use crate::plan::{InstanceKey, ServerAnswer, ServerSettings};
use crate::report::model::{Configuration, conceal};
use crate::servers::Servers;

/// The gateways of a run.
pub struct Lab {
    adapter: Arc<dyn Adapter>,
    certificates: Arc<Certificates>,
    blueprints: HashMap<InstanceKey, Blueprint>,
    instances: Mutex<HashMap<InstanceKey, Arc<Slot>>>,
    stopping: Mutex<Vec<JoinHandle<()>>>,
    rendered: Mutex<BTreeMap<String, Configuration>>,
}

type Slot = OnceCell<Result<Arc<Instance>, SetupError>>;

/// What an instance is built from.
#[derive(Clone, Debug)]
pub struct Blueprint {
    /// The configuration with the consumers of all scenarios that share the instance.
    pub fixture: Fixture,
    /// What upstreams do when a request doesn't choose; an echo where none is given.
    pub behaviours: BTreeMap<Authority, Behaviour>,
    /// How servers around the gateway speak TLS, by what scenarios call them.
    pub servers: BTreeMap<String, ServerSettings>,
    /// What issuers and introspection endpoints answer.
    pub answers: Vec<ServerAnswer>,
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
    /// Issuers and introspection endpoints.
    pub servers: Servers,
    /// The authorities of the run.
    pub certificates: Arc<Certificates>,
}

impl Lab {
    /// An empty lab that can build these instances.
    pub fn new(
        adapter: Arc<dyn Adapter>,
        certificates: Arc<Certificates>,
        blueprints: HashMap<InstanceKey, Blueprint>,
    ) -> Self {
        Self {
            adapter,
            certificates,
            blueprints,
            instances: Mutex::default(),
            stopping: Mutex::default(),
            rendered: Mutex::default(),
        }
    }

    /// Whether no more than one instance can run at a time.
    pub fn one_at_a_time(&self) -> bool {
        self.adapter.one_at_a_time()
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

    /// Has the instance of this key stop, if there is one; nobody waits for it before the lab closes.
    pub fn release(&self, key: &InstanceKey) {
        let slot = self.instances.lock().remove(key);
        if let Some(slot) = slot {
            self.stopping.lock().push(tokio::spawn(stop(slot)));
        }
    }

    /// Stops every instance.
    pub async fn close(&self) {
        let keys: Vec<_> = self.instances.lock().keys().cloned().collect();
        for key in keys {
            self.release(&key);
        }
        let stopping = std::mem::take(&mut *self.stopping.lock());
        for outcome in futures::future::join_all(stopping).await {
            if let Err(error) = outcome {
                tracing::warn!(%error, "a gateway may not have stopped");
            }
        }
    }

    /// What has been rendered, in the order of names.
    pub fn configurations(&self) -> Vec<Configuration> {
        self.rendered.lock().values().cloned().collect()
    }

    /// Keeps what an instance was rendered to, for the report.
    fn keep(&self, key: &InstanceKey, fixture: &Fixture, bindings: &Bindings, rendered: &Rendered) {
        let mut kept = self.rendered.lock();
        if kept.contains_key(&key.configuration) {
            return;
        }
        let secrets: Vec<String> = secrets(fixture, bindings);
        let own = |name: &String| !bindings.files.contains_key(name) && !name.ends_with(".pem");
        let files = rendered.files.iter().filter(|(name, _)| own(name));
        let concealed = files.map(|(name, text)| {
            let mut text = text.clone();
            conceal(&mut text, &secrets);
            (name.clone(), text)
        });
        let configuration = Configuration {
            name: key.configuration.clone(),
            files: concealed.collect(),
        };
        kept.insert(key.configuration.clone(), configuration);
    }

    async fn build(&self, key: &InstanceKey) -> Result<Arc<Instance>, SetupError> {
        let unknown = || {
            SetupError::new(format!(
                "the configuration {} was not planned",
                key.configuration
            ))
        };
        let blueprint = self.blueprints.get(key).ok_or_else(unknown)?.clone();
        let failed =
            |what: &str, error: &dyn std::fmt::Display| SetupError::new(format!("{what}: {error}"));
        let upstreams = self.upstreams(&blueprint).await?;
        let Blueprint {
            fixture,
            servers,
            answers,
            ..
        } = blueprint;
        let servers = Servers::spawn(&fixture, &self.certificates, &servers, &answers)
            .await
            .map_err(|error| SetupError::new(format!("{error:#}")))?;
        let port = Port::free().map_err(|error| failed("no port is free", &error))?;
        let addresses = upstreams.iter().map(|(name, mock)| {
            let (mut address, (_, reached)) = (mock.address(), self.adapter.upstream(name));
            if let Some(reached) = reached {
                address.set_ip(reached);
            }
            (name.clone(), address)
        });
        let (files, environment) = material(&fixture, &self.certificates, &servers)
            .map_err(|error| SetupError::new(format!("{error:#}")))?;
        let bindings = Bindings {
            listen: port.address(),
            upstreams: addresses.chain(servers.addresses()).collect(),
            files,
            authority: self.certificates.servers.pem(),
            environment,
        };
        let bindings = self.adapter.interpose(&fixture, bindings).await?;
        let rendered = self
            .adapter
            .render(&fixture, &bindings)
            .map_err(|error| SetupError::new(error.reason))?;
        self.keep(key, &fixture, &bindings, &rendered);
        let dir = watchdog::directory();
        let dir = dir.map_err(|error| failed("no directory can be made", &error))?;
        let running = self.adapter.start(&rendered, Site { dir, port }).await?;
        Ok(Arc::new(Instance {
            running,
            fixture,
            upstreams,
            servers,
            certificates: self.certificates.clone(),
        }))
    }

    async fn upstreams(
        &self,
        blueprint: &Blueprint,
    ) -> Result<BTreeMap<Authority, MockUpstream>, SetupError> {
        let failed = |error: &dyn std::fmt::Display| {
            SetupError::new(format!("a mock upstream can't be started: {error:#}"))
        };
        let Blueprint {
            fixture,
            behaviours,
            servers,
            ..
        } = blueprint;
        let secure = fixture.secure_upstreams();
        let settings: BTreeMap<_, _> = servers
            .iter()
            .filter_map(|(name, settings)| Some((fixture.authority_of(name)?, settings)))
            .collect();
        let mut upstreams = BTreeMap::new();
        for authority in fixture.authorities() {
            let behaviour = behaviours
                .get(&authority)
                .cloned()
                .unwrap_or_else(|| default_behaviour(&authority));
            let (listen, _) = self.adapter.upstream(&authority);
            let mut mock = MockUpstream::builder(behaviour)
                .name(host(&authority))
                .listen(listen);
            if let Some((hosts, shows)) = secure.get(&authority) {
                let usual = ServerSettings::default();
                let settings = settings.get(&authority).copied().unwrap_or(&usual);
                let tls = tls_of(&self.certificates, hosts, *shows, settings);
                mock = mock.tls(tls.map_err(|error| failed(&error))?);
            }
            let mock = mock.spawn().await.map_err(|error| failed(&error))?;
            upstreams.insert(authority, mock);
        }
        Ok(upstreams)
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

/// Addresses and empty files for rendering a configuration that won't be started.
pub fn placeholder_bindings(fixture: &Fixture) -> Bindings {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let issuers = fixture.issuers().into_iter();
    let issuers = issuers.filter_map(|issuer| issuer.authority);
    let endpoints = fixture.introspection_endpoints().into_iter();
    let servers = issuers.chain(endpoints.map(|endpoint| endpoint.authority));
    Bindings {
        listen: address,
        upstreams: fixture
            .authorities()
            .into_iter()
            .chain(servers)
            .map(|name| (name, address))
            .collect(),
        files: fixture
            .pem_files()
            .into_iter()
            .map(|file| (file.name, String::new()))
            .collect(),
        authority: String::new(),
        environment: BTreeMap::new(),
    }
}

/// The texts of the PEM files that a fixture names, and the environment variables that stand for texts and secrets.
fn material(
    fixture: &Fixture,
    certificates: &Certificates,
    servers: &Servers,
) -> anyhow::Result<(Texts, BTreeMap<String, String>)> {
    let (mut files, mut environment) = (Texts::new(), BTreeMap::from_iter(servers.secrets()));
    let named = fixture.pem_files();
    for file in &named {
        files.extend(file.make(certificates)?);
        if file.content == Content::PublicKey {
            let (issuer, algorithm) = file.public_key();
            files.insert(file.name.clone(), servers.public_key(issuer, algorithm)?);
        }
    }
    for PemFile { name, variable, .. } in named {
        let text = files.get(&name).cloned();
        let text =
            text.ok_or_else(|| anyhow::anyhow!("no certificate stands beside the key {name}"))?;
        if let Some(variable) = variable {
            environment.insert(variable, text);
        }
    }
    Ok((files, environment))
}

/// Keys, passwords and whatever else the environment of a gateway has.
fn secrets(fixture: &Fixture, bindings: &Bindings) -> Vec<String> {
    let environment = fixture
        .environment
        .values()
        .chain(bindings.environment.values());
    let keys = fixture.consumers.iter().flat_map(|consumer| &consumer.keys);
    let passwords = fixture
        .consumers
        .iter()
        .filter_map(|consumer| consumer.password.as_ref());
    environment
        .cloned()
        .chain(keys.map(|key| key.secret.clone()))
        .chain(passwords.map(|password| password.secret.clone()))
        .collect()
}

/// How an upstream speaks TLS that the gateway asks for one of these hosts.
fn tls_of(
    certificates: &Certificates,
    hosts: &BTreeSet<String>,
    gateway_shows: bool,
    settings: &ServerSettings,
) -> anyhow::Result<Tls> {
    let hosts: Vec<&str> = match &settings.hosts {
        Some(hosts) => hosts.iter().map(String::as_str).collect(),
        None => hosts.iter().map(String::as_str).collect(),
    };
    let certified = certificates.mint(&settings.variant, &Leaf::server(hosts))?;
    let mut tls = Tls::new(certified.chain_pem(), certified.key_pem());
    if settings.requires_certificate.unwrap_or(gateway_shows) {
        tls = tls.client_authorities(certificates.clients.pem());
    }
    if let Some(protocols) = &settings.protocols {
        tls = tls.alpn(protocols.iter().map(String::as_str));
    }
    Ok(match settings.version.as_deref() {
        Some("TLSv1.2") => tls.version(tls::Version::Tls12),
        Some("TLSv1.3") => tls.version(tls::Version::Tls13),
        _ => tls,
    })
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

async fn stop(slot: Arc<Slot>) {
    if let Some(Ok(instance)) = slot.get() {
        instance.running.stop().await;
    }
}
