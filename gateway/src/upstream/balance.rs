//! Which of a service's targets takes a request.

use std::sync::Arc;

use parking_lot::Mutex;
use rand::{Rng, RngExt};
use smallvec::SmallVec;

use super::Target;

/// How targets are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Balancing {
    /// In turn and by weight, the turns of a heavy target spread out (smooth weighted round robin).
    #[default]
    RoundRobin,
    /// The one with the fewest requests in flight for its weight.
    LeastConnections,
    /// By the request's hash, so that a target that comes or goes moves only its own share (weighted rendezvous).
    /// Requests without a hash are balanced in turn.
    ConsistentHash,
}

/// The targets that a request has been sent to, by their places in the service.
#[derive(Clone, Debug, Default)]
pub struct Tried(SmallVec<[u32; 4]>);

impl Tried {
    /// Whether the target at this place had its try.
    pub fn contains(&self, index: usize) -> bool {
        self.0.iter().any(|&tried| tried as usize == index)
    }

    /// Remembers the target at this place.
    pub fn insert(&mut self, index: usize) {
        self.0
            .push(u32::try_from(index).expect("a service has fewer than 2³² targets"));
    }

    /// How many tries there were.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there was no try yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A hash for [`Balancing::ConsistentHash`]: the same in every process, so that gateways agree (FNV-1a, then mixed).
pub fn stable_hash(bytes: &[u8]) -> u64 {
    let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    mix(bytes.iter().fold(0xcbf2_9ce4_8422_2325, fnv))
}

/// The state of one service's choice.
#[derive(Debug)]
pub(super) struct Balancer {
    balancing: Balancing,
    /// Smooth weighted round robin's credit of each target.
    credits: Mutex<Box<[i64]>>,
    /// For each target the sum of the weights up to it.
    weights: Box<[u64]>,
    /// For each target what its rendezvous scores are made from.
    seeds: Box<[u64]>,
}

/// Up to this many targets are all compared by least connections, beyond it two that are drawn.
const SCAN: usize = 16;

impl Balancer {
    pub(super) fn new(balancing: Balancing, targets: &[Arc<Target>]) -> Self {
        let sum = |sum: &mut u64, target: &Arc<Target>| {
            *sum += u64::from(target.weight().get());
            Some(*sum)
        };
        let seed = |target: &Arc<Target>| stable_hash(target.endpoint().to_string().as_bytes());
        Self {
            balancing,
            credits: Mutex::new(vec![0; targets.len()].into()),
            weights: targets.iter().scan(0, sum).collect(),
            seeds: targets.iter().map(seed).collect(),
        }
    }

    /// The place of a target that is available and not `tried`; `None` when there is none.
    pub(super) fn choose(
        &self,
        targets: &[Arc<Target>],
        hash: Option<u64>,
        tried: &Tried,
        rng: &mut impl Rng,
    ) -> Option<usize> {
        let is_free = |index: usize| !tried.contains(index) && targets[index].is_available();
        match (self.balancing, hash) {
            _ if targets.len() == 1 => Some(0).filter(|_| is_free(0)),
            (Balancing::LeastConnections, _) => self.least(targets, is_free, rng),
            (Balancing::ConsistentHash, Some(hash)) => self.rendezvous(targets, is_free, hash),
            _ => self.in_turn(targets, is_free),
        }
    }

    fn in_turn(&self, targets: &[Arc<Target>], is_free: impl Fn(usize) -> bool) -> Option<usize> {
        let mut credits = self.credits.lock();
        let mut total = 0;
        let mut best = None;
        for index in (0..targets.len()).filter(|&index| is_free(index)) {
            let weight = i64::from(targets[index].weight().get());
            total += weight;
            credits[index] += weight;
            if best.is_none_or(|best| credits[index] > credits[best]) {
                best = Some(index);
            }
        }
        if let Some(best) = best {
            credits[best] -= total;
        }
        best
    }

    fn least(
        &self,
        targets: &[Arc<Target>],
        is_free: impl Fn(usize) -> bool,
        rng: &mut impl Rng,
    ) -> Option<usize> {
        let first = self.draw(rng);
        if targets.len() > SCAN {
            let second = self.draw(rng);
            if is_free(first) && is_free(second) {
                return Some(if is_lighter(&targets[second], &targets[first]) {
                    second
                } else {
                    first
                });
            }
        }
        // From a drawn one on, so that idle targets get their shares too.
        let round = (first..targets.len())
            .chain(0..first)
            .filter(|&index| is_free(index));
        round.reduce(|best, next| {
            if is_lighter(&targets[next], &targets[best]) {
                next
            } else {
                best
            }
        })
    }

    /// A target by weight.
    fn draw(&self, rng: &mut impl Rng) -> usize {
        let point = rng.random_range(0..self.weights.last().copied().unwrap_or(1));
        self.weights.partition_point(|&sum| sum <= point)
    }

    fn rendezvous(
        &self,
        targets: &[Arc<Target>],
        is_free: impl Fn(usize) -> bool,
        hash: u64,
    ) -> Option<usize> {
        let free = (0..targets.len()).filter(|&index| is_free(index));
        let scored = free.map(|index| {
            (
                score(hash, self.seeds[index], targets[index].weight().get()),
                index,
            )
        });
        scored
            .max_by(|(left, _), (right, _)| left.total_cmp(right))
            .map(|(_, index)| index)
    }
}

/// Fewer requests in flight for its weight.
fn is_lighter(left: &Target, right: &Target) -> bool {
    let load = |target: &Target, other: &Target| {
        target.in_flight() as u64 * u64::from(other.weight().get())
    };
    load(left, right) < load(right, left)
}

/// Logarithmic rendezvous: the chance of the highest score is in proportion to the weight.
fn score(hash: u64, seed: u64, weight: u32) -> f64 {
    // 53 bits are what an f64 holds; the half keeps the point off zero and one.
    let point = ((mix(hash ^ seed) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    -f64::from(weight) / point.ln()
}

/// SplitMix64's finaliser.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
