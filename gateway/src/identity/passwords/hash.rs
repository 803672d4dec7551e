//! What is kept of a password: an Argon2 hash in the PHC form (RFC 9106), a bcrypt hash, or, where the password itself
//! was given by reference, a keyed digest that nobody can use outside of this process.

use crate::domain::Mistake;
use argon2::{
    ARGON2I_IDENT, ARGON2ID_IDENT, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier,
};
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;
use subtle::ConstantTimeEq;

/// The form of [`PasswordHash`] that takes as long as those that [`make`] makes, and that no password fits.
static NOBODY: LazyLock<PasswordHash> = LazyLock::new(|| {
    PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
        .expect("it is in the PHC form")
});

/// Drawn when the process starts: digests under it mean nothing anywhere else.
static KEY: LazyLock<[u8; 32]> = LazyLock::new(rand::random);

/// The most memory that a check may take, in KiB.
const MEMORY: u32 = 1024 * 1024;
/// The most passes over the memory.
const PASSES: u32 = 64;
/// The most rounds of bcrypt, as a power of two: about four seconds.
const ROUNDS: u32 = 16;

/// What a password is checked by. A check takes long, and never less for this one than for that one of the same form.
pub struct Stored {
    form: Form,
    digest: [u8; 32],
}

enum Form {
    Argon2(Box<PasswordHash>),
    Bcrypt(Box<str>),
    /// A check takes as long as one of Argon2 with its usual settings, so that nobody learns from the time that there is
    /// such a user.
    Digest([u8; 32]),
}

impl Stored {
    /// A hash as it is written.
    ///
    /// # Errors
    /// When it is none that is known, is damaged, or would take too long to check.
    pub fn hash(text: &str) -> Result<Self, Mistake> {
        let form = match text {
            text if text.starts_with("$argon2") => Form::Argon2(Box::new(argon2(text)?)),
            text if is_bcrypt(text) => Form::Bcrypt(bcrypt(text)?.into()),
            _ => {
                return Err(Mistake::new(
                    "the password's hash is of an unknown kind",
                    KINDS,
                ));
            }
        };
        Ok(Self {
            form,
            digest: keyed(&[b"hash", text.as_bytes()]),
        })
    }

    /// A password that is known.
    #[must_use]
    pub fn password(password: &str) -> Self {
        let digest = keyed(&[b"password", password.as_bytes()]);
        Self {
            form: Form::Digest(digest),
            digest,
        }
    }

    /// Whether a text has the form of a hash, known or not: `$`, a name, `$`.
    #[must_use]
    pub fn looks_hashed(text: &str) -> bool {
        let name = text
            .strip_prefix('$')
            .and_then(|rest| Some(rest.split_once('$')?.0));
        name.is_some_and(|name| {
            let known =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            !name.is_empty() && name.bytes().all(known)
        })
    }

    /// What tells it from another, in this process.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Whether this is the password. Takes some hundredths of a second, and memory: not for a thread that others wait for.
    #[must_use]
    pub fn verify(&self, password: &str) -> bool {
        let by_argon2 = |hash: &PasswordHash| {
            Argon2::default()
                .verify_password(password.as_bytes(), hash)
                .is_ok()
        };
        match &self.form {
            Form::Argon2(hash) => by_argon2(hash),
            Form::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Form::Digest(digest) => {
                std::hint::black_box(by_argon2(&NOBODY));
                digest
                    .ct_eq(&keyed(&[b"password", password.as_bytes()]))
                    .into()
            }
        }
    }
}

impl Default for Stored {
    /// What no password fits.
    fn default() -> Self {
        Self {
            form: Form::Argon2(Box::new(NOBODY.clone())),
            digest: [0; 32],
        }
    }
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stored(…)")
    }
}

/// An Argon2id hash of a password, with a salt of its own, as OWASP recommends it: 19 MiB, two passes.
///
/// # Errors
/// When the system gives no random numbers.
pub fn make(password: &str) -> Result<String, argon2::password_hash::Error> {
    let hash = Argon2::default().hash_password(password.as_bytes())?;
    Ok(hash.to_string())
}

/// SHA-256 under the process's key, over parts that cannot be taken for each other.
pub(super) fn keyed(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(*KEY);
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

const KINDS: &str = "write an Argon2 hash (`$argon2id$…`, as `gateway hash-password` prints it) or one of bcrypt (`$2b$…`)";

fn argon2(text: &str) -> Result<PasswordHash, Mistake> {
    let damaged = || {
        Mistake::new(
            "the password's Argon2 hash is damaged",
            "print a new one with `gateway hash-password`",
        )
    };
    let hash = PasswordHash::new(text).map_err(|_| damaged())?;
    let known = hash.algorithm == ARGON2ID_IDENT || hash.algorithm == ARGON2I_IDENT;
    if !known {
        return Err(Mistake::new(
            "the password's hash is of an unknown kind",
            KINDS,
        ));
    }
    if hash.salt.is_none() || hash.hash.is_none() {
        return Err(damaged());
    }
    let params = Params::try_from(&hash).map_err(|_| damaged())?;
    if params.m_cost() > MEMORY || params.t_cost() > PASSES {
        return Err(too_slow());
    }
    Ok(hash)
}

fn is_bcrypt(text: &str) -> bool {
    ["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|prefix| text.starts_with(prefix))
}

fn bcrypt(text: &str) -> Result<&str, Mistake> {
    let parts: bcrypt::HashParts = text.parse().map_err(|_| {
        Mistake::new(
            "the password's bcrypt hash is damaged",
            "it has 60 characters, as in `$2b$12$…`",
        )
    })?;
    match parts.get_cost() {
        4..=ROUNDS => Ok(text),
        0..4 => Err(Mistake::new(
            "the password's bcrypt hash has too few rounds",
            KINDS,
        )),
        _ => Err(too_slow()),
    }
}

fn too_slow() -> Mistake {
    Mistake::new(
        "the password's hash takes too much time or memory to check with each request",
        "print another one with `gateway hash-password`",
    )
}
