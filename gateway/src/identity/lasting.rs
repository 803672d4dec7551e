//! What identity keeps over a reload.

/// Key sets, remembered credentials: what a new configuration must not make the gateway ask for again.
#[derive(Debug, Default)]
pub struct Lasting {}
