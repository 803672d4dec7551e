//! Checks of passwords: a few at a time, on threads that may block, and each right one remembered for a while.

use super::hash::{Stored, keyed};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a right password is remembered after its check.
pub const REMEMBERED: Duration = Duration::from_secs(300);
/// How many are remembered in each half of the memory.
const HALF: usize = 8_192;
/// How many checks may wait for each that runs.
const WAITING: usize = 32;

/// Somebody's word that a password is right, under the process's key. Another hash is another proof.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Proof([u8; 32]);

impl Proof {
    /// What a right password would be remembered by.
    #[must_use]
    pub fn new(username: &str, password: &str, stored: &Stored) -> Self {
        let parts = [username.as_bytes(), password.as_bytes(), &stored.digest()];
        Self(keyed(&parts))
    }
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proof(…)")
    }
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// It is the password.
    Right,
    /// It is not.
    Wrong,
    /// Too many checks are waiting already.
    Busy,
}

/// Who checks passwords.
#[derive(Debug)]
pub struct Checks {
    slots: Arc<Semaphore>,
    most: usize,
    under_way: AtomicUsize,
    made: AtomicU64,
    pub(super) remembered: Mutex<Halves>,
}

/// What was found right, until when. The older half goes when the newer one is full.
#[derive(Debug, Default)]
pub(super) struct Halves {
    pub(super) newer: HashMap<Proof, Duration>,
    pub(super) older: HashMap<Proof, Duration>,
}

impl Default for Checks {
    /// Half of the machine's cores, so that the other requests have theirs.
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self::new((cores / 2).max(1), WAITING)
    }
}

impl Checks {
    /// So many checks at a time, and so many that wait for each of them.
    #[must_use]
    pub fn new(at_a_time: usize, waiting: usize) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(at_a_time)),
            most: at_a_time * (1 + waiting),
            under_way: AtomicUsize::new(0),
            made: AtomicU64::new(0),
            remembered: Mutex::default(),
        }
    }

    /// Whether this was found right, not too long before `now`.
    #[must_use]
    pub fn remembers(&self, proof: &Proof, now: Duration) -> bool {
        let halves = self.remembered.lock();
        let until = halves.newer.get(proof).or_else(|| halves.older.get(proof));
        until.is_some_and(|until| now < *until)
    }

    /// Checks a password at `now`. A right one is remembered by `proof`; without one, as for a user that nobody knows,
    /// nothing is right, and it takes as long. Wants a Tokio runtime.
    pub async fn check(
        self: Arc<Self>,
        stored: Arc<Stored>,
        password: String,
        proof: Option<Proof>,
        now: Duration,
    ) -> Checked {
        let Some(_place) = Place::take(&self) else {
            return Checked::Busy;
        };
        let Ok(permit) = self.slots.clone().acquire_owned().await else {
            return Checked::Busy;
        };
        // Of many requests with one new password, the first had the work.
        if proof.is_some_and(|proof| self.remembers(&proof, now)) {
            return Checked::Right;
        }
        self.made.fetch_add(1, Ordering::Relaxed);
        let checks = self.clone();
        let verify = move || {
            let right = stored.verify(&password);
            if let (true, Some(proof)) = (right, proof) {
                checks.remembered.lock().keep(proof, now + REMEMBERED);
            }
            // Held until it is remembered, even when nobody waits for it any more: the next one will look there.
            drop(permit);
            right && proof.is_some()
        };
        match tokio::task::spawn_blocking(verify).await {
            Ok(true) => Checked::Right,
            Ok(false) => Checked::Wrong,
            // The runtime is ending.
            Err(_) => Checked::Busy,
        }
    }

    /// How many passwords were checked against a hash.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }
}

impl Halves {
    pub(super) fn keep(&mut self, proof: Proof, until: Duration) {
        if self.newer.len() >= HALF {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(proof, until);
    }
}

/// A place among the checks under way, given back when it is dropped.
struct Place<'a>(&'a Checks);

impl<'a> Place<'a> {
    fn take(checks: &'a Checks) -> Option<Self> {
        let before = checks.under_way.fetch_add(1, Ordering::Relaxed);
        let place = Self(checks);
        (before < checks.most).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
