//! Rate limits that count something else than was probably meant.

use super::Findings;
use super::routes::authenticates;
use crate::compile::{Entry, Outline, Written};
use crate::config::At;
use crate::plugin::registry;

pub fn by_address(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for (_, limit) in limits(outline).filter(|(route, _)| authenticates(route)) {
        if limit.key == "ip" {
            found.add(
                limit.at.key("key"),
                "callers behind one address share this limit, though the route knows who calls",
                "write `key: consumer`, or `key: key` to count each key of a consumer apart",
            );
        }
    }
}

pub fn without_identity(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for (route, limit) in limits(outline).filter(|(route, _)| !authenticates(route)) {
        if let "consumer" | "key" = limit.key {
            let name = &route.name;
            found.add(
                limit.at.key("key"),
                format!("on the route `{name}` nobody finds out who calls, so this limit counts addresses"),
                "add a plugin such as key-auth, or write `key: ip`",
            );
        }
    }
}

pub fn by_header(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for route in &outline.routes {
        let limits: Vec<_> = route.plugins.iter().flat_map(of_entry).collect();
        if limits.iter().any(|limit| !limit.key.starts_with("header:")) {
            continue;
        }
        for limit in limits {
            found.add(
                limit.at.key("key"),
                "clients choose the value of a header: with a new one, a new count begins",
                "key it by `consumer`, or add a second limit in `limits` with `key: ip`",
            );
        }
    }
}

pub fn in_dry_run(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for entry in outline.routes.iter().flat_map(|route| &route.plugins) {
        if entry.kind.name == registry::RATE_LIMIT && entry.config["dryRun"] == true {
            found.add(
                entry.at.key("dryRun"),
                "this limit counts and tells, but refuses nothing",
                "take `dryRun` away once the log shows that it refuses whom it should",
            );
        }
    }
}

/// One limit of a plugin, as it is written.
struct Limit<'a> {
    key: &'a str,
    at: At<'a>,
}

fn limits<'a>(outline: &'a Outline<'a>) -> impl Iterator<Item = (&'a Written<'a>, Limit<'a>)> {
    outline.routes.iter().flat_map(|route| {
        let limits = route.plugins.iter().flat_map(of_entry);
        limits.map(move |limit| (route, limit))
    })
}

fn of_entry<'a>(entry: &'a Entry<'a>) -> Vec<Limit<'a>> {
    if entry.kind.name != registry::RATE_LIMIT {
        return vec![];
    }
    let list = entry.at.key("limits");
    let rules = match entry.config["limits"].as_array() {
        Some(rules) if !rules.is_empty() => {
            let places = (0..).map(|place| list.index(place));
            rules.iter().zip(places).collect()
        }
        _ => vec![(&entry.config, entry.at)],
    };
    rules
        .into_iter()
        .map(|(rule, at)| Limit {
            key: rule["key"].as_str().unwrap_or("ip"),
            at,
        })
        .collect()
}
