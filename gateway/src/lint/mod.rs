//! What a configuration may say but probably should not: each finding with its place, the reason and the mend.
//!
//! A finding is one function and one line of [`LINTS`]; it looks at the outline, which knows both what is written where
//! and which plugins are in force. Findings are warnings: the configuration runs all the same.

mod auth;
mod cors;
mod limits;
mod routes;
mod services;
mod whole;

use crate::compile::Outline;
use crate::config::{Place, Report};

/// A kind of finding.
pub struct Lint {
    /// Stable, in kebab-case, so that tools may refer to it.
    pub code: &'static str,
    find: fn(&Outline<'_>, &mut Findings<'_>),
}

/// Every kind of finding.
pub const LINTS: &[Lint] = &[
    kind("catch-all-route", routes::catch_all),
    kind("any-method", routes::any_method),
    kind("no-authentication", routes::no_authentication),
    kind("no-correlation-id", routes::no_correlation_id),
    kind("unlimited-request", routes::unlimited_request),
    kind("unlimited-response", routes::unlimited_response),
    kind("exception-without-note", routes::exception_without_note),
    kind("key-in-query", routes::key_in_query),
    kind("no-audience", routes::no_audience),
    kind("rule-without-token", auth::rule_without_token),
    kind("no-client-certificates", auth::no_client_certificates),
    kind("any-origin", cors::any_origin),
    kind(
        "subdomains-with-credentials",
        cors::subdomains_with_credentials,
    ),
    kind(
        "insecure-origin-with-credentials",
        cors::insecure_with_credentials,
    ),
    kind("limit-by-address", limits::by_address),
    kind("limit-without-identity", limits::without_identity),
    kind("limit-by-header", limits::by_header),
    kind("limit-in-dry-run", limits::in_dry_run),
    kind("default-timeouts", services::default_timeouts),
    kind("default-retries", services::default_retries),
    kind("unsafe-retry", services::unsafe_retry),
    kind("unused-service", services::unused),
    kind("plain-text-secret", whole::plain_text_secret),
    kind("trusts-everyone", whole::trusts_everyone),
    kind("credentials-in-clear", whole::credentials_in_clear),
    kind("unused-consumers", whole::unused_consumers),
];

const fn kind(code: &'static str, find: fn(&Outline<'_>, &mut Findings<'_>)) -> Lint {
    Lint { code, find }
}

/// Adds every finding to the report, as a warning.
pub fn lint(outline: &Outline<'_>, report: &mut Report) {
    for Lint { code, find } in LINTS {
        find(outline, &mut Findings { report, code });
    }
}

/// Takes the findings of one kind.
struct Findings<'r> {
    report: &'r mut Report,
    code: &'static str,
}

impl Findings<'_> {
    fn add(&mut self, at: impl Into<Place>, reason: impl Into<String>, mend: impl Into<String>) {
        self.report.warn(at, self.code, reason).help(mend);
    }
}
