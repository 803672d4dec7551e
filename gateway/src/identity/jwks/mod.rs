//! The life of a published key set: fetched when the gateway starts, refreshed before its time ends, kept through
//! outages up to a bound, fetched again when a token names a key that isn't in it.
//!
//! Requests read what is there and never wait for a refresh. Only a token with an unknown `kid` waits, for the one
//! fetch that all such tokens share; how often they can cause one is bounded, whatever names they make up.

mod fetch;
mod source;
mod status;

pub use fetch::FetchError;
pub use source::KeySource;
pub use status::{KeyStatus, Status};

use super::egress::{Address, Trust};
use crate::domain::Mistake;
use std::sync::Arc;
use std::time::Duration;

/// Where keys come from and how long they are used; sources with the same settings are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// The `iss` of the tokens that the keys are for. Metadata must name the same.
    pub issuer: Arc<str>,
    /// Where the keys are.
    pub place: Place,
    /// Whom to trust when fetching.
    pub trust: Trust,
    /// How long and how often.
    pub bounds: Bounds,
}

/// Where keys are found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// At this address.
    Keys(Address),
    /// Where the metadata of this issuer says (OpenID Connect Discovery 1.0 §4, RFC 8414 §3).
    Metadata(Address),
}

impl Place {
    /// The keys of the issuer at `address`, by its metadata.
    ///
    /// # Errors
    /// When the address has a query, or is that of the metadata already.
    pub fn discovered(address: Address) -> Result<Self, Mistake> {
        let wrong = if address.has_query() {
            "has a query"
        } else if address.path().contains("/.well-known/") {
            "is that of the metadata, which the gateway finds itself"
        } else {
            return Ok(Self::Metadata(address));
        };
        let what = format!("the issuer's URL `{address}` {wrong}");
        let help = "write the issuer's own URL, as in `https://auth.example`";
        Err(Mistake::new(what, help))
    }

    /// The address as written.
    #[must_use]
    pub fn address(&self) -> &Address {
        match self {
            Self::Keys(address) | Self::Metadata(address) => address,
        }
    }
}

/// How long keys are used, and how often they are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// The least time to live, whatever the server says.
    pub min_ttl: Duration,
    /// The most.
    pub max_ttl: Duration,
    /// How long keys are used after their time, while they cannot be fetched.
    pub stale: Duration,
    /// The least time between two fetches that unknown `kid`s cause.
    pub cooldown: Duration,
    /// For one fetch, metadata and redirects included, and for one token to wait.
    pub timeout: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        Self {
            min_ttl: Duration::from_secs(60),
            max_ttl: hours(24),
            stale: hours(24),
            cooldown: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
        }
    }
}

impl Bounds {
    /// The time to live where the server says nothing.
    const UNSAID: Duration = Duration::from_secs(600);

    /// The time to live of keys whose server says `fresh`.
    fn time_to_live(&self, fresh: Option<Duration>) -> Duration {
        let wanted = fresh.unwrap_or(Self::UNSAID);
        wanted.min(self.max_ttl).max(self.min_ttl)
    }
}

#[cfg(test)]
mod tests;
