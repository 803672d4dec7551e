//! CORS (Fetch §3.2): preflights are answered at once, and every answer of the backend is told by `http-after-response`,
//! those that HAProxy makes itself among them.

use super::rules::{Rules, Source};
use super::words::{escaped, format_word, word};
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::{Cors, Settings as _};
use crate::adapters::common::values::duration;

const ORIGIN: &str = "{ var(txn.cors_origin) -m found }";
const PREFLIGHT: &str = "{ var(txn.preflight) -m bool }";

/// Adds the rules, where the route has the plugin.
pub(super) fn add(rules: &mut Rules, source: &Source<'_>) -> Result<(), Unsupported> {
    let Some(config) = Cors::on(source.route)? else {
        return Ok(());
    };
    origin(rules, &config);
    rules.add(
        "http-request set-var(txn.preflight) bool(true) if METH_OPTIONS { req.fhdr(Origin) -m found } \
         { req.fhdr(Access-Control-Request-Method) -m found }",
    );
    rules.add(&format!("http-request return status 204 if {PREFLIGHT}"));
    let seconds = duration(&config.max_age)?.as_secs().to_string();
    let credentials = if config.allow_credentials { "true" } else { "" };
    let always = format!("if {ORIGIN}");
    let preflight = format!("if {ORIGIN} {PREFLIGHT}");
    let usual = format!("if {ORIGIN} !{PREFLIGHT}");
    for (name, value, when) in [
        ("Allow-Credentials", credentials.to_owned(), &always),
        ("Allow-Methods", config.methods.join(", "), &preflight),
        ("Allow-Headers", config.headers.join(", "), &preflight),
        ("Max-Age", seconds, &preflight),
        ("Expose-Headers", config.expose_headers.join(", "), &usual),
    ] {
        tell(rules, name, &value, when);
    }
    rules.add("http-after-response del-header Access-Control-Allow-Origin");
    rules.add(&format!(
        "http-after-response set-header Access-Control-Allow-Origin %[var(txn.cors_origin)] {always}"
    ));
    rules.add("http-after-response add-header Vary Origin");
    rules.add(&format!(
        "http-after-response add-header Vary 'Access-Control-Request-Method, \
         Access-Control-Request-Headers' if {PREFLIGHT}"
    ));
    Ok(())
}

/// The origin that the answer names.
fn origin(rules: &mut Rules, config: &Cors) {
    if config.origins.iter().any(|origin| origin == "*") {
        rules.add("http-request set-var(txn.cors_origin) str(*) if { req.fhdr(Origin) -m found }");
        return;
    }
    let origins = config.origins.iter();
    let expressions = origins.map(|origin| match origin.split_once('*') {
        // It stands for one or more labels.
        Some((before, after)) => {
            let expression = format!("^{}[A-Za-z0-9.-]+{}$", escaped(before), escaped(after));
            format!("req.fhdr(Origin) -m reg {}", word(&expression))
        }
        None => format!("req.fhdr(Origin) -m str {}", word(origin)),
    });
    let allowed = rules.acls.any("allowed_origin", expressions.collect());
    rules.add(&format!(
        "http-request set-var(txn.cors_origin) req.fhdr(Origin) if {allowed}"
    ));
}

/// One header, in place of the upstream's.
fn tell(rules: &mut Rules, name: &str, value: &str, when: &str) {
    let header = format!("Access-Control-{name}");
    rules.add(&format!("http-after-response del-header {header}"));
    if !value.is_empty() {
        let value = format_word(value);
        rules.add(&format!(
            "http-after-response set-header {header} {value} {when}"
        ));
    }
}
