//! What Apache httpd shows otherwise, can't do, or is known to do wrongly, although its configuration can be rendered.

use crate::adapters::{Declaration, KnownFailing, Meaning, Shows};

pub(super) const SHOWS: &[Shows] = &[Shows {
    meaning: Meaning::Status(502),
    status: 503,
    selectors: &["UP-001", "UP-015", "ERR-003", "ERR-005"],
    reason: "a target that can't be reached is out of service: 503; 502 is for answers that are none",
}];

pub(super) const UNSUPPORTED: &[Declaration] = &[
    Declaration {
        selector: "problem-json",
        reason: "error pages are static; there is no problem+json (RFC 9457)",
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
        selector: "proxy-status",
        reason: "there is no Proxy-Status (RFC 9209)",
    },
    Declaration {
        selector: "log-detail",
        reason: "its log line has no more than the members that all targets have",
    },
];

pub(super) const KNOWN_FAILING: &[KnownFailing] = &[];
