//! What Express Gateway can't do, or is known to do wrongly, although its configuration can be rendered.

use crate::adapters::{Declaration, KnownFailing};

pub(super) const UNSUPPORTED: &[Declaration] = &[
    Declaration {
        selector: "problem-json",
        reason: "what it answers itself is plain text",
    },
    Declaration {
        selector: "access-log",
        reason: "its log is text for people, and has no line for each request",
    },
    Declaration {
        selector: "OBS-022",
        reason: "its log is text for people, and has no line for each request",
    },
    Declaration {
        selector: "OBS-023",
        reason: "its log is text for people, and has no line for each request",
    },
    Declaration {
        selector: "admin",
        reason: "its admin interface keeps users and keys, and tells nothing of requests",
    },
    Declaration {
        selector: "sliding-window",
        reason: "requests are counted in fixed windows",
    },
    Declaration {
        selector: "ratelimit-headers",
        reason: "what is left of a quota is told in X-RateLimit headers alone",
    },
    Declaration {
        selector: "OBS-003",
        reason: "what no endpoint matches has no id",
    },
    Declaration {
        selector: "LIMIT-007",
        reason: "bodies have no limit",
    },
    Declaration {
        selector: "ROUTE-070",
        reason: "paths are matched as they came",
    },
    Declaration {
        selector: "ROUTE-071",
        reason: "paths are matched and passed on as they came",
    },
    Declaration {
        selector: "ROUTE-072",
        reason: "a path that begins with two slashes loses one on its way",
    },
    Declaration {
        selector: "ROUTE-073",
        reason: "nothing is refused for what is encoded in it",
    },
    Declaration {
        selector: "ROUTE-077",
        reason: "paths are matched as they came",
    },
    Declaration {
        selector: "ROUTE-078",
        reason: "nothing is refused for what is encoded in it",
    },
    Declaration {
        selector: "misdirected",
        reason: "the scheme of a target in absolute form is not looked at",
    },
    Declaration {
        selector: "TLS-020",
        reason: "hosts are not compared with the certificate of the connection",
    },
    Declaration {
        selector: "TLS-021",
        reason: "its TLS listener speaks no HTTP/2",
    },
    Declaration {
        selector: "TLS-022",
        reason: "hosts are not compared with the certificate of the connection",
    },
    Declaration {
        selector: "TLS-023",
        reason: "hosts are not compared with the certificate of the connection",
    },
    Declaration {
        selector: "TLS-024",
        reason: "hosts are not compared with the certificate of the connection",
    },
    Declaration {
        selector: "TLS-004",
        reason: "a wildcard in the name of a certificate stands for several labels",
    },
    Declaration {
        selector: "TLS-006",
        reason: "certificates are read when it starts",
    },
    Declaration {
        selector: "TLS-007",
        reason: "its TLS listener speaks no HTTP/2",
    },
    Declaration {
        selector: "TLS-009",
        reason: "its TLS listener speaks no HTTP/2",
    },
    Declaration {
        selector: "TLS-010",
        reason: "its pipelines pass no WebSocket",
    },
    Declaration {
        selector: "TLS-013",
        reason: "its TLS listener speaks no HTTP/2",
    },
    Declaration {
        selector: "UP-024",
        reason: "nothing is sent twice",
    },
    Declaration {
        selector: "RATE-092",
        reason: "X-RateLimit headers are always sent",
    },
    Declaration {
        selector: "UP-004",
        reason: "nothing is sent twice",
    },
    Declaration {
        selector: "proxy-status",
        reason: "there is no Proxy-Status (RFC 9209), and its log is text",
    },
    Declaration {
        selector: "AUTHZ-006",
        reason: "paths are compared as they came",
    },
    Declaration {
        selector: "CORS-004",
        reason: "it answers OPTIONS alike whatever is asked for, and so varies by Origin alone",
    },
    Declaration {
        selector: "over-http2",
        reason: "its TLS listener speaks no HTTP/2",
    },
    Declaration {
        selector: "MTLS-013",
        reason: "its TLS listener speaks no HTTP/2",
    },
    Declaration {
        selector: "MTLS-012",
        reason: "lists of revoked certificates are read when it starts",
    },
];

pub(super) const KNOWN_FAILING: &[KnownFailing] = &[
    KnownFailing {
        selector: "ROUTE-054",
        reason: "of a target in absolute form the Host header counts, not the target",
        link: "https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2",
    },
    KnownFailing {
        selector: "TLS-002",
        reason: "server names are compared with upper and lower case apart",
        link: "https://www.rfc-editor.org/rfc/rfc6066#section-3",
    },
    KnownFailing {
        selector: "KEY-007",
        reason: "of a header that is given twice, the last value counts",
        link: "https://nodejs.org/docs/latest-v20.x/api/http.html#messageheaders",
    },
    KnownFailing {
        selector: "COMBINE-002",
        reason: "of a password, what comes after a colon is cut off",
        link: "https://github.com/jaredhanson/passport-http/issues/20",
    },
    KnownFailing {
        selector: "COMBINE-004",
        reason: "of a password, what comes after a colon is cut off",
        link: "https://github.com/jaredhanson/passport-http/issues/20",
    },
    KnownFailing {
        selector: "BASIC-012",
        reason: "of a password, what comes after a colon is cut off",
        link: "https://github.com/jaredhanson/passport-http/issues/20",
    },
    KnownFailing {
        selector: "BASIC-002",
        reason: "of a password, what comes after a colon is cut off",
        link: "https://github.com/jaredhanson/passport-http/issues/20",
    },
    KnownFailing {
        selector: "BASIC-005",
        reason: "of a password, what comes after a colon is cut off",
        link: "https://github.com/jaredhanson/passport-http/issues/20",
    },
    KnownFailing {
        selector: "BASIC-006",
        reason: "of a password, what comes after a colon is cut off",
        link: "https://github.com/jaredhanson/passport-http/issues/20",
    },
    KnownFailing {
        selector: "BASIC-007",
        reason: "of a password, what comes after a colon is cut off",
        link: "https://github.com/jaredhanson/passport-http/issues/20",
    },
    KnownFailing {
        selector: "CORS-002",
        reason: "an origin that is not allowed, or none, is told all but Access-Control-Allow-Origin",
        link: "https://github.com/expressjs/cors/issues/336",
    },
    KnownFailing {
        selector: "CORS-021",
        reason: "an origin that is not allowed, or none, is told all but Access-Control-Allow-Origin",
        link: "https://github.com/expressjs/cors/issues/336",
    },
    KnownFailing {
        selector: "CORS-027",
        reason: "an origin that is not allowed, or none, is told all but Access-Control-Allow-Origin",
        link: "https://github.com/expressjs/cors/issues/336",
    },
    KnownFailing {
        selector: "CORS-052",
        reason: "an origin that is not allowed, or none, is told all but Access-Control-Allow-Origin",
        link: "https://github.com/expressjs/cors/issues/336",
    },
    KnownFailing {
        selector: "ORDERS-008",
        reason: "an origin that is not allowed, or none, is told all but Access-Control-Allow-Origin",
        link: "https://github.com/expressjs/cors/issues/336",
    },
    KnownFailing {
        selector: "PARTNER-002",
        reason: "an origin that is not allowed, or none, is told all but Access-Control-Allow-Origin",
        link: "https://github.com/expressjs/cors/issues/336",
    },
    KnownFailing {
        selector: "CORS-022",
        reason: "headers of the upstream take the place of those that were set before it was called",
        link: "https://fetch.spec.whatwg.org/#http-responses",
    },
    KnownFailing {
        selector: "CORS-023",
        reason: "headers of the upstream take the place of those that were set before it was called",
        link: "https://fetch.spec.whatwg.org/#http-responses",
    },
    KnownFailing {
        selector: "CORS-025",
        reason: "headers of the upstream take the place of those that were set before it was called",
        link: "https://fetch.spec.whatwg.org/#http-responses",
    },
    KnownFailing {
        selector: "CORS-006",
        reason: "every OPTIONS is taken for a preflight",
        link: "https://fetch.spec.whatwg.org/#cors-preflight-request",
    },
    KnownFailing {
        selector: "MTLS-005",
        reason: "a certificate that is not trusted is let through the handshake, and the connection ended without an alert",
        link: "https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2.4",
    },
];
