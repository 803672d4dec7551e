//! Pages that may call and probably should not. `*` with credentials is an error already when it is compiled.

use super::Findings;
use crate::compile::{Entry, Outline};
use crate::config::At;
use crate::plugin::registry;

pub fn any_origin(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for route in &outline.routes {
        if !super::routes::authenticates(route) {
            continue;
        }
        for (origin, at) in route.plugins.iter().flat_map(origins) {
            if origin == "*" {
                found.add(
                    at,
                    "pages of every origin may call an API that wants to know who calls",
                    "name the origins whose pages hold credentials of this API",
                );
            }
        }
    }
}

pub fn subdomains_with_credentials(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for (origin, at) in with_credentials(outline) {
        if origin.contains("://*.") {
            found.add(
                at,
                format!("a page of any host under `{origin}` may act as the user, one that was taken over included"),
                "name the origins that need credentials",
            );
        }
    }
}

pub fn insecure_with_credentials(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for (origin, at) in with_credentials(outline) {
        let host = origin.strip_prefix("http://");
        let local = |host: &str| host.starts_with("localhost") || host.starts_with("127.0.0.1");
        if host.is_some_and(|host| !local(host)) {
            found.add(
                at,
                format!("whoever is on the network path can put a page on `{origin}` that acts as the user"),
                "allow the origin with `https://` only",
            );
        }
    }
}

fn with_credentials<'a>(outline: &'a Outline<'a>) -> impl Iterator<Item = (&'a str, At<'a>)> {
    let entries = outline.routes.iter().flat_map(|route| &route.plugins);
    entries
        .filter(|entry| entry.config["allowCredentials"] == true)
        .flat_map(origins)
}

fn origins<'a>(entry: &'a Entry<'a>) -> impl Iterator<Item = (&'a str, At<'a>)> {
    let origins = entry.config["origins"].as_array();
    let origins = origins.filter(|_| entry.kind.name == registry::CORS);
    let list = entry.at.key("origins");
    let origins = origins.into_iter().flatten().enumerate();
    origins.filter_map(move |(place, origin)| Some((origin.as_str()?, list.index(place))))
}
