//! What is known and queued about one request while it passes through the chain.

use super::edits::Edits;
use crate::identity::{Claims, Consumer, Digest};
use crate::limit::Permit;
use crate::reason::Reason;
use bytes::Bytes;
use http::HeaderValue;
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::SystemTime;

/// State of one request that plugins write and `proxy` reads.
#[derive(Debug, Default)]
pub struct Exchange {
    /// The request's id; empty until one is taken or made.
    pub request_id: RequestId,
    /// Who calls, once an auth plugin has found out.
    pub consumer: Option<Arc<Consumer>>,
    /// The credential that was used.
    pub credential: Option<Digest>,
    /// What a token says that was verified.
    pub claims: Option<Arc<Claims>>,
    /// How finding out who calls ended, for the metrics.
    pub attempt: Option<Attempt>,
    /// Changes to the request on its way upstream.
    pub request_edits: Edits,
    /// Changes to the response, whoever makes it.
    pub response_edits: Edits,
    /// Query parameters that carry a secret: neither the upstream nor the log sees them.
    pub secret_query: SmallVec<[Arc<str>; 1]>,
    /// What a plugin in dry run would have refused.
    pub would_refuse: Option<Reason>,
    /// Another service than the route's own, by its place in the route's list.
    pub service: Option<usize>,
    /// What `observability` saw.
    pub observed: Option<Observed>,
    /// Concurrency permits, given back when the exchange is dropped.
    pub permits: SmallVec<[Permit; 1]>,
}

/// How finding out who calls ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// The plugin that decided.
    pub plugin: &'static str,
    /// `success`, `missing`, `invalid`, `forbidden`, `unavailable` or [`OPEN`].
    pub result: &'static str,
}

/// The result of a request that goes on although nobody could check its credential.
pub const OPEN: &str = "open";

impl Attempt {
    /// The plugin's decision.
    #[must_use]
    pub const fn new(plugin: &'static str, result: &'static str) -> Self {
        Self { plugin, result }
    }
}

/// A header's value for log and metrics.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The header's name, lower case.
    pub header: Arc<str>,
    /// The value as sent, bounded in length; `None` when the header is absent.
    pub value: Option<Arc<str>>,
    /// The value from the declared set, `other` or `none`.
    pub label: Arc<str>,
}

/// At most 64 characters, kept in place.
#[derive(Clone, Copy)]
pub struct RequestId {
    bytes: [u8; Self::MAX],
    len: u8,
}

impl Default for RequestId {
    fn default() -> Self {
        Self {
            bytes: [0; Self::MAX],
            len: 0,
        }
    }
}

impl RequestId {
    /// The longest id that is taken over.
    pub const MAX: usize = 64;

    /// An id in a sound form: 1 to [`Self::MAX`] letters, digits, `-`, `_`, `.`, `:`, `+`, `/` or `=`.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let sound = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:+/=".contains(byte);
        if text.is_empty() || text.len() > Self::MAX || !text.iter().all(sound) {
            return None;
        }
        let mut id = Self::default();
        id.bytes[..text.len()].copy_from_slice(text);
        id.len = u8::try_from(text.len()).ok()?;
        Some(id)
    }

    /// A new id: UUID version 7 (RFC 9562 §5.7), so that ids sort by time to the millisecond. What is behind the time is
    /// random: a counter would be one more thing for threads to meet at.
    #[must_use]
    pub fn make() -> Self {
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // Far from 64 bits for any clock; one before 1970 makes ids that don't sort.
        let millis = time.map_or(0, |time| time.as_millis() as u64);
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid();
        let mut id = Self::default();
        uuid.hyphenated().encode_lower(&mut id.bytes);
        id.len = 36;
        id
    }

    /// The id as a header's value: one allocation, and none for its clones.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_maybe_shared(Bytes::from_owner(*self)).expect("an id is visible ASCII")
    }

    /// The id as text; empty when there is none yet.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }

    /// Whether there is no id yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl AsRef<[u8]> for RequestId {
    fn as_ref(&self) -> &[u8] {
        self.as_str().as_bytes()
    }
}

impl std::fmt::Debug for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn takes_sound_ids_only() {
        assert_eq!(RequestId::parse(b"abc-123").unwrap().as_str(), "abc-123");
        assert_eq!(RequestId::parse(&[b'a'; 64]).unwrap().as_str().len(), 64);
        for wrong in [
            &b""[..],
            &[b'a'; 65],
            b"a b",
            b"a\r\nb",
            b"<script>",
            "ü".as_bytes(),
        ] {
            assert!(RequestId::parse(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn makes_ids_that_differ() {
        assert_ne!(RequestId::make().as_str(), RequestId::make().as_str());
        assert_eq!(RequestId::make().as_str().len(), 36);
        assert_eq!(RequestId::parse(b"abc").unwrap().header(), "abc");
    }
}
