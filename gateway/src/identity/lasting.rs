//! What identity keeps over a reload.

use super::egress::{self, Egress, Network};
use super::jwks::{KeySource, Settings};
use super::token::Remembered;
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Key sets, remembered credentials: what a new configuration must not make the gateway ask for again.
///
/// Whoever compiles a configuration asks for what it needs by its settings and holds it; what nobody holds any more
/// ends. Nothing is asked of the network before [`Lasting::start`].
#[derive(Debug, Default)]
pub struct Lasting {
    egress: Arc<ArcSwap<Egress>>,
    sources: Mutex<HashMap<Settings, Weak<KeySource>>>,
    remembered: Arc<Remembered>,
}

impl Lasting {
    /// The key source with these settings, which is the one of before where there was one.
    #[must_use]
    pub fn key_source(&self, settings: Settings) -> Arc<KeySource> {
        let mut sources = self.sources.lock();
        if let Some(source) = sources.get(&settings).and_then(Weak::upgrade) {
            return source;
        }
        sources.retain(|_, source| source.strong_count() > 0);
        let source = KeySource::new(settings.clone());
        sources.insert(settings, Arc::downgrade(&source));
        source
    }

    /// Tokens that have been verified.
    #[must_use]
    pub fn remembered(&self) -> &Arc<Remembered> {
        &self.remembered
    }

    /// Every key source in use, in the order of issuers and addresses.
    #[must_use]
    pub fn key_sources(&self) -> Vec<Arc<KeySource>> {
        let sources = self.sources.lock();
        let mut sources: Vec<_> = sources.values().filter_map(Weak::upgrade).collect();
        sources.sort_by_cached_key(|source| {
            let settings = source.settings();
            let place = settings.place.address().to_string();
            (settings.issuer.clone(), place)
        });
        sources
    }

    /// The HTTP clients in force.
    #[must_use]
    pub fn egress(&self) -> Arc<Egress> {
        self.egress.load_full()
    }

    /// Starts what a configuration has brought: each new source fetches its keys in a task of its own, which ends with
    /// the source. `resolve` is what the command line says about names. Wants a Tokio runtime.
    pub fn start(&self, resolve: &[(String, SocketAddr)]) {
        if !self.egress.load().resolves(resolve) {
            let egress = Egress::new(resolve.iter().cloned());
            self.egress.store(Arc::new(egress));
        }
        for source in self.key_sources() {
            let settings = source.settings();
            source.start(Arc::new(Network {
                egress: self.egress.clone(),
                trust: settings.trust.clone(),
                bounds: egress::Bounds::of_keys(settings.bounds.timeout),
            }));
        }
    }

    /// Waits until each source has tried to fetch its keys, `patience` at most. Says whether all have.
    pub async fn ready(&self, patience: Duration) -> bool {
        let sources = self.key_sources();
        let tried = futures::future::join_all(sources.iter().map(|source| source.tried()));
        tokio::time::timeout(patience, tried).await.is_ok()
    }
}
