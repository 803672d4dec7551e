//! Cross-origin requests (Fetch §3.2).

use crate::faults::message::Fields;
use crate::faults::{Defect, Fault};

const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
const ALLOW_CREDENTIALS: &str = "Access-Control-Allow-Credentials";

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "reflects-any-origin",
        about: "allows whatever origin asks",
        told_by: &[
            "CORS-002",
            "CORS-021",
            "CORS-025",
            "CORS-029",
            "CORS-052",
            "EX-064",
            "ORDERS-008",
            "PARTNER-002",
        ],
        defect: Defect::Outward(|seen, response| {
            let origin = seen.asked.fields.first("Origin");
            if let (Some(origin), false) = (origin, response.fields.has(ALLOW_ORIGIN)) {
                response.fields.add(ALLOW_ORIGIN, origin);
            }
        }),
    },
    Fault {
        name: "allows-null-origin",
        about: "allows the origin `null`",
        told_by: &["CORS-002", "CORS-025"],
        defect: Defect::Outward(|seen, response| {
            if seen.asked.fields.first("Origin") == Some("null") {
                response.fields.set(ALLOW_ORIGIN, "null");
            }
        }),
    },
    Fault {
        name: "ignores-scheme-of-origin",
        about: "takes an origin of http for the one of https",
        told_by: &["CORS-002"],
        defect: Defect::Inward(|request| {
            request
                .fields
                .change("Origin", |origin| origin.replace("http://", "https://"));
        }),
    },
    Fault {
        name: "ignores-port-of-origin",
        about: "compares origins without their ports",
        told_by: &["CORS-002"],
        defect: Defect::Inward(|request| {
            request.fields.change("Origin", |origin| {
                let portless = origin.rsplit_once(':');
                let portless = portless.filter(|(_, port)| port.parse::<u16>().is_ok());
                portless.map_or(origin, |(host, _)| host).to_owned()
            });
        }),
    },
    Fault {
        name: "answers-any-origin",
        about: "answers `*` instead of the origin that asks",
        told_by: &[
            "CORS-001",
            "CORS-003",
            "CORS-005",
            "CORS-006",
            "CORS-010",
            "CORS-020",
            "CORS-022",
            "CORS-024",
            "CORS-040",
            "CORS-041",
            "CORS-042",
            "CORS-050",
            "CORS-051",
            "CORS-053",
            "CORS-054",
            "EX-063",
            "EX-065",
            "ORDERS-007",
            "PARTNER-001",
        ],
        defect: Defect::Outward(|_, response| {
            response.fields.change(ALLOW_ORIGIN, |_| "*".to_owned());
        }),
    },
    Fault {
        name: "credentials-with-any-origin",
        about: "allows credentials together with `*`",
        told_by: &["CORS-008"],
        defect: Defect::Outward(|_, response| {
            if response.fields.first(ALLOW_ORIGIN) == Some("*") {
                response.fields.set(ALLOW_CREDENTIALS, "true");
            }
        }),
    },
    Fault {
        name: "forgets-credentials",
        about: "doesn't say that credentials are allowed",
        told_by: &["CORS-001", "CORS-026", "EX-063", "EX-065", "PARTNER-001"],
        defect: Defect::Outward(|_, response| response.fields.remove(ALLOW_CREDENTIALS)),
    },
    Fault {
        name: "drops-vary",
        about: "doesn't tell caches what an answer depends on",
        told_by: &["CORS-004", "CORS-023", "CORS-028", "CORS-040", "CORS-041"],
        defect: Defect::Outward(|_, response| response.fields.remove("Vary")),
    },
    Fault {
        name: "replaces-vary",
        about: "overwrites what the upstream says in Vary",
        told_by: &["CORS-023"],
        defect: Defect::Outward(|seen, response| {
            let lists_origin = lists(&response.fields, "Vary", "Origin");
            if lists_origin && !seen.own_answer() {
                response.fields.set("Vary", "Origin");
            }
        }),
    },
    Fault {
        name: "varies-only-for-pages",
        about: "says `Vary: Origin` only where a request has an Origin",
        told_by: &["CORS-023", "CORS-028"],
        defect: Defect::Outward(|seen, response| {
            if !seen.asked.fields.has("Origin") {
                let others = response
                    .fields
                    .all("Vary")
                    .flat_map(|value| value.split(','));
                let others: Vec<String> = others
                    .map(|one| one.trim().to_owned())
                    .filter(|one| !one.eq_ignore_ascii_case("Origin"))
                    .collect();
                if lists(&response.fields, "Vary", "Origin") {
                    response.fields.set("Vary", others.join(", "));
                }
            }
        }),
    },
    Fault {
        name: "wrong-max-age",
        about: "lets browsers keep preflights ten times as long as configured",
        told_by: &["CORS-001", "CORS-009"],
        defect: Defect::Outward(|_, response| {
            response
                .fields
                .change("Access-Control-Max-Age", |age| format!("{age}0"));
        }),
    },
    Fault {
        name: "forgets-allowed-methods",
        about: "doesn't name the allowed methods in preflights",
        told_by: &[
            "CORS-001",
            "CORS-050",
            "CORS-051",
            "EX-063",
            "ORDERS-007",
            "PARTNER-001",
        ],
        defect: Defect::Outward(|_, response| {
            response.fields.remove("Access-Control-Allow-Methods");
        }),
    },
    Fault {
        name: "forgets-allowed-headers",
        about: "doesn't name the allowed headers in preflights",
        told_by: &["CORS-001", "CORS-050", "EX-063", "ORDERS-007"],
        defect: Defect::Outward(|_, response| {
            response.fields.remove("Access-Control-Allow-Headers");
        }),
    },
    Fault {
        name: "exposes-no-headers",
        about: "doesn't name the headers that pages may read",
        told_by: &["CORS-020", "CORS-026"],
        defect: Defect::Outward(|_, response| {
            response.fields.remove("Access-Control-Expose-Headers");
        }),
    },
    Fault {
        name: "no-cors-on-refusals",
        about: "leaves the CORS headers off what it answers itself with an error",
        told_by: &[
            "CORS-024", "CORS-040", "CORS-041", "CORS-042", "CORS-054", "EX-065",
        ],
        defect: Defect::Outward(|seen, response| {
            if response.status >= 400 && seen.own_answer() {
                response
                    .fields
                    .remove_where(|name| name.to_lowercase().starts_with("access-control-"));
            }
        }),
    },
    Fault {
        name: "cors-for-everybody",
        about: "sends CORS headers to clients that are no pages",
        told_by: &["CORS-027"],
        defect: Defect::Outward(|seen, response| {
            let varies = lists(&response.fields, "Vary", "Origin");
            if varies && !seen.asked.fields.has("Origin") {
                response.fields.set(ALLOW_ORIGIN, "*");
            }
        }),
    },
    Fault {
        name: "preflight-headers-everywhere",
        about: "sends what belongs to preflights with every response",
        told_by: &["CORS-026"],
        defect: Defect::Outward(|seen, response| {
            if response.fields.has(ALLOW_ORIGIN) && !seen.asked.is_preflight() {
                response.fields.set("Access-Control-Allow-Methods", "GET");
            }
        }),
    },
    Fault {
        name: "keeps-upstream-cors",
        about: "passes on what the upstream says of CORS, beside its own",
        told_by: &["CORS-022", "CORS-025"],
        defect: Defect::Outward(|seen, response| {
            for answer in seen.answers() {
                for value in answer.fields.all(ALLOW_ORIGIN) {
                    response.fields.add(ALLOW_ORIGIN, value);
                }
            }
        }),
    },
    Fault {
        name: "preflights-to-upstream",
        about: "leaves preflights to the upstream",
        told_by: &[
            "CORS-001",
            "CORS-002",
            "CORS-003",
            "CORS-004",
            "CORS-005",
            "CORS-008",
            "CORS-009",
            "CORS-010",
            "CORS-011",
            "CORS-050",
            "CORS-051",
            "CORS-052",
            "CORS-053",
            "CORS-054",
            "EX-063",
            "EX-064",
            "ORDERS-007",
            "ORDERS-008",
            "PARTNER-001",
            "PARTNER-002",
        ],
        defect: Defect::Admits(|seen, _| seen.asked.is_preflight() && seen.own_answer()),
    },
    Fault {
        name: "preflights-need-keys",
        about: "refuses preflights, which carry no credentials",
        told_by: &["CORS-003", "CORS-050", "ORDERS-007", "PARTNER-001"],
        defect: Defect::Outward(|seen, response| {
            let key = seen
                .asked
                .fields
                .says("Access-Control-Request-Headers", "X-API-Key");
            if seen.asked.is_preflight() && key {
                response.set_status(401);
            }
        }),
    },
    Fault {
        name: "allows-private-network",
        about: "lets pages of the internet call private addresses without leave",
        told_by: &["CORS-010", "CORS-054"],
        defect: Defect::Outward(|seen, response| {
            let asks = "Access-Control-Request-Private-Network";
            if seen.asked.fields.has(asks) {
                response
                    .fields
                    .set("Access-Control-Allow-Private-Network", "true");
            }
        }),
    },
];

fn lists(fields: &Fields, name: &str, element: &str) -> bool {
    let mut elements = fields.all(name).flat_map(|value| value.split(','));
    elements.any(|one| one.trim().eq_ignore_ascii_case(element))
}
