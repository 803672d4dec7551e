//! Types that cannot hold nonsense. No serde, no Pingora.

pub mod path;
