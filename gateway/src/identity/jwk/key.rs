//! One key and what it may check.

use super::{Algorithm, public::Public};
use aws_lc_rs::signature::ParsedPublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A key that checks signatures, made for each algorithm it allows.
pub struct VerifyingKey {
    kid: Option<Box<str>>,
    id: KeyId,
    thumbprint: [u8; 32],
    kind: &'static str,
    checks: Box<[(Algorithm, Check)]>,
}

/// What tells one key from another: its material, its `kid` and the algorithms it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 32]);

/// Why something cannot be a key that checks signatures. What the key says is shown with its control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A member is absent, or has another JSON type than it must have.
    #[error("`{0}` is missing or has the wrong type")]
    Member(&'static str),
    /// A member isn't base64url without padding.
    #[error("`{0}` isn't base64url without padding")]
    Encoding(&'static str),
    /// A `kty` that checks no signature known here.
    #[error("keys of the type `{}` are unknown here", .0.escape_debug())]
    Type(String),
    /// A `crv` that is not supported.
    #[error("the curve `{}` is not supported", .0.escape_debug())]
    Curve(String),
    /// An `alg` that is not supported.
    #[error("the algorithm `{}` is not supported", .0.escape_debug())]
    Algorithm(String),
    /// An `alg` that the key's type, curve or length does not allow.
    #[error("{algorithm} does not go with {key}")]
    Mismatch {
        /// What the key says of itself.
        algorithm: Algorithm,
        /// What it is.
        key: &'static str,
    },
    /// A `use` other than `sig`.
    #[error("it is meant for `{}`, not for signatures", .0.escape_debug())]
    Use(String),
    /// `key_ops` without `verify`.
    #[error("its `key_ops` don't name `verify`")]
    Operations,
    /// Private or secret members where only public ones belong.
    #[error("it shows its private part, so that anybody may have signed with it")]
    Private,
    /// A secret in a document that everybody may read.
    #[error("secrets are not taken from a published key set")]
    Secret,
    /// An RSA modulus that is too short or too long.
    #[error("its RSA modulus has {0} bits, and 2048 to 8192 are accepted")]
    Modulus(usize),
    /// An RSA exponent that is even, below 3 or above 33 bits; or an even modulus.
    #[error("its RSA modulus or exponent is unsound (RFC 8017 §3.1)")]
    Exponent,
    /// A coordinate of the wrong length, or a point that is not on the curve.
    #[error("its public point is not on {0}")]
    Point(&'static str),
    /// A secret shorter than the hash's output (RFC 7518 §3.2).
    #[error("the secret has {has} bytes, and {algorithm} wants {wants} at least")]
    Short {
        /// The algorithm that wants more.
        algorithm: Algorithm,
        /// Bytes there are.
        has: usize,
        /// Bytes there must be.
        wants: usize,
    },
    /// PEM that holds no public key, or several.
    #[error("{0}")]
    Pem(&'static str),
    /// A JWK that isn't a JSON object.
    #[error("a key is a JSON object")]
    NoObject,
}

/// How one algorithm is checked: by jsonwebtoken, which has all but ES512.
pub(super) enum Check {
    /// With a public key.
    Public {
        key: DecodingKey,
        algorithm: jsonwebtoken::Algorithm,
        /// The one length of a signature, in bytes.
        length: usize,
    },
    /// With a public key on P-521.
    P521(ParsedPublicKey),
    /// With a secret.
    Secret {
        key: DecodingKey,
        algorithm: jsonwebtoken::Algorithm,
    },
}

impl Check {
    fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        let (key, algorithm) = match self {
            Self::Public {
                key,
                algorithm,
                length,
            } if signature.len() == *length => (key, algorithm),
            Self::Public { .. } => return false,
            Self::P521(key) => {
                return signature.len() == 132 && key.verify_sig(message, signature).is_ok();
            }
            Self::Secret { key, algorithm } => (key, algorithm),
        };
        let signature = URL_SAFE_NO_PAD.encode(signature);
        // What it calls an error is a key that it cannot use; such a key has signed nothing.
        jsonwebtoken::crypto::verify(&signature, message, key, *algorithm).unwrap_or(false)
    }
}

impl VerifyingKey {
    /// A secret for HMAC (RFC 7518 §3.2), which only the configuration can bring.
    ///
    /// # Errors
    /// When `algorithm` isn't an HMAC, or the secret is shorter than the hash's output.
    pub fn from_secret(
        secret: &[u8],
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Self, KeyError> {
        let check = hmac_check(secret, algorithm)?;
        Ok(Self::secret(secret, kid, vec![(algorithm, check)]))
    }

    /// A secret for every HMAC it is long enough for.
    pub(super) fn from_any_secret(secret: &[u8], kid: Option<&str>) -> Result<Self, KeyError> {
        hmac_check(secret, Algorithm::Hs256)?;
        let fitting = Algorithm::SECRET.into_iter();
        let checks = fitting.filter_map(|one| Some((one, hmac_check(secret, one).ok()?)));
        Ok(Self::secret(secret, kid, checks.collect()))
    }

    fn secret(secret: &[u8], kid: Option<&str>, checks: Vec<(Algorithm, Check)>) -> Self {
        let thumbprint = Sha256::digest([b"oct:".as_slice(), secret].concat()).into();
        Self::new(kid, thumbprint, "oct", checks)
    }

    /// A public key, for `algorithm` alone or for all that go with it.
    pub(super) fn from_public(
        public: &Public,
        kid: Option<&str>,
        algorithm: Option<Algorithm>,
    ) -> Result<Self, KeyError> {
        let fitting = public.algorithms();
        let chosen = match algorithm {
            None => fitting.to_vec(),
            Some(one) if fitting.contains(&one) => vec![one],
            Some(algorithm) => {
                let key = public.kind();
                return Err(KeyError::Mismatch { algorithm, key });
            }
        };
        let checks = chosen.into_iter().map(|one| Ok((one, public.check(one)?)));
        let checks = checks.collect::<Result<Vec<_>, KeyError>>()?;
        Ok(Self::new(kid, public.thumbprint(), public.kind(), checks))
    }

    fn new(
        kid: Option<&str>,
        thumbprint: [u8; 32],
        kind: &'static str,
        checks: Vec<(Algorithm, Check)>,
    ) -> Self {
        let mut id = Sha256::new_with_prefix(thumbprint);
        for (algorithm, _) in &checks {
            id.update(algorithm.name());
        }
        id.update([u8::from(kid.is_some())]);
        id.update(kid.unwrap_or_default());
        Self {
            kid: kid.map(Into::into),
            id: KeyId(id.finalize().into()),
            thumbprint,
            kind,
            checks: checks.into(),
        }
    }

    /// The name tokens call it by, if it has one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// What tells it from every other key; the same again when the same key is loaded again.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The JWK thumbprint of a public key (RFC 7638, SHA-256). Of a secret: its digest, which is nobody's to see.
    #[must_use]
    pub fn thumbprint(&self) -> &[u8; 32] {
        &self.thumbprint
    }

    /// Its type and, where it has one, its curve: `RSA`, `EC P-256`, `OKP Ed25519`, `oct`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The algorithms it allows, at least one.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.checks.iter().map(|(algorithm, _)| *algorithm)
    }

    /// Whether it may check signatures made by `algorithm`.
    #[must_use]
    pub fn allows(&self, algorithm: Algorithm) -> bool {
        self.check(algorithm).is_some()
    }

    /// Whether `signature` is this key's on `message`. False for an algorithm that it does not allow.
    #[must_use]
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let check = self.check(algorithm);
        check.is_some_and(|check| check.holds(message, signature))
    }

    fn check(&self, algorithm: Algorithm) -> Option<&Check> {
        let mut checks = self.checks.iter();
        checks.find_map(|(one, check)| (*one == algorithm).then_some(check))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({}, {:?})", self.kind, self.kid)
    }
}

fn hmac_check(secret: &[u8], algorithm: Algorithm) -> Result<Check, KeyError> {
    use jsonwebtoken::Algorithm::{HS256, HS384, HS512};
    let (known_as, wants) = match algorithm {
        Algorithm::Hs256 => (HS256, 32),
        Algorithm::Hs384 => (HS384, 48),
        Algorithm::Hs512 => (HS512, 64),
        _ => {
            let key = "a secret";
            return Err(KeyError::Mismatch { algorithm, key });
        }
    };
    if secret.len() < wants {
        return Err(KeyError::Short {
            algorithm,
            has: secret.len(),
            wants,
        });
    }
    Ok(Check::Secret {
        key: DecodingKey::from_secret(secret),
        algorithm: known_as,
    })
}
