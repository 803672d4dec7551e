//! Synthetic checks: small suites, written as YAML for people to review, that tell from outside whether a gateway still
//! does what its configuration says.
//!
//! [`Suite::parse`] reads one, [`Runner`] runs its checks one at a time, and `gatecheck derive` writes one from a gateway's
//! configuration.

pub mod derive;
pub mod mistake;
pub(crate) mod read;
pub mod run;
pub mod secrets;
pub mod suite;
mod units;
pub mod write;
pub mod yaml;

pub use mistake::{Mistake, Mistakes};
pub use run::{Outcome, Reason, Runner, SetupFailure, State, Target};
pub use secrets::{Environment, Secrets, Text};
pub use suite::{Check, Suite};
