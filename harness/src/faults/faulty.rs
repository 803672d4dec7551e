//! A gateway with proxies around it: one at each of its listeners, one at each of its upstreams.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Place;
use super::ledger::Ledger;
use super::proxy::{Post, open};
use super::surroundings::Surroundings;
use crate::adapters::{
    Adapter, Bindings, Declaration, KnownFailing, Rendered, Running, SetupError, Shows, Site,
    Unsupported,
};
use crate::fixtures::Fixture;

/// How long an upstream may take to accept a connection before it counts as one that doesn't.
const ACCEPTS_WITHIN: Duration = Duration::from_millis(500);

/// An adapter whose gateways have proxies around them.
pub struct Faulty {
    inner: Arc<dyn Adapter>,
    ledger: Arc<Ledger>,
    proxies: Mutex<JoinSet<()>>,
    /// The upstreams of gateways that are about to start, by the address reserved for them.
    surroundings: Mutex<HashMap<SocketAddr, Arc<Surroundings>>>,
}

impl Faulty {
    /// Around the gateways of this adapter.
    pub fn new(inner: Arc<dyn Adapter>, ledger: Arc<Ledger>) -> Self {
        Self {
            inner,
            ledger,
            proxies: Mutex::default(),
            surroundings: Mutex::default(),
        }
    }

    async fn proxy(
        &self,
        place: Place,
        target: SocketAddr,
        surroundings: &Arc<Surroundings>,
    ) -> Result<SocketAddr, SetupError> {
        let post = Post {
            place,
            target,
            surroundings: surroundings.clone(),
            ledger: self.ledger.clone(),
        };
        let mut tasks = JoinSet::new();
        let opened = open(post, &mut tasks).await;
        self.proxies
            .lock()
            .spawn(async move { while tasks.join_next().await.is_some() {} });
        opened.map_err(|error| SetupError::new(format!("a proxy can't be started: {error}")))
    }
}

#[async_trait]
impl Adapter for Faulty {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    async fn version(&self) -> Result<String, SetupError> {
        self.inner.version().await
    }

    /// Upstreams that take no connections are left as they are: a proxy would take them.
    async fn interpose(
        &self,
        fixture: &Fixture,
        mut bindings: Bindings,
    ) -> Result<Bindings, SetupError> {
        let secure = fixture.secure_upstreams();
        let upstreams: BTreeSet<_> = fixture.authorities().into_iter().collect();
        let mut plain = Surroundings::default();
        for (authority, address) in &bindings.upstreams {
            let fits = upstreams.contains(authority) && !secure.contains_key(authority);
            if fits && accepts(*address).await {
                plain.0.push((authority.clone(), *address));
            }
        }
        let surroundings = Arc::new(plain);
        for (authority, address) in &surroundings.0 {
            let proxy = self.proxy(Place::Back, *address, &surroundings).await?;
            bindings.upstreams.insert(authority.clone(), proxy);
        }
        self.surroundings
            .lock()
            .insert(bindings.listen, surroundings);
        Ok(bindings)
    }

    fn render(&self, fixture: &Fixture, bindings: &Bindings) -> Result<Rendered, Unsupported> {
        self.inner.render(fixture, bindings)
    }

    async fn start(&self, rendered: &Rendered, site: Site) -> Result<Running, SetupError> {
        let surroundings = self.surroundings.lock().remove(&site.port.address());
        let surroundings = surroundings.unwrap_or_default();
        let mut running = self.inner.start(rendered, site).await?;
        for address in &mut running.listeners {
            *address = self.proxy(Place::Front, *address, &surroundings).await?;
        }
        Ok(running)
    }

    async fn check(&self, rendered: &Rendered, dir: &Path) -> Result<(), SetupError> {
        self.inner.check(rendered, dir).await
    }

    fn shows(&self) -> &'static [Shows] {
        self.inner.shows()
    }

    fn unsupported(&self) -> &'static [Declaration] {
        self.inner.unsupported()
    }

    fn known_failing(&self) -> &'static [KnownFailing] {
        self.inner.known_failing()
    }
}

async fn accepts(address: SocketAddr) -> bool {
    let connected = timeout(ACCEPTS_WITHIN, TcpStream::connect(address)).await;
    matches!(connected, Ok(Ok(_)))
}
