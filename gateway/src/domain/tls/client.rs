//! What it takes to be a TLS client: whom to trust, what to show, which name to verify.

use std::any::Any;
use std::fmt;
use std::net::Ipv6Addr;
use std::sync::{Arc, OnceLock};

use sha2::{Digest as _, Sha256};

use super::{Identity, Roots};
use crate::domain::Mistake;

/// The name that a server's certificate has to have: a DNS name or an IP address, never nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerName(Box<str>);

impl ServerName {
    /// A name in any case, an IPv4 address, or an IPv6 address with or without brackets.
    ///
    /// # Errors
    /// When it is neither name nor address, or a name that Pingora would change on its way into the handshake.
    pub fn new(text: &str) -> Result<Self, Mistake> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let bare = name
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .filter(|bare| bare.parse::<Ipv6Addr>().is_ok());
        let name = bare.unwrap_or(&name);
        if rustls_pki_types::ServerName::try_from(name).is_err() {
            let what = format!("`{text}` is no name that a certificate could have");
            return Err(Mistake::new(
                what,
                "write a DNS name or an IP address, without a port",
            ));
        }
        // Pingora verifies `a-b.example.com` where `a_b.example.com` is wanted.
        if let Some((first, rest)) = name.split_once('.')
            && first.contains('_')
            && rest.contains('.')
        {
            let what =
                format!("`{text}` has a `_` in its first label, and no certificate may have that");
            return Err(Mistake::new(
                what,
                "name what stands in the certificate, by `serverName`",
            ));
        }
        Ok(Self(name.into()))
    }

    /// In lower case, an IPv6 address without brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a server is trusted, and how the gateway shows itself to it.
pub struct ClientTls {
    roots: Option<Roots>,
    identity: Option<Identity>,
    server_name: Option<ServerName>,
    digest: u64,
    prepared: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl ClientTls {
    /// The system's authorities are trusted without `roots`; the host's own name is verified without `server_name`.
    #[must_use]
    pub fn new(
        roots: Option<Roots>,
        identity: Option<Identity>,
        server_name: Option<ServerName>,
    ) -> Self {
        let digest = digest(roots.as_ref(), identity.as_ref(), server_name.as_ref());
        Self {
            roots,
            identity,
            server_name,
            digest,
            prepared: OnceLock::new(),
        }
    }

    /// Who is trusted, unless it is whom the system trusts.
    #[must_use]
    pub fn roots(&self) -> Option<&Roots> {
        self.roots.as_ref()
    }

    /// What the gateway shows.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// The name to verify and to ask for, instead of the host's.
    #[must_use]
    pub fn server_name(&self) -> Option<&ServerName> {
        self.server_name.as_ref()
    }

    /// Differs wherever anything differs of what is trusted or shown. A connection that was made under one digest must
    /// not serve another.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The same in the form that the TLS library of one caller takes, made once.
    pub fn prepared<T: Send + Sync + 'static>(&self, make: impl Fn(&Self) -> T) -> Arc<T> {
        let prepared = self.prepared.get_or_init(|| Arc::new(make(self)));
        let prepared = prepared.clone().downcast();
        // A second caller with a form of its own has no room to keep it.
        prepared.unwrap_or_else(|_| Arc::new(make(self)))
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("roots", &self.roots.as_ref().map(Roots::certificates))
            .field("identity", &self.identity)
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}

/// The first 64 bits of a SHA-256 over everything, each part behind its length.
fn digest(
    roots: Option<&Roots>,
    identity: Option<&Identity>,
    server_name: Option<&ServerName>,
) -> u64 {
    let mut hasher = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    let chains = [
        roots.map(Roots::certificates),
        identity.map(Identity::chain),
    ];
    for chain in chains {
        part(&[u8::from(chain.is_some())]);
        let chain = chain.unwrap_or_default();
        part(&(chain.len() as u64).to_be_bytes());
        chain.iter().for_each(|certificate| part(&certificate.der));
    }
    part(identity.map_or(&[], |identity| identity.key.secret_der()));
    part(server_name.map_or(&[], |name| name.0.as_bytes()));
    let digest = hasher.finalize();
    let (first, _) = digest
        .split_first_chunk()
        .expect("SHA-256 has more than eight bytes");
    u64::from_be_bytes(*first)
}
