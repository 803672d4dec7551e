//! What the documents say once levels and names are sorted out: every API, every route with the plugins in force on it.
//!
//! Nothing is checked yet and no secret is read, so linting and comparing can look at it as well as compiling.

use super::chain::{self, Entry};
use crate::config::{At, Loaded, Report, raw};
use crate::plugin::authenticate::Combine;
use std::sync::LazyLock;

/// The documents, sorted out.
pub struct Outline<'a> {
    pub(crate) documents: &'a [Loaded],
    pub(crate) apis: Vec<Api<'a>>,
    /// The plugins that hold for every route.
    pub(crate) globals: Vec<(&'a raw::Plugin, At<'a>)>,
    pub(crate) routes: Vec<Written<'a>>,
}

/// An API document, wherever it stands.
#[derive(Clone, Copy)]
pub struct Api<'a> {
    pub raw: &'a raw::Api,
    pub service: &'a raw::Service,
    pub at: At<'a>,
}

/// A route as it is written, and the plugins in force on it in the order in which they run.
pub struct Written<'a> {
    pub name: String,
    pub api: Api<'a>,
    pub raw: &'a raw::Route,
    pub at: At<'a>,
    pub plugins: Vec<Entry<'a>>,
    /// What holds for the whole, where neither route nor API says how auth plugins combine.
    combine: Option<raw::Combine>,
}

impl Written<'_> {
    /// How several auth plugins on the route combine.
    pub fn combine(&self) -> Combine {
        let nearest = self.raw.authenticate.or(self.api.raw.authenticate);
        match nearest.or(self.combine) {
            Some(raw::Combine::Any) => Combine::Any,
            Some(raw::Combine::All) | None => Combine::All,
        }
    }
}

impl<'a> Outline<'a> {
    /// Sorts the documents out; what is wrong goes to `report`.
    pub fn new(documents: &'a [Loaded], report: &mut Report) -> Self {
        let apis = apis(documents, report);
        let globals = chain::globals(documents);
        let combine = combine(documents, report);
        let mut routes = vec![];
        for api in &apis {
            for (place, (raw, at)) in api.routes().into_iter().enumerate() {
                let name = raw.name.clone().unwrap_or_else(|| match place {
                    0 => api.service.name.clone(),
                    n => format!("{}-{}", api.service.name, n + 1),
                });
                let plugins = chain::in_force(&globals, api, raw, at, &name, report);
                routes.push(Written {
                    name,
                    api: *api,
                    raw,
                    at,
                    plugins,
                    combine,
                });
            }
        }
        Self {
            documents,
            apis,
            globals,
            routes,
        }
    }

    /// Every plugin entry of every level, those that take one away included.
    pub(crate) fn plugins(&self) -> Vec<(&'a raw::Plugin, At<'a>)> {
        let mut plugins = self.globals.clone();
        for api in &self.apis {
            plugins.extend(chain::placed(&api.raw.plugins, api.at.key("plugins")));
        }
        for route in &self.routes {
            plugins.extend(chain::placed(&route.raw.plugins, route.at.key("plugins")));
        }
        plugins
    }
}

impl<'a> Api<'a> {
    /// Its services with their places, its own first.
    pub fn services(&self) -> Vec<(&'a raw::Service, At<'a>)> {
        let mut services = vec![(self.service, self.at.key("service"))];
        services.extend(
            self.raw
                .alt_service
                .as_ref()
                .map(|service| (service, self.at.key("altService"))),
        );
        let list = self.at.key("altServices");
        services.extend(
            self.raw
                .alt_services
                .iter()
                .enumerate()
                .map(|(place, service)| (service, list.index(place))),
        );
        services
    }

    /// Its routes with their places; one that takes everything where none is written.
    fn routes(&self) -> Vec<(&'a raw::Route, At<'a>)> {
        static ANYTHING: LazyLock<raw::Route> = LazyLock::new(raw::Route::default);
        let list = self.at.key("routes");
        let mut routes: Vec<_> = self
            .raw
            .routes
            .iter()
            .enumerate()
            .map(|(n, route)| (route, list.index(n)))
            .collect();
        routes.extend(
            self.raw
                .route
                .as_ref()
                .map(|route| (route, self.at.key("route"))),
        );
        if routes.is_empty() {
            routes.push((&*ANYTHING, self.at));
        }
        routes
    }
}

/// What the documents without a service say for the whole, once.
fn combine(documents: &[Loaded], report: &mut Report) -> Option<raw::Combine> {
    let mut said = None;
    for Loaded { source, document } in documents {
        let api = &document.api;
        if let (None, Some(combine)) = (&api.service, api.authenticate) {
            if said.is_some_and(|before| before != combine) {
                report
                    .error(
                        At::root(source).key("authenticate"),
                        "duplicate-key",
                        "another document says otherwise for the whole",
                    )
                    .help("say it once, or in the API documents");
            }
            said = Some(combine);
        }
    }
    said
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
