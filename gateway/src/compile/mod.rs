//! Raw documents to the snapshot that serves requests, all mistakes at once.
//!
//! The schema has seen to keys and types by now; here texts become domain types by their constructors, names are looked
//! up, routes are compared with each other and plugins are compiled.

mod chain;
mod consumers;
mod listener;
mod listener_tls;
mod outline;
mod route;
mod secure;
mod service;
mod whole;

pub(crate) use chain::Entry;
pub use listener::default_listener;
pub use outline::Outline;
pub(crate) use outline::Written;
pub use whole::Overrides;

use crate::config::Report;
use crate::identity;
use crate::limit::Limits;
use crate::plugin::authenticate::Combine;
use crate::snapshot::Snapshot;
use crate::telemetry::Metrics;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// What outlives a configuration: counters, metrics, key sets and remembered credentials.
#[derive(Debug, Clone, Default)]
pub struct Lasting {
    /// Counters of the rate limits.
    pub limits: Arc<Limits>,
    /// Key sets and remembered credentials.
    pub identities: Arc<identity::Lasting>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
}

/// Compiles the outline of the documents. What is wrong goes to `report`; there is a snapshot only when nothing is, but
/// for routes of their own, which are closed then.
/// `watched` are the files and directories that the documents came from; those that they refer to are added.
pub fn compile(
    outline: &Outline<'_>,
    watched: &BTreeSet<PathBuf>,
    overrides: &Overrides,
    lasting: &Lasting,
    report: &mut Report,
) -> Option<Snapshot> {
    let consumers = Arc::new(consumers::compile(outline.documents, report));
    let whole = whole::compile(outline.documents, overrides, report);
    let services = service::compile(&outline.apis, report);
    let makings = chain::Makings {
        consumers: &consumers,
        lasting,
        resolve: &whole.resolve,
    };
    let routes = route::compile(&outline.routes, &services, &makings, report);
    let ids = chain::ids(&outline.globals, report);
    let fallback = makings.compile(&ids, "", &[], Combine::All, report);
    if report.prevents() {
        return None;
    }
    Some(Snapshot {
        reserved: chain::reserved(outline),
        router: routes?,
        fallback: fallback?,
        listeners: whole.listeners,
        admin: whole.admin,
        services: services.into_unique(),
        access_log: whole.access_log,
        drain: whole.drain,
        resolve: whole.resolve,
        documents: whole::without_secrets(outline.documents),
        watched: watched.union(report.files()).cloned().collect(),
    })
}
