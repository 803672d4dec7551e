//! Services, their targets and how one is chosen.

mod balance;
mod endpoint;
mod resolve;
mod retry;
mod service;
mod target;

pub use balance::{Balancing, Tried, stable_hash};
pub use endpoint::{Endpoint, Scheme};
pub use resolve::{REFRESH, Resolver, SystemResolver, keep_fresh, refresh};
pub use retry::{Backoff, RetryBudget, RetryCause, RetryPermit, RetryPolicy, parse_retry_after};
pub use service::{Active, Pick, Service, Timeouts};
pub use target::{Secure, Target};

#[cfg(test)]
mod tests;
