//! The file as a whole: what is global, the frontend, a backend for each service of a route, tables and users.

use std::collections::BTreeSet;

use super::CONFIGURATION;
use super::frontend::Frontend;
use super::people::People;
use super::routing::{self, Entry, NOWHERE, other_backend};
use super::rules::{Rules, Source};
use super::{backend, secure};
use crate::adapters::common::callers::Callers;
use crate::adapters::common::globals;
use crate::adapters::common::plugins::{RouteByHeader, Settings as _};
use crate::adapters::{Bindings, LeftOut, Rendered, Unsupported};
use crate::fixtures::{Fixture, RouteApi, Service};

/// What a buffer has beside a body: heads, and room for what rules add.
const HEADS: u64 = 32 << 10;

/// Renders a fixture, without the routes that can't be said.
pub(super) fn configuration(
    fixture: &Fixture,
    bindings: &Bindings,
) -> Result<Rendered, Unsupported> {
    let document = fixture
        .typed()
        .map_err(|error| Unsupported::new(format!("scenarios/{}: {error}", fixture.name)))?;
    globals::refuse(&document, "HAProxy")?;
    if bindings.listen.is_ipv6() {
        return Err(Unsupported::new(
            "a listener on IPv6: addresses in Forwarded would need brackets",
        ));
    }
    let listener = document.listeners.first().cloned().unwrap_or_default();
    let tls = match &listener.tls {
        Some(tls) => secure::Listener::of(fixture, tls, bindings)?,
        None => secure::Listener::default(),
    };
    if listener.tls.is_some() && !listener.trusted_proxies.is_empty() {
        return Err(Unsupported::new(
            "trustedProxies with tls: any host is believed of them",
        ));
    }
    let (callers, people) = (
        Callers::of(fixture, &document),
        People::of(fixture, &document),
    );
    let mut declared = document.consumers.iter();
    let mut own = fixture.consumers.iter();
    let tokens_name_consumers =
        declared.any(|one| !one.tokens.is_empty()) || own.any(|one| !one.tokens.is_empty());
    let routes = document.routes();
    let (mut whole, mut nowhere) = (Whole::default(), Vec::new());
    for (index, route) in routes.iter().enumerate() {
        let allowed = routing::allowed(route, &routes);
        let name = unique(&routes, index);
        let source = Source {
            route,
            name: &name,
            callers: &callers,
            people: &people,
            allowed: &allowed,
            certificates: tls.asks,
            tokens_name_consumers,
        };
        if let Err(why) = whole.route(&source, bindings) {
            whole.left_out.push(LeftOut::new(route, why));
            nowhere.extend(routing::nowhere(route)?);
        }
    }
    if whole.entries.is_empty() {
        let why = whole.left_out.into_iter().next().map(|route| route.reason);
        return Err(Unsupported::new(
            why.unwrap_or_else(|| "no route".to_owned()),
        ));
    }
    whole.entries.extend(nowhere);
    whole.files.extend(tls.files.clone());
    whole.copies.extend(tls.copies.clone());
    let frontend = Frontend {
        listener: &listener,
        request_id: globals::request_id(&document)?,
        identity: &callers.headers,
        logged: &whole.logged.clone(),
        misdirected: &tls.rules,
    };
    whole.finish(&frontend, &tls.options, bindings)
}

/// The parts of the file, as they come together.
#[derive(Default)]
struct Whole {
    entries: Vec<Entry>,
    sections: String,
    logged: BTreeSet<String>,
    files: Vec<(String, String)>,
    copies: Vec<(String, String)>,
    left_out: Vec<LeftOut>,
    buffered: u64,
}

impl Whole {
    /// Adds a route if all of it can be said.
    fn route(&mut self, source: &Source<'_>, bindings: &Bindings) -> Result<(), Unsupported> {
        let Source { route, name, .. } = source;
        let rules = Rules::compile(source)?;
        let entries = routing::entries(route, name)?;
        let mut sections = backend::section(name, route, &route.service, &rules, bindings)?;
        let mut copies = secure::copies(&route.service)?;
        if let Some(config) = RouteByHeader::on(route)? {
            let other: &Service = config.service(route)?;
            let name = other_backend(name, &other.name);
            sections += &backend::section(&name, route, other, &rules, bindings)?;
            copies.extend(secure::copies(other)?);
        }
        self.entries.extend(entries);
        self.copies.extend(copies);
        self.sections.push_str(&sections);
        self.sections.push_str(&rules.tables);
        self.sections.push_str(&rules.userlists);
        self.logged.extend(rules.logged);
        self.files.extend(rules.files);
        self.buffered = self.buffered.max(rules.buffered);
        Ok(())
    }

    fn finish(
        self,
        frontend: &Frontend<'_>,
        options: &str,
        bindings: &Bindings,
    ) -> Result<Rendered, Unsupported> {
        let Self {
            entries,
            sections,
            mut files,
            copies,
            left_out,
            buffered,
            ..
        } = self;
        let (acls, choices) = routing::lines(entries)?;
        let buffer = if buffered == 0 {
            String::new()
        } else {
            format!("    tune.bufsize {}\n", buffered + HEADS)
        };
        let text = format!(
            "\
global
    log stdout len 8192 format raw local0 info
    maxconn 1024
    nbthread 1
    hard-stop-after 2s
    # for normalize-uri
    expose-experimental-directives
{buffer}
defaults
    mode http
    log global
    timeout connect 2s
    timeout server 10s
    timeout tunnel 1h

frontend gateway
    bind {}{options}
{}{}{choices}    default_backend {NOWHERE}

backend {NOWHERE}
    http-request return status 404
{sections}",
            bindings.listen,
            frontend.lines()?,
            acls.lines(),
        );
        for (from, to) in copies {
            if let Some(key) = bindings.files.get(&from) {
                files.push((to, key.clone()));
            }
        }
        files.sort();
        files.dedup();
        files.insert(0, (CONFIGURATION.to_owned(), text));
        Ok(Rendered {
            files,
            left_out,
            ..Rendered::default()
        })
    }
}

/// The name of a route's backend: the route's own, with a number where it isn't the first of that name.
fn unique(routes: &[RouteApi], index: usize) -> String {
    let name = &routes[index].name;
    let before = routes[..index].iter().filter(|route| route.name == *name);
    match before.count() {
        0 => name.clone(),
        number => format!("{name}-{}", number + 1),
    }
}
