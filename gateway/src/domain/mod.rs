//! Types that cannot hold nonsense. No serde, no Pingora.
