//! The gateway: configuration documents in, a running proxy out.
//!
//! Arrows go one way: `runtime` → `proxy` → {`plugin`, `router`, `upstream`, `limit`, `identity`, `telemetry`} →
//! `domain`; `config` → `domain`. Only `proxy` and `runtime` know Pingora.

pub mod admin;
pub mod config;
pub mod domain;
pub mod identity;
pub mod limit;
pub mod plugin;
pub mod proxy;
pub mod router;
pub mod runtime;
pub mod telemetry;
pub mod upstream;
