//! How good the suite is: every fixture configuration is changed in one thing at a time, and the scenarios that use it
//! run on our gateway with the change. A change that no scenario notices is a gap in the suite.
//!
//! [`run`] is the whole of it. The configurations are those of `scenarios/`, and those that scenarios make of them by
//! changes of their own. The harness goes on with the configuration as it was; only the gateway gets the changed one.

pub mod listed;
mod mutant;
mod mutated;
pub mod operator;
pub mod place;
pub mod report;
pub mod rules;
mod run;
mod usage;

#[cfg(test)]
mod tests;

pub use mutant::{Mutant, mutants};
pub use report::{Finding, Outcome, Score};
pub use run::{Options, Progress, run};
pub use usage::{Use, uses};
