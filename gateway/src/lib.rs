//! The gateway: configuration documents in, a running proxy out.
//!
//! Arrows go one way: {`runtime`, `explain`, `diff`} → {`lint`, `admin`} → {`compile`, `proxy`} → `snapshot` → {`plugin`,
//! `router`, `upstream`, `limit`, `tls`, `identity`, `telemetry`} → {`config`, `reason`, `domain`}. Only `proxy` and `runtime`
//! know Pingora.

pub mod admin;
pub mod compile;
pub mod config;
pub mod diff;
pub mod domain;
pub mod explain;
pub mod identity;
pub mod limit;
pub mod lint;
pub mod plugin;
pub mod proxy;
pub mod reason;
pub mod router;
pub mod runtime;
pub mod snapshot;
pub mod telemetry;
pub mod tls;
pub mod upstream;
