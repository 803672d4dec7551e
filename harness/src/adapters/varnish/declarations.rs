//! What Varnish can't do, shows otherwise, or is known to do wrongly, although its configuration can be rendered.

use crate::adapters::{Declaration, KnownFailing, Meaning, Shows};

pub(super) const SHOWS: &[Shows] = &[
    Shows {
        meaning: Meaning::Status(502),
        status: 503,
        selectors: &[],
        reason: "whatever goes wrong at a backend is told as an unavailable service",
    },
    Shows {
        meaning: Meaning::Status(504),
        status: 503,
        selectors: &[],
        reason: "so is a backend that takes too long",
    },
];

pub(super) const UNSUPPORTED: &[Declaration] = &[
    Declaration {
        selector: "problem-json",
        reason: "its own answers are what VCL says; nothing makes problems (RFC 9457) of them",
    },
    Declaration {
        selector: "ratelimit-headers",
        reason: "vsthrottle is asked for the quota and what is left of it by calls that HTTP headers don't show",
    },
    Declaration {
        selector: "sliding-window",
        reason: "vsthrottle is a token bucket: within a minute it lets more than the limit pass as it fills",
    },
    Declaration {
        selector: "proxy-status",
        reason: "there is no Proxy-Status (RFC 9209)",
    },
    Declaration {
        selector: "access-log",
        reason: "the log is in shared memory, which another program reads (varnishncsa)",
    },
    Declaration {
        selector: "log-detail",
        reason: "the log is in shared memory, which another program reads (varnishncsa)",
    },
    Declaration {
        selector: "admin",
        reason: "there is no admin interface over HTTP",
    },
    Declaration {
        selector: "normalised-target",
        reason: "nothing brings a path into normal form",
    },
    Declaration {
        selector: "ROUTE-070",
        reason: "nothing brings a path into normal form; one that isn't in it is refused",
    },
    Declaration {
        selector: "ROUTE-077",
        reason: "nothing brings a path into normal form; one that isn't in it is refused",
    },
    Declaration {
        selector: "AUTHZ-006",
        reason: "nothing brings a path into normal form; one that isn't in it is refused",
    },
    Declaration {
        selector: "LIMIT-004",
        reason: "the connection is closed on a body that still comes, and with it the 413 may be lost",
    },
    Declaration {
        selector: "UP-043",
        reason: "an answer that breaks off before any of it went out is a 503",
    },
    Declaration {
        selector: "misdirected",
        reason: "the scheme of a target in absolute form is not kept",
    },
];

pub(super) const KNOWN_FAILING: &[KnownFailing] = &[KnownFailing {
    selector: "LIMIT-006",
    reason: "a body that is refused is waited for before the refusal is sent, for timeout_idle",
    link: "https://varnish-cache.org/docs/7.1/reference/varnishd.html#timeout-idle",
}];
