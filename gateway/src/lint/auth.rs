//! Rules and auth plugins that nothing can satisfy.

use super::Findings;
use crate::compile::{Outline, Written};
use crate::config::At;
use crate::plugin::registry;
use serde_json::Value;

/// The plugins that bring what a token says.
const TOKEN_PLUGINS: &[&str] = &["jwt-validate", "oauth2-introspect"];
/// The fields of a rule that only a token can satisfy.
const OF_TOKENS: &[&str] = &["scopes", "claims"];

pub fn rule_without_token(outline: &Outline<'_>, found: &mut Findings<'_>) {
    let without = |route: &&Written<'_>| {
        let names = route.plugins.iter().map(|entry| entry.kind.name);
        names.into_iter().all(|name| !TOKEN_PLUGINS.contains(&name))
    };
    for route in outline.routes.iter().filter(without) {
        let policies = route.plugins.iter();
        for policy in policies.filter(|entry| entry.kind.name == registry::AUTHORIZE) {
            for (at, field) in of_tokens(&policy.config, policy.at) {
                found.add(
                    at,
                    format!(
                        "no caller of the route `{}` has {field}: they come with tokens, and no plugin there reads any",
                        route.name
                    ),
                    "add jwt-validate or oauth2-introspect, or ask for `roles` or `groups`, which consumers have too",
                );
            }
        }
    }
}

/// The fields of rules that only a token can satisfy, the short forms included.
fn of_tokens<'a>(config: &Value, at: At<'a>) -> Vec<(At<'a>, &'static str)> {
    let fields = |rule: &Value, at: At<'a>| {
        let given = OF_TOKENS.iter().filter(|field| rule.get(**field).is_some());
        given
            .map(|field| (at.key(field), *field))
            .collect::<Vec<_>>()
    };
    let mut found = fields(config, at);
    for key in ["allow", "deny"] {
        let rules = config[key].as_array().into_iter().flatten().enumerate();
        found.extend(rules.flat_map(|(place, rule)| fields(rule, at.key(key).index(place))));
    }
    found
}

pub fn no_client_certificates(outline: &Outline<'_>, found: &mut Findings<'_>) {
    let listeners = outline.documents.iter().flat_map(|loaded| {
        let listeners = loaded.source.value()["listeners"].as_array();
        listeners.into_iter().flatten()
    });
    if listeners.into_iter().any(asks_for_certificates) {
        return;
    }
    let entries = outline.routes.iter().flat_map(|route| &route.plugins);
    for entry in entries.filter(|entry| entry.kind.name == registry::MTLS_AUTH) {
        found.add(
            entry.at.on_key(),
            "no listener asks clients for certificates, so nobody ever shows one",
            "add `clientCertificates: {ca: clients-ca.pem}` to the `tls` of a listener",
        );
    }
}

fn asks_for_certificates(listener: &Value) -> bool {
    let asked = &listener["tls"]["clientCertificates"];
    asked.is_object() && asked["mode"] != "off"
}
