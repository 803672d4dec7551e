//! What `cargo xtask bench` sends and checks with: keys, tokens (RFC 7519) that they sign, a certificate for TLS.
//!
//! `mint-tokens mint DIRECTORY COUNT` writes, for RS256 (a key of 2,048 bits) and ES256: `ALG.pem`, the public key;
//! `ALG.jwks`, the same as a JWK set (RFC 7517); `ALG.txt`, COUNT tokens, one a line, all different and valid for a day.
//! Beside them `unknown-kids.txt`, COUNT tokens that name keys which nobody has, and `server.pem` with `server.key`.
//!
//! `mint-tokens check DIRECTORY` says how long the bare check of such a token's signature takes, by the same library
//! that the gateway uses.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail, ensure};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::crypto::verify;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

const ISSUER: &str = "https://auth.example.com/";
const AUDIENCE: &str = "https://api.example.com";
const DAY: u64 = 24 * 60 * 60;

/// Checks that are timed at once, and how often: the median passes over moments at which other programs had the core.
const BATCH: usize = 20;
const BATCHES: usize = 401;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["mint", directory, count] => mint(
            Path::new(directory),
            count.parse().context("COUNT is a number")?,
        ),
        ["check", directory] => check(Path::new(directory)),
        _ => bail!("usage: mint-tokens mint DIRECTORY COUNT | mint-tokens check DIRECTORY"),
    }
}

fn mint(directory: &Path, count: usize) -> Result<()> {
    fs::create_dir_all(directory)?;
    for signer in [Signer::rsa()?, Signer::ec()?] {
        let name = signer.algorithm();
        let write = |ending: &str, text: String| {
            fs::write(directory.join(format!("{name}.{ending}")), text)
        };
        let spki = signer.public_key()?;
        write("pem", pem(spki.as_ref()))?;
        write("jwks", json!({"keys": [signer.jwk()?]}).to_string())?;
        write("txt", tokens(&signer, count)?.join("\n") + "\n")?;
    }
    let unknown = (0..count).map(unknown_kid).collect::<Result<Vec<_>>>()?;
    fs::write(directory.join("unknown-kids.txt"), unknown.join("\n"))?;
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    fs::write(directory.join("server.pem"), certified.cert.pem())?;
    fs::write(
        directory.join("server.key"),
        certified.signing_key.serialize_pem(),
    )?;
    Ok(())
}

/// One algorithm's key pair.
enum Signer {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl Signer {
    fn rsa() -> Result<Self> {
        Ok(Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048)?))
    }

    fn ec() -> Result<Self> {
        Ok(Self::Ec(EcdsaKeyPair::generate(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
        )?))
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
        }
    }

    fn public_key(&self) -> Result<PublicKeyX509Der<'_>> {
        Ok(match self {
            Self::Rsa(key) => key.public_key().as_der()?,
            Self::Ec(key) => key.public_key().as_der()?,
        })
    }

    fn jwk(&self) -> Result<Value> {
        let spki = self.public_key()?;
        let (_, spki) = SubjectPublicKeyInfo::from_der(spki.as_ref())?;
        let mut jwk = match spki.parsed()? {
            PublicKey::RSA(key) => {
                let (n, e) = (trimmed(key.modulus), trimmed(key.exponent));
                json!({"kty": "RSA", "n": text(n), "e": text(e)})
            }
            PublicKey::EC(point) => {
                let (x, y) = point.data()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})
            }
            _ => bail!("a key of another kind"),
        };
        jwk["kid"] = self.algorithm().into();
        jwk["alg"] = self.algorithm().into();
        jwk["use"] = "sig".into();
        Ok(jwk)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        Ok(match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                signature
            }
            Self::Ec(key) => key.sign(&random, message)?.as_ref().to_vec(),
        })
    }
}

fn tokens(signer: &Signer, count: usize) -> Result<Vec<String>> {
    let workers = thread::available_parallelism()?.get();
    let share = |worker: usize| (worker..count).step_by(workers);
    thread::scope(|scope| {
        let running: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    share(worker)
                        .map(|number| token(signer, number))
                        .collect::<Result<Vec<_>>>()
                })
            })
            .collect();
        let mut all = Vec::with_capacity(count);
        for worker in running {
            let part = worker.join().map_err(|_| anyhow!("a worker panicked"))?;
            all.extend(part?);
        }
        Ok(all)
    })
}

fn token(signer: &Signer, number: usize) -> Result<String> {
    let algorithm = signer.algorithm();
    let header = json!({"alg": algorithm, "typ": "JWT", "kid": algorithm});
    let signed = format!(
        "{}.{}",
        text(header.to_string()),
        text(claims(number)?.to_string())
    );
    let signature = text(signer.sign(signed.as_bytes())?);
    Ok(format!("{signed}.{signature}"))
}

/// A token that names a key of its own; nobody gets so far as to look at its signature.
fn unknown_kid(number: usize) -> Result<String> {
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": format!("unknown-{number}")});
    let (header, claims) = (text(header.to_string()), text(claims(number)?.to_string()));
    Ok(format!("{header}.{claims}.{}", text([0; 256])))
}

/// What access tokens usually say.
fn claims(number: usize) -> Result<Value> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(json!({
        "iss": ISSUER,
        "sub": format!("user-{number:06}"),
        "aud": AUDIENCE,
        "iat": now,
        "nbf": now,
        "exp": now + DAY,
        "jti": format!("3b1f7c0a-5d2e-4a53-9c1d-{number:012}"),
        "client_id": "mobile-app",
        "scope": "orders:read orders:write profile",
    }))
}

fn check(directory: &Path) -> Result<()> {
    type Read = fn(&[u8]) -> jsonwebtoken::errors::Result<DecodingKey>;
    let algorithms: [(&str, Algorithm, Read); 2] = [
        ("RS256", Algorithm::RS256, DecodingKey::from_rsa_pem),
        ("ES256", Algorithm::ES256, DecodingKey::from_ec_pem),
    ];
    for (name, algorithm, read) in algorithms {
        let key = read(&fs::read(directory.join(format!("{name}.pem")))?)?;
        let text = fs::read_to_string(directory.join(format!("{name}.txt")))?;
        let tokens = text.lines().take(1000);
        let parts = tokens.map(|token| token.rsplit_once('.').context("a token without parts"));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        println!("{name} {}", nanoseconds(&key, algorithm, &parts)?);
    }
    Ok(())
}

/// Nanoseconds for one check by jsonwebtoken, as the median of the batches has it.
fn nanoseconds(key: &DecodingKey, algorithm: Algorithm, tokens: &[(&str, &str)]) -> Result<u128> {
    let mut times = Vec::with_capacity(BATCHES);
    let mut turns = tokens.iter().cycle();
    for _ in 0..BATCHES {
        let began = Instant::now();
        for (signed, signature) in turns.by_ref().take(BATCH) {
            let holds = verify(signature, signed.as_bytes(), key, algorithm)?;
            ensure!(holds, "a token that was minted does not hold");
        }
        times.push(began.elapsed().as_nanos() / BATCH as u128);
    }
    times.sort_unstable();
    Ok(times[BATCHES / 2])
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A number without the zero that DER puts before a high bit.
fn trimmed(number: &[u8]) -> &[u8] {
    number.strip_prefix(&[0]).unwrap_or(number)
}

fn pem(spki: &[u8]) -> String {
    let text = STANDARD.encode(spki);
    let mut lines = vec!["-----BEGIN PUBLIC KEY-----"];
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(64));
        lines.push(line);
        rest = behind;
    }
    lines.push("-----END PUBLIC KEY-----\n");
    lines.join("\n")
}
