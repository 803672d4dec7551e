//! Tokens and what they allow (RFC 6750, RFC 7519).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::faults::message::Response;
use crate::faults::{Defect, Fault, Seen};
use crate::plan::seconds;

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "admits-expired-tokens",
        about: "lets tokens in that have ended",
        told_by: &[],
        defect: Defect::Admits(|seen, response| {
            refuses_token(seen, response) && claim(seen, "exp").is_some_and(|end| end < now())
        }),
    },
    Fault {
        name: "admits-early-tokens",
        about: "lets tokens in that don't hold yet",
        told_by: &[],
        defect: Defect::Admits(|seen, response| {
            refuses_token(seen, response) && claim(seen, "nbf").is_some_and(|begin| begin > now())
        }),
    },
    Fault {
        name: "admits-unsigned-tokens",
        about: "lets tokens in whose algorithm is none",
        told_by: &[],
        defect: Defect::Admits(|seen, response| {
            let header = part(seen, 0).unwrap_or_default();
            let algorithm = header["alg"].as_str().unwrap_or_default().to_lowercase();
            refuses_token(seen, response) && algorithm == "none"
        }),
    },
    Fault {
        name: "forwards-unauthorized",
        about: "calls the upstream although no token came",
        told_by: &[],
        defect: Defect::Betrays(|seen, response| {
            let bare = !seen.asked.fields.has("Authorization");
            bare && refuses_token(seen, response) && is_users(seen)
        }),
    },
    Fault {
        name: "blames-the-token",
        about: "answers 401 where it can't check a token",
        told_by: &[],
        defect: Defect::Outward(|seen, response| {
            if response.status == 503 && seen.own_answer() {
                response.set_status(401);
                response
                    .fields
                    .set("WWW-Authenticate", "Bearer error=\"invalid_token\"");
            }
        }),
    },
    Fault {
        name: "accuses-without-token",
        about: "calls a token invalid that was not there",
        told_by: &[],
        defect: Defect::Outward(|seen, response| {
            if !seen.asked.fields.has("Authorization") {
                response.fields.change("WWW-Authenticate", |challenge| {
                    match challenge.starts_with("Bearer") && !challenge.contains("error=") {
                        true => format!("{challenge}, error=\"invalid_token\""),
                        false => challenge.to_owned(),
                    }
                });
            }
        }),
    },
    Fault {
        name: "asks-instead-of-forbidding",
        about: "answers 401 where a scope is not enough",
        told_by: &[],
        defect: Defect::Outward(|_, response| {
            if response
                .fields
                .says("WWW-Authenticate", "insufficient_scope")
            {
                response.set_status(401);
            }
        }),
    },
    Fault {
        name: "ignores-roles",
        about: "lets callers do what they have no right to",
        told_by: &[],
        defect: Defect::Admits(forbids),
    },
    Fault {
        name: "forwards-forbidden",
        about: "calls the upstream although it answers 403",
        told_by: &[],
        defect: Defect::Betrays(forbids),
    },
    Fault {
        name: "forged-claims-pass",
        about: "believes the client what its token says",
        told_by: &[],
        defect: Defect::Onward(|seen, request| {
            let claims = seen.asked.fields.iter();
            for (name, value) in claims.filter(|(name, _)| name.starts_with("X-User-")) {
                request.fields.set(name, value);
            }
        }),
    },
    Fault {
        name: "forgets-claims",
        about: "doesn't tell the upstream what the token says",
        told_by: &[],
        defect: Defect::Onward(|_, request| {
            request
                .fields
                .remove_where(|name| name.to_lowercase().starts_with("x-user-"));
        }),
    },
];

/// Whether the service of the exercise about users is asked for: a part of the suite stands for all of it.
fn is_users(seen: &Seen) -> bool {
    seen.asked.target.starts_with("/api/v1/")
}

fn refuses_token(seen: &Seen, response: &Response) -> bool {
    response.status == 401
        && response.fields.says("WWW-Authenticate", "Bearer")
        && seen.own_answer()
}

fn forbids(seen: &Seen, response: &Response) -> bool {
    response.status == 403 && seen.own_answer()
}

fn now() -> i64 {
    i64::try_from(seconds()).unwrap_or(i64::MAX)
}

/// A part of the signed token that the client sent: header or claims.
fn part(seen: &Seen, index: usize) -> Option<Value> {
    let (_, token) = seen.asked.fields.first("Authorization")?.split_once(' ')?;
    let part = token.trim().split('.').nth(index)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn claim(seen: &Seen, name: &str) -> Option<i64> {
    let claims = part(seen, 1)?;
    let value = claims.get(name)?;
    value.as_i64().or_else(|| Some(value.as_f64()? as i64))
}
