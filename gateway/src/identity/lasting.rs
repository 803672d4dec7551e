//! What identity keeps over a reload.

use super::egress::{self, Egress, Network};
use super::introspection::{self, Endpoint, Introspector};
use super::jwks::{KeySource, Settings};
use super::passwords::Checks;
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
    introspectors: Mutex<HashMap<introspection::Settings, Weak<Introspector>>>,
    remembered: Arc<Remembered>,
    checks: Arc<Checks>,
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

    /// The introspector with these settings, with what it remembers where there was one before.
    #[must_use]
    pub fn introspector(&self, settings: introspection::Settings) -> Arc<Introspector> {
        let mut introspectors = self.introspectors.lock();
        if let Some(known) = introspectors.get(&settings).and_then(Weak::upgrade) {
            return known;
        }
        introspectors.retain(|_, known| known.strong_count() > 0);
        let server = Endpoint::new(&settings, self.egress.clone());
        let introspector = Introspector::new(settings.clone(), Arc::new(server));
        introspectors.insert(settings, Arc::downgrade(&introspector));
        introspector
    }

    /// Every introspector in use, in the order of their endpoints.
    #[must_use]
    pub fn introspectors(&self) -> Vec<Arc<Introspector>> {
        let introspectors = self.introspectors.lock();
        let mut all: Vec<_> = introspectors.values().filter_map(Weak::upgrade).collect();
        all.sort_by_cached_key(|one| one.settings().endpoint.to_string());
        all
    }

    /// Tokens that have been verified.
    #[must_use]
    pub fn remembered(&self) -> &Arc<Remembered> {
        &self.remembered
    }

    /// Who checks passwords, and remembers the right ones.
    #[must_use]
    pub fn checks(&self) -> &Arc<Checks> {
        &self.checks
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::identity::egress::{Address, Trust};
    use crate::identity::jwks::{Bounds, Place};
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

    const KEYS: &str = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    const PATIENCE: Duration = Duration::from_secs(20);

    fn settings(url: &str) -> Settings {
        Settings {
            issuer: "auth.example".into(),
            place: Place::Keys(Address::new(url, true).unwrap()),
            trust: Trust::default(),
            bounds: Bounds::default(),
        }
    }

    async fn publish(server: &MockServer) {
        // A type that lies is no reason to go without keys.
        let answer = ResponseTemplate::new(200).set_body_raw(KEYS, "text/html");
        let mock = Mock::given(path("/jwks")).respond_with(answer);
        mock.mount(server).await;
    }

    #[tokio::test]
    async fn a_source_lives_as_long_as_somebody_holds_it() {
        let server = MockServer::start().await;
        publish(&server).await;
        let url = format!("{}/jwks", server.uri());
        let lasting = Lasting::default();
        let source = lasting.key_source(settings(&url));
        assert!(server.received_requests().await.unwrap().is_empty());
        lasting.start(&[]);
        assert!(lasting.ready(PATIENCE).await);
        assert!(source.keys().unwrap().knows("a"));
        // The next configuration wants the same, and then one does not.
        let again = lasting.key_source(settings(&url));
        lasting.start(&[]);
        assert!(lasting.ready(PATIENCE).await);
        assert!(Arc::ptr_eq(&source, &again));
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
        let mut other = settings(&url);
        other.issuer = "other.example".into();
        assert!(!Arc::ptr_eq(&source, &lasting.key_source(other)));
        assert_eq!(lasting.key_sources().len(), 1, "nobody holds the other");
        drop((source, again));
        assert!(lasting.key_sources().is_empty());
    }

    #[tokio::test]
    async fn names_are_looked_for_where_the_command_line_says() {
        let server = MockServer::start().await;
        publish(&server).await;
        let lasting = Lasting::default();
        let source = lasting.key_source(settings("http://auth.example/jwks"));
        let resolve = [("auth.example:80".to_owned(), *server.address())];
        lasting.start(&resolve);
        let egress = lasting.egress();
        assert!(lasting.ready(PATIENCE).await);
        assert!(source.keys().is_some());
        lasting.start(&resolve);
        assert!(Arc::ptr_eq(&egress, &lasting.egress()), "clients are kept");
        lasting.start(&[]);
        assert!(!Arc::ptr_eq(&egress, &lasting.egress()));
    }

    /// A server that takes connections and says nothing.
    #[tokio::test]
    async fn a_start_waits_no_longer_than_its_patience() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/jwks", silent.local_addr().unwrap());
        let lasting = Lasting::default();
        let source = lasting.key_source(settings(&url));
        lasting.start(&[]);
        assert!(!lasting.ready(Duration::from_millis(20)).await);
        assert!(source.keys().is_none());
    }
}
