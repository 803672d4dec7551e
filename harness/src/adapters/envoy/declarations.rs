//! What Envoy shows otherwise, can't do, or is known to do wrongly, although its configuration can be rendered.

use crate::adapters::{Declaration, KnownFailing, Meaning, Shows};

pub(super) const SHOWS: &[Shows] = &[
    Shows {
        meaning: Meaning::Status(502),
        status: 503,
        selectors: &[
            "CORS-040",
            "ERR-003",
            "ERR-005",
            "TLS-041",
            "TLS-043",
            "TLS-045",
            "TLS-046",
            "TLS-047",
            "TLS-049",
            "TLS-050",
            "UP-001",
            "UP-003",
            "UP-005",
            "UP-011",
            "UP-015",
            "UPTLS-002",
        ],
        reason: "to Envoy an upstream that can't be reached, or ends the connection, is an unavailable service",
    },
    Shows {
        meaning: Meaning::Status(504),
        status: 503,
        selectors: &["UP-008"],
        reason: "to Envoy a connection that is not made in time is one that is not made",
    },
];

pub(super) const UNSUPPORTED: &[Declaration] = &[
    Declaration {
        selector: "sliding-window",
        reason: "a bucket is filled steadily: within a minute it lets more than the limit pass",
    },
    Declaration {
        selector: "problem-json",
        reason: "local replies are texts; a format for them has no code that tells what went wrong",
    },
    Declaration {
        selector: "ratelimit-headers",
        reason: "X-RateLimit-* of an early draft are all that local limits can tell",
    },
    Declaration {
        selector: "admin",
        reason: "the admin interface has other paths and other metrics",
    },
    Declaration {
        selector: "proxy-status",
        reason: "proxy_status_config tells refused connections from broken ones, but nothing of TLS, and answers are no \
                 problems",
    },
    Declaration {
        selector: "log-detail",
        reason: "the causes of the log are Envoy's response flags",
    },
    Declaration {
        selector: "misdirected",
        reason: "the scheme of a target in absolute form is not looked at",
    },
    Declaration {
        selector: "misdirected-host",
        reason: "hosts are not compared with the certificate of the connection",
    },
    Declaration {
        selector: "streamed-body",
        reason: "a body is kept as far as the buffer's limit, so that it can be sent again",
    },
    Declaration {
        selector: "patient-retries",
        reason: "an upstream's Retry-After is not waited for",
    },
    Declaration {
        selector: "grpc-errors",
        reason: "a refusal has a status of gRPC, but no message where it would have no body, and what takes too long is \
                 UNAVAILABLE",
    },
    Declaration {
        selector: "CORS-008",
        reason: "where every origin is allowed, it is told by its name instead of *, which is as good",
    },
    Declaration {
        selector: "TLS-006",
        reason: "files are read again when they are moved into a directory that is watched (SDS), not on SIGHUP",
    },
    Declaration {
        selector: "MTLS-012",
        reason: "files are read again when they are moved into a directory that is watched (SDS), not on SIGHUP",
    },
    Declaration {
        selector: "TLS-008",
        reason: "without a protocol in common the handshake goes on, as RFC 7301 allows where ALPN is ignored",
    },
    Declaration {
        selector: "TLS-053",
        reason: "HTTP/2 is spoken where it is configured, whatever the upstream agreed to",
    },
    Declaration {
        selector: "RATE-082",
        reason: "a request without the claim that a limit is keyed by is counted with all such requests",
    },
    Declaration {
        selector: "JWT-134",
        reason: "keys are fetched by the clock: one that is not known is no reason to",
    },
    Declaration {
        selector: "JWT-170",
        reason: "metadata is read by whoever writes the configuration, when it is written",
    },
    Declaration {
        selector: "JWT-171",
        reason: "metadata is read by whoever writes the configuration, when it is written",
    },
    Declaration {
        selector: "JWT-172",
        reason: "metadata is read by whoever writes the configuration, when it is written",
    },
    Declaration {
        selector: "JWT-173",
        reason: "metadata is read by whoever writes the configuration, when it is written",
    },
    Declaration {
        selector: "JWT-174",
        reason: "metadata is read by whoever writes the configuration, when it is written",
    },
    Declaration {
        selector: "JWT-175",
        reason: "metadata is read by whoever writes the configuration, when it is written",
    },
    Declaration {
        selector: "GUARD-008",
        reason: "keys are fetched by the clock: one that is not known is no reason to",
    },
    Declaration {
        selector: "GUARD-009",
        reason: "keys are fetched by the clock: one that is not known is no reason to",
    },
    Declaration {
        selector: "JWT-080",
        reason: "keys are fetched by the clock: one that is not known is no reason to",
    },
    Declaration {
        selector: "JWT-131",
        reason: "keys are fetched by the clock: one that is not known is no reason to",
    },
    Declaration {
        selector: "JWT-132",
        reason: "keys are fetched by the clock: one that is not known is no reason to",
    },
    Declaration {
        selector: "JWT-135",
        reason: "keys are fetched by the clock: one that is not known is no reason to",
    },
    Declaration {
        selector: "JWT-136",
        reason: "keys are fetched by the clock: one that is not known is no reason to",
    },
    Declaration {
        selector: "JWT-157",
        reason: "keys are fetched by the clock: one that is not known is no reason to",
    },
    Declaration {
        selector: "JWT-137",
        reason: "how long keys live is said by the configuration alone, not by the issuer",
    },
    Declaration {
        selector: "JWT-024",
        reason: "published keys are taken whatever their length",
    },
    Declaration {
        selector: "JWT-139",
        reason: "published keys are taken whatever their length",
    },
    Declaration {
        selector: "JWT-025",
        reason: "of a signature that is too long the end is not looked at",
    },
    Declaration {
        selector: "JWT-034",
        reason: "local replies are texts",
    },
    Declaration {
        selector: "JWT-063",
        reason: "a scheme is compared with upper and lower case apart",
    },
    Declaration {
        selector: "JWT-110",
        reason: "a claim that would have to be escaped in a header is refused",
    },
    Declaration {
        selector: "JWT-111",
        reason: "a claim that would have to be escaped in a header is refused",
    },
    Declaration {
        selector: "JWT-150",
        reason: "a key set of any size is taken, and one of secrets alone is one in which the token's key isn't",
    },
    Declaration {
        selector: "JWT-154",
        reason: "redirects of a server of keys are not followed",
    },
    Declaration {
        selector: "JWT-091",
        reason: "a scheme is compared with upper and lower case apart",
    },
    Declaration {
        selector: "JWT-105",
        reason: "a token that is no consumer's has nobody to be counted for, and is refused",
    },
    Declaration {
        selector: "UP-028",
        reason: "going round begins with any target, and the scenario with the first",
    },
    Declaration {
        selector: "UP-031",
        reason: "going round begins with any target, and the scenario with the first",
    },
    Declaration {
        selector: "UP-030",
        reason: "going round begins with any target, and the scenario with the first",
    },
    Declaration {
        selector: "UP-029",
        reason: "going round begins with any target, and the scenario with the first",
    },
];

pub(super) const KNOWN_FAILING: &[KnownFailing] = &[
    KnownFailing {
        selector: "KEY-007",
        reason: "of two headers of one name the first is taken",
        link: "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/api_key_auth_filter",
    },
    KnownFailing {
        selector: "KEY-023",
        reason: "the first place that has a key counts, and another key elsewhere is not looked at",
        link: "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/api_key_auth_filter",
    },
    KnownFailing {
        selector: "ROUTE-074",
        reason: "an escape that is none is passed on",
        link: "https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto",
    },
    KnownFailing {
        selector: "case-of-escapes",
        reason: "escapes keep their lower case where a path is normalised",
        link: "https://datatracker.ietf.org/doc/html/rfc3986#section-6.2.2.1",
    },
    KnownFailing {
        selector: "TLS-002",
        reason: "certificates are chosen by the server name as it is written, in upper or lower case",
        link: "https://datatracker.ietf.org/doc/html/rfc6066#section-3",
    },
    KnownFailing {
        selector: "UP-066",
        reason: "what an upstream's Connection names is passed on",
        link: "https://datatracker.ietf.org/doc/html/rfc9110#section-7.6.1",
    },
    KnownFailing {
        selector: "JWT-095",
        reason: "a token that came in the query goes upstream there, though it is not to be forwarded",
        link: "https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/jwt_authn/v3/config.proto",
    },
];
