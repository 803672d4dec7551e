//! Metrics and the access log.

mod access_log;
mod introspections;
mod json_line;
mod key_sets;
mod metrics;

pub use access_log::{AccessLog, Output};
pub use json_line::Line;
pub use metrics::{Metrics, RouteMetrics, Seen};
