//! The compact form (RFC 7515 §7.1): header, claims and signature in base64url, joined by full stops.

use super::{Fault, Header};
use crate::identity::jwk::strict;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// Bytes of the largest token that is read. Header sections of common servers end at 8 to 32 KiB.
pub const MAX_BYTES: usize = 16 * 1024;

/// A token whose form is sound. What it says is not proven.
#[derive(Debug)]
pub struct Unverified<'a> {
    /// Its header.
    pub header: Header,
    /// Its claims.
    pub claims: Map<String, Value>,
    /// What was signed: header and claims as they were sent.
    pub signed: &'a [u8],
    /// The signature.
    pub signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// Reads a token.
    ///
    /// # Errors
    /// When the form is not sound: other parts than three, an encoding that is not the canonical one, JSON that is not an
    /// object or has a name twice, a header that asks for what is never accepted.
    pub fn parse(token: &'a [u8]) -> Result<Self, Fault> {
        if token.len() > MAX_BYTES {
            return Err(Fault::TooLarge);
        }
        let mut parts = token.split(|byte| *byte == b'.');
        let (Some(header), Some(claims), Some(signature), rest) =
            (parts.next(), parts.next(), parts.next(), parts.count())
        else {
            return Err(Fault::Form);
        };
        match rest {
            0 => {}
            2 => return Err(Fault::Encrypted),
            _ => return Err(Fault::Form),
        }
        let signed = &token[..header.len() + 1 + claims.len()];
        let header = Header::read(&decode(header)?)?;
        let claims = strict::parse(&decode(claims)?).map_err(|_| Fault::Claims)?;
        let Value::Object(claims) = claims else {
            return Err(Fault::Claims);
        };
        Ok(Self {
            header,
            claims,
            signed,
            signature: decode(signature)?,
        })
    }

    /// Who says to have issued it.
    ///
    /// # Errors
    /// Where it does not say so in a text.
    pub fn issuer(&self) -> Result<&str, Fault> {
        let issuer = self.claims.get("iss").and_then(Value::as_str);
        issuer.ok_or(Fault::Issuer)
    }
}

/// The engine refuses padding, other alphabets, and bits behind the last byte that are not zero: one text for one value.
fn decode(part: &[u8]) -> Result<Vec<u8>, Fault> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Fault::Form)
}
