//! Makes a wrong token (RFC 7519) out of a good one, which takes no key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::checks::suite::Tamper;

/// The token has not the form of a signed JSON Web Token (RFC 7515 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token to be changed is no JSON Web Token with a signature")]
pub(super) struct NoToken;

pub(super) fn tampered(token: &str, tamper: Tamper) -> Result<String, NoToken> {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(NoToken);
    };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| NoToken);
    let object = |part: &str| -> Result<serde_json::Map<String, Value>, NoToken> {
        serde_json::from_slice(&decode(part)?).map_err(|_| NoToken)
    };
    let encode = |object: serde_json::Map<String, Value>| {
        URL_SAFE_NO_PAD.encode(Value::Object(object).to_string())
    };
    let mut signed = decode(signature)?;
    let (mut header_now, mut claims_now) = (object(header)?, object(claims)?);
    let first = signed.first_mut().ok_or(NoToken)?;
    Ok(match tamper {
        Tamper::AlgNone => {
            header_now.insert("alg".to_owned(), "none".into());
            header_now.shift_remove("kid");
            format!("{}.{claims}.", encode(header_now))
        }
        Tamper::Signature => {
            *first ^= 1;
            format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signed))
        }
        Tamper::Claims => {
            claims_now.insert("gatecheck".to_owned(), "changed".into());
            format!("{header}.{}.{signature}", encode(claims_now))
        }
        Tamper::Cut => format!("{header}.{claims}"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use serde_json::json;

    use super::*;
    use crate::fixtures::tokens::{Algorithm, Issuer};

    fn good() -> String {
        let issuer = Issuer::new("https://auth.example", "api");
        issuer
            .draft(Algorithm::ES256)
            .claim("sub", json!("ann"))
            .sign()
    }

    #[test]
    fn each_kind_changes_what_it_says_and_nothing_else() {
        let good = good();
        let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else {
            panic!("{good}")
        };
        let none = tampered(&good, Tamper::AlgNone).unwrap();
        let start = none.split('.').next().unwrap();
        let read: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(start).unwrap()).unwrap();
        assert_eq!(read["alg"], "none");
        assert!(none.ends_with(&format!(".{claims}.")));
        assert_eq!(
            tampered(&good, Tamper::Cut).unwrap(),
            format!("{header}.{claims}")
        );
        let other = tampered(&good, Tamper::Signature).unwrap();
        assert!(other.starts_with(&format!("{header}.{claims}.")) && !other.ends_with(signature));
        let other = tampered(&good, Tamper::Claims).unwrap();
        assert!(other.ends_with(&format!(".{signature}")) && !other.contains(claims));
    }

    #[test]
    fn what_is_no_token_is_told() {
        for text in ["", "opaque", "a.b", "a.b.c", "a.b.c.d"] {
            assert_eq!(tampered(text, Tamper::Claims), Err(NoToken), "{text}");
        }
    }
}
