//! Whom the gateway trusts when it asks, and as whom it shows itself.

use crate::domain::Mistake;
use crate::domain::tls::{ClientTls, provider};
use rustls::{ClientConfig, RootCertStore};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// Whom to trust when asking: the system's authorities, unless there are settings. Two are equal when nothing that
/// makes trust differ differs.
#[derive(Debug, Clone, Default)]
pub struct Trust(Option<Arc<ClientTls>>);

impl Trust {
    /// The trust of these settings.
    ///
    /// # Errors
    /// When they want another name verified than that of the URL, which an issuer is known by.
    pub fn new(tls: impl Into<Arc<ClientTls>>) -> Result<Self, Mistake> {
        let tls = tls.into();
        match tls.server_name() {
            None => Ok(Self(Some(tls))),
            Some(name) => {
                let name = name.as_str();
                let what = format!("the name `{name}` can't be verified in place of the URL's own");
                Err(Mistake::new(
                    what,
                    "take out `serverName`, and put the name into the URL",
                ))
            }
        }
    }

    /// What tells one trust from another: key sources with the same share clients and connections.
    #[must_use]
    pub fn digest(&self) -> Option<u64> {
        self.0.as_ref().map(|tls| tls.digest())
    }

    /// The settings of TLS 1.2 and 1.3 for it.
    pub(super) fn config(&self) -> Result<ClientConfig, String> {
        let tls = self.0.as_deref();
        let roots = tls.and_then(ClientTls::roots);
        let roots = roots.map_or_else(system_roots, |roots| roots.store().clone());
        let config = ClientConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots);
        let Some(identity) = tls.and_then(ClientTls::identity) else {
            return Ok(config.with_no_client_auth());
        };
        let chain = identity.chain().iter();
        let chain = chain.map(|certificate| certificate.der().clone());
        let config = config.with_client_auth_cert(chain.collect(), identity.key().clone_key());
        config.map_err(|error| error.to_string())
    }
}

impl PartialEq for Trust {
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }
}

impl Eq for Trust {}

impl Hash for Trust {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest().hash(state);
    }
}

/// The system's certificates, read once.
fn system_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let read = || {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "some of the system's certificates cannot be read");
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        Arc::new(roots)
    };
    ROOTS.get_or_init(read).clone()
}
