//! Tokens that only their holder may use: `cnf` (RFC 7800), of which the thumbprint of a client's certificate is known
//! (RFC 8705 §3.1).

use super::Fault;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

/// The SHA-256 digest of a certificate's DER.
pub(in crate::identity) type Thumbprint = [u8; 32];

/// The certificate that the claims are bound to, if they are bound at all. What is asked for besides is never ignored:
/// that would turn a bound token into a bearer's.
pub(in crate::identity) fn bound_to(
    claims: &Map<String, Value>,
) -> Result<Option<Thumbprint>, Fault> {
    let members = match claims.get("cnf") {
        None => return Ok(None),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(Fault::Confirmation),
    };
    let thumbprint = match members.get("x5t#S256") {
        Some(Value::String(text)) if members.len() == 1 => text,
        _ => return Err(Fault::Confirmation),
    };
    let decoded = URL_SAFE_NO_PAD.decode(thumbprint).ok();
    let thumbprint = decoded.and_then(|bytes| bytes.try_into().ok());
    thumbprint.map(Some).ok_or(Fault::Confirmation)
}

/// Whether the connection's certificate is the one.
pub(in crate::identity) fn holds(
    bound: Option<&Thumbprint>,
    certificate: Option<&Thumbprint>,
) -> Result<(), Fault> {
    match (bound, certificate) {
        (None, _) => Ok(()),
        (Some(bound), Some(found)) if bool::from(bound.ct_eq(found)) => Ok(()),
        _ => Err(Fault::Bound),
    }
}
