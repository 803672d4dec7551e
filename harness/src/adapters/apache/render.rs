//! The files as a whole: the server, and the routes from the most specific on.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::Value;

use super::access::KEYS;
use super::rules::{Place, Translated, translate};
use super::text::{Lines, literal};
use super::upstream::written;
use super::{ACCESS_LOG, CONFIGURATION, ROUTES, secure};
use crate::adapters::common::authorization::people;
use crate::adapters::common::callers::{Callers, OF_CERTIFICATES, spellings};
use crate::adapters::common::{globals, values};
use crate::adapters::{Bindings, LeftOut, Rendered, Unsupported};
use crate::fixtures::{Document, Fixture, Listener};

/// Where Debian has the modules.
const MODULES: &str = "/usr/lib/apache2/modules";
const LOADED: [&str; 17] = [
    "mpm_event",
    "auth_basic",
    "authn_core",
    "authn_file",
    "authz_core",
    "authz_user",
    "headers",
    "lbmethod_bybusyness",
    "lbmethod_byrequests",
    "proxy",
    "proxy_balancer",
    "proxy_http",
    "reqtimeout",
    "rewrite",
    "slotmem_shm",
    "socache_shmcb",
    "unique_id",
];
/// The ids that a trusted proxy may send.
const SOUND_ID: &str = "^([A-Za-z0-9._:-]{1,128})$";

/// Renders a fixture, without the routes that can't be said.
pub(super) fn configuration(
    fixture: &Fixture,
    bindings: &Bindings,
) -> Result<Rendered, Unsupported> {
    let document = fixture
        .typed()
        .map_err(|error| Unsupported::new(format!("scenarios/{}: {error}", fixture.name)))?;
    globals::refuse(&document, "httpd")?;
    let listener = document.listeners.first().cloned().unwrap_or_default();
    let (callers, people) = (Callers::of(fixture, &document), people(fixture, &document));
    let (mut served, mut left_out) = (Vec::new(), Vec::new());
    let http2 = listener.http2 || listener.tls.is_some();
    let mut names = BTreeSet::new();
    for route in &document.routes() {
        let name = name(&route.name, &mut names);
        match translate(route, &name, bindings, &callers, &people, http2) {
            Ok(translated) => served.push((name, translated)),
            Err(why) => left_out.push(LeftOut::new(route, why)),
        }
    }
    if served.is_empty() {
        let why = left_out.into_iter().next().map(|route| route.reason);
        return Err(Unsupported::new(
            why.unwrap_or_else(|| "no route".to_owned()),
        ));
    }
    let mut routes = before(&document, &listener, &callers)?;
    let mut own = served.iter().flat_map(|(_, route)| &route.files);
    if own.any(|(name, _)| name == KEYS) {
        routes.line(format!("RewriteMap keys txt:{KEYS}"));
    }
    routes.append(dispatch(&served));
    routes.append(after(&served));
    let mut server = server(&listener, bindings.listen, &served)?;
    match &listener.tls {
        Some(tls) => server.append(secure::hosts(fixture, tls)?),
        None => server.line(format!("Include {ROUTES}")),
    }
    let mut files = vec![
        (CONFIGURATION.to_owned(), server.text()),
        (ROUTES.to_owned(), routes.text()),
    ];
    let own: BTreeSet<&(String, String)> =
        served.iter().flat_map(|(_, route)| &route.files).collect();
    files.extend(own.into_iter().cloned());
    files.extend(bindings.files.clone());
    Ok(Rendered {
        files,
        left_out,
        ..Rendered::default()
    })
}

fn server(
    listener: &Listener,
    listen: SocketAddr,
    served: &[(String, Translated)],
) -> Result<Lines, Unsupported> {
    let mut lines = Lines::default();
    let also = match (listener.tls.is_some(), listener.http2) {
        (true, _) => vec!["ssl", "http2"],
        (false, true) => vec!["http2", "proxy_http2"],
        (false, false) => Vec::new(),
    };
    for module in LOADED.into_iter().chain(also) {
        lines.line(format!(
            "LoadModule {module}_module {MODULES}/mod_{module}.so"
        ));
    }
    for directive in [
        "PidFile httpd.pid",
        "DefaultRuntimeDir .",
        "Mutex pthread",
        "User www-data",
        "Group www-data",
        "ServerName gateway.invalid",
        "ServerTokens Prod",
        "TraceEnable off",
        "StartServers 1",
        "ServerLimit 1",
        "ThreadsPerChild 64",
        "MaxRequestWorkers 64",
        "MinSpareThreads 1",
        "MaxSpareThreads 64",
        "ErrorLog /dev/stderr",
        "LogLevel error",
        "ProxyAddHeaders Off",
        "ProxyPreserveHost On",
        // An escaped slash gets as far as the rule that refuses it.
        "AllowEncodedSlashes NoDecode",
    ] {
        lines.line(directive);
    }
    lines.line(format!("Listen {listen}"));
    if listener.tls.is_some() {
        lines.line("Protocols h2 http/1.1");
    } else if listener.http2 {
        lines.line("Protocols h2c http/1.1");
    }
    let merge = listener.paths.get("mergeSlashes").and_then(Value::as_bool);
    let merge = if merge == Some(true) { "On" } else { "Off" };
    lines.line(format!("MergeSlashes {merge}"));
    lines.append(timeouts(listener)?);
    if let Some(name) = listener.limits.keys().next() {
        return Err(Unsupported::new(format!(
            "limits.{name}: there are limits for one field and for their number, and both are answered with 400"
        )));
    }
    let logged: BTreeSet<&String> = served.iter().flat_map(|(_, route)| &route.logged).collect();
    let headers: String = logged
        .iter()
        .map(|name| {
            let member = name.to_lowercase().replace('-', "_");
            format!(",\\\"{member}\\\":\\\"%{{{name}}}i\\\"")
        })
        .collect();
    // Who calls is known by the key, or else as the user that httpd has authenticated.
    for (name, consumer, condition) in [
        ("callers", "%{caller}e", "env=caller"),
        ("users", "%!401u", "env=!caller"),
    ] {
        lines.line(format!(
            "LogFormat \"{{\\\"request_id\\\":\\\"%{{request_id}}e\\\",\\\"method\\\":\\\"%m\\\",\\\"path\\\":\\\"%U\\\",\
\\\"route\\\":\\\"%{{route}}e\\\",\\\"service\\\":\\\"%{{service}}e\\\",\\\"consumer\\\":\\\"{consumer}\\\",\
\\\"status\\\":%>s,\\\"duration\\\":%{{ms}}T{headers}}}\" {name}"
        ));
        lines.line(format!("CustomLog {ACCESS_LOG} {name} {condition}"));
    }
    let mut named = BTreeSet::new();
    for balancer in served.iter().flat_map(|(_, route)| &route.balancers) {
        if named.insert(&balancer.name) {
            lines.append(balancer.lines.clone());
        }
    }
    Ok(lines)
}

fn timeouts(listener: &Listener) -> Result<Lines, Unsupported> {
    let mut lines = Lines::default();
    for (name, value) in &listener.timeouts {
        let duration = values::duration(value)?;
        let seconds = duration.as_secs().max(1);
        match name.as_str() {
            "head" => lines.line(format!(
                "RequestReadTimeout handshake={seconds} header={seconds} body=0"
            )),
            // The longest pause, wherever something is read.
            "body" => lines.line(format!("Timeout {seconds}")),
            "keepAlive" => lines.line(format!("KeepAliveTimeout {}", written(duration))),
            other => return Err(Unsupported::new(format!("timeouts.{other} is unknown"))),
        }
        if duration.as_millis() != u128::from(seconds) * 1000 && name != "keepAlive" {
            return Err(Unsupported::new(format!(
                "timeouts.{name}: it is in whole seconds"
            )));
        }
    }
    Ok(lines)
}

/// What comes before the routes: ids, forged headers, paths that nobody takes.
fn before(
    document: &Document,
    listener: &Listener,
    callers: &Callers,
) -> Result<Lines, Unsupported> {
    let mut lines = Lines::default();
    lines.line("RewriteEngine On");
    let ranges: Result<Vec<String>, _> = listener
        .trusted_proxies
        .iter()
        .map(|range| Ok(format!("-R '{}'", literal(range)?)))
        .collect();
    let ranges = ranges?;
    let trusted = (!ranges.is_empty()).then(|| ranges.join(" || "));
    request_id(document, trusted.as_deref(), &mut lines)?;
    let stranger = trusted.map(|trusted| format!(" \"expr=!({trusted})\""));
    for header in [
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "Forwarded",
    ] {
        let condition = stranger.as_deref().unwrap_or_default();
        lines.line(format!("RequestHeader unset {header}{condition}"));
    }
    lines.line("RequestHeader append X-Forwarded-For \"expr=%{REMOTE_ADDR}\"");
    lines.line("RequestHeader setifempty X-Forwarded-Host \"expr=%{HTTP_HOST}\"");
    lines.line("RequestHeader setifempty X-Forwarded-Proto \"expr=%{REQUEST_SCHEME}\"");
    lines.line(
        "RequestHeader append Forwarded \"expr=for=%{REMOTE_ADDR};host=\\\"%{HTTP_HOST}\\\";proto=%{REQUEST_SCHEME}\"",
    );
    let identity = callers.headers.iter().map(String::as_str);
    for header in identity.chain(OF_CERTIFICATES) {
        for spelling in spellings(&literal(header)?) {
            lines.line(format!("RequestHeader unset {spelling}"));
        }
    }
    if listener
        .paths
        .get("encodedSlashes")
        .is_some_and(|value| value != "reject")
    {
        return Err(Unsupported::new(
            "encodedSlashes: what is kept encoded is encoded once more by mod_rewrite",
        ));
    }
    lines.line("RewriteCond %{THE_REQUEST} \"^\\S+ [^? ]*%(2f|5c)\" [NC]");
    lines.line("RewriteRule ^ - [R=400,L]");
    Ok(lines)
}

fn request_id(
    document: &Document,
    trusted: Option<&str>,
    lines: &mut Lines,
) -> Result<(), Unsupported> {
    let Some(header) = globals::request_id(document)? else {
        return Ok(());
    };
    let header = literal(&header)?;
    lines.line("RewriteRule ^ - [E=request_id:%{ENV:UNIQUE_ID}]");
    if let Some(trusted) = trusted {
        lines.line(format!("RewriteCond expr \"{trusted}\""));
        lines.line(format!("RewriteCond %{{HTTP:{header}}} {SOUND_ID}"));
        lines.line("RewriteRule ^ - [E=request_id:%1]");
    }
    lines.line(format!(
        "RequestHeader set {header} \"expr=%{{reqenv:request_id}}\""
    ));
    lines.line(format!("Header unset {header}"));
    lines.line(format!(
        "Header always set {header} \"%{{request_id}}e\" env=request_id"
    ));
    Ok(())
}

/// Every route, from the most specific on; then what becomes of requests for which only the method was wrong, and of all
/// others.
fn dispatch(served: &[(String, Translated)]) -> Lines {
    let mut places: Vec<(&str, &Translated, &Place)> = Vec::new();
    for (name, route) in served {
        let all = route.places.iter();
        places.extend(all.map(|place| (name.as_str(), route, place)));
    }
    places.sort_by(|a, b| a.2.order.cmp(&b.2.order));
    let mut lines = Lines::default();
    for (name, route, place) in &places {
        lines.line(format!("# {name}"));
        if let Some(answer) = &place.preflight {
            let conditions = [
                "%{REQUEST_METHOD} =OPTIONS".to_owned(),
                "%{HTTP:Origin} .".to_owned(),
                "%{HTTP:Access-Control-Request-Method} .".to_owned(),
            ];
            lines.append(only_for(place, &conditions, answer.clone()));
        }
        let methods = match route.methods.as_slice() {
            [] => None,
            methods => Some(format!("%{{REQUEST_METHOD}} ^({})$", methods.join("|"))),
        };
        let conditions: Vec<String> = methods.into_iter().collect();
        lines.append(only_for(place, &conditions, place.handler.clone()));
    }
    lines.line("# A route's path with another method");
    for (index, (_, route, place)) in places.iter().enumerate() {
        if !route.methods.is_empty() {
            let mut refusal = Lines::default();
            refusal.line(format!("RewriteRule ^ - [E=allow:{index},R=405,L]"));
            lines.append(only_for(place, &[], refusal));
            lines.line(format!(
                "Header always set Allow \"{}\" \"expr=reqenv('allow') == '{index}'\"",
                allowed(place, &places).join(", ")
            ));
        }
    }
    lines.line("RewriteRule ^ - [R=404,L]");
    lines
}

/// Rules for requests of one place: others skip them.
fn only_for(place: &Place, conditions: &[String], rules: Lines) -> Lines {
    let mut lines = Lines::default();
    for condition in place.host.iter().chain(conditions).chain(&place.conditions) {
        lines.line(format!("RewriteCond {condition}"));
    }
    lines.line(format!("RewriteRule \"{}\" - [S=1]", place.pattern));
    lines.line(format!("RewriteRule ^ - [S={}]", rules.rules()));
    lines.append(rules);
    lines
}

/// The methods that would fit a request but for its own.
fn allowed<'a>(place: &Place, places: &[(&str, &'a Translated, &Place)]) -> Vec<&'a str> {
    let mut allowed: Vec<&str> = Vec::new();
    for (_, route, other) in places {
        let fits = other.host == place.host
            && other.pattern == place.pattern
            && other
                .conditions
                .iter()
                .all(|condition| place.conditions.contains(condition));
        for method in route.methods.iter().filter(|_| fits) {
            if !allowed.contains(&method.as_str()) {
                allowed.push(method);
            }
        }
    }
    allowed
}

/// What is said of routes outside of rules.
fn after(served: &[(String, Translated)]) -> Lines {
    let mut lines = Lines::default();
    for (name, route) in served {
        lines.append(route.global.clone());
        let condition = format!("\"reqenv('route') == '{name}'\"");
        lines.section("If", &condition, route.section.clone());
    }
    lines
}

/// A route's name without anything that needs quotes; like no other's.
fn name(route: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let base: String = route
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    let mut name = base.clone();
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("{base}-{number}");
        number += 1;
    }
    name
}
