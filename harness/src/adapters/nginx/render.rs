//! The file as a whole: what is global, the maps, the upstreams, and a server for each host.

use std::collections::BTreeSet;

use serde_json::Value;

use super::location::{locations, nowhere};
use super::people::People;
use super::plugins::Plugins;
use super::routing::{Location, Servers, overlap};
use super::secure;
use super::{ACCESS_LOG, CONFIGURATION, PID_FILE};
use crate::adapters::{Bindings, LeftOut, Rendered, Unsupported};
use crate::fixtures::{Document, Fixture, Listener, Plugin, RouteApi, Service};

/// Plugins that are in force without being written.
const IN_FORCE: [&str; 2] = ["request-id", "request-size-limit"];

/// Renders a fixture, without the routes that can't be said.
pub(super) fn configuration(
    fixture: &Fixture,
    bindings: &Bindings,
) -> Result<Rendered, Unsupported> {
    let document = fixture
        .typed()
        .map_err(|error| Unsupported::new(format!("scenarios/{}: {error}", fixture.name)))?;
    refuse_globals(&document)?;
    let people = People::of(fixture, &document);
    let mut http = Http::default();
    let listener = document.listeners.first().cloned().unwrap_or_default();
    http.listener(&listener)?;
    if let Some(tls) = &listener.tls {
        http.secure = true;
        http.settings.push_str(&secure::listener(fixture, tls)?);
    }
    let mut all = Vec::new();
    let mut left_out = Vec::new();
    let mut closed = Vec::new();
    let routes = document.routes();
    for (index, route) in routes.iter().enumerate() {
        let rendered = http.route(index, route, &routes, &people, bindings);
        match rendered {
            Ok(locations) => all.extend(locations),
            Err(why) => {
                left_out.push(LeftOut::new(route, why));
                closed.extend(nowhere(index, route, &routes));
            }
        }
    }
    if all.is_empty() {
        let why = left_out.into_iter().next().map(|route| route.reason);
        return Err(Unsupported::new(
            why.unwrap_or_else(|| "no route".to_owned()),
        ));
    }
    closed.retain(|location| all.iter().any(|other| overlap(&location.path, &other.path)));
    all.extend(closed);
    http.servers(&all, bindings);
    let mut files = std::mem::take(&mut http.files);
    files.insert(0, (CONFIGURATION.to_owned(), http.finish()));
    Ok(Rendered {
        files,
        left_out,
        ..Rendered::default()
    })
}

/// The parts of the `http` block, as they come together.
#[derive(Default)]
struct Http {
    settings: String,
    secure: bool,
    maps: String,
    upstreams: String,
    servers: String,
    named: BTreeSet<String>,
    files: Vec<(String, String)>,
    logged: BTreeSet<String>,
    rehearses: bool,
}

impl Http {
    fn listener(&mut self, listener: &Listener) -> Result<(), Unsupported> {
        let Listener {
            address: _,
            trusted_proxies,
            http2,
            timeouts,
            paths,
            limits,
            tls,
        } = listener;
        if !trusted_proxies.is_empty() {
            return Err(Unsupported::new(
                "trustedProxies: realip has no notion of a trusted Forwarded header",
            ));
        }
        if *http2 && tls.is_none() {
            return Err(Unsupported::new(
                "http2: before 1.25.1 one listener speaks either HTTP/1.1 or HTTP/2",
            ));
        }
        if let Some(name) = limits.keys().next() {
            return Err(Unsupported::new(format!(
                "limits.{name}: too large a header is answered with 400, not 431"
            )));
        }
        for (name, value) in timeouts {
            let directive = match name.as_str() {
                "head" => "client_header_timeout",
                "body" => "client_body_timeout",
                "keepAlive" => "keepalive_timeout",
                other => return Err(Unsupported::new(format!("timeouts.{other} is unknown"))),
            };
            line(
                &mut self.settings,
                1,
                &format!("{directive} {}", duration(value)?),
            );
        }
        let merge = paths
            .get("mergeSlashes")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        line(
            &mut self.settings,
            1,
            &format!("merge_slashes {}", if merge { "on" } else { "off" }),
        );
        match paths.get("encodedSlashes").and_then(Value::as_str) {
            None | Some("reject") => Ok(()),
            Some(_) => Err(Unsupported::new(
                "encodedSlashes: locations are matched on the decoded path alone",
            )),
        }
    }

    /// The locations of a route; what else it needs is added to the whole if all of it can be said.
    fn route(
        &mut self,
        index: usize,
        route: &RouteApi,
        all: &[RouteApi],
        people: &People,
        bindings: &Bindings,
    ) -> Result<Vec<Location>, Unsupported> {
        let plugins = Plugins::compile(index, route, people)?;
        let locations = locations(index, route, all, &plugins)?;
        let mut upstreams = Vec::new();
        for service in std::iter::once(&route.service).chain(&route.alternatives) {
            upstreams.push((&service.name, upstream(service, bindings)?));
        }
        for (name, block) in upstreams {
            if self.named.insert(name.clone()) {
                self.upstreams.push_str(&block);
            }
        }
        self.maps.push_str(&plugins.http);
        self.files.extend(plugins.files);
        self.logged.extend(plugins.logged);
        self.rehearses |= plugins.rehearses;
        Ok(locations)
    }

    fn servers(&mut self, all: &[Location], bindings: &Bindings) {
        let mut head = String::new();
        line(&mut head, 2, "add_header X-Request-Id $request_id always");
        for variable in ["$route", "$service", "$caller"] {
            line(&mut head, 2, &format!("set {variable} \"\""));
        }
        let (tls, other_scheme) = if self.secure {
            (" ssl http2", "http")
        } else {
            ("", "https")
        };
        // A target in absolute form has a scheme of its own (RFC 9110 §7.4).
        let misdirected = format!("if ($request ~* \"^[^ ]+ +{other_scheme}:\") {{ return 421; }}");
        braced(&mut head, 2, &misdirected);
        if self.secure {
            braced(&mut head, 2, "if ($covered = 0) { return 421; }");
        }
        let servers = Servers::of(all, &format!("{}{tls}", bindings.listen), &head);
        self.maps.push_str(&servers.maps);
        self.servers = servers.text;
    }

    fn finish(self) -> String {
        let Self {
            settings,
            maps,
            upstreams,
            servers,
            logged,
            rehearses,
            ..
        } = self;
        let fields: String = logged
            .iter()
            .map(|name| format!(",\"{name}\":\"$http_{name}\""))
            .collect();
        let members = format!(
            "\"request_id\":\"$request_id\",\"method\":\"$request_method\",\"path\":\"$uri\",\
\"route\":\"$route\",\"service\":\"$service\",\"consumer\":\"$logged_caller\",\"status\":$status,\
\"duration\":$request_time{fields}"
        );
        let access_log = access_log(&members, rehearses);
        format!(
            "\
daemon off;
worker_processes 1;
pid {PID_FILE};
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server_tokens off;
{access_log}    proxy_http_version 1.1;
    proxy_buffering off;
    limit_req_status 429;
    limit_conn_status 429;
{settings}
    map \"$upstream_status:$status\" $logged_caller {{ default $caller; \":401\" \"\"; }}
    map $http_upgrade $connection_upgrade {{ default upgrade; \"\" \"\"; }}
{maps}
{upstreams}
{servers}}}
"
        )
    }
}

/// The access log; a line that tells of a rehearsal has a form of its own.
fn access_log(members: &str, rehearses: bool) -> String {
    let mut text = String::new();
    let format =
        |name: &str, members: &str| format!("log_format {name} escape=json '{{{members}}}'");
    line(&mut text, 1, &format("json", members));
    if !rehearses {
        line(&mut text, 1, &format!("access_log {ACCESS_LOG} json"));
        return text;
    }
    let members = format!("{members},\"dry_run\":\"rate-limited\"");
    line(&mut text, 1, &format("rehearsal", &members));
    let status = "\"$limit_req_status $limit_conn_status\"";
    for (variable, over, other) in [("rehearsed", 1, 0), ("real", 0, 1)] {
        braced(
            &mut text,
            1,
            &format!("map {status} ${variable} {{ default {other}; ~REJECTED_DRY_RUN {over}; }}"),
        );
    }
    line(
        &mut text,
        1,
        &format!("access_log {ACCESS_LOG} rehearsal if=$rehearsed"),
    );
    line(
        &mut text,
        1,
        &format!("access_log {ACCESS_LOG} json if=$real"),
    );
    text
}

/// A line of configuration.
pub(super) fn line(text: &mut String, depth: usize, directive: &str) {
    text.push_str(&"    ".repeat(depth));
    text.push_str(directive);
    text.push_str(";\n");
}

/// A block, whole or its beginning, on a line.
pub(super) fn braced(text: &mut String, depth: usize, block: &str) {
    text.push_str(&"    ".repeat(depth));
    text.push_str(block);
    text.push('\n');
}

/// A duration as nginx writes it.
pub(super) fn duration(text: &str) -> Result<&str, Unsupported> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let known =
        matches!(unit, "ms" | "s" | "m" | "h" | "d") && digits.chars().all(|c| c.is_ascii_digit());
    if known {
        Ok(text)
    } else {
        Err(Unsupported::new(format!(
            "the duration {text:?} can't be written"
        )))
    }
}

fn refuse_globals(document: &Document) -> Result<(), Unsupported> {
    let switched_off =
        |plugin: &&Plugin| !plugin.enabled && IN_FORCE.contains(&plugin.name.as_str());
    let inner = document.apis.iter().flat_map(|api| &api.plugins);
    if let Some(plugin) = document.plugins.iter().chain(inner).find(switched_off) {
        return Err(Unsupported::new(format!(
            "{}: it is in force everywhere",
            plugin.name
        )));
    }
    let present = [
        ("admin", document.admin.is_some()),
        ("telemetry", document.telemetry.is_some()),
        ("runtime", document.runtime.is_some()),
        ("several listeners", document.listeners.len() > 1),
    ];
    match present.into_iter().find(|(_, present)| *present) {
        Some((name, _)) => Err(Unsupported::new(format!(
            "{name}: nothing in nginx corresponds to it"
        ))),
        None => Ok(()),
    }
}

fn upstream(service: &Service, bindings: &Bindings) -> Result<String, Unsupported> {
    let mut block = format!("    upstream {} {{\n", service.name);
    if let Some(directive) = balancing(service)? {
        line(&mut block, 2, &directive);
    }
    secure::scheme(service)?;
    if service.http2 {
        return Err(Unsupported::new(
            "http2 to upstreams: only gRPC is, by directives of its own",
        ));
    }
    for (authority, weight) in service.authorities() {
        let address = bindings.upstreams.get(&authority);
        let address =
            address.ok_or_else(|| Unsupported::new(format!("{authority} has no address")))?;
        // Counting failures against a target is not asked for.
        line(
            &mut block,
            2,
            &format!("server {address} weight={weight} max_fails=0"),
        );
    }
    block.push_str("    }\n");
    Ok(block)
}

fn balancing(service: &Service) -> Result<Option<String>, Unsupported> {
    let Some(balancing) = &service.balancing else {
        return Ok(None);
    };
    let by = balancing.pointer("/consistentHash");
    let directive = match (balancing.as_str(), by.and_then(Value::as_str)) {
        (Some("round-robin"), _) => return Ok(None),
        (Some("least-connections"), _) => "least_conn".to_owned(),
        (_, Some("ip")) => "hash $remote_addr consistent".to_owned(),
        (_, Some("path")) => "hash $uri consistent".to_owned(),
        (_, Some("consumer")) => "hash $caller consistent".to_owned(),
        _ => match by.and_then(|by| by.get("header")?.as_str()) {
            Some(header) => format!("hash {} consistent", header_variable(header)),
            None => {
                return Err(Unsupported::new(format!(
                    "balancing {balancing}: there is no such method"
                )));
            }
        },
    };
    Ok(Some(directive))
}

/// The variable that holds a request header.
pub(super) fn header_variable(name: &str) -> String {
    format!("$http_{}", name.to_lowercase().replace('-', "_"))
}
