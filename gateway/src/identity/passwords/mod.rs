//! User names and passwords to consumers.
//!
//! A check is slow by design, so that a stolen hash is worth little; it takes as long for a name that nobody has.

mod checks;
mod hash;
#[cfg(test)]
mod tests;

pub use checks::{Checked, Checks, Proof, REMEMBERED};
pub use hash::{Stored, make};

use super::{Consumer, Digest};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// Every consumer's user name and what its password is checked by.
#[derive(Debug, Default)]
pub struct Passwords {
    users: HashMap<Box<str>, User>,
    hashes: Vec<Arc<Stored>>,
    state: RandomState,
}

/// Who has a user name.
#[derive(Debug)]
pub struct User {
    /// The consumer.
    pub consumer: Arc<Consumer>,
    /// What the password is checked by.
    pub stored: Arc<Stored>,
    /// What tells the user from others in counters.
    pub credential: Digest,
}

impl Passwords {
    /// Adds a user.
    ///
    /// # Errors
    /// Gives back the consumer who has the name already.
    pub fn insert(
        &mut self,
        username: &str,
        stored: Stored,
        consumer: &Arc<Consumer>,
    ) -> Result<(), Arc<Consumer>> {
        match self.users.entry(username.into()) {
            Entry::Occupied(taken) => Err(taken.get().consumer.clone()),
            Entry::Vacant(free) => {
                let stored = Arc::new(stored);
                self.hashes.push(stored.clone());
                free.insert(User {
                    consumer: consumer.clone(),
                    stored,
                    credential: Digest::of(format!("basic {username}").as_bytes()),
                });
                Ok(())
            }
        }
    }

    /// Who has the name.
    #[must_use]
    pub fn find(&self, username: &str) -> Option<&User> {
        self.users.get(username)
    }

    /// What a password is checked by, for nothing, where nobody has the name: one of the hashes that there are, always
    /// the same for the same name, so that the time tells no more than that of a wrong password.
    #[must_use]
    pub fn stand_in(&self, username: &str) -> Arc<Stored> {
        if self.hashes.is_empty() {
            return Arc::default();
        }
        // The remainder is less than the length, which is a usize.
        let place = self.state.hash_one(username) % self.hashes.len() as u64;
        self.hashes[place as usize].clone()
    }
}

/// Whether a name or a password holds what RFC 7617 §2 forbids in both.
#[must_use]
pub fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}
