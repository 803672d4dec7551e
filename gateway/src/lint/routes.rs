//! Routes that take or let through more than they probably should.

use super::Findings;
use crate::compile::{Entry, Outline, Written};
use crate::config::raw::PathPattern;
use crate::plugin::registry;
use serde_json::Value;

pub fn catch_all(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for route in &outline.routes {
        let paths = &route.raw.paths;
        let all = |path: &PathPattern| matches!(path, PathPattern::Prefix(path) if path == "/");
        let mend = "name what is served in `paths`; what is forgotten is then a 404, and not open by mistake";
        if paths.is_empty() {
            found.add(
                route.at.on_key(),
                format!("the route `{}` takes every path", route.name),
                mend,
            );
        } else if let Some(place) = paths.iter().position(all) {
            found.add(
                route.at.key("paths").index(place),
                format!("the route `{}` takes every path", route.name),
                mend,
            );
        }
    }
}

pub fn any_method(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for route in outline
        .routes
        .iter()
        .filter(|route| route.raw.methods.is_empty())
    {
        found.add(
            route.at.on_key(),
            format!("the route `{}` takes every method", route.name),
            "name them, as in `methods: [GET, POST]`: what the upstream does with a DELETE is then no question",
        );
    }
}

pub fn no_authentication(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for route in outline.routes.iter().filter(|route| !authenticates(route)) {
        found.add(
            route.at.on_key(),
            format!("anyone may call the route `{}`", route.name),
            format!(
                "add a plugin that finds out who calls ({}), unless the API is meant to be open",
                auth_plugins()
            ),
        );
    }
}

pub fn no_correlation_id(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for (plugin, at) in outline.plugins() {
        if plugin.name == registry::REQUEST_ID && plugin.enabled == Some(false) {
            found.add(
                at,
                "without a request id, what a client reports can't be found in the log",
                "take this entry away: request-id is in force by default",
            );
        }
    }
}

pub fn unlimited_request(outline: &Outline<'_>, found: &mut Findings<'_>) {
    let mend =
        "give it a size, as in `maxBytes: 10MiB`, at least on routes that do not take uploads";
    for (plugin, at) in outline.plugins() {
        if plugin.name == registry::REQUEST_SIZE_LIMIT && plugin.enabled == Some(false) {
            found.add(at, "request bodies of any size pass", mend);
        }
    }
    for entry in outline.routes.iter().flat_map(|route| &route.plugins) {
        if entry.kind.name == registry::REQUEST_SIZE_LIMIT && is_unlimited(&entry.config) {
            let at = entry.at.key("maxBytes");
            found.add(at, "request bodies of any size pass", mend);
        }
    }
}

pub fn unlimited_response(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for route in &outline.routes {
        let mend = "add response-size-limit with `maxBytes`: an upstream gone wrong then costs no more than that";
        match in_force(route, registry::RESPONSE_SIZE_LIMIT) {
            None => found.add(
                route.at.on_key(),
                format!("responses of any size pass on the route `{}`", route.name),
                mend,
            ),
            Some(entry) if is_unlimited(&entry.config) => {
                found.add(
                    entry.at.key("maxBytes"),
                    "responses of any size pass",
                    "give it a size, as in `maxBytes: 10MiB`",
                );
            }
            Some(_) => {}
        }
    }
}

pub fn exception_without_note(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for (plugin, at) in outline.plugins() {
        if plugin.enabled == Some(false) && plugin.note.is_none() {
            found.add(
                at,
                format!("`{}` is taken away, and nobody can tell why", plugin.name),
                "say so, as in `note: the partner's client sends no key until June`",
            );
        }
    }
}

pub fn key_in_query(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for entry in outline.routes.iter().flat_map(|route| &route.plugins) {
        if entry.kind.authenticates && entry.config.get("query").is_some() {
            found.add(
                entry.at.key("query"),
                "a key in the query ends up in browser histories, in Referer and in others' logs",
                "let clients send it in the header, and take `query` away once they do",
            );
        }
    }
}

/// Tokens of an issuer are made for many; RFC 8725 §3.9 wants each to say for whom.
pub fn no_audience(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for route in &outline.routes {
        let Some(entry) = in_force(route, registry::JWT_VALIDATE) else {
            continue;
        };
        let issuers = entry.config.get("issuers").and_then(Value::as_array);
        let issuers = issuers.into_iter().flatten().enumerate();
        let mut places: Vec<_> = issuers
            .map(|(place, issuer)| (issuer, entry.at.key("issuers").index(place)))
            .collect();
        if places.is_empty() {
            places.push((&entry.config, entry.at));
        }
        for (_, at) in places
            .iter()
            .filter(|(issuer, _)| issuer.get("audience").is_none())
        {
            found.add(
                *at,
                "a token that the issuer made for another service is accepted here too",
                "name this service by `audience`, as `aud` has it in its tokens",
            );
        }
    }
}

/// Whether a plugin on the route finds out who calls.
pub fn authenticates(route: &Written<'_>) -> bool {
    route.plugins.iter().any(|entry| entry.kind.authenticates)
}

fn auth_plugins() -> String {
    let names = registry::REGISTRY.iter().filter(|kind| kind.authenticates);
    names.map(|kind| kind.name).collect::<Vec<_>>().join(", ")
}

fn in_force<'a, 'o>(route: &'a Written<'o>, name: &str) -> Option<&'a Entry<'o>> {
    route.plugins.iter().find(|entry| entry.kind.name == name)
}

fn is_unlimited(config: &Value) -> bool {
    config["maxBytes"] == "unlimited"
}
