//! What Caddy shows otherwise, can't do, or is known to do wrongly, although its configuration can be rendered.

use crate::adapters::{Declaration, KnownFailing, Shows};

/// What the suite calls a member of the access log, and where Caddy has it.
pub(super) const LOG_MEMBERS: &[(&str, &str)] = &[
    ("path", "/request/uri"),
    ("method", "/request/method"),
    ("consumer", "/user_id"),
    ("request_id", "/resp_headers/X-Request-Id"),
];

pub(super) const SHOWS: &[Shows] = &[];

pub(super) const UNSUPPORTED: &[Declaration] = &[
    Declaration {
        selector: "problem-json",
        reason: "there is no problem+json (RFC 9457); error pages would have to be written",
    },
    Declaration {
        selector: "admin",
        reason: "the admin interface is off, and has neither probes nor these metrics",
    },
    Declaration {
        selector: "normalised-target",
        reason: "paths are matched in their normal form, but upstreams get the target as it came",
    },
    Declaration {
        selector: "proxy-status",
        reason: "there is no Proxy-Status (RFC 9209)",
    },
    Declaration {
        selector: "log-detail",
        reason: "the members of the access log can't be chosen",
    },
];

pub(super) const KNOWN_FAILING: &[KnownFailing] = &[];
