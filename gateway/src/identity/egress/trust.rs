//! Whom the gateway trusts when it asks, and as whom it shows itself.

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use std::sync::{Arc, OnceLock};

/// Whom to trust when asking. Two are equal when nothing that makes trust differ differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Trust;

impl Trust {
    /// What tells one trust from another: clients and key sources with the same share connections.
    #[must_use]
    pub fn digest(&self) -> u64 {
        0
    }

    /// The settings of TLS 1.2 and 1.3 for it.
    pub(super) fn config(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        Ok(config
            .with_root_certificates(system_roots())
            .with_no_client_auth())
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
