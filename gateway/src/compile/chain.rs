//! Which plugins are in force on a route, and their chain.
//!
//! Levels from the outside in: the registry's defaults, the whole, the API document, the route. An inner entry takes the
//! place of an outer one of the same name, and `enabled: false` takes it away.

use super::Lasting;
use super::outline::{Api, Outline};
use crate::config::{At, Loaded, Report, Source, raw};
use crate::identity::Consumers;
use crate::plugin::authenticate::Combine;
use crate::plugin::chain::{Chain, Link, Phases};
use crate::plugin::registry::{self, Compile, Kind, REGISTRY};
use http::header::HeaderName;
use serde_json::Value;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};

/// A plugin in force.
pub struct Entry<'a> {
    pub kind: &'static Kind,
    pub config: Value,
    /// Where its config stands; for the registry's defaults, nowhere that a user could mend.
    pub at: At<'a>,
    /// What it is here for.
    pub note: Option<&'a str>,
    /// What shares its counters.
    scope: String,
}

/// The entries that hold for every route, with their places.
pub fn globals(documents: &[Loaded]) -> Vec<(&raw::Plugin, At<'_>)> {
    let of = |loaded: &'_ Loaded| loaded.document.api.service.is_none();
    documents
        .iter()
        .filter(|loaded| of(loaded))
        .flat_map(|loaded| {
            placed(
                &loaded.document.api.plugins,
                At::root(&loaded.source).key("plugins"),
            )
        })
        .collect()
}

pub fn placed<'a>(plugins: &'a [raw::Plugin], list: At<'a>) -> Vec<(&'a raw::Plugin, At<'a>)> {
    plugins
        .iter()
        .enumerate()
        .map(|(place, plugin)| (plugin, list.index(place)))
        .collect()
}

/// The plugins in force on a route, in the order in which they run.
pub fn in_force<'a>(
    globals: &[(&'a raw::Plugin, At<'a>)],
    api: &Api<'a>,
    route: &'a raw::Route,
    at: At<'a>,
    name: &str,
    report: &mut Report,
) -> Vec<Entry<'a>> {
    let levels = [
        ("the whole".to_owned(), globals.to_vec()),
        (
            format!("api {}", api.service.name),
            placed(&api.raw.plugins, api.at.key("plugins")),
        ),
        (
            format!("route {name}"),
            placed(&route.plugins, at.key("plugins")),
        ),
    ];
    let mut entries = defaults();
    for (scope, plugins) in levels {
        add_level(&mut entries, &scope, &plugins, report);
    }
    sorted(entries)
}

/// What runs where no route is found: the request's id, as the whole wants it.
pub fn ids<'a>(globals: &[(&'a raw::Plugin, At<'a>)], report: &mut Report) -> Vec<Entry<'a>> {
    let ids: Vec<_> = globals
        .iter()
        .filter(|(plugin, _)| plugin.name == registry::REQUEST_ID)
        .copied()
        .collect();
    let mut entries = defaults();
    add_level(&mut entries, "the whole", &ids, report);
    entries.retain(|entry| entry.kind.name == registry::REQUEST_ID);
    entries
}

fn defaults<'a>() -> Vec<Entry<'a>> {
    static NOWHERE: LazyLock<Source> = LazyLock::new(|| {
        Source::parse(
            Path::new(""),
            "(defaults)",
            b"{}".to_vec(),
            &mut Report::default(),
        )
        .expect("`{}` is a document")
    });
    let entry = |kind: &'static Kind| {
        let config = serde_json::from_str(kind.default?).expect("a default is JSON");
        Some(Entry {
            kind,
            config,
            at: At::root(&NOWHERE),
            note: None,
            scope: "default".to_owned(),
        })
    };
    REGISTRY.iter().filter_map(entry).collect()
}

/// Headers by which the gateway speaks to upstreams, whichever route names them.
pub fn reserved(outline: &Outline<'_>) -> Box<[HeaderName]> {
    let named = outline.plugins().into_iter().flat_map(|(plugin, _)| {
        let config = plugin.config.as_ref().unwrap_or(&Value::Null);
        registry::find(&plugin.name).map_or_else(Vec::new, |kind| (kind.identity_headers)(config))
    });
    let names: HashSet<HeaderName> = named.chain(registry::default_identity_headers()).collect();
    names.into_iter().collect()
}

/// What chains are made from, besides the entries.
pub struct Makings<'a> {
    pub consumers: &'a Arc<Consumers>,
    pub lasting: &'a Lasting,
    pub resolve: &'a [(String, SocketAddr)],
}

impl Makings<'_> {
    /// Compiles the entries; mistakes go to the report.
    pub fn compile(
        &self,
        entries: &[Entry<'_>],
        route: &str,
        services: &[Arc<str>],
        combine: Combine,
        report: &mut Report,
    ) -> Option<Chain> {
        let siblings: Vec<(&str, &Value)> = entries
            .iter()
            .map(|entry| (entry.kind.name, &entry.config))
            .collect();
        let mut phases = Phases::default();
        let mut sound = true;
        for entry in entries {
            let mut compile = Compile {
                at: entry.at,
                report,
                scope: &entry.scope,
                route,
                siblings: &siblings,
                services,
                consumers: self.consumers,
                identities: &self.lasting.identities,
                resolve: self.resolve,
                limits: &self.lasting.limits,
            };
            match (entry.kind.compile)(&entry.config, &mut compile, &mut phases) {
                Some(does) => phases.link(Link {
                    name: entry.kind.name,
                    reason: entry.kind.reason,
                    does,
                    note: entry.note.map(Into::into),
                }),
                None => sound = false,
            }
        }
        sound.then(|| phases.finish(combine))
    }
}

fn add_level<'a>(
    entries: &mut Vec<Entry<'a>>,
    scope: &str,
    plugins: &[(&'a raw::Plugin, At<'a>)],
    report: &mut Report,
) {
    let mut seen = HashSet::new();
    for (plugin, at) in plugins {
        // The schema knows the names, so a missing kind is in the report already.
        let Some(kind) = registry::find(&plugin.name) else {
            continue;
        };
        if !seen.insert(kind.name) {
            report
                .error(
                    *at,
                    "duplicate-plugin",
                    format!("the plugin `{}` stands here twice", plugin.name),
                )
                .help("make one entry of both");
            continue;
        }
        entries.retain(|entry| entry.kind.name != kind.name);
        if plugin.enabled != Some(false) {
            let config = plugin
                .config
                .clone()
                .unwrap_or_else(|| Value::Object(serde_json::Map::new()));
            entries.push(Entry {
                kind,
                config,
                at: at.key("config"),
                note: plugin.note.as_deref(),
                scope: scope.to_owned(),
            });
        }
    }
}

fn sorted(mut entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    let place = |entry: &Entry<'_>| {
        REGISTRY
            .iter()
            .position(|kind| kind.name == entry.kind.name)
    };
    entries.sort_by_key(place);
    entries
}
