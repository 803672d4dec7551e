//! Names to addresses, in the background: requests never wait for a resolver.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use hashbrown::HashMap;
use rand::{Rng, RngExt};
use tokio::task::JoinSet;

use super::{Service, Target};

/// Finds the addresses of a host.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// The addresses of `host` (IPv6 in brackets) with `port`; an error when there are none.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// Overrides first, then addresses as they are written, then the system.
#[derive(Debug, Default)]
pub struct SystemResolver {
    overrides: HashMap<String, SocketAddr>,
}

/// The longest wait for the system.
const PATIENCE: Duration = Duration::from_secs(10);

impl SystemResolver {
    /// A resolver that takes `host:port` for another address, as curl's `--resolve` does.
    pub fn new(overrides: impl IntoIterator<Item = (String, SocketAddr)>) -> Self {
        let lower = |(name, address): (String, SocketAddr)| (name.to_ascii_lowercase(), address);
        Self {
            overrides: overrides.into_iter().map(lower).collect(),
        }
    }
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let name = format!("{}:{port}", host.to_ascii_lowercase());
        if let Some(address) = self.overrides.get(&name) {
            return Ok(vec![*address]);
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let found = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host, port))).await;
        let found: Vec<SocketAddr> = found.map_err(|_| io::ErrorKind::TimedOut)??.collect();
        if found.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the name has no address",
            ));
        }
        Ok(found)
    }
}

/// Resolves every target of `service` once, side by side. A target whose name can't be resolved keeps the addresses it
/// had; how many such targets there are is returned, and each is logged.
pub async fn refresh(service: &Service, resolver: &Arc<dyn Resolver>) -> usize {
    let mut lookups = JoinSet::new();
    for target in service.targets() {
        let (target, resolver) = (Arc::clone(target), Arc::clone(resolver));
        let service: Arc<str> = service.name().into();
        lookups.spawn(async move { refresh_target(&target, &*resolver, &service).await });
    }
    lookups
        .join_all()
        .await
        .into_iter()
        .filter(|resolved| !resolved)
        .count()
}

/// How often names are resolved anew.
pub const REFRESH: Duration = Duration::from_secs(30);

/// Resolves the targets of `service` again and again, `every` so often (see [`REFRESH`]) give or take a fifth, until
/// the service is gone. The first time is after one pause: [`refresh`] is for the start.
pub async fn keep_fresh(service: Weak<Service>, resolver: Arc<dyn Resolver>, every: Duration) {
    loop {
        let pause = jittered(every, &mut rand::rng());
        tokio::time::sleep(pause).await;
        let Some(service) = service.upgrade() else {
            return;
        };
        refresh(&service, &resolver).await;
    }
}

async fn refresh_target(target: &Target, resolver: &dyn Resolver, service: &str) -> bool {
    let endpoint = target.endpoint();
    match resolver.resolve(endpoint.host(), endpoint.port()).await {
        Ok(mut found) => {
            // Name servers rotate their answers; only a different set is news.
            found.sort_unstable();
            found.dedup();
            if *target.addresses() != found {
                tracing::info!(service, target = %endpoint, addresses = ?found, "resolved");
                target.set_addresses(found);
            }
            true
        }
        Err(error) => {
            let kept = target.addresses().len();
            tracing::warn!(service, target = %endpoint, %error, kept, "can't resolve, the last addresses stay");
            false
        }
    }
}

/// Between 80 % and 120 % of `every`, so that services don't ask all at once.
fn jittered(every: Duration, rng: &mut impl Rng) -> Duration {
    every.mul_f64(rng.random_range(0.8..1.2))
}
