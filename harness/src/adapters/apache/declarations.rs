//! What Apache httpd shows otherwise, can't do, or is known to do wrongly, although its configuration can be rendered.

use crate::adapters::{Declaration, KnownFailing, Meaning, Shows};

pub(super) const SHOWS: &[Shows] = &[
    Shows {
        meaning: Meaning::Status(502),
        status: 503,
        selectors: &["UP-001", "UP-015", "ERR-003", "ERR-005"],
        reason: "a target that can't be reached is out of service: 503; 502 is for answers that are none",
    },
    Shows {
        meaning: Meaning::Status(504),
        status: 502,
        selectors: &["UP-002", "CORS-040"],
        reason: "an answer that doesn't come is like one that is none",
    },
    Shows {
        meaning: Meaning::Status(504),
        status: 503,
        selectors: &["UP-008", "UP-073"],
        reason: "a target that doesn't take the connection, or doesn't answer over HTTP/2, is out of service",
    },
    Shows {
        meaning: Meaning::Status(413),
        status: 411,
        selectors: &["LIMIT-004"],
        reason: "where there is a limit, bodies have to announce their length (RFC 9110 §15.5.12)",
    },
];

pub(super) const UNSUPPORTED: &[Declaration] = &[
    Declaration {
        selector: "problem-json",
        reason: "error pages are static; there is no problem+json (RFC 9457)",
    },
    Declaration {
        selector: "grpc-errors",
        reason: "refusals are those of HTTP, whatever the request's content type",
    },
    Declaration {
        selector: "admin",
        reason: "there is no admin interface; mod_status has no metrics for Prometheus",
    },
    Declaration {
        selector: "misdirected",
        reason: "the scheme of a target in absolute form is not looked at",
    },
    Declaration {
        selector: "misdirected-host",
        reason: "a host is compared with the handshake's only as far as virtual hosts differ in their TLS",
    },
    Declaration {
        selector: "proxy-status",
        reason: "there is no Proxy-Status (RFC 9209)",
    },
    Declaration {
        selector: "log-detail",
        reason: "its log line has no more than the members that all targets have",
    },
    Declaration {
        selector: "BASIC-013",
        reason: "a challenge has a realm, and no charset",
    },
    Declaration {
        selector: "LIMIT-003",
        reason: "LimitRequestBody is not for what is forwarded, so bodies without an announced length are refused",
    },
    Declaration {
        selector: "encoded-question-mark",
        reason: "a path with %3F is refused by mod_rewrite, or it might become a query (since 2.4.60)",
    },
    Declaration {
        selector: "ROUTE-078",
        reason: "an encoded NUL is refused as a path that is not there (404), before any rule is looked at",
    },
    Declaration {
        selector: "MTLS-012",
        reason: "new lists are read by a restart, which breaks handshakes off that have begun",
    },
];

pub(super) const KNOWN_FAILING: &[KnownFailing] = &[
    KnownFailing {
        selector: "BASIC-006",
        reason: "of two Authorization fields the first counts, and the other is not looked at",
        link: "https://www.rfc-editor.org/rfc/rfc9110#section-5.3",
    },
    KnownFailing {
        selector: "UP-007",
        reason: "what doesn't begin with a status line is passed on as the body of an HTTP/0.9 response",
        link: "https://datatracker.ietf.org/doc/html/rfc9112#section-4",
    },
    KnownFailing {
        selector: "UP-071",
        reason: "the trailers of an answer without a body are sent as its headers",
        link: "https://datatracker.ietf.org/doc/html/rfc9113#section-8.1",
    },
    KnownFailing {
        selector: "ROUTE-077",
        reason: "a path that climbs above the root is answered with 400",
        link: "https://datatracker.ietf.org/doc/html/rfc3986#section-5.2.4",
    },
    KnownFailing {
        selector: "TLS-008",
        reason: "where no protocol is shared, HTTP/1.1 is chosen though the client didn't offer it",
        link: "https://datatracker.ietf.org/doc/html/rfc7301#section-3.2",
    },
    KnownFailing {
        selector: "ROUTE-099",
        reason: "trailers of an upstream of HTTP/2 do not come through",
        link: "https://httpd.apache.org/docs/2.4/mod/mod_proxy_http2.html",
    },
];
