//! TLS on a listener: which certificate is shown to whom, what clients have to show, and the settings of rustls made of
//! both (RFC 8446, RFC 5246).

mod choice;
mod clients;
mod served;
#[cfg(test)]
mod tests;

pub use clients::Clients;
pub use served::Served;

use crate::domain;
use choice::Choice;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::ServerSessionMemoryCache;
use rustls::version::{TLS12, TLS13};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::{Arc, LazyLock};

/// The lowest version of TLS that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MinVersion {
    /// TLS 1.2 and 1.3.
    #[default]
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

/// Sessions that are remembered for clients that come back; the oldest is forgotten first. A client takes up to two.
const SESSIONS: usize = 8192;

/// The cryptography of every listener: named, since there is more than one in the program.
fn provider() -> &'static Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(domain::tls::provider()));
    &PROVIDER
}

/// What a listener speaks below HTTP. Two are equal when they were made of the same.
pub struct ServerTls {
    config: Arc<ServerConfig>,
    choice: Arc<Choice>,
    digest: [u8; 32],
}

impl ServerTls {
    /// TLS with these certificates, of which there is one at least; the first is for clients that ask for none of the
    /// names in them.
    ///
    /// # Errors
    /// When rustls has no cipher suite for the versions, which would be a fault of the gateway.
    pub fn new(
        first: Served,
        further: Vec<Served>,
        minimum: MinVersion,
        clients: Option<Clients>,
    ) -> Result<Self, rustls::Error> {
        let choice = Arc::new(Choice::new(first, further));
        let digest = digest(&choice, minimum, clients.as_ref());
        let versions = match minimum {
            MinVersion::Tls12 => &[&TLS13, &TLS12][..],
            MinVersion::Tls13 => &[&TLS13],
        };
        let builder = ServerConfig::builder_with_provider(provider().clone())
            .with_protocol_versions(versions)?;
        let builder = match clients {
            Some(clients) => builder.with_client_cert_verifier(clients.into_verifier()),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(choice.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
        Ok(Self {
            config: Arc::new(config),
            choice,
            digest,
        })
    }

    /// The settings for rustls.
    #[must_use]
    pub fn config(&self) -> &Arc<ServerConfig> {
        &self.config
    }

    /// The certificate that a client is shown who asks for this name (RFC 6066 §3), or for none.
    #[must_use]
    pub fn certificate_for(&self, server_name: Option<&str>) -> &Arc<Served> {
        self.choice.of(server_name)
    }
}

impl PartialEq for ServerTls {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for ServerTls {}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerTls({} certificates)", self.choice.all().len())
    }
}

/// Of everything that makes a difference. A key needs no mention: it fits its certificate.
fn digest(choice: &Choice, minimum: MinVersion, clients: Option<&Clients>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    add(&mut hasher, &[minimum as u8, u8::from(clients.is_some())]);
    for served in choice.all() {
        let chain = served.identity().chain();
        add(&mut hasher, &chain.len().to_be_bytes());
        for certificate in chain {
            add(&mut hasher, certificate.der());
        }
    }
    if let Some(clients) = clients {
        add(&mut hasher, clients.digest());
    }
    hasher.finalize().into()
}

/// With the length in front, so that no two lists run into the same.
fn add(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update(bytes.len().to_be_bytes());
    hasher.update(bytes);
}
