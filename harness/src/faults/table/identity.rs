//! API keys, passwords, and what upstreams are told of callers.

use crate::faults::message::{Request, Response};
use crate::faults::{Defect, Fault, Seen};

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "forbids-instead-of-asking",
        about: "answers 403 where a key is missing or wrong",
        told_by: &[
            "AUTHZ-004",
            "COMBINE-001",
            "COMBINE-003",
            "COMBINE-004",
            "COMBINE-007",
            "COMBINE-011",
            "COMBINE-012",
            "COMBINE-015",
            "COMBINE-017",
            "COMBINE-018",
            "COMBINE-020",
            "CORS-024",
            "CORS-028",
            "CORS-029",
            "ERR-002",
            "ERR-004",
            "JWT-200",
            "KEY-001",
            "KEY-002",
            "KEY-004",
            "KEY-006",
            "KEY-007",
            "KEY-009",
            "KEY-010",
            "KEY-012",
            "KEY-020",
            "KEY-022",
            "KEY-023",
            "KEY-030",
            "KEY-031",
            "KEY-040",
            "ORDERS-001",
            "ORDERS-002",
            "RATE-005",
            "ROUTE-095",
        ],
        defect: Defect::Outward(|seen, response| {
            if wants_key(seen, response) {
                response.set_status(403);
            }
        }),
    },
    Fault {
        name: "strips-challenge-for-keys",
        about: "refuses a key without saying how to come back",
        told_by: &[
            "AUTHZ-004",
            "COMBINE-001",
            "COMBINE-011",
            "COMBINE-012",
            "COMBINE-017",
            "COMBINE-020",
            "KEY-001",
            "KEY-002",
            "KEY-007",
            "KEY-009",
            "KEY-040",
            "ORDERS-001",
            "ORDERS-002",
        ],
        defect: Defect::Outward(|seen, response| {
            if wants_key(seen, response) {
                response.fields.remove("WWW-Authenticate");
            }
        }),
    },
    Fault {
        name: "strips-challenge-for-passwords",
        about: "refuses a password without saying how to come back",
        told_by: &[
            "BASIC-001",
            "BASIC-003",
            "BASIC-012",
            "BASIC-013",
            "COMBINE-001",
        ],
        defect: Defect::Outward(|_, response| {
            if response.fields.says("WWW-Authenticate", "Basic") {
                response.fields.remove("WWW-Authenticate");
            }
        }),
    },
    Fault {
        name: "forwards-what-it-refuses",
        about: "calls the upstream although it refuses the key",
        told_by: &[
            "AUTHZ-004",
            "COMBINE-001",
            "COMBINE-003",
            "COMBINE-004",
            "COMBINE-007",
            "COMBINE-011",
            "COMBINE-012",
            "COMBINE-015",
            "COMBINE-017",
            "COMBINE-018",
            "COMBINE-020",
            "CORS-024",
            "ERR-002",
            "JWT-200",
            "KEY-001",
            "KEY-002",
            "KEY-004",
            "KEY-006",
            "KEY-007",
            "KEY-010",
            "KEY-012",
            "KEY-020",
            "KEY-022",
            "KEY-023",
            "KEY-030",
            "KEY-031",
            "KEY-040",
            "ORDERS-001",
            "ORDERS-002",
        ],
        defect: Defect::Betrays(wants_key),
    },
    Fault {
        name: "admits-without-key",
        about: "lets requests in that have no key at all",
        told_by: &[
            "AUTHZ-004",
            "COMBINE-004",
            "COMBINE-011",
            "COMBINE-017",
            "CORS-024",
            "CORS-028",
            "CORS-029",
            "CORS-054",
            "ERR-002",
            "KEY-001",
            "KEY-009",
            "KEY-010",
            "OBS-023",
            "ORDERS-001",
            "RATE-005",
            "ROUTE-095",
        ],
        defect: Defect::Admits(|seen, response| {
            let keyless = !seen.asked.fields.iter().any(|(name, _)| is_key(name));
            let bare = !seen.asked.fields.has("Authorization") && !seen.asked.target.contains('?');
            wants_key(seen, response) && keyless && bare
        }),
    },
    Fault {
        name: "takes-keys-from-queries",
        about: "takes a key from the query although it should not",
        told_by: &["KEY-020"],
        defect: Defect::Inward(|request| {
            let (_, query) = request.target.split_once('?').unwrap_or_default();
            let mut parameters = query.split('&').filter_map(|one| one.split_once('='));
            let found = parameters
                .find(|(name, _)| matches!(*name, "X-Ledger-Key" | "api_key"))
                .map(|(_, key)| key.to_owned());
            if let Some(key) = found {
                request.fields.set("X-Ledger-Key", key);
            }
        }),
    },
    Fault {
        name: "takes-first-of-two-keys",
        about: "takes the first key where two are given",
        told_by: &["KEY-007"],
        defect: Defect::Inward(|request| {
            let names: Vec<String> = request
                .fields
                .iter()
                .map(|(name, _)| name.to_owned())
                .collect();
            for name in names.iter().filter(|name| is_key(name)) {
                if let Some(first) = request.fields.first(name).map(str::to_owned)
                    && request.fields.all(name).count() > 1
                {
                    request.fields.set(name, first);
                }
            }
        }),
    },
    Fault {
        name: "leaks-api-key",
        about: "passes the API key on to the upstream",
        told_by: &[
            "COMBINE-002",
            "COMBINE-005",
            "COMBINE-014",
            "COMBINE-015",
            "KEY-003",
            "ORDERS-003",
        ],
        defect: Defect::Onward(|seen, request| restore(seen, request, is_key)),
    },
    Fault {
        name: "leaks-key-in-query",
        about: "passes the key in the query on to the upstream",
        told_by: &["KEY-021"],
        defect: Defect::Onward(|seen, request| {
            if seen.asked.target.contains("_key=") && !request.target.contains("_key=") {
                request.target.clone_from(&seen.asked.target);
            }
        }),
    },
    Fault {
        name: "leaks-passwords",
        about: "passes the password on to the upstream",
        told_by: &["BASIC-002", "BASIC-012", "COMBINE-002", "COMBINE-005"],
        defect: Defect::Onward(|seen, request| {
            if seen.asked.fields.says("Authorization", "asic ") {
                restore(seen, request, |name| {
                    name.eq_ignore_ascii_case("Authorization")
                });
            }
        }),
    },
    Fault {
        name: "forged-identity-passes",
        about: "believes the client who it says it is",
        told_by: &[
            "BASIC-002",
            "BASIC-012",
            "COMBINE-006",
            "INTRO-010",
            "INTRO-052",
            "JWT-101",
            "JWT-107",
            "JWT-109",
            "KEY-005",
        ],
        defect: Defect::Onward(|seen, request| {
            for name in CALLERS {
                if let Some(value) = seen.asked.fields.first(name) {
                    request.fields.set(name, value);
                }
            }
        }),
    },
    Fault {
        name: "forged-identity-passes-with-underscore",
        about: "passes on a header that servers behind it read as that of the caller",
        told_by: &["KEY-011"],
        defect: Defect::Onward(|seen, request| {
            restore(seen, request, |name| name.contains('_'));
        }),
    },
    Fault {
        name: "forgets-caller",
        about: "doesn't tell the upstream who calls",
        told_by: &[
            "AUTHZ-001",
            "AUTHZ-025",
            "BASIC-002",
            "BASIC-004",
            "BASIC-011",
            "BASIC-012",
            "COMBINE-002",
            "COMBINE-004",
            "COMBINE-006",
            "COMBINE-007",
            "COMBINE-010",
            "COMBINE-014",
            "COMBINE-015",
            "COMBINE-016",
            "COMBINE-017",
            "COMBINE-020",
            "COMBINE-040",
            "INTRO-010",
            "INTRO-052",
            "INTRO-063",
            "JWT-100",
            "JWT-103",
            "JWT-104",
            "JWT-106",
            "JWT-107",
            "JWT-207",
            "KEY-003",
            "KEY-005",
            "KEY-011",
            "KEY-013",
            "KEY-021",
            "KEY-030",
            "KEY-031",
            "KEY-040",
            "PARTNER-004",
            "RATE-083",
            "ROUTE-097",
        ],
        defect: Defect::Onward(|_, request| {
            for name in CALLERS {
                request.fields.remove(name);
            }
        }),
    },
    Fault {
        name: "confuses-callers",
        about: "tells the upstream the caller that came before",
        told_by: &["COMBINE-004", "COMBINE-016", "JWT-106", "KEY-013"],
        defect: Defect::Onward(|seen, request| {
            for name in CALLERS {
                if let Some(value) = request.fields.first(name).map(str::to_owned) {
                    let before = seen.remember(name, value.into_bytes());
                    let before = before.and_then(|bytes| String::from_utf8(bytes).ok());
                    if let Some(before) = before {
                        request.fields.set(name, before);
                    }
                }
            }
        }),
    },
    Fault {
        name: "private-responses-to-others",
        about: "gives a caller the response that was made for another one",
        told_by: &["KEY-013"],
        defect: Defect::Rewrites(
            |seen, response| {
                let granted = seen.asked.method == "GET" && response.status == 200;
                granted && credentials(&seen.asked).is_some()
            },
            |seen, response, body| {
                let caller = credentials(&seen.asked).unwrap_or_default();
                let (target, path) = (&seen.asked.target, format!("for {}", seen.asked.target));
                let first = seen.remember(target, caller.clone().into_bytes());
                match first {
                    Some(other) if other != caller.into_bytes() => {
                        if let Some(theirs) = seen.remember(&path, body.clone()) {
                            *body = theirs;
                            response.fields.remove("Cache-Control");
                        }
                    }
                    _ => drop(seen.remember(&path, body.clone())),
                }
            },
        ),
    },
];

/// The headers that tell upstreams the caller in the fixture configurations.
const CALLERS: [&str; 2] = ["X-Consumer-Name", "X-Caller"];

fn is_key(name: &str) -> bool {
    name.to_lowercase().ends_with("-key") && !name.to_lowercase().starts_with("sec-")
}

fn wants_key(seen: &Seen, response: &Response) -> bool {
    response.status == 401
        && response.fields.says("WWW-Authenticate", "ApiKey")
        && seen.own_answer()
}

/// Whose request it is.
fn credentials(request: &Request) -> Option<String> {
    let key = request.fields.iter().find(|(name, _)| is_key(name));
    let key = key.map(|(_, value)| value);
    let found = key.or_else(|| request.fields.first("Authorization"));
    found.map(str::to_owned)
}

/// Puts the fields back that the gateway has taken away.
fn restore(seen: &Seen, request: &mut Request, which: fn(&str) -> bool) {
    for (name, value) in seen.asked.fields.iter() {
        if which(name) && !request.fields.has(name) {
            request.fields.add(name, value);
        }
    }
}
