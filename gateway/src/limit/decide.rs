//! One decision over several limits: all of them count, or none.

use std::time::Duration;

use parking_lot::MutexGuard;
use smallvec::SmallVec;

use super::key::Key;
use super::shard::Shard;
use super::{Limiter, nanos};

/// What one request wants from one limiter.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// Who counts.
    pub limiter: &'a Limiter,
    /// Who is counted.
    pub key: Key,
    /// How much; nothing is free, and more than the limit never passes.
    pub cost: u64,
}

/// What one limiter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether this limiter would let the request pass. The request passes when all do.
    pub allowed: bool,
    /// The quota's limit.
    pub limit: u64,
    /// What is left after this request, or as it is when the request was refused.
    pub remaining: u64,
    /// How long until more is left; zero when all is.
    pub reset: Duration,
    /// When refused: after this wait the same request passes, if nobody else takes what comes back. `None` when it was
    /// allowed, and when it can never pass.
    pub retry_after: Option<Duration>,
}

/// One decision for each check, in their order.
pub type Decisions = SmallVec<[Decision; 4]>;

/// Decides and counts in one step: when all limiters have room each counts the request, otherwise none does.
///
/// `now` is the time since a start that is the same for all calls. It may come out of order by what threads lose
/// between their clock and this call; a limiter's time never goes back.
///
/// `decisions` is cleared first.
pub fn decide(checks: &[Check<'_>], now: Duration, decisions: &mut Decisions) {
    let mut locked = Locked::new(checks);
    let asked = nanos(now);
    let now = locked.advance(asked);
    let waits: SmallVec<[Option<u64>; 4]> = checks
        .iter()
        .enumerate()
        .map(|(at, check)| match check.cost {
            0 => Some(0),
            cost => locked.wait(check, cost.saturating_add(ahead(&checks[..at], check)), now),
        })
        .collect();
    if waits.iter().all(|wait| *wait == Some(0)) {
        checks
            .iter()
            .filter(|check| check.cost > 0)
            .for_each(|check| locked.take(check, now));
    }
    decisions.clear();
    decisions.extend(checks.iter().zip(&waits).map(|(check, wait)| {
        let (remaining, reset) = locked.left(check, now);
        let allowed = *wait == Some(0);
        Decision {
            allowed,
            limit: check.limiter.quota.limit,
            remaining,
            reset: Duration::from_nanos(reset),
            retry_after: wait
                .filter(|_| !allowed)
                .map(|wait| Duration::from_nanos(wait.saturating_add(now - asked))),
        }
    }));
}

/// What earlier checks of the same request want from the same counter.
fn ahead(earlier: &[Check<'_>], check: &Check<'_>) -> u64 {
    let same =
        |other: &&Check<'_>| std::ptr::eq(other.limiter, check.limiter) && other.key == check.key;
    earlier
        .iter()
        .filter(same)
        .fold(0, |sum, other| sum.saturating_add(other.cost))
}

/// Every shard that the checks need, locked once each, in the order of their addresses: whoever else decides over
/// some of them takes them in the same order, so nobody waits in a circle.
struct Locked<'a> {
    shards: SmallVec<[(Place, MutexGuard<'a, Shard>); 4]>,
}

/// A limiter's address and the number of a shard in it.
type Place = (usize, usize);

impl<'a> Locked<'a> {
    fn new(checks: &[Check<'a>]) -> Self {
        let mut places: SmallVec<[(Place, &Limiter); 4]> = checks
            .iter()
            .map(|check| (place(check), check.limiter))
            .collect();
        places.sort_unstable_by_key(|(place, _)| *place);
        places.dedup_by_key(|(place, _)| *place);
        let lock = |(place, limiter): (Place, &'a Limiter)| (place, limiter.shards[place.1].lock());
        Self {
            shards: places.into_iter().map(lock).collect(),
        }
    }

    /// The latest time that any of the shards knows, which becomes the time of all.
    fn advance(&mut self, now: u64) -> u64 {
        let now = self
            .shards
            .iter()
            .map(|(_, shard)| shard.latest())
            .fold(now, u64::max);
        self.shards
            .iter_mut()
            .for_each(|(_, shard)| shard.advance(now));
        now
    }

    fn wait(&self, check: &Check<'_>, cost: u64, now: u64) -> Option<u64> {
        let rule = &check.limiter.rule;
        match self.shard(check).cell(check.key) {
            Some(cell) => rule.wait(cell, now, cost),
            None => rule.wait(&rule.fresh(), now, cost),
        }
    }

    /// What is left and how long until more is.
    fn left(&self, check: &Check<'_>, now: u64) -> (u64, u64) {
        let rule = &check.limiter.rule;
        match self.shard(check).cell(check.key) {
            Some(cell) => (rule.remaining(cell, now), rule.reset(cell, now)),
            None => (rule.remaining(&rule.fresh(), now), 0),
        }
    }

    fn take(&mut self, check: &Check<'_>, now: u64) {
        let at = self.position(check);
        let limiter = check.limiter;
        self.shards[at].1.take(
            check.key,
            &limiter.rule,
            now,
            check.cost,
            &limiter.evictions,
        );
    }

    fn shard(&self, check: &Check<'_>) -> &Shard {
        &self.shards[self.position(check)].1
    }

    fn position(&self, check: &Check<'_>) -> usize {
        let wanted = place(check);
        self.shards
            .iter()
            .position(|(place, _)| *place == wanted)
            .expect("every check's shard is locked")
    }
}

fn place(check: &Check<'_>) -> Place {
    (
        std::ptr::from_ref(check.limiter).addr(),
        check.limiter.shard_of(check.key),
    )
}
