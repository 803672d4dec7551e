//! What the gateway says by itself: refusals, problems (RFC 9457), and the id of the request.

use serde_json::Value;

use crate::faults::message::Response;
use crate::faults::{Defect, Fault, Seen};

const REQUEST_ID: &str = "X-Request-Id";

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "strips-request-id",
        about: "doesn't tell the client the id of its request",
        told_by: &[],
        defect: Defect::Outward(|_, response| response.fields.remove(REQUEST_ID)),
    },
    Fault {
        name: "no-request-id-on-refusals",
        about: "doesn't tell the id of a request that it refuses",
        told_by: &[],
        defect: Defect::Outward(|seen, response| {
            if seen.own_answer() {
                response.fields.remove(REQUEST_ID);
            }
        }),
    },
    Fault {
        name: "forgets-request-id-onward",
        about: "doesn't tell the upstream the id of a request",
        told_by: &[],
        defect: Defect::Onward(|_, request| request.fields.remove(REQUEST_ID)),
    },
    Fault {
        name: "believes-request-id",
        about: "takes the id that a client has made up",
        told_by: &[],
        defect: Defect::Outward(|seen, response| {
            if let Some(id) = seen.asked.fields.first(REQUEST_ID) {
                response.fields.set(REQUEST_ID, id);
            }
        }),
    },
    Fault {
        name: "same-request-id",
        about: "gives every request the same id",
        told_by: &[],
        defect: Defect::Outward(|_, response| {
            response
                .fields
                .change(REQUEST_ID, |_| "0123456789abcdef".to_owned());
        }),
    },
    Fault {
        name: "problems-as-html",
        about: "refuses with a page for people",
        told_by: &[],
        defect: Defect::Rewrites(is_problem, |_, response, body| {
            response.fields.set("Content-Type", "text/html");
            let page = format!("<html><h1>{}</h1></html>", response.status);
            *body = page.into_bytes();
        }),
    },
    Fault {
        name: "problems-as-plain-json",
        about: "doesn't call a problem a problem",
        told_by: &[],
        defect: Defect::Outward(|_, response| {
            response.fields.change("Content-Type", |kind| {
                kind.replace("application/problem+json", "application/json")
            });
        }),
    },
    Fault {
        name: "no-instance",
        about: "doesn't name the request in a problem",
        told_by: &[],
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
        told_by: &[],
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
        told_by: &[],
        defect: Defect::Rewrites(is_problem, |_, _, body| {
            change_problem(body, |problem| problem["status"] = 500.into());
        }),
    },
    Fault {
        name: "tells-server-version",
        about: "tells its software and version",
        told_by: &[],
        defect: Defect::Outward(|_, response| {
            response.fields.set("Server", "pingora/0.6.0");
        }),
    },
    Fault {
        name: "tells-upstream-address",
        about: "tells the address of an upstream that is gone",
        told_by: &[],
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
        told_by: &[],
        defect: Defect::Rewrites(is_problem, |_, _, body| {
            let told = "panicked at src/proxy/mod.rs:42";
            change_problem(body, |problem| problem["detail"] = told.into());
        }),
    },
    Fault {
        name: "refusals-may-be-kept",
        about: "lets caches keep its refusals",
        told_by: &[],
        defect: Defect::Outward(|seen, response| {
            if response.status >= 400 && seen.own_answer() {
                response.fields.remove("Cache-Control");
            }
        }),
    },
    Fault {
        name: "body-after-head",
        about: "sends a body after the answer to HEAD",
        told_by: &[],
        defect: Defect::Rambles(|seen, _| seen.asked.method == "HEAD"),
    },
    Fault {
        name: "no-proxy-status",
        about: "doesn't tell what went wrong with the upstream",
        told_by: &[],
        defect: Defect::Outward(|_, response| response.fields.remove("Proxy-Status")),
    },
    Fault {
        name: "bad-gateway-answers-500",
        about: "answers 500 where the upstream failed",
        told_by: &[],
        defect: Defect::Outward(|seen, response| own(seen, response, 502, 500)),
    },
    Fault {
        name: "timeout-answers-502",
        about: "answers 502 where the upstream took too long",
        told_by: &[],
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
