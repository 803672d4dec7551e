//! Types that cannot hold nonsense. No serde, no Pingora.

mod mistake;
pub mod origin;
pub mod path;
pub mod pattern;

pub use mistake::Mistake;
