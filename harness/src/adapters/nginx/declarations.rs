//! What nginx can't do, or is known to do wrongly, although its configuration can be rendered.

use crate::adapters::{Declaration, KnownFailing};

pub(super) const UNSUPPORTED: &[Declaration] = &[
    Declaration {
        selector: "sliding-window",
        reason: "limit_req is a leaky bucket: within a minute it lets more than the limit pass as it drains",
    },
    Declaration {
        selector: "problem-json",
        reason: "error pages are static; there is no problem+json (RFC 9457)",
    },
    Declaration {
        selector: "ratelimit-headers",
        reason: "limit_req tells neither the quota nor what is left of it",
    },
    Declaration {
        selector: "h2c",
        reason: "one listener speaks either HTTP/1.1 or HTTP/2 without TLS before 1.25.1",
    },
    Declaration {
        selector: "metrics",
        reason: "stub_status counts connections, not requests by route and status",
    },
];

pub(super) const KNOWN_FAILING: &[KnownFailing] = &[];
