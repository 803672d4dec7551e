//! What Envoy shows otherwise, can't do, or is known to do wrongly, although its configuration can be rendered.

use crate::adapters::{Declaration, KnownFailing, Meaning, Shows};

pub(super) const SHOWS: &[Shows] = &[Shows {
    meaning: Meaning::Status(502),
    status: 503,
    selectors: &[],
    reason: "an upstream that can't be reached, or that ends the connection, is an unavailable service",
}];

pub(super) const UNSUPPORTED: &[Declaration] = &[
    Declaration {
        selector: "sliding-window",
        reason: "a bucket is filled steadily: within a minute it lets more than the limit pass",
    },
    Declaration {
        selector: "problem-json",
        reason: "local replies are texts; a format for them has no members that tell what went wrong",
    },
    Declaration {
        selector: "ratelimit-headers",
        reason: "X-RateLimit-* of an early draft are all that local limits can tell",
    },
    Declaration {
        selector: "admin",
        reason: "the admin interface has other paths and other metrics",
    },
];

pub(super) const KNOWN_FAILING: &[KnownFailing] = &[];
