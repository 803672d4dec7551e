//! What HAProxy can't do, shows otherwise, or is known to do wrongly, although its configuration can be rendered.

use crate::adapters::{Declaration, KnownFailing, Meaning, Shows};

pub(super) const SHOWS: &[Shows] = &[
    Shows {
        meaning: Meaning::Status(502),
        status: 503,
        selectors: &[
            "ERR-003",
            "ERR-005",
            "TLS-041",
            "TLS-043",
            "TLS-045",
            "TLS-046",
            "broken-off-in-handshake",
            "UP-001",
            "UP-015",
            "UPTLS-002",
        ],
        reason: "a server to which no connection can be made is an unavailable service",
    },
    Shows {
        meaning: Meaning::Status(504),
        status: 503,
        selectors: &["UP-008"],
        reason: "so is one that doesn't take the connection in time",
    },
];

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
        selector: "RATE-060",
        reason: "a stick table's rate is an estimate from the counts of two periods, which at their border lets more pass",
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
        selector: "admin",
        reason: "there is no admin interface over HTTP, and its metrics have other names",
    },
    Declaration {
        selector: "patient-retries",
        reason: "the next try begins at once; an upstream's Retry-After is not read",
    },
    Declaration {
        selector: "grpc-errors",
        reason: "its own answers have no grpc-status",
    },
    Declaration {
        selector: "MTLS-020",
        reason: "other names than the subject of a client's certificate are not told",
    },
    Declaration {
        selector: "MTLS-025",
        reason: "other names than the subject of a client's certificate are not told",
    },
    Declaration {
        selector: "MTLS-026",
        reason: "other names than the subject of a client's certificate are not told",
    },
    Declaration {
        selector: "MTLS-041",
        reason: "ssl_c_chain_der has the whole chain in one piece, of which no list (RFC 9440 §2.3) can be made",
    },
    Declaration {
        selector: "TLS-053",
        reason: "proto h2 speaks HTTP/2 whatever was agreed on, and without it HTTP/1.1 would be spoken",
    },
];

pub(super) const KNOWN_FAILING: &[KnownFailing] = &[
    KnownFailing {
        selector: "BASIC-006",
        reason: "of two Authorization fields one counts, and the other is not looked at",
        link: "https://www.rfc-editor.org/rfc/rfc9110#section-5.3",
    },
    KnownFailing {
        selector: "UP-064",
        reason: "headers that a request's Connection names are passed on",
        link: "https://datatracker.ietf.org/doc/html/rfc9110#section-7.6.1",
    },
    KnownFailing {
        selector: "UP-066",
        reason: "headers that a response's Connection names are passed on",
        link: "https://datatracker.ietf.org/doc/html/rfc9110#section-7.6.1",
    },
    KnownFailing {
        selector: "TLS-008",
        reason: "a client that offers no protocol that is spoken here is not told, but spoken to in HTTP/1.1",
        link: "https://datatracker.ietf.org/doc/html/rfc7301#section-3.2",
    },
];
