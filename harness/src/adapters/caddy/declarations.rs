//! What Caddy shows otherwise, can't do, or is known to do wrongly, although its configuration can be rendered.

use crate::adapters::{Declaration, KnownFailing, Meaning, Shows};

/// What the suite calls a member of the access log, and where Caddy has it.
pub(super) const LOG_MEMBERS: &[(&str, &str)] = &[
    ("path", "/request/uri"),
    ("method", "/request/method"),
    ("consumer", "/user_id"),
    ("request_id", "/resp_headers/X-Request-Id"),
];

pub(super) const SHOWS: &[Shows] = &[Shows {
    meaning: Meaning::Status(504),
    status: 502,
    selectors: &["UP-008"],
    reason: "whatever keeps a connection from being made is 502; 504 is for answers that don't come",
}];

pub(super) const UNSUPPORTED: &[Declaration] = &[
    Declaration {
        selector: "problem-json",
        reason: "there is no problem+json (RFC 9457); error pages would have to be written",
    },
    Declaration {
        selector: "grpc-errors",
        reason: "refusals are those of HTTP, whatever the request's content type",
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
        selector: "misdirected",
        reason: "the scheme of a target in absolute form is not looked at",
    },
    Declaration {
        selector: "misdirected-host",
        reason: "strict_sni_host takes the very name of the handshake alone, no other that the certificate is for",
    },
    Declaration {
        selector: "BASIC-013",
        reason: "a challenge has a realm, and no charset",
    },
    Declaration {
        selector: "TLS-006",
        reason: "a configuration is loaded anew by way of the admin interface, which is off; files are not watched",
    },
    Declaration {
        selector: "proxy-status",
        reason: "there is no Proxy-Status (RFC 9209)",
    },
    Declaration {
        selector: "log-detail",
        reason: "the members of the access log can't be chosen",
    },
    Declaration {
        selector: "OBS-020",
        reason: "the access log names neither route nor service, and nothing can be added to it (before 2.8)",
    },
    Declaration {
        selector: "OBS-025",
        reason: "the access log doesn't name the service",
    },
    Declaration {
        selector: "AUTHZ-041",
        reason: "the log tells of callers what basic authentication found, and nothing of who was refused later",
    },
];

pub(super) const KNOWN_FAILING: &[KnownFailing] = &[
    KnownFailing {
        selector: "BASIC-006",
        reason: "of two Authorization fields the first counts, and the other is not looked at",
        link: "https://www.rfc-editor.org/rfc/rfc9110#section-5.3",
    },
    KnownFailing {
        selector: "precise-alert",
        reason: "the alert is bad_certificate, whatever is wrong with the certificate",
        link: "https://www.rfc-editor.org/rfc/rfc8446#section-6.2",
    },
    KnownFailing {
        selector: "MTLS-006",
        reason: "the alert is bad_certificate, though there is no certificate",
        link: "https://www.rfc-editor.org/rfc/rfc8446#section-6.2",
    },
    KnownFailing {
        selector: "LIMIT-081",
        reason: "a body that doesn't come in time is taken for a client that has gone, and answered with an empty 200",
        link: "https://github.com/caddyserver/caddy/issues/7396",
    },
    KnownFailing {
        selector: "UP-073",
        reason: "response_header_timeout is not in force where an upstream is spoken to by h2c",
        link: "https://github.com/golang/go/issues/45574",
    },
    KnownFailing {
        selector: "UP-066",
        reason: "where Connection says close, Go's client takes it away before what else it names has been read",
        link: "https://datatracker.ietf.org/doc/html/rfc9110#section-7.6.1",
    },
];
