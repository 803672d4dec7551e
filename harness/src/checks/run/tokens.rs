//! Tokens (RFC 7519) that have to be refused: made out of a good one, which takes no key, or provided, and then looked at,
//! lest they be refused for something else than what the check is about.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::checks::suite::{Must, Tamper};

/// The token has not the form of a signed JSON Web Token (RFC 7515 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token to be changed is no JSON Web Token with a signature")]
pub(super) struct NoToken;

/// A token is not what its check needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("the token is no JSON Web Token, so nobody can say why it is refused")]
    NoToken,
    #[error("the token has no `exp`, or none that is a time")]
    NoEnd,
    #[error("the token has not ended, so it says nothing of tokens that have")]
    NotEnded,
    #[error(
        "the token has ended, and is refused for that; provide one that is good for another audience"
    )]
    Ended,
    #[error("the token is for {0:?}, so it is right to take it")]
    For(String),
}

/// Whether a token is wrong in the way that a check is about.
pub(super) fn check(token: &str, must: &Must, now: jiff::Timestamp) -> Result<(), Unfit> {
    let claims = token.split('.').nth(1).ok_or(Unfit::NoToken)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| Unfit::NoToken)?;
    let claims: Value = serde_json::from_slice(&claims).map_err(|_| Unfit::NoToken)?;
    let end = claims
        .get("exp")
        .and_then(Value::as_f64)
        .ok_or(Unfit::NoEnd)?;
    let ended = end <= now.as_second() as f64;
    match must {
        Must::HaveEnded if !ended => Err(Unfit::NotEnded),
        Must::HaveEnded => Ok(()),
        Must::NotBeFor(_) if ended => Err(Unfit::Ended),
        Must::NotBeFor(audiences) => {
            let has = |audience: &&String| match claims.get("aud") {
                Some(Value::Array(list)) => list.iter().any(|one| one == audience.as_str()),
                Some(one) => one == audience.as_str(),
                None => false,
            };
            let found = audiences.iter().find(has);
            found.map_or(Ok(()), |audience| Err(Unfit::For(audience.clone())))
        }
    }
}

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
    fn a_token_that_is_provided_is_wrong_in_the_way_that_was_asked_for() {
        let issuer = Issuer::new("https://auth.example", "api");
        let draft = || issuer.draft(Algorithm::ES256);
        let (good, ended) = (draft().sign(), draft().mint("expired").unwrap());
        let other = draft().mint("wrong-audience").unwrap();
        let now = jiff::Timestamp::now();
        let not_for = |audience: &str| Must::NotBeFor(vec!["else".to_owned(), audience.to_owned()]);
        assert_eq!(check(&ended, &Must::HaveEnded, now), Ok(()));
        assert_eq!(check(&good, &Must::HaveEnded, now), Err(Unfit::NotEnded));
        assert_eq!(check(&other, &not_for("api"), now), Ok(()));
        assert_eq!(
            check(&good, &not_for("api"), now),
            Err(Unfit::For("api".to_owned()))
        );
        assert_eq!(check(&ended, &not_for("other"), now), Err(Unfit::Ended));
        assert_eq!(check("opaque", &Must::HaveEnded, now), Err(Unfit::NoToken));
    }

    #[test]
    fn what_is_no_token_is_told() {
        for text in ["", "opaque", "a.b", "a.b.c", "a.b.c.d"] {
            assert_eq!(tampered(text, Tamper::Claims), Err(NoToken), "{text}");
        }
    }
}
