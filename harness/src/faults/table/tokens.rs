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
        told_by: &[
            "COMBINE-019",
            "COMBINE-022",
            "EX-062",
            "GUARD-006",
            "JWT-003",
            "JWT-020",
            "JWT-021",
            "JWT-040",
            "JWT-061",
            "JWT-066",
            "JWT-067",
            "JWT-069",
            "JWT-183",
        ],
        defect: Defect::Admits(|seen, response| {
            refuses_token(seen, response) && claim(seen, "exp").is_some_and(|end| end < now())
        }),
    },
    Fault {
        name: "admits-early-tokens",
        about: "lets tokens in that don't hold yet",
        told_by: &["EX-062", "JWT-020", "JWT-041", "JWT-183"],
        defect: Defect::Admits(|seen, response| {
            refuses_token(seen, response) && claim(seen, "nbf").is_some_and(|begin| begin > now())
        }),
    },
    Fault {
        name: "admits-unsigned-tokens",
        about: "lets tokens in whose algorithm is none",
        told_by: &[
            "EX-062",
            "GUARD-006",
            "JWT-016",
            "JWT-020",
            "JWT-022",
            "JWT-183",
        ],
        defect: Defect::Admits(|seen, response| {
            let header = part(seen, 0).unwrap_or_default();
            let algorithm = header["alg"].as_str().unwrap_or_default().to_lowercase();
            refuses_token(seen, response) && algorithm == "none"
        }),
    },
    Fault {
        name: "forwards-unauthorized",
        about: "calls the upstream although no token came",
        told_by: &["EX-061", "EX-065", "GUARD-001"],
        defect: Defect::Betrays(|seen, response| {
            let bare = !seen.asked.fields.has("Authorization");
            bare && refuses_token(seen, response) && is_users(seen)
        }),
    },
    Fault {
        name: "blames-the-token",
        about: "answers 401 where it can't check a token",
        told_by: &[
            "COMBINE-016",
            "GUARD-011",
            "INTRO-002",
            "INTRO-037",
            "INTRO-038",
            "INTRO-050",
            "INTRO-051",
            "INTRO-056",
            "JWT-081",
            "JWT-123",
            "JWT-150",
            "JWT-153",
            "JWT-155",
            "JWT-158",
            "JWT-172",
            "JWT-174",
            "JWT-203",
        ],
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
        name: "strips-challenge-for-tokens",
        about: "refuses a token without saying how to come back",
        told_by: &[
            "AUTHZ-022",
            "AUTHZ-026",
            "COMBINE-011",
            "COMBINE-012",
            "COMBINE-013",
            "COMBINE-017",
            "COMBINE-019",
            "COMBINE-021",
            "EX-061",
            "EX-062",
            "EX-065",
            "GUARD-001",
            "GUARD-006",
            "INTRO-003",
            "INTRO-011",
            "INTRO-013",
            "INTRO-016",
            "INTRO-017",
            "INTRO-033",
            "INTRO-034",
            "INTRO-053",
            "JWT-001",
            "JWT-003",
            "JWT-013",
            "JWT-015",
            "JWT-020",
            "JWT-021",
            "JWT-022",
            "JWT-023",
            "JWT-024",
            "JWT-025",
            "JWT-026",
            "JWT-027",
            "JWT-029",
            "JWT-033",
            "JWT-050",
            "JWT-051",
            "JWT-060",
            "JWT-061",
            "JWT-062",
            "JWT-064",
            "JWT-066",
            "JWT-067",
            "JWT-068",
            "JWT-090",
            "JWT-092",
            "JWT-094",
            "JWT-096",
            "JWT-097",
            "JWT-112",
            "JWT-121",
            "JWT-134",
            "JWT-150",
            "JWT-180",
            "JWT-181",
            "JWT-182",
            "JWT-183",
        ],
        defect: Defect::Outward(|_, response| {
            if response.fields.says("WWW-Authenticate", "Bearer") {
                response.fields.remove("WWW-Authenticate");
            }
        }),
    },
    Fault {
        name: "accuses-without-token",
        about: "calls a token invalid that was not there",
        told_by: &[
            "AUTHZ-026",
            "COMBINE-011",
            "COMBINE-017",
            "EX-061",
            "EX-065",
            "GUARD-001",
            "INTRO-003",
            "INTRO-017",
            "INTRO-053",
            "JWT-001",
            "JWT-060",
            "JWT-067",
            "JWT-092",
            "JWT-094",
            "JWT-150",
            "JWT-180",
        ],
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
        told_by: &[
            "AUTHZ-021",
            "AUTHZ-022",
            "COMBINE-013",
            "INTRO-016",
            "INTRO-039",
            "JWT-053",
            "JWT-064",
            "JWT-067",
            "JWT-069",
        ],
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
        told_by: &[
            "AUTHZ-002",
            "AUTHZ-003",
            "AUTHZ-005",
            "AUTHZ-006",
            "AUTHZ-008",
            "AUTHZ-009",
            "AUTHZ-010",
            "AUTHZ-021",
            "AUTHZ-022",
            "AUTHZ-023",
            "AUTHZ-024",
            "AUTHZ-025",
            "AUTHZ-027",
            "AUTHZ-040",
            "AUTHZ-041",
            "COMBINE-013",
            "GUARD-003",
            "GUARD-004",
            "GUARD-005",
            "INTRO-016",
            "INTRO-039",
            "INTRO-054",
            "JWT-053",
            "JWT-064",
            "JWT-067",
            "JWT-069",
            "JWT-200",
        ],
        defect: Defect::Admits(forbids),
    },
    Fault {
        name: "forwards-forbidden",
        about: "calls the upstream although it answers 403",
        told_by: &[
            "AUTHZ-002",
            "AUTHZ-003",
            "AUTHZ-005",
            "AUTHZ-006",
            "AUTHZ-008",
            "AUTHZ-009",
            "AUTHZ-021",
            "AUTHZ-022",
            "AUTHZ-023",
            "AUTHZ-025",
            "AUTHZ-027",
            "COMBINE-013",
            "GUARD-003",
            "GUARD-004",
            "GUARD-005",
            "INTRO-016",
            "INTRO-054",
            "JWT-064",
        ],
        defect: Defect::Betrays(forbids),
    },
    Fault {
        name: "forged-claims-pass",
        about: "believes the client what its token says",
        told_by: &[
            "AUTHZ-027",
            "INTRO-010",
            "INTRO-052",
            "JWT-107",
            "JWT-108",
            "JWT-109",
            "JWT-113",
        ],
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
        told_by: &[
            "AUTHZ-027",
            "GUARD-002",
            "INTRO-010",
            "JWT-002",
            "JWT-102",
            "JWT-107",
            "JWT-110",
        ],
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
