//! What adapters share: fixtures read once into what every gateway's configuration is written from.

pub(super) mod authorization;
pub(super) mod callers;
pub(super) mod globals;
pub(super) mod plugins;
pub(super) mod routes;
pub(super) mod tokens;
pub(super) mod values;
