//! Raw documents to the snapshot that serves requests, all mistakes at once.
//!
//! The schema has seen to keys and types by now; here texts become domain types by their constructors, names are looked
//! up, routes are compared with each other and plugins are compiled.

mod chain;
mod consumers;
mod listener;
mod route;
mod service;
mod whole;

pub use listener::default_listener;
pub use whole::Overrides;

use crate::config::{At, Load, Loaded, Report, Source, raw};
use crate::limit::Limits;
use crate::snapshot::Snapshot;
use crate::telemetry::Metrics;
use std::path::Path;
use std::sync::Arc;

/// What outlives a configuration: counters and metrics.
#[derive(Debug, Clone, Default)]
pub struct Lasting {
    /// Counters of the rate limits.
    pub limits: Arc<Limits>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
}

/// Compiles what was loaded. What is wrong goes to `report`; there is a snapshot only when nothing is.
pub fn compile(
    load: &Load,
    overrides: &Overrides,
    lasting: &Lasting,
    report: &mut Report,
) -> Option<Snapshot> {
    let documents = &load.documents;
    let keys = Arc::new(consumers::compile(documents, report));
    let apis = apis(documents, report);
    let whole = whole::compile(documents, overrides, report);
    let services = service::compile(&apis, report);
    let globals = chain::globals(documents);
    let defaults = Source::parse(Path::new(""), "(defaults)", b"{}".to_vec(), report)?;
    let levels = chain::Levels {
        globals: &globals,
        keys: &keys,
        lasting,
        defaults: &defaults,
    };
    let routes = route::compile(&apis, &services, &levels, report);
    let fallback = levels.fallback(report);
    if report.has_errors() {
        return None;
    }
    Some(Snapshot {
        reserved: levels.reserved(&apis),
        router: routes?,
        fallback,
        listeners: whole.listeners,
        admin: whole.admin,
        services: services.into_unique(),
        access_log: whole.access_log,
        drain: whole.drain,
        resolve: whole.resolve,
        documents: whole::without_secrets(documents),
        watched: load.watched.clone(),
    })
}

/// An API document, wherever it stands.
#[derive(Clone, Copy)]
struct Api<'a> {
    raw: &'a raw::Api,
    service: &'a raw::Service,
    at: At<'a>,
}

fn apis<'a>(documents: &'a [Loaded], report: &mut Report) -> Vec<Api<'a>> {
    let mut apis = vec![];
    for Loaded { source, document } in documents {
        let root = At::root(source);
        let own = document
            .api
            .service
            .is_some()
            .then_some((&document.api, root));
        let list = root.key("apis");
        let inline = document
            .apis
            .iter()
            .enumerate()
            .map(|(place, api)| (api, list.index(place)));
        for (raw, at) in own.into_iter().chain(inline) {
            match &raw.service {
                Some(service) => apis.push(Api { raw, service, at }),
                None => drop(report.error(at, "missing-key", "an API document needs a `service`")),
            }
        }
    }
    if apis.is_empty() && !report.has_errors() {
        let place = documents.first().map(|loaded| At::root(&loaded.source));
        if let Some(at) = place {
            report
                .error(at, "no-api", "the configuration has no API")
                .help("add a `service` with its `name` and `url`, `apis`, or an `include` that matches files with them");
        }
    }
    apis
}
