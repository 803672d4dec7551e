//! The VCL as a whole: backends, a subroutine for each route, and what holds for every request and answer.

use std::collections::BTreeMap;

use super::CONFIGURATION;
use super::routing::{self, Entry};
use super::rules::{Rules, Source, id};
use crate::adapters::common::authorization::people;
use crate::adapters::common::callers::{Callers, OF_CERTIFICATES, spellings};
use crate::adapters::common::globals;
use crate::adapters::common::values::duration;
use crate::adapters::{Bindings, LeftOut, Rendered, Unsupported};
use crate::fixtures::{Fixture, Listener, RouteApi};

/// Plugins that let some requests pass and others not.
const GUARDS: [&str; 4] = ["key-auth", "anonymous", "authorize", "rate-limit"];
/// Headers that keep what is found out about a request.
const KEPT: [&str; 11] = [
    "Route",
    "Path",
    "Host",
    "Origin",
    "Preflight",
    "Allow",
    "Challenge",
    "Retry-After",
    "Consumer",
    "Key",
    "Counted",
];

/// Renders a fixture, without the routes that can't be said.
pub(super) fn configuration(
    fixture: &Fixture,
    bindings: &Bindings,
) -> Result<Rendered, Unsupported> {
    let document = fixture
        .typed()
        .map_err(|error| Unsupported::new(format!("scenarios/{}: {error}", fixture.name)))?;
    globals::refuse(&document, "Varnish")?;
    let id_header = globals::request_id(&document)?;
    let listener = document.listeners.first().cloned().unwrap_or_default();
    let arguments = parameters(&listener)?;
    let callers = Callers::of(fixture, &document);
    let people = people(fixture, &document);
    let routes = document.routes();
    // What follows in a pipe is looked at no more, so there is none to backends that a rule guards.
    let guards = |route: &RouteApi| GUARDS.iter().any(|plugin| route.plugin(plugin).is_some());
    let pipes = !routes.iter().any(guards);
    let (mut whole, mut nowhere) = (Whole::default(), Vec::new());
    for (index, route) in routes.iter().enumerate() {
        let id = id(index, route);
        let source = Source {
            id: &id,
            route,
            callers: &callers,
            people: &people,
            pipes,
        };
        if let Err(why) = whole.route(&source, bindings) {
            whole.left_out.push(LeftOut::new(route, why));
            nowhere.extend(routing::entries(route, None)?);
        }
    }
    if whole.entries.is_empty() {
        let why = whole.left_out.into_iter().next().map(|route| route.reason);
        return Err(Unsupported::new(
            why.unwrap_or_else(|| "no route".to_owned()),
        ));
    }
    whole.entries.extend(nowhere);
    let left_out = std::mem::take(&mut whole.left_out);
    Ok(Rendered {
        files: vec![(
            CONFIGURATION.to_owned(),
            whole.finish(&callers, id_header.as_deref())?,
        )],
        arguments,
        left_out,
        ..Rendered::default()
    })
}

/// The parts of the VCL, as they come together.
#[derive(Default)]
struct Whole {
    entries: Vec<Entry>,
    backends: BTreeMap<String, String>,
    directors: BTreeMap<String, String>,
    routes: String,
    answers: String,
    throttles: bool,
    left_out: Vec<LeftOut>,
}

impl Whole {
    /// Adds a route if all of it can be said.
    fn route(&mut self, source: &Source<'_>, bindings: &Bindings) -> Result<(), Unsupported> {
        let Source { id, route, .. } = source;
        let rules = Rules::of(source, bindings)?;
        let entries = routing::entries(route, Some(id))?;
        let taken = |known: &BTreeMap<String, String>, (name, text): &(String, String)| {
            known.get(name).is_some_and(|known| known != text)
        };
        if rules.backends.iter().any(|one| taken(&self.backends, one))
            || rules
                .directors
                .iter()
                .any(|one| taken(&self.directors, one))
        {
            return Err(Unsupported::new("two services of one name"));
        }
        self.entries.extend(entries);
        self.backends.extend(rules.backends);
        self.directors.extend(rules.directors);
        self.throttles |= rules.throttles;
        self.routes += &format!("\nsub receive_{id} {{\n{}}}\n", rules.receive);
        if let Some(answer) = rules.answer {
            self.routes += &format!("\nsub answer_{id} {{\n{answer}}}\n");
            self.answers += &format!(
                "    if (req.http.Gateway-Route == \"{id}\") {{\n        call answer_{id};\n    }}\n"
            );
        }
        Ok(())
    }

    fn finish(self, callers: &Callers, id_header: Option<&str>) -> Result<String, Unsupported> {
        let throttle = if self.throttles {
            "import vsthrottle;\n"
        } else {
            ""
        };
        let backends: String = self.backends.into_values().collect();
        let directors = if self.directors.is_empty() {
            String::new()
        } else {
            let made: String = self.directors.into_values().collect();
            format!("\nsub vcl_init {{\n{made}}}\n")
        };
        let kept = |message: &str| -> String {
            let names = KEPT.iter();
            let lines = names.map(|name| format!("    unset {message}.http.Gateway-{name};\n"));
            lines.collect()
        };
        let identity = callers.headers.iter().map(String::as_str);
        let identity = identity.chain(OF_CERTIFICATES);
        let identity: String = identity
            .flat_map(spellings)
            .map(|header| format!("    unset req.http.{header};\n"))
            .collect();
        let made =
            "regsub(\"\" + std.random(100000000, 999999999), \"[.].*\", \"\") + \"-\" + req.xid";
        let (id_made, id_told) = match id_header {
            Some(header) => (
                format!("    set req.http.{header} = {made};\n"),
                format!("    set resp.http.{header} = req.http.{header};\n"),
            ),
            None => (String::new(), String::new()),
        };
        let (from_client, to_backend) = (kept("req"), kept("bereq"));
        let choices = routing::statements(self.entries)?;
        let (routes, answers) = (self.routes, self.answers);
        Ok(format!(
            "\
vcl 4.1;

import directors;
import std;
{throttle}
{backends}{directors}{routes}
sub vcl_recv {{
{from_client}{identity}    unset req.http.Keep-Alive;
    unset req.http.Proxy-Connection;
    if (!req.http.Host && req.proto == \"HTTP/1.1\") {{
        return (synth(400));
    }}
    std.late_100_continue(true);
{id_made}    set req.http.X-Forwarded-For = client.ip;
    set req.http.X-Forwarded-Host = req.http.Host;
    set req.http.X-Forwarded-Proto = \"http\";
    set req.http.Forwarded = \"for=\" + client.ip + {{\";host=\"\"}} + req.http.Host + {{\"\";proto=http\"}};
    set req.http.Gateway-Host = regsub(std.tolower(req.http.Host), \":[0-9]+$\", \"\");
    set req.http.Gateway-Path = regsub(req.url, \"[?].*$\", \"\");
    # Nothing brings a path into normal form; one that isn't may mean another route.
    if (req.http.Gateway-Path ~ \"(?i)%(2[ef]|5c|00|[^0-9a-f]|.[^0-9a-f]|.?$)\" || req.http.Gateway-Path ~ \"/[.][.]?(/|$)\") {{
        return (synth(400));
    }}
{choices}    return (synth(404));
}}

sub vcl_pipe {{
    set bereq.http.Connection = req.http.Connection;
    set bereq.http.Upgrade = req.http.Upgrade;
{to_backend}    return (pipe);
}}

sub vcl_backend_fetch {{
    # On a connection that is used again a request would be sent twice, whatever its method, where the backend hangs up.
    set bereq.http.Connection = \"close\";
{to_backend}}}

sub tell {{
{id_told}    unset resp.http.Via;
    unset resp.http.X-Varnish;
    unset resp.http.Upgrade;
    unset resp.http.Keep-Alive;
    unset resp.http.Proxy-Connection;
{answers}}}

sub vcl_deliver {{
    call tell;
    return (deliver);
}}

sub vcl_synth {{
    if (req.http.Gateway-Allow) {{
        set resp.http.Allow = req.http.Gateway-Allow;
    }}
    if (req.http.Gateway-Challenge) {{
        set resp.http.WWW-Authenticate = req.http.Gateway-Challenge;
    }}
    if (req.http.Gateway-Retry-After) {{
        set resp.http.Retry-After = req.http.Gateway-Retry-After;
    }}
    call tell;
    return (deliver);
}}
"
        ))
    }
}

/// The parameters of varnishd that a listener asks for.
fn parameters(listener: &Listener) -> Result<Vec<String>, Unsupported> {
    let Listener {
        address: _,
        trusted_proxies,
        http2,
        timeouts,
        paths,
        limits,
        tls,
    } = listener;
    let merges = paths
        .get("mergeSlashes")
        .is_some_and(|merge| merge != false);
    let keeps = paths
        .get("encodedSlashes")
        .is_some_and(|slashes| slashes != "reject");
    let present = [
        (tls.is_some(), "tls: varnishd speaks none"),
        (
            *http2,
            "http2: it is behind a feature flag, as an experiment",
        ),
        (
            !trusted_proxies.is_empty(),
            "trustedProxies: X-Forwarded-For can't be read from its end",
        ),
        (
            !limits.is_empty(),
            "limits: what is too large is answered with 400 or not at all",
        ),
        (
            merges || keeps,
            "paths: nothing brings them into normal form",
        ),
    ];
    if let Some((_, reason)) = present.into_iter().find(|(present, _)| *present) {
        return Err(Unsupported::new(reason));
    }
    let mut arguments = Vec::new();
    for (name, value) in timeouts {
        let parameter = match name.as_str() {
            "head" => "timeout_req",
            "keepAlive" => "timeout_idle",
            other => {
                return Err(Unsupported::new(format!(
                    "timeouts.{other}: there is no parameter for it"
                )));
            }
        };
        let seconds = duration(value)?.as_secs_f64();
        arguments.extend(["-p".to_owned(), format!("{parameter}={seconds}")]);
    }
    Ok(arguments)
}
