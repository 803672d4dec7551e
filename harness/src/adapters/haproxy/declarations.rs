//! What HAProxy can't do, shows otherwise, or is known to do wrongly, although its configuration can be rendered.

use crate::adapters::{Declaration, KnownFailing, Shows};

pub(super) const SHOWS: &[Shows] = &[];

pub(super) const UNSUPPORTED: &[Declaration] = &[
    Declaration {
        selector: "problem-json",
        reason: "its own answers are pages; nothing makes problems (RFC 9457) of them",
    },
    Declaration {
        selector: "ratelimit-headers",
        reason: "a stick table's rate is an estimate; neither the quota nor what is left of it is told",
    },
    Declaration {
        selector: "proxy-status",
        reason: "there is no Proxy-Status (RFC 9209)",
    },
    Declaration {
        selector: "log-detail",
        reason: "its log line has neither the query, which may have secrets, nor a cause",
    },
    Declaration {
        selector: "patient-retries",
        reason: "the next try begins at once; an upstream's Retry-After is not read",
    },
    Declaration {
        selector: "grpc-errors",
        reason: "its own answers have no grpc-status",
    },
];

pub(super) const KNOWN_FAILING: &[KnownFailing] = &[];
