//! What the gateway says by itself: refusals, problems (RFC 9457), and the id of the request.

use serde_json::Value;

use crate::faults::message::Response;
use crate::faults::{Defect, Fault, Seen};

const REQUEST_ID: &str = "X-Request-Id";

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "strips-request-id",
        about: "doesn't tell the client the id of its request",
        told_by: &[
            "AUTHZ-040",
            "AUTHZ-041",
            "BASIC-008",
            "CANARY-006",
            "EXAMPLE-004",
            "INTRO-006",
            "JWT-002",
            "JWT-034",
            "JWT-092",
            "JWT-095",
            "JWT-096",
            "JWT-100",
            "JWT-101",
            "JWT-158",
            "KEY-021",
            "OBS-001",
            "OBS-003",
            "OBS-004",
            "OBS-005",
            "OBS-020",
            "OBS-021",
            "OBS-022",
            "OBS-023",
            "OBS-024",
            "OBS-025",
            "RATE-064",
            "TLS-054",
            "UP-009",
        ],
        defect: Defect::Outward(|_, response| response.fields.remove(REQUEST_ID)),
    },
    Fault {
        name: "no-request-id-on-refusals",
        about: "doesn't tell the id of a request that it refuses",
        told_by: &[
            "AUTHZ-040",
            "AUTHZ-041",
            "JWT-034",
            "JWT-096",
            "JWT-158",
            "OBS-003",
            "OBS-023",
            "TLS-054",
            "UP-009",
        ],
        defect: Defect::Outward(|seen, response| {
            if seen.own_answer() {
                response.fields.remove(REQUEST_ID);
            }
        }),
    },
    Fault {
        name: "forgets-request-id-onward",
        about: "doesn't tell the upstream the id of a request",
        told_by: &["OBS-001", "OBS-004"],
        defect: Defect::Onward(|_, request| request.fields.remove(REQUEST_ID)),
    },
    Fault {
        name: "believes-request-id",
        about: "takes the id that a client has made up",
        told_by: &["OBS-002", "OBS-005"],
        defect: Defect::Outward(|seen, response| {
            if let Some(id) = seen.asked.fields.first(REQUEST_ID) {
                response.fields.set(REQUEST_ID, id);
            }
        }),
    },
    Fault {
        name: "same-request-id",
        about: "gives every request the same id",
        told_by: &[
            "AUTHZ-040",
            "AUTHZ-041",
            "BASIC-008",
            "CANARY-006",
            "EXAMPLE-004",
            "INTRO-006",
            "JWT-002",
            "JWT-034",
            "JWT-092",
            "JWT-095",
            "JWT-096",
            "JWT-100",
            "JWT-101",
            "JWT-158",
            "KEY-021",
            "OBS-001",
            "OBS-004",
            "OBS-020",
            "OBS-021",
            "OBS-022",
            "OBS-023",
            "OBS-024",
            "OBS-025",
            "RATE-064",
            "TLS-054",
            "UP-009",
        ],
        defect: Defect::Outward(|_, response| {
            response
                .fields
                .change(REQUEST_ID, |_| "0123456789abcdef".to_owned());
        }),
    },
    Fault {
        name: "problems-as-html",
        about: "refuses with a page for people",
        told_by: &[
            "AUTHZ-010",
            "AUTHZ-011",
            "AUTHZ-028",
            "ERR-001",
            "ERR-004",
            "INTRO-002",
            "INTRO-018",
            "INTRO-051",
            "JWT-034",
            "JWT-069",
            "JWT-158",
            "LIMIT-041",
            "TLS-054",
            "UP-009",
        ],
        defect: Defect::Rewrites(is_problem, |_, response, body| {
            response.fields.set("Content-Type", "text/html");
            let page = format!("<html><h1>{}</h1></html>", response.status);
            *body = page.into_bytes();
        }),
    },
    Fault {
        name: "problems-as-plain-json",
        about: "doesn't call a problem a problem",
        told_by: &[
            "AUTHZ-010",
            "ERR-001",
            "ERR-004",
            "INTRO-018",
            "JWT-034",
            "JWT-069",
            "JWT-158",
            "LIMIT-041",
            "TLS-054",
            "UP-009",
        ],
        defect: Defect::Outward(|_, response| {
            response.fields.change("Content-Type", |kind| {
                kind.replace("application/problem+json", "application/json")
            });
        }),
    },
    Fault {
        name: "no-instance",
        about: "doesn't name the request in a problem",
        told_by: &["ERR-001", "ERR-004"],
        defect: Defect::Rewrites(is_problem, |_, _, body| {
            change_problem(body, |problem| {
                if let Some(members) = problem.as_object_mut() {
                    members.shift_remove("instance");
                }
            });
        }),
    },
    Fault {
        name: "no-code",
        about: "doesn't say in a problem what went wrong, for programs",
        told_by: &[
            "AUTHZ-010",
            "AUTHZ-011",
            "AUTHZ-028",
            "ERR-004",
            "INTRO-002",
            "INTRO-051",
            "JWT-034",
            "JWT-069",
            "JWT-158",
            "TLS-054",
        ],
        defect: Defect::Rewrites(is_problem, |_, _, body| {
            change_problem(body, |problem| {
                if let Some(members) = problem.as_object_mut() {
                    members.shift_remove("code");
                }
            });
        }),
    },
    Fault {
        name: "wrong-status-in-problem",
        about: "tells another status in a problem than on the status line",
        told_by: &[
            "AUTHZ-010",
            "ERR-001",
            "ERR-004",
            "INTRO-018",
            "JWT-034",
            "JWT-069",
            "JWT-158",
            "LIMIT-041",
            "TLS-054",
            "UP-009",
        ],
        defect: Defect::Rewrites(is_problem, |_, _, body| {
            change_problem(body, |problem| problem["status"] = 500.into());
        }),
    },
    Fault {
        name: "tells-server-version",
        about: "tells its software and version",
        told_by: &["ERR-006"],
        defect: Defect::Outward(|_, response| {
            response.fields.set("Server", "pingora/0.6.0");
        }),
    },
    Fault {
        name: "tells-upstream-address",
        about: "tells the address of an upstream that is gone",
        told_by: &["ERR-003"],
        defect: Defect::Rewrites(is_problem, |_, response, body| {
            if response.status == 502 {
                let told = "no connection to 127.0.0.1:8080";
                change_problem(body, |problem| problem["detail"] = told.into());
            }
        }),
    },
    Fault {
        name: "tells-stack",
        about: "tells where in its code it failed",
        told_by: &["ERR-006"],
        defect: Defect::Rewrites(is_problem, |_, _, body| {
            let told = "panicked at src/proxy/mod.rs:42";
            change_problem(body, |problem| problem["detail"] = told.into());
        }),
    },
    Fault {
        name: "refusals-may-be-kept",
        about: "lets caches keep its refusals",
        told_by: &["ERR-004", "INTRO-018"],
        defect: Defect::Outward(|seen, response| {
            if response.status >= 400 && seen.own_answer() {
                response.fields.remove("Cache-Control");
            }
        }),
    },
    Fault {
        name: "body-after-head",
        about: "sends a body after the answer to HEAD",
        told_by: &["ERR-002", "ERR-005", "ROUTE-021"],
        defect: Defect::Rambles(|seen, _| seen.asked.method == "HEAD"),
    },
    Fault {
        name: "no-proxy-status",
        about: "doesn't tell what went wrong with the upstream",
        told_by: &["LIMIT-041", "TLS-042", "TLS-048", "TLS-053", "UP-009"],
        defect: Defect::Outward(|_, response| response.fields.remove("Proxy-Status")),
    },
    Fault {
        name: "bad-gateway-answers-500",
        about: "answers 500 where the upstream failed",
        told_by: &[
            "CORS-040",
            "ERR-003",
            "ERR-004",
            "ERR-005",
            "LIMIT-041",
            "TLS-041",
            "TLS-042",
            "TLS-043",
            "TLS-045",
            "TLS-046",
            "TLS-047",
            "TLS-048",
            "TLS-049",
            "TLS-050",
            "TLS-053",
            "TLS-054",
            "UP-001",
            "UP-003",
            "UP-005",
            "UP-007",
            "UP-009",
            "UP-011",
            "UP-015",
            "UP-016",
            "UPTLS-002",
        ],
        defect: Defect::Outward(|seen, response| own(seen, response, 502, 500)),
    },
    Fault {
        name: "timeout-answers-502",
        about: "answers 502 where the upstream took too long",
        told_by: &["CORS-040", "UP-002", "UP-008", "UP-009", "UP-014"],
        defect: Defect::Outward(|seen, response| own(seen, response, 504, 502)),
    },
];

/// Another status of an answer of the gateway's own.
fn own(seen: &Seen, response: &mut Response, from: u16, to: u16) {
    let upstream_said = seen.answers().iter().any(|one| one.status == from);
    if response.status == from && !upstream_said {
        response.set_status(to);
    }
}

fn is_problem(_: &Seen, response: &Response) -> bool {
    response
        .fields
        .says("Content-Type", "application/problem+json")
}

fn change_problem(body: &mut Vec<u8>, change: impl Fn(&mut Value)) {
    if let Ok(mut problem) = serde_json::from_slice::<Value>(body) {
        change(&mut problem);
        *body = problem.to_string().into_bytes();
    }
}
