//! A token bucket: `burst` at once, refilled at limit/window without drift.
//!
//! One number is kept: the moment when the bucket is full again, counted in parts of 1/limit nanoseconds. In that unit
//! a token is worth exactly `window` and every nanosecond refills exactly `limit`, so nothing is ever rounded.

/// The rule of a bucket, for all keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    limit: u128,
    window: u128,
    burst: u128,
}

/// When a bucket is full again. Two halves, because a `u128` would make every counter 16 bytes larger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FullAt([u64; 2]);

impl FullAt {
    pub(super) fn get(self) -> u128 {
        u128::from(self.0[0]) << 64 | u128::from(self.0[1])
    }

    fn new(moment: u128) -> Self {
        // The low half is cut off on purpose.
        Self([(moment >> 64) as u64, moment as u64])
    }
}

impl Bucket {
    /// `limit` tokens flow back in `window` nanoseconds, up to `burst`.
    pub(super) fn new(limit: u64, window: u64, burst: u64) -> Self {
        Self {
            limit: limit.into(),
            window: window.into(),
            burst: burst.into(),
        }
    }

    /// Whole tokens that are there.
    pub(super) fn remaining(&self, full_at: FullAt, now: u64) -> u64 {
        (self.level(full_at, now) / self.window) as u64
    }

    /// Nanoseconds until `cost` can be taken: zero now, `None` never.
    pub(super) fn wait(&self, full_at: FullAt, now: u64, cost: u64) -> Option<u64> {
        if u128::from(cost) > self.burst {
            return None;
        }
        let missing = (u128::from(cost) * self.window).saturating_sub(self.level(full_at, now));
        match missing {
            0 => Some(0),
            _ if self.limit == 0 => None,
            _ => Some(u64::try_from(missing.div_ceil(self.limit)).unwrap_or(u64::MAX)),
        }
    }

    /// Nanoseconds until one more whole token is there; zero when the bucket is full.
    pub(super) fn reset(&self, full_at: FullAt, now: u64) -> u64 {
        let next = self.remaining(full_at, now).saturating_add(1);
        self.wait(full_at, now, next).unwrap_or(0)
    }

    /// The bucket with `cost` taken out, which [`Self::wait`] has said is there.
    pub(super) fn take(&self, full_at: FullAt, now: u64, cost: u64) -> FullAt {
        FullAt::new(full_at.get().max(self.moment(now)) + u128::from(cost) * self.window)
    }

    fn level(&self, full_at: FullAt, now: u64) -> u128 {
        let missing = full_at.get().saturating_sub(self.moment(now));
        (self.burst * self.window).saturating_sub(missing)
    }

    fn moment(&self, now: u64) -> u128 {
        u128::from(now) * self.limit
    }
}
