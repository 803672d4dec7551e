//! Which route is taken, and what becomes of the target on its way (RFC 3986, RFC 9110 §9).

use crate::faults::message::Response;
use crate::faults::{Defect, Fault, Seen};

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "drops-allow",
        about: "answers 405 without saying what is allowed",
        told_by: &["EX-066", "EXAMPLE-003", "ROUTE-020", "ROUTE-063"],
        defect: Defect::Outward(|seen, response| {
            if refuses(seen, response, 405) {
                response.fields.remove("Allow");
            }
        }),
    },
    Fault {
        name: "allows-get-alone",
        about: "says that GET is allowed, and nothing of HEAD",
        told_by: &["ROUTE-020", "ROUTE-063"],
        defect: Defect::Outward(|seen, response| {
            if refuses(seen, response, 405) {
                response
                    .fields
                    .change("Allow", |allow| allow.replace("HEAD", "GET"));
            }
        }),
    },
    Fault {
        name: "hides-methods",
        about: "answers 404 where only the method is wrong",
        told_by: &[
            "ERR-001",
            "ERR-004",
            "ERR-005",
            "EX-066",
            "EXAMPLE-003",
            "ROUTE-020",
            "ROUTE-063",
            "ROUTE-090",
            "ROUTE-091",
            "ROUTE-092",
            "ROUTE-093",
        ],
        defect: Defect::Outward(|seen, response| {
            if refuses(seen, response, 405) {
                response.set_status(404);
            }
        }),
    },
    Fault {
        name: "forwards-unknown-paths",
        about: "takes paths that no route has",
        told_by: &[
            "ERR-001",
            "ERR-004",
            "ERR-005",
            "OBS-003",
            "OBS-023",
            "OBS-042",
            "ROUTE-002",
            "ROUTE-004",
            "ROUTE-061",
            "ROUTE-062",
        ],
        defect: Defect::Admits(|seen, response| refuses(seen, response, 404)),
    },
    Fault {
        name: "forwards-wrong-methods",
        about: "calls the upstream although the method isn't allowed",
        told_by: &[
            "ERR-001",
            "EX-066",
            "EXAMPLE-003",
            "ROUTE-020",
            "ROUTE-063",
            "ROUTE-090",
            "ROUTE-091",
            "ROUTE-092",
            "ROUTE-093",
        ],
        defect: Defect::Betrays(|seen, response| refuses(seen, response, 405)),
    },
    Fault {
        name: "forwards-malformed",
        about: "calls the upstream with a path that it refuses as malformed",
        told_by: &[
            "JWT-097",
            "ROUTE-073",
            "ROUTE-074",
            "ROUTE-075",
            "ROUTE-078",
        ],
        defect: Defect::Betrays(|seen, response| {
            refuses(seen, response, 400) && seen.asked.target.contains('%')
        }),
    },
    Fault {
        name: "gets-for-head",
        about: "asks the upstream with GET where the client asked with HEAD",
        told_by: &["AUTHZ-007", "ROUTE-021"],
        defect: Defect::Onward(|seen, request| {
            if seen.asked.method == "HEAD" {
                request.method = "GET".to_owned();
            }
        }),
    },
    Fault {
        name: "encodes-twice",
        about: "encodes what is encoded once more",
        told_by: &["ROUTE-071", "ROUTE-072", "ROUTE-075", "ROUTE-081"],
        defect: Defect::Onward(|_, request| {
            let path = request.path().replace('%', "%25");
            request.set_path(&path);
        }),
    },
    Fault {
        name: "decodes-spaces",
        about: "writes an encoded space as a plus sign",
        told_by: &["ROUTE-072", "ROUTE-081"],
        defect: Defect::Onward(|_, request| {
            let path = request.path().replace("%20", "+");
            request.set_path(&path);
        }),
    },
    Fault {
        name: "encodes-query-anew",
        about: "takes the query apart and writes it anew",
        told_by: &["ROUTE-072"],
        defect: Defect::Onward(|_, request| {
            if let Some((path, query)) = request.target.split_once('?') {
                let anew = query.replace("%2F", "/").replace("&&", "&");
                request.target = format!("{path}?{anew}");
            }
        }),
    },
    Fault {
        name: "drops-query",
        about: "forgets the query",
        told_by: &[
            "CANARY-001",
            "JWT-095",
            "KEY-021",
            "ROUTE-001",
            "ROUTE-005",
            "ROUTE-052",
            "ROUTE-060",
            "ROUTE-071",
            "ROUTE-072",
            "ROUTE-080",
            "ROUTE-082",
        ],
        defect: Defect::Onward(|_, request| {
            request.target = request.path().to_owned();
        }),
    },
    Fault {
        name: "passes-dot-segments",
        about: "routes on the path without dots, and passes on the one with them",
        told_by: &["ROUTE-071"],
        defect: Defect::Onward(|seen, request| {
            let asked = seen.asked.path().to_lowercase().replace("%2e", ".");
            if asked.contains("/../") || asked.contains("/./") {
                request.target.clone_from(&seen.asked.target);
            }
        }),
    },
    Fault {
        name: "decodes-slashes",
        about: "takes an encoded slash for a slash",
        told_by: &["ERR-004", "ROUTE-073", "ROUTE-075"],
        defect: Defect::Inward(|request| {
            let path = request.path().replace("%2F", "/").replace("%2f", "/");
            request.set_path(&path);
        }),
    },
    Fault {
        name: "lowers-escapes",
        about: "writes escapes in small letters",
        told_by: &["ROUTE-071", "ROUTE-081"],
        defect: Defect::Onward(|_, request| {
            let path = request.path().replace("%C3%A9", "%c3%a9");
            request.set_path(&path);
        }),
    },
    Fault {
        name: "merges-slashes",
        about: "merges slashes without being told to",
        told_by: &["ROUTE-072"],
        defect: Defect::Onward(|_, request| {
            let path = request.path().replace("//", "/");
            request.set_path(&path);
        }),
    },
    Fault {
        name: "drops-last-slash",
        about: "takes the slash at the end of a path away",
        told_by: &["ROUTE-001", "ROUTE-071"],
        defect: Defect::Onward(|_, request| {
            let path = request.path();
            if let Some(shorter) = path.strip_suffix('/').filter(|path| !path.is_empty()) {
                let shorter = shorter.to_owned();
                request.set_path(&shorter);
            }
        }),
    },
    Fault {
        name: "keeps-prefix",
        about: "forgets to strip the prefix",
        told_by: &["ROUTE-005", "ROUTE-080", "ROUTE-081", "ROUTE-082"],
        defect: Defect::Onward(|seen, request| {
            let asked = &seen.asked.target;
            if asked.starts_with("/legacy") || asked.starts_with("/strip") {
                request.target.clone_from(asked);
            }
        }),
    },
];

fn refuses(seen: &Seen, response: &Response, status: u16) -> bool {
    response.status == status && seen.own_answer()
}
