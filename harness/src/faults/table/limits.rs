//! Limits: how many requests (RFC 6585 §4), how large.

use std::net::Ipv4Addr;

use crate::faults::message::Response;
use crate::faults::{Defect, Fault, Seen};

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "no-retry-after",
        about: "doesn't say when to come back",
        told_by: &[
            "ORDERS-005",
            "RATE-002",
            "RATE-006",
            "RATE-007",
            "RATE-020",
            "RATE-060",
            "RATE-080",
        ],
        defect: Defect::Outward(|seen, response| {
            if limits(seen, response) {
                response.fields.remove("Retry-After");
            }
        }),
    },
    Fault {
        name: "retry-after-lies",
        about: "asks to come back in a second, whenever there is room",
        told_by: &["RATE-007"],
        defect: Defect::Outward(|seen, response| {
            if limits(seen, response) {
                response.fields.change("Retry-After", |_| "1".to_owned());
            }
        }),
    },
    Fault {
        name: "retry-after-zero",
        about: "asks to come back at once",
        told_by: &[
            "ORDERS-005",
            "RATE-002",
            "RATE-006",
            "RATE-007",
            "RATE-020",
            "RATE-060",
            "RATE-080",
        ],
        defect: Defect::Outward(|seen, response| {
            if limits(seen, response) {
                response.fields.change("Retry-After", |_| "0".to_owned());
            }
        }),
    },
    Fault {
        name: "limit-one-too-many",
        about: "lets one request more in than the limit",
        told_by: &[
            "CORS-041",
            "JWT-106",
            "ORDERS-005",
            "ORDERS-006",
            "PARTNER-003",
            "RATE-001",
            "RATE-003",
            "RATE-004",
            "RATE-007",
            "RATE-020",
            "RATE-022",
            "RATE-023",
            "RATE-040",
            "RATE-041",
            "RATE-042",
            "RATE-043",
            "RATE-044",
            "RATE-045",
            "RATE-046",
            "RATE-060",
            "RATE-061",
            "RATE-062",
            "RATE-065",
            "RATE-067",
            "RATE-068",
            "RATE-080",
            "RATE-082",
            "RATE-083",
        ],
        defect: Defect::Admits(|seen, response| {
            limits(seen, response) && seen.first(&format!("past {}", limited(seen)))
        }),
    },
    Fault {
        name: "limit-one-too-few",
        about: "refuses the last request within the limit",
        told_by: &[
            "CORS-007",
            "CORS-041",
            "CORS-043",
            "JWT-106",
            "ORDERS-005",
            "ORDERS-006",
            "PARTNER-003",
            "RATE-001",
            "RATE-002",
            "RATE-003",
            "RATE-004",
            "RATE-006",
            "RATE-007",
            "RATE-020",
            "RATE-023",
            "RATE-040",
            "RATE-041",
            "RATE-042",
            "RATE-043",
            "RATE-044",
            "RATE-045",
            "RATE-046",
            "RATE-060",
            "RATE-061",
            "RATE-068",
            "RATE-080",
            "RATE-081",
            "RATE-082",
            "RATE-083",
        ],
        defect: Defect::Outward(|_, response| {
            let last = response.fields.says("RateLimit", "r=0;");
            if response.status == 200 && last {
                response.set_status(429);
            }
        }),
    },
    Fault {
        name: "limit-answers-503",
        about: "answers 503 past the limit",
        told_by: &[
            "CORS-041",
            "JWT-106",
            "ORDERS-005",
            "ORDERS-006",
            "PARTNER-003",
            "RATE-001",
            "RATE-002",
            "RATE-004",
            "RATE-006",
            "RATE-007",
            "RATE-020",
            "RATE-022",
            "RATE-040",
            "RATE-042",
            "RATE-043",
            "RATE-044",
            "RATE-045",
            "RATE-046",
            "RATE-060",
            "RATE-061",
            "RATE-062",
            "RATE-065",
            "RATE-067",
            "RATE-068",
            "RATE-080",
            "RATE-082",
            "RATE-083",
        ],
        defect: Defect::Outward(|seen, response| {
            if limits(seen, response) {
                response.set_status(503);
            }
        }),
    },
    Fault {
        name: "forwards-past-limit",
        about: "calls the upstream although the limit is reached",
        told_by: &[
            "CORS-041",
            "JWT-106",
            "ORDERS-005",
            "PARTNER-003",
            "RATE-001",
            "RATE-003",
            "RATE-007",
            "RATE-020",
            "RATE-023",
            "RATE-040",
            "RATE-042",
            "RATE-044",
            "RATE-045",
            "RATE-046",
            "RATE-061",
            "RATE-062",
            "RATE-065",
            "RATE-080",
            "RATE-083",
        ],
        defect: Defect::Betrays(limits),
    },
    Fault {
        name: "limits-by-claimed-address",
        about: "counts by the address that a client claims to have",
        told_by: &["RATE-046", "UP-060", "UP-061"],
        defect: Defect::Disguises(|request| {
            let claimed = request.fields.first("X-Forwarded-For")?;
            let sum = claimed.bytes().map(u32::from).sum::<u32>();
            let [_, _, high, low] = sum.to_be_bytes();
            Some(Ipv4Addr::new(127, 99, high, low.clamp(1, 254)))
        }),
    },
    Fault {
        name: "counts-another-too-many",
        about: "tells one request more than is left",
        told_by: &["RATE-021", "RATE-022", "RATE-090", "RATE-091", "RATE-094"],
        defect: Defect::Outward(|_, response| {
            response.fields.change("RateLimit", |value| {
                let Some((before, rest)) = value.split_once("r=") else {
                    return value.to_owned();
                };
                let digits = rest.chars().take_while(char::is_ascii_digit).count();
                let left = rest[..digits].parse::<u64>().unwrap_or_default() + 1;
                format!("{before}r={left}{}", &rest[digits..])
            });
        }),
    },
    Fault {
        name: "tells-wrong-window",
        about: "tells a window in minutes instead of seconds",
        told_by: &[
            "CORS-043", "RATE-022", "RATE-066", "RATE-090", "RATE-091", "RATE-093", "RATE-094",
        ],
        defect: Defect::Outward(|_, response| {
            response
                .fields
                .change("RateLimit-Policy", |value| value.replace("w=60", "w=1"));
        }),
    },
    Fault {
        name: "forgets-quota",
        about: "doesn't tell what is left of the quota",
        told_by: &[
            "CORS-043", "RATE-021", "RATE-022", "RATE-066", "RATE-090", "RATE-091", "RATE-093",
            "RATE-094",
        ],
        defect: Defect::Outward(|_, response| {
            response.fields.remove("RateLimit");
            response.fields.remove("RateLimit-Policy");
        }),
    },
    Fault {
        name: "too-large-answers-400",
        about: "answers 400 where a body is too large",
        told_by: &[
            "CORS-042",
            "LIMIT-002",
            "LIMIT-004",
            "LIMIT-005",
            "LIMIT-006",
            "LIMIT-007",
        ],
        defect: Defect::Outward(|_, response| {
            if response.status == 413 {
                response.set_status(400);
            }
        }),
    },
    Fault {
        name: "forwards-too-large",
        about: "calls the upstream although the body is too large",
        told_by: &[
            "CORS-042",
            "LIMIT-002",
            "LIMIT-005",
            "LIMIT-006",
            "LIMIT-007",
        ],
        defect: Defect::Betrays(|_, response| response.status == 413),
    },
    Fault {
        name: "asks-for-what-it-refuses",
        about: "sends 100 Continue before it refuses the body",
        told_by: &["LIMIT-005"],
        defect: Defect::Encourages,
    },
    Fault {
        name: "large-heads-answer-400",
        about: "answers 400 where a head or a target is too long",
        told_by: &["JWT-028", "LIMIT-060", "LIMIT-061", "LIMIT-062"],
        defect: Defect::Outward(|_, response| {
            if matches!(response.status, 414 | 431) {
                response.set_status(400);
            }
        }),
    },
];

fn limits(seen: &Seen, response: &Response) -> bool {
    response.status == 429 && seen.own_answer()
}

/// What a limit may count by.
fn limited(seen: &Seen) -> String {
    let fields = seen.asked.fields.iter();
    let named = fields.filter(|(name, _)| name.ends_with("Key") || name.starts_with("X-"));
    let named: Vec<&str> = named.map(|(_, value)| value).collect();
    format!("{} {} {}", seen.client, seen.asked.path(), named.join(" "))
}
