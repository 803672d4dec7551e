//! Public keys as numbers and points (RFC 7518 §6.2, §6.3; RFC 8037 §2), however they were written down.

use super::Algorithm;
use super::key::{Check, KeyError};
use aws_lc_rs::signature::{
    self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use sha2::{Digest as _, Sha256};

/// Bits of an RSA modulus that are accepted (RFC 7518 §3.3; the upper bound is what the library checks).
const MODULUS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Bits of an RSA exponent that the library checks signatures with.
const EXPONENT_BITS: usize = 33;

/// A public key.
pub(super) enum Public {
    /// Modulus and exponent, big-endian without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// A point on a curve, each coordinate as long as the field.
    Ec {
        curve: Curve,
        x: Vec<u8>,
        y: Vec<u8>,
    },
    /// A point on Ed25519.
    Ed25519(Vec<u8>),
}

/// The curves of ECDSA.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::P256, Self::P384, Self::P521];
        all.into_iter().find(|curve| curve.name() == name)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Bytes of a coordinate.
    pub const fn length(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl Public {
    /// An RSA key. Leading zeros, which some writers put before the modulus, don't count.
    pub fn rsa(n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        let (n, e) = (trimmed(n), trimmed(e));
        if !MODULUS.contains(&bits(n)) {
            return Err(KeyError::Modulus(bits(n)));
        }
        let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
        if !odd(n) || !odd(e) || e == [1] || bits(e) > EXPONENT_BITS {
            return Err(KeyError::Exponent);
        }
        let (n, e) = (n.to_vec(), e.to_vec());
        Ok(Self::Rsa { n, e })
    }

    /// A key on one of the curves of ECDSA; whether the point is on it is found out when it is made.
    pub fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        if x.len() != curve.length() || y.len() != curve.length() {
            return Err(KeyError::Point(curve.name()));
        }
        let (x, y) = (x.to_vec(), y.to_vec());
        Ok(Self::Ec { curve, x, y })
    }

    /// A key on Ed25519.
    pub fn ed25519(x: &[u8]) -> Result<Self, KeyError> {
        match x.len() {
            32 => Ok(Self::Ed25519(x.to_vec())),
            _ => Err(KeyError::Point("Ed25519")),
        }
    }

    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "RSA",
            Self::Ec { curve, .. } => match curve {
                Curve::P256 => "EC P-256",
                Curve::P384 => "EC P-384",
                Curve::P521 => "EC P-521",
            },
            Self::Ed25519(_) => "OKP Ed25519",
        }
    }

    /// Those that go with the key. A curve goes with one (RFC 7518 §3.4).
    pub const fn algorithms(&self) -> &'static [Algorithm] {
        match self {
            Self::Rsa { .. } => &Algorithm::RSA,
            Self::Ec { curve, .. } => match curve {
                Curve::P256 => &[Algorithm::Es256],
                Curve::P384 => &[Algorithm::Es384],
                Curve::P521 => &[Algorithm::Es512],
            },
            Self::Ed25519(_) => &[Algorithm::EdDsa],
        }
    }

    /// The key made ready for one of its algorithms.
    pub fn check(&self, algorithm: Algorithm) -> Result<Check, KeyError> {
        // Parsed once, so that no key is taken that no signature could be checked with.
        let (key, length) = match self {
            Self::Rsa { n, e } => {
                let parts = RsaPublicKeyComponents { n, e };
                let parsed = parts.to_parsed_public_key(rsa_parameters(algorithm));
                parsed.map_err(|_| KeyError::Exponent)?;
                (DecodingKey::from_rsa_raw_components(n, e), n.len())
            }
            Self::Ec { curve, x, y } => {
                let point = [&[4], &**x, &**y].concat();
                let parsed = ParsedPublicKey::new(ecdsa_parameters(*curve), &point);
                let parsed = parsed.map_err(|_| KeyError::Point(curve.name()))?;
                if algorithm == Algorithm::Es512 {
                    return Ok(Check::P521(parsed));
                }
                (DecodingKey::from_ec_der(&point), 2 * curve.length())
            }
            Self::Ed25519(x) => {
                let parsed = ParsedPublicKey::new(&signature::ED25519, x);
                parsed.map_err(|_| KeyError::Point("Ed25519"))?;
                (DecodingKey::from_ed_der(x), 64)
            }
        };
        let known_as = algorithm.name().parse();
        let algorithm =
            known_as.expect("jsonwebtoken knows every algorithm of public keys but ES512");
        Ok(Check::Public {
            key,
            algorithm,
            length,
        })
    }

    /// RFC 7638 §3 with SHA-256: the required members alone, in the order of their names.
    pub fn thumbprint(&self) -> [u8; 32] {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let members = match self {
            Self::Rsa { n, e } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text(e), text(n))
            }
            Self::Ec { curve, x, y } => {
                let (crv, x, y) = (curve.name(), text(x), text(y));
                format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Self::Ed25519(x) => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text(x))
            }
        };
        Sha256::digest(members).into()
    }
}

fn rsa_parameters(algorithm: Algorithm) -> &'static RsaParameters {
    match algorithm {
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        // The caller asks for algorithms of RSA keys only.
        _ => &signature::RSA_PKCS1_2048_8192_SHA256,
    }
}

fn ecdsa_parameters(curve: Curve) -> &'static dyn VerificationAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED,
        Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED,
    }
}

fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// Bits of a number without leading zeros.
fn bits(number: &[u8]) -> usize {
    number
        .first()
        .map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}
