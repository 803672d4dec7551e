//! Which certificate a client is shown: the one with the very name that it asks for by SNI (RFC 6066 §3), then the one
//! with a wildcard for it, then the first.

use super::Served;
use crate::identity::Name;
use hashbrown::HashMap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Arc;

/// The certificates of a listener by name. Where two have one name, the earlier counts.
#[derive(Debug)]
pub struct Choice {
    /// Never empty.
    all: Vec<Arc<Served>>,
    exact: HashMap<Box<str>, usize>,
    /// By what stands behind `*.`.
    wildcard: HashMap<Box<str>, usize>,
}

impl Choice {
    pub fn new(first: Served, further: Vec<Served>) -> Self {
        let all = std::iter::once(first).chain(further).map(Arc::new);
        let mut choice = Self {
            all: all.collect(),
            exact: HashMap::new(),
            wildcard: HashMap::new(),
        };
        for (place, served) in choice.all.iter().enumerate() {
            for name in served.names() {
                // SNI has hosts only, never addresses.
                let Name::Dns(name) = name else { continue };
                match name.strip_prefix("*.") {
                    Some(parent) => choice.wildcard.entry(parent.into()).or_insert(place),
                    None => choice.exact.entry(name.clone()).or_insert(place),
                };
            }
        }
        choice
    }

    pub fn of(&self, server_name: Option<&str>) -> &Arc<Served> {
        let place = server_name.and_then(|name| {
            let name = name.to_ascii_lowercase();
            let wildcard = || self.wildcard.get(name.split_once('.')?.1);
            self.exact.get(&*name).or_else(wildcard)
        });
        &self.all[place.copied().unwrap_or(0)]
    }

    pub fn all(&self) -> &[Arc<Served>] {
        &self.all
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.of(hello.server_name()).identity().certified().clone())
    }
}
