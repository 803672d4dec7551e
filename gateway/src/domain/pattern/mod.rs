//! What a route asks of a request: patterns for hosts, paths, methods and values.
//!
//! Each is built by a constructor that refuses what could never match as meant, with the mend.

mod host;
mod methods;
mod path;
mod rewrite;
mod value;

pub use host::{HostPattern, without_port};
pub use methods::Methods;
pub use path::{Params, PathPattern, Segment};
pub use rewrite::{Rewrite, strip};
pub use value::ValueMatch;

#[cfg(test)]
mod tests;
