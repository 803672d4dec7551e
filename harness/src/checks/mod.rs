//! Synthetic checks: small suites, written as YAML for people to review, that tell from outside whether a gateway still
//! does what its configuration says.
//!
//! [`Suite::parse`] reads one, [`Runner`] runs its checks one at a time, and `gatecheck derive` writes one from a gateway's
//! configuration. [`Watch`] runs them again and again and tells how they fare: [`schedule`] → [`board`] → [`page`],
//! [`metrics`], [`status`], and through [`state`] the alerts that a [`webhook`] gets.

pub mod alert;
pub mod board;
pub mod derive;
pub mod log;
pub mod metrics;
pub mod mistake;
pub mod page;
pub(crate) mod read;
pub mod run;
pub mod schedule;
pub mod secrets;
pub mod serve;
pub mod state;
pub mod status;
pub mod suite;
pub mod table;
mod units;
pub mod watch;
pub mod webhook;
pub mod write;
pub mod yaml;

#[cfg(test)]
mod sample;

pub use mistake::{Mistake, Mistakes};
pub use run::{Outcome, Reason, Runner, SetupFailure, State, Target};
pub use secrets::{Environment, Secrets, Text};
pub use suite::{Check, Suite};
pub use watch::Watch;
