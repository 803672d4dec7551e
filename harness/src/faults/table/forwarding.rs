//! What upstreams are told besides the target, and which of them is called (RFC 9110 §7.6.1, RFC 7239).

use crate::faults::message::Request;
use crate::faults::{Defect, Fault, Seen};

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "rewrites-host",
        about: "tells the upstream another host than configured",
        told_by: &["LIMIT-001", "UP-004", "UP-031", "UP-060", "UP-062"],
        defect: Defect::Onward(|_, request| {
            request.fields.set("Host", "upstream.internal");
        }),
    },
    Fault {
        name: "believes-forwarded-for",
        about: "passes on what a client says of where it comes from",
        told_by: &["UP-060"],
        defect: Defect::Onward(|seen, request| {
            if let Some(claimed) = seen.asked.fields.first("X-Forwarded-For") {
                request
                    .fields
                    .change("X-Forwarded-For", |made| match made.starts_with(claimed) {
                        true => made.to_owned(),
                        false => format!("{claimed}, {made}"),
                    });
            }
        }),
    },
    Fault {
        name: "believes-forwarded-host",
        about: "passes on what a client says of the host it asked for",
        told_by: &["UP-060"],
        defect: Defect::Onward(|seen, request| {
            put_back(seen, request, &["X-Forwarded-Host", "X-Forwarded-Proto"]);
        }),
    },
    Fault {
        name: "forgets-forwarded-for",
        about: "doesn't tell the upstream where a request came from",
        told_by: &["UP-060", "UP-061"],
        defect: Defect::Onward(|_, request| {
            for name in ["X-Forwarded-For", "Forwarded"] {
                request.fields.remove(name);
            }
        }),
    },
    Fault {
        name: "passes-hop-by-hop",
        about: "passes on headers that were for itself",
        told_by: &["UP-063"],
        defect: Defect::Onward(|seen, request| {
            put_back(seen, request, &["Keep-Alive", "Proxy-Connection"]);
        }),
    },
    Fault {
        name: "passes-nominated",
        about: "passes on headers that Connection names",
        told_by: &["UP-064"],
        defect: Defect::Onward(|seen, request| {
            let named = seen.asked.fields.all("Connection");
            let named: Vec<&str> = named
                .flat_map(|value| value.split(','))
                .map(str::trim)
                .filter(|name| name.starts_with("X-"))
                .collect();
            put_back(seen, request, &named);
        }),
    },
    Fault {
        name: "returns-hop-by-hop",
        about: "passes on to the client what the upstream said to the gateway alone",
        told_by: &["UP-065", "UP-066"],
        defect: Defect::Outward(|seen, response| {
            for answer in seen.answers().iter().filter(|_| response.status != 101) {
                for name in ["Proxy-Connection", "Keep-Alive", "X-Hop-Nominated"] {
                    if let Some(value) = answer.fields.first(name) {
                        response.fields.set(name, value);
                    }
                }
            }
        }),
    },
    Fault {
        name: "drops-unknown-headers",
        about: "passes on none of the headers that it doesn't know",
        told_by: &["UP-063"],
        defect: Defect::Onward(|_, request| request.fields.remove("X-End-To-End")),
    },
    Fault {
        name: "swaps-canary",
        about: "sends one in a hundred canary requests to the other version",
        told_by: &["CANARY-008"],
        defect: Defect::Strays(100, |request| {
            request.fields.first("X-Canary") == Some("true")
        }),
    },
    Fault {
        name: "strays-into-canary",
        about: "sends one in a hundred requests to the canary that didn't ask for it",
        told_by: &["CANARY-009"],
        defect: Defect::Strays(100, |request| {
            request.path() == "/api/v1/search" && !request.fields.has("X-Canary")
        }),
    },
    Fault {
        name: "ignores-canary",
        about: "doesn't look at the canary's header",
        told_by: &[
            "CANARY-002",
            "CANARY-006",
            "CANARY-007",
            "CANARY-008",
            "EXAMPLE-002",
            "EXAMPLE-004",
            "OBS-064",
        ],
        defect: Defect::Inward(|request| request.fields.remove("X-Canary")),
    },
    Fault {
        name: "canary-by-any-case",
        about: "compares the canary's value without regard to case",
        told_by: &["CANARY-003"],
        defect: Defect::Inward(|request| {
            request.fields.change("X-Canary", str::to_lowercase);
        }),
    },
    Fault {
        name: "canary-by-prefix",
        about: "compares no more than the beginning of the canary's value",
        told_by: &["CANARY-003"],
        defect: Defect::Inward(|request| {
            request.fields.change("X-Canary", |value| {
                let fits = value.starts_with("true");
                if fits { "true" } else { value }.to_owned()
            });
        }),
    },
    Fault {
        name: "retries-post",
        about: "sends a POST again when its upstream has failed",
        told_by: &["UP-003", "UP-005", "UP-011", "UP-028"],
        defect: Defect::Repeats(|request, status| {
            request.method == "POST" && status.is_none_or(|status| status >= 500)
        }),
    },
    Fault {
        name: "sends-post-twice",
        about: "sends every POST twice",
        told_by: &[
            "AUTHZ-001",
            "AUTHZ-020",
            "EXAMPLE-002",
            "INTRO-030",
            "ROUTE-063",
            "UP-011",
            "UP-024",
        ],
        defect: Defect::Repeats(|request, status| {
            request.method == "POST" && status.is_some_and(|status| status < 400)
        }),
    },
    Fault {
        name: "retries-same-target",
        about: "tries the target again that has just failed",
        told_by: &["UP-013", "UP-017", "UP-028"],
        defect: Defect::Repeats(|request, status| request.method == "GET" && status == Some(503)),
    },
    Fault {
        name: "cuts-request-body",
        about: "loses the last byte of a body on its way to the upstream",
        told_by: &["LIMIT-001", "LIMIT-003", "ORDERS-004"],
        defect: Defect::Garbles(|body| body.truncate(body.len().saturating_sub(1))),
    },
    Fault {
        name: "refuses-websockets",
        about: "treats an upgrade as any other hop-by-hop header",
        told_by: &["UP-032", "UP-041"],
        defect: Defect::Inward(|request| {
            if request.fields.has("Sec-WebSocket-Key") {
                request.fields.remove("Upgrade");
                request.fields.remove("Connection");
            }
        }),
    },
];

/// The client's fields, in the place of the gateway's.
fn put_back(seen: &Seen, request: &mut Request, names: &[&str]) {
    for name in names {
        if let Some(value) = seen.asked.fields.first(name) {
            request.fields.set(name, value);
        }
    }
}
