//! What identity keeps over a reload.

use super::passwords::Checks;
use std::sync::Arc;

/// Key sets, remembered credentials: what a new configuration must not make the gateway ask for again.
#[derive(Debug, Default)]
pub struct Lasting {
    checks: Arc<Checks>,
}

impl Lasting {
    /// Who checks passwords, and remembers the right ones.
    #[must_use]
    pub fn checks(&self) -> &Arc<Checks> {
        &self.checks
    }
}
