//! What nginx shows otherwise, can't do, or is known to do wrongly, although its configuration can be rendered.

use crate::adapters::{Declaration, KnownFailing, Meaning, Shows};

pub(super) const SHOWS: &[Shows] = &[Shows {
    meaning: Meaning::HandshakeRefused,
    status: 400,
    selectors: &["refusing-handshake"],
    reason: "the handshake is finished whatever the client shows, as RFC 8446 §4.4.2.4 leaves it; requests are refused",
}];

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
        selector: "admin",
        reason: "there is no admin interface; stub_status counts connections alone",
    },
    Declaration {
        selector: "BASIC-013",
        reason: "a challenge has a realm, and no charset",
    },
    Declaration {
        selector: "normalised-target",
        reason: "locations are matched on the normal form, but upstreams get the target as it came",
    },
    Declaration {
        selector: "encoded-delimiters",
        reason: "what is encoded is decoded before locations are matched; nothing refuses or keeps %2F and %5C",
    },
    by_fingerprint("MTLS-022"),
    by_fingerprint("MTLS-024"),
    by_fingerprint("MTLS-027"),
    by_fingerprint("MTLS-028"),
    by_fingerprint("MTLS-029"),
    by_fingerprint("MTLS-030"),
    by_fingerprint("MTLS-031"),
    by_fingerprint("MTLS-032"),
    by_fingerprint("MTLS-040"),
    by_fingerprint("MTLS-041"),
    by_fingerprint("MTLS-042"),
    by_fingerprint("MTLS-044"),
    by_fingerprint("MTLS-050"),
    by_name("MTLS-020"),
    by_name("MTLS-025"),
    by_name("MTLS-026"),
    Declaration {
        selector: "MTLS-012",
        reason: "files are read anew by a reload alone",
    },
    Declaration {
        selector: "streamed-body",
        reason: "the whole body is kept, so that it can always be sent again",
    },
    Declaration {
        selector: "patient-retries",
        reason: "the next try begins at once; an upstream's Retry-After is not read",
    },
    Declaration {
        selector: "log-detail",
        reason: "its log line has no more than the members that all targets have",
    },
    Declaration {
        selector: "proxy-status",
        reason: "there is no Proxy-Status (RFC 9209)",
    },
];

pub(super) const KNOWN_FAILING: &[KnownFailing] = &[
    KnownFailing {
        selector: "UP-007",
        reason: "what doesn't begin with a status line is passed on as the body of an HTTP/0.9 response",
        link: "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version",
    },
    KnownFailing {
        selector: "ROUTE-077",
        reason: "a path that climbs above the root is answered with 400",
        link: "https://datatracker.ietf.org/doc/html/rfc3986#section-5.2.4",
    },
    KnownFailing {
        selector: "hop-by-hop",
        reason: "what Connection names is passed on, and so are Proxy-Connection and Upgrade of a response",
        link: "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_hide_header",
    },
    KnownFailing {
        selector: "LIMIT-081",
        reason: "the connection is closed without the 408 that the documentation promises",
        link: "https://nginx.org/en/docs/http/ngx_http_core_module.html#client_body_timeout",
    },
    KnownFailing {
        selector: "KEY-007",
        reason: "of two headers of one name the first is taken (before 1.23)",
        link: "https://nginx.org/en/CHANGES",
    },
];

/// A consumer that is known by its certificate's fingerprint.
const fn by_fingerprint(selector: &'static str) -> Declaration {
    Declaration {
        selector,
        reason: "fingerprints are by SHA-1 ($ssl_client_fingerprint), consumers' by SHA-256",
    }
}

/// A consumer that is known by another name of its certificate than the subject.
const fn by_name(selector: &'static str) -> Declaration {
    Declaration {
        selector,
        reason: "other names than the subject of a client's certificate are not told",
    }
}
