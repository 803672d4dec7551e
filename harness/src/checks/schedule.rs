//! Runs each check at its interval.
//!
//! The first runs are spread over the interval, or half a minute where that is shorter, so that a suite is no burst. A
//! check never runs beside itself. What runs at once is bounded by the number of checks and not by less: with fewer
//! places a few checks that hang would hold up the others. A check that hangs ends by its deadline, which is no longer
//! than its interval.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

/// How many checks run at once where each runs once.
const AT_ONCE: usize = 16;

/// Over how long first runs are spread at most: nobody wants to wait an hour to hear of a check that runs each hour.
const SPREAD: Duration = Duration::from_secs(30);

/// One run of a check.
pub type Probe<T> = Arc<dyn Fn() -> BoxFuture<'static, T> + Send + Sync>;

/// A check to be run.
pub struct Planned<T> {
    /// Its id.
    pub id: Arc<str>,
    /// From the beginning of one run to the beginning of the next.
    pub every: Duration,
    /// The longest that a run may take; a longer one is broken off.
    pub deadline: Duration,
    /// Runs it.
    pub probe: Probe<T>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended<T> {
    /// By itself.
    Done(T),
    /// It was broken off at its deadline.
    Overdue,
    /// It panicked, which is a fault of this program.
    Panicked,
}

/// Runs checks until it is dropped.
#[derive(Debug)]
pub struct Schedule {
    /// They end with their set.
    _tasks: JoinSet<()>,
}

impl Schedule {
    /// Begins; `done` is called with each run that has ended and how long it took, and must not block. Runs keep the
    /// beat that began at `epoch`, and none is before `from`, so that a schedule that takes another's place goes on
    /// where that one stopped.
    pub fn start<T: Send + 'static>(
        plan: Vec<Planned<T>>,
        epoch: Instant,
        from: Instant,
        done: impl Fn(&str, Ended<T>, Duration) + Send + Sync + 'static,
    ) -> Self {
        let (count, done) = (plan.len(), Arc::new(done));
        let mut tasks = JoinSet::new();
        for (index, planned) in plan.into_iter().enumerate() {
            let first = epoch + offset(planned.every, index, count);
            let first = next_beat(first, planned.every, from);
            let done = done.clone();
            tasks.spawn(async move { planned.repeat(first, done.as_ref()).await });
        }
        Self { _tasks: tasks }
    }
}

/// Runs each check once, a bounded number of them at a time, and gives the results in the order of the plan.
pub async fn once<T: Send + 'static>(plan: Vec<Planned<T>>) -> Vec<(Arc<str>, Ended<T>, Duration)> {
    let runs = plan.into_iter().map(|planned| async move {
        let (ended, took) = planned.run().await;
        (planned.id, ended, took)
    });
    stream::iter(runs).buffered(AT_ONCE).collect().await
}

impl<T> Planned<T> {
    async fn repeat(&self, first: Instant, done: &impl Fn(&str, Ended<T>, Duration)) {
        let mut ticks = interval_at(first, self.every);
        // A machine that slept must not make up for what it missed.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            let (ended, took) = self.run().await;
            done(&self.id, ended, took);
        }
    }

    async fn run(&self) -> (Ended<T>, Duration) {
        let begun = Instant::now();
        let run = async { (self.probe)().await };
        let run = AssertUnwindSafe(run).catch_unwind();
        let ended = match timeout(self.deadline.min(self.every), run).await {
            Ok(Ok(result)) => Ended::Done(result),
            Ok(Err(_)) => Ended::Panicked,
            Err(_) => Ended::Overdue,
        };
        (ended, begun.elapsed())
    }
}

impl<T> std::fmt::Debug for Planned<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planned")
            .field("id", &self.id)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

/// When the check at `index` of `count` runs first: each an equal share of the time after the one before.
fn offset(every: Duration, index: usize, count: usize) -> Duration {
    let (index, count) = (
        u32::try_from(index).unwrap_or(u32::MAX),
        u32::try_from(count).unwrap_or(u32::MAX),
    );
    every.min(SPREAD) / count.max(1) * index
}

/// The first beat that is not before `from`.
fn next_beat(first: Instant, every: Duration, from: Instant) -> Instant {
    let late = from.saturating_duration_since(first).as_nanos();
    let beats = late.div_ceil(every.as_nanos().max(1));
    first + every * u32::try_from(beats).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
