//! One fetch of a key set, by way of the issuer's metadata where that is configured.
//!
//! What the server calls its answer is not looked at: a `Content-Type` that lies is common, and proves nothing either
//! way. What counts is that the body is a key set.

use super::{Place, Settings};
use crate::identity::egress::{Address, EgressError, Fetch, Fetched};
use crate::identity::jwk::{KeySet, KeySetError, SkippedKey};
use serde::Deserialize;
use std::time::Duration;

/// Why a fetch brought no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Nothing came from the address.
    #[error("{at}: {cause}")]
    Egress {
        /// What was asked.
        at: String,
        /// What happened.
        cause: EgressError,
    },
    /// What came is no key set.
    #[error("{at}: {cause}")]
    Document {
        /// What was asked.
        at: String,
        /// What is wrong with it.
        cause: KeySetError,
    },
    /// A key set without a key that can check a signature.
    #[error("{at}: no key in it is usable: {why}")]
    Empty {
        /// What was asked.
        at: String,
        /// What is wrong with the first, or that there are none.
        why: String,
    },
    /// Metadata that cannot be followed.
    #[error("{at}: {what}")]
    Metadata {
        /// What was asked.
        at: String,
        /// What is wrong with it.
        what: String,
    },
    /// The whole took too long.
    #[error("no keys within {0:?}")]
    Timeout(Duration),
}

impl FetchError {
    /// A word for a metric's label.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Egress { cause, .. } => match cause {
                EgressError::Timeout(_) => "timeout",
                EgressError::Connection(_) => "connection",
                EgressError::Status(_) => "status",
                EgressError::Redirect(_) => "redirect",
                EgressError::Large(_) => "too_large",
            },
            Self::Document { .. } | Self::Empty { .. } => "invalid",
            Self::Metadata { .. } => "metadata",
            Self::Timeout(_) => "timeout",
        }
    }

    /// Every label that there is, success first.
    pub const LABELS: [&'static str; 8] = [
        "success",
        "timeout",
        "connection",
        "status",
        "redirect",
        "too_large",
        "invalid",
        "metadata",
    ];
}

/// What a fetch brought.
pub(super) struct Loaded {
    pub keys: KeySet,
    pub skipped: Vec<SkippedKey>,
    pub fresh: Option<Duration>,
    /// Where the keys were in the end.
    pub at: Address,
}

/// Fetches the keys once.
pub(super) async fn load(settings: &Settings, fetch: &dyn Fetch) -> Result<Loaded, FetchError> {
    let loading = async {
        let at = match &settings.place {
            Place::Keys(address) => address.clone(),
            Place::Metadata(issuer) => discover(issuer, &settings.issuer, fetch).await?,
        };
        let Fetched { body, fresh } = ask(fetch, &at).await?;
        let document = |cause| {
            let at = at.to_string();
            FetchError::Document { at, cause }
        };
        let (keys, skipped) = KeySet::parse(&body).map_err(document)?;
        if keys.is_empty() {
            let why = skipped.first().map(ToString::to_string);
            return Err(FetchError::Empty {
                at: at.to_string(),
                why: why.unwrap_or_else(|| "it has none".to_owned()),
            });
        }
        Ok(Loaded {
            keys,
            skipped,
            fresh,
            at,
        })
    };
    let time = settings.bounds.timeout;
    let loaded = tokio::time::timeout(time, loading).await;
    loaded.unwrap_or(Err(FetchError::Timeout(time)))
}

async fn ask(fetch: &dyn Fetch, at: &Address) -> Result<Fetched, FetchError> {
    let failed = |cause| FetchError::Egress {
        at: at.to_string(),
        cause,
    };
    fetch.fetch(at).await.map_err(failed)
}

/// The members of the metadata that matter here (RFC 8414 §2).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// Where the issuer's keys are: OpenID's metadata first, OAuth's where there is none.
async fn discover(
    address: &Address,
    issuer: &str,
    fetch: &dyn Fetch,
) -> Result<Address, FetchError> {
    let path = address.path().trim_end_matches('/');
    let openid = address.with_path(&format!("{path}/.well-known/openid-configuration"));
    let (at, fetched) = match ask(fetch, &openid).await {
        Err(FetchError::Egress {
            cause: EgressError::Status(status),
            ..
        }) if status.is_client_error() => {
            // RFC 8414 §3.1: put between the host and the issuer's path.
            let oauth = format!("/.well-known/oauth-authorization-server{path}");
            let oauth = address.with_path(&oauth);
            let fetched = ask(fetch, &oauth).await?;
            (oauth, fetched)
        }
        other => (openid, other?),
    };
    let wrong = |what: String| FetchError::Metadata {
        at: at.to_string(),
        what,
    };
    let metadata: Metadata = serde_json::from_slice(&fetched.body)
        .map_err(|error| wrong(format!("the metadata cannot be read: {error}")))?;
    if metadata.issuer != issuer {
        let what = format!(
            "the metadata is that of the issuer {:?}, and the configuration says {issuer:?}",
            metadata.issuer
        );
        return Err(wrong(what));
    }
    let keys = at.leading_to(&metadata.jwks_uri);
    keys.map_err(|mistake| wrong(format!("jwks_uri: {mistake}")))
}
