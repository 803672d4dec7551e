//! The file as a whole: global options, a snippet with the routes from the most specific on, and the sites.

use std::collections::BTreeSet;

use super::lines::{Lines, literal};
use super::route::{Place, Surroundings, Translated, translate};
use super::{ACCESS_LOG, CONFIGURATION, listener};
use crate::adapters::common::authorization::people;
use crate::adapters::common::callers::{Callers, OF_CERTIFICATES, spellings};
use crate::adapters::common::globals;
use crate::adapters::{Bindings, LeftOut, Rendered, Unsupported};
use crate::fixtures::{Document, Fixture};

/// The file of the authorities that are trusted where a configuration names none.
const ROOTS: &str = "system-roots.pem";
/// The ids that a trusted proxy may send.
const SOUND_ID: &str = "~^[A-Za-z0-9._:-]{1,128}$";
const FORWARDED: &str = "for={remote_host};host=\"{hostport}\";proto={scheme}";

/// Renders a fixture, without the routes that can't be said.
pub(super) fn configuration(
    fixture: &Fixture,
    bindings: &Bindings,
) -> Result<Rendered, Unsupported> {
    let document = fixture
        .typed()
        .map_err(|error| Unsupported::new(format!("scenarios/{}: {error}", fixture.name)))?;
    globals::refuse(&document, "a Caddyfile")?;
    let listener = document.listeners.first().cloned().unwrap_or_default();
    let around = Surroundings {
        bindings,
        callers: &Callers::of(fixture, &document),
        people: &people(fixture, &document),
        trusted: &listener.trusted_proxies,
        request_id: &RequestId::of(&document, &listener.trusted_proxies)?,
    };
    let (mut served, mut left_out) = (Vec::new(), Vec::new());
    for route in &document.routes() {
        match translate(route, &around) {
            Ok(translated) => served.push((route.name.clone(), translated)),
            Err(why) => left_out.push(LeftOut::new(route, why)),
        }
    }
    if served.is_empty() {
        let why = left_out.into_iter().next().map(|route| route.reason);
        return Err(Unsupported::new(
            why.unwrap_or_else(|| "no route".to_owned()),
        ));
    }
    let trusts_system = served.iter().any(|(_, route)| route.trusts_system);
    let mut file = listener::globals(&listener)?;
    file.block(format!("({})", listener::API), api(&served, &around)?);
    file.append(listener::sites(fixture, &listener, bindings.listen)?);
    let mut rendered = Rendered {
        files: vec![(CONFIGURATION.to_owned(), file.text())],
        left_out,
        ..Rendered::default()
    };
    if trusts_system {
        let roots = (ROOTS.to_owned(), bindings.authority.clone());
        rendered.files.push(roots);
        let variable = ("SSL_CERT_FILE".to_owned(), ROOTS.to_owned());
        rendered.environment.push(variable);
    }
    rendered.files.extend(bindings.files.clone());
    Ok(rendered)
}

fn api(served: &[(String, Translated)], around: &Surroundings<'_>) -> Result<Lines, Unsupported> {
    let mut lines = access_log(served);
    let mut route = Lines::default();
    route.append(around.request_id.lines(around.trusted)?);
    route.comment("Nobody but the gateway says who calls.");
    let identity = around.callers.headers.iter().map(String::as_str);
    for header in identity.chain(OF_CERTIFICATES) {
        for spelling in spellings(&literal(header)?) {
            route.line(format!("request_header -{spelling}"));
        }
    }
    route.comment("What is encoded would be taken for a border of segments.");
    route.line("@hidden vars_regexp {uri} (?i)^[^?]*%(00|2f|5c)");
    route.line("respond @hidden 400");
    route.append(handles(served));
    route.line("respond 404");
    lines.block("route", route);
    Ok(lines)
}

/// The access log, without the keys.
fn access_log(served: &[(String, Translated)]) -> Lines {
    let secret: BTreeSet<&String> = served.iter().flat_map(|(_, route)| &route.secret).collect();
    let mut fields = Lines::default();
    for header in secret {
        fields.line(format!("request>headers>{header} delete"));
    }
    let mut query = Lines::default();
    query.line("replace access_token REDACTED");
    fields.block("request>uri query", query);
    let mut filter = Lines::default();
    filter.line("wrap json");
    filter.block("fields", fields);
    let mut log = Lines::default();
    log.line(format!("output file {ACCESS_LOG}"));
    log.block("format filter", filter);
    let mut lines = Lines::default();
    lines.block("log", log);
    lines
}

/// What becomes of requests, from the most specific route on; then what becomes of those for which only the method of a
/// route was wrong.
fn handles(served: &[(String, Translated)]) -> Lines {
    let mut places: Vec<(&str, &Translated, &Place)> = Vec::new();
    for (name, route) in served {
        places.extend(
            route
                .places
                .iter()
                .map(|place| (name.as_str(), route, place)),
        );
    }
    places.sort_by(|a, b| a.2.order.cmp(&b.2.order));
    let mut names = BTreeSet::new();
    let mut lines = Lines::default();
    for (name, route, place) in &places {
        let name = matcher_name(name, &mut names);
        let matching = |method: &str| {
            let mut matching = place.address.clone();
            if !method.is_empty() {
                matching.line(format!("method {method}"));
            }
            for condition in &place.conditions {
                matching.line(condition.clone());
            }
            matching
        };
        if let Some(answer) = &route.preflight {
            let mut preflight = matching("OPTIONS");
            preflight.line("header Origin *");
            preflight.line("header Access-Control-Request-Method *");
            lines.matcher(&format!("{name}_preflight"), preflight);
            lines.block(format!("handle {name}_preflight"), answer.clone());
        }
        let matching = matching(&route.methods.join(" "));
        if matching.is_empty() {
            lines.block("handle", place.handler.clone());
        } else {
            lines.matcher(&name, matching);
            lines.block(format!("handle {name}"), place.handler.clone());
        }
    }
    lines.append(other_methods(&places));
    lines
}

fn other_methods(places: &[(&str, &Translated, &Place)]) -> Lines {
    let mut lines = Lines::default();
    let mut done: Vec<(&Lines, &[String])> = Vec::new();
    for (_, route, place) in places {
        let key = (&place.address, place.conditions.as_slice());
        if route.methods.is_empty() || done.contains(&key) {
            continue;
        }
        done.push(key);
        // All that would fit the same requests but for the method.
        let others = places.iter().filter(|(_, _, other)| {
            other.address == place.address
                && other
                    .conditions
                    .iter()
                    .all(|condition| place.conditions.contains(condition))
        });
        let mut allowed: Vec<&str> = Vec::new();
        for method in others.flat_map(|(_, other, _)| &other.methods) {
            if !allowed.contains(&method.as_str()) {
                allowed.push(method);
            }
        }
        let name = format!("@other_method_{}", done.len());
        let mut matching = place.address.clone();
        for condition in &place.conditions {
            matching.line(condition.clone());
        }
        let mut answer = Lines::default();
        answer.line(format!("header Allow \"{}\"", allowed.join(", ")));
        answer.line("respond 405");
        if matching.is_empty() {
            lines.block("handle", answer);
        } else {
            lines.matcher(&name, matching);
            lines.block(format!("handle {name}"), answer);
        }
    }
    lines
}

/// A name for a matcher that no other has.
fn matcher_name(route: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let base: String = route.chars().map(plain).collect();
    let mut name = format!("@{base}");
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("@{base}_{number}");
        number += 1;
    }
    name
}

/// What upstreams are told in `Forwarded` (RFC 7239).
pub(super) fn forwarded(trusted: &[String]) -> String {
    if trusted.is_empty() {
        format!("`{FORWARDED}`")
    } else {
        "{forwarded}".to_owned()
    }
}

/// The header that carries the request's id, and the placeholder of the id.
#[derive(Debug)]
pub(super) struct RequestId {
    header: Option<String>,
    id: &'static str,
}

impl RequestId {
    fn of(document: &Document, trusted: &[String]) -> Result<Self, Unsupported> {
        let header = globals::request_id(document)?;
        let header = header.as_deref().map(literal).transpose()?;
        let id = if trusted.is_empty() {
            "{http.request.uuid}"
        } else {
            "{request_id}"
        };
        Ok(Self { header, id })
    }

    /// The header and what it says, unless ids are switched off.
    pub fn told(&self) -> Option<(&str, &'static str)> {
        self.header.as_deref().map(|header| (header, self.id))
    }

    /// What stands before the routes: the id on every response, and what of trusted proxies is believed.
    fn lines(&self, trusted: &[String]) -> Result<Lines, Unsupported> {
        let mut lines = Lines::default();
        if !trusted.is_empty() {
            let ranges: Result<Vec<String>, _> =
                trusted.iter().map(|range| literal(range)).collect();
            lines.line(format!("@stranger not remote_ip {}", ranges?.join(" ")));
            lines.line("request_header @stranger -Forwarded");
            let mut entries = Lines::default();
            entries.line(format!("\"\" `{FORWARDED}`"));
            entries.line(format!("default `{{header.Forwarded}}, {FORWARDED}`"));
            lines.block("map {header.Forwarded} {forwarded}", entries);
        }
        let Some((header, id)) = self.told() else {
            return Ok(lines);
        };
        if !trusted.is_empty() {
            lines.line(format!("request_header @stranger -{header}"));
            let mut entries = Lines::default();
            entries.line(format!("{SOUND_ID} ${{0}}"));
            entries.line("default {http.request.uuid}");
            lines.block(format!("map {{header.{header}}} {id}"), entries);
        }
        lines.line(format!("header {header} {id}"));
        Ok(lines)
    }
}
