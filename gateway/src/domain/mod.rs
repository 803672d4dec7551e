//! Types that cannot hold nonsense. No serde, no Pingora.

mod mistake;
pub mod origin;
pub mod path;
pub mod pattern;
pub mod tls;

pub use mistake::Mistake;
