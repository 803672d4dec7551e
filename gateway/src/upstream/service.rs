//! A named set of targets with what holds for every request to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::balance::Balancer;
use super::{Balancing, RetryBudget, RetryPermit, RetryPolicy, Target, Tried};
use crate::domain::Mistake;

/// How long things may take. None can be absent, and none is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    connect: Duration,
    try_: Duration,
    total: Duration,
    idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(2),
            try_: seconds(10),
            total: seconds(30),
            idle: seconds(300),
        }
    }
}

impl Timeouts {
    /// See the methods of the same names.
    pub fn new(
        connect: Duration,
        try_: Duration,
        total: Duration,
        idle: Duration,
    ) -> Result<Self, Mistake> {
        let named = [
            ("connect", connect),
            ("try", try_),
            ("total", total),
            ("idle", idle),
        ];
        match named.iter().find(|(_, timeout)| timeout.is_zero()) {
            None => Ok(Self {
                connect,
                try_,
                total,
                idle,
            }),
            Some((name, _)) => Err(Mistake::new(
                format!("the timeout `{name}` is zero, and no timeout can be switched off"),
                "give it a duration, or leave it out for its default",
            )),
        }
    }

    /// From the first packet to a connection, TLS included.
    pub fn connect(&self) -> Duration {
        self.connect
    }

    /// The longest wait within one try: for the answer to begin, and between two reads of it.
    pub fn try_(&self) -> Duration {
        self.try_
    }

    /// From the request to the end of the response, over all tries and the waits between them; not for streams.
    pub fn total(&self) -> Duration {
        self.total
    }

    /// The longest silence on a stream, and the longest pause while a request's body is sent on.
    pub fn idle(&self) -> Duration {
        self.idle
    }
}

/// Targets, the choice between them, and the limits on waiting and trying again.
#[derive(Debug)]
pub struct Service {
    name: Box<str>,
    targets: Box<[Arc<Target>]>,
    balancer: Balancer,
    timeouts: Timeouts,
    retry: RetryPolicy,
    budget: Arc<RetryBudget>,
    active: AtomicUsize,
}

impl Service {
    /// A service with at least one target.
    pub fn new(
        name: &str,
        targets: Vec<Target>,
        balancing: Balancing,
        timeouts: Timeouts,
        retry: RetryPolicy,
        budget: RetryBudget,
    ) -> Result<Self, Mistake> {
        if targets.is_empty() {
            let what = format!("the service `{name}` has no target");
            return Err(Mistake::new(what, "give it a `url` or `targets`"));
        }
        let targets: Box<[Arc<Target>]> = targets.into_iter().map(Arc::new).collect();
        for (at, target) in targets.iter().enumerate() {
            if targets[..at]
                .iter()
                .any(|other| other.endpoint() == target.endpoint())
            {
                let what = format!(
                    "the service `{name}` has the target `{}` twice",
                    target.endpoint()
                );
                return Err(Mistake::new(what, "name it once, with a `weight`"));
            }
        }
        let balancer = Balancer::new(balancing, &targets);
        let (budget, active) = (Arc::new(budget), AtomicUsize::new(0));
        Ok(Self {
            name: name.into(),
            targets,
            balancer,
            timeouts,
            retry,
            budget,
            active,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its targets, in the order of the configuration.
    pub fn targets(&self) -> &[Arc<Target>] {
        &self.targets
    }

    /// Its timeouts.
    pub fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// When a try is followed by another one.
    pub fn retry(&self) -> &RetryPolicy {
        &self.retry
    }

    /// Requests that have [entered](Self::enter) and not left.
    pub fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    /// Whether the name of any target has ever been resolved.
    pub fn is_resolved(&self) -> bool {
        self.targets.iter().any(|target| target.address().is_some())
    }

    /// Counts a request as active until what is returned is dropped.
    pub fn enter(self: &Arc<Self>) -> Active {
        self.active.fetch_add(1, Ordering::Relaxed);
        Active(Arc::clone(self))
    }

    /// An available target that is not among `tried`, where it is then noted; `None` when there is none.
    pub fn pick(&self, hash: Option<u64>, tried: &mut Tried) -> Option<Pick> {
        let index = self
            .balancer
            .choose(&self.targets, hash, tried, &mut rand::rng())?;
        tried.insert(index);
        let target = Arc::clone(&self.targets[index]);
        target.begin();
        Some(Pick { target, index })
    }

    /// Whether [`Self::pick`] would find a target now.
    pub fn has_another(&self, tried: &Tried) -> bool {
        let mut targets = self.targets.iter().enumerate();
        targets.any(|(index, target)| !tried.contains(index) && target.is_available())
    }

    /// Leave for one more retry, within the budget.
    pub fn retry_permit(&self) -> Option<RetryPermit> {
        self.budget.acquire(self.active())
    }
}

/// A request that counts as active.
#[derive(Debug)]
#[must_use = "the request no longer counts as soon as this is dropped"]
pub struct Active(Arc<Service>);

impl Active {
    /// The service it counts for.
    pub fn service(&self) -> &Arc<Service> {
        &self.0
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A chosen target, with a request in flight to it until this is dropped.
#[derive(Debug)]
pub struct Pick {
    target: Arc<Target>,
    index: usize,
}

impl Pick {
    /// The target.
    pub fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// Its place in the service.
    pub fn index(&self) -> usize {
        self.index
    }
}

impl Drop for Pick {
    fn drop(&mut self) {
        self.target.end();
    }
}
