//! What a route does to a request: a subroutine that ends in an answer or passes the request on. VCL has no variables, so
//! what is found out on the way is kept in headers that neither client nor upstream may see.

use super::words::{escaped, name, text};
use super::{access, services};
use crate::adapters::common::authorization::Person;
use crate::adapters::common::callers::Callers;
use crate::adapters::common::plugins::{
    Cors, Observability, RateLimit, RouteByHeader, Settings as _, largest_request,
};
use crate::adapters::common::routes::{End, Path, Segment, methods};
use crate::adapters::common::values::duration;
use crate::adapters::{Bindings, Unsupported};
use crate::fixtures::RouteApi;

/// What a route's rules are made from.
pub(super) struct Source<'a> {
    /// The name of its subroutines.
    pub id: &'a str,
    /// The route.
    pub route: &'a RouteApi,
    /// What is known of callers.
    pub callers: &'a Callers,
    /// Their roles and groups.
    pub people: &'a [Person],
    /// Whether a WebSocket may be opened.
    pub pipes: bool,
}

/// A route in VCL.
pub(super) struct Rules {
    /// Its backends.
    pub backends: Vec<(String, String)>,
    /// What is done with them when the configuration is loaded.
    pub directors: Vec<(String, String)>,
    /// The subroutine for requests.
    pub receive: String,
    /// The subroutine for answers, where there is one.
    pub answer: Option<String>,
    /// Whether it counts requests.
    pub throttles: bool,
}

impl Rules {
    /// Translates a route.
    pub fn of(source: &Source<'_>, bindings: &Bindings) -> Result<Self, Unsupported> {
        let Source { id, route, .. } = source;
        for plugin in &route.plugins {
            known(&plugin.name)?;
        }
        let mut body = format!("    set req.http.Gateway-Route = \"{id}\";\n");
        let answer = Cors::on(route)?
            .map(|config| cors(&mut body, &config))
            .transpose()?;
        allow(&mut body, route);
        access::add(&mut body, source)?;
        if let Some(Observability { include_header, .. }) = Observability::on(route)? {
            // As varnishncsa has it: %{VCL_Log:name}x.
            body += &format!(
                "    std.log(\"{}:\" + req.http.{include_header});\n",
                name(&include_header.to_lowercase())
            );
        }
        let limit = RateLimit::on(route)?;
        if let Some(config) = &limit {
            rate(&mut body, id, config, route)?;
        }
        size(&mut body, route)?;
        rewrite(&mut body, route)?;
        let mut chosen = services::Chosen::default();
        let usual = chosen.add(&route.service, bindings)?;
        match RouteByHeader::on(route)? {
            None => body += &usual,
            Some(config) => {
                let other = chosen.add(config.service(route)?, bindings)?;
                let value = text(&config.value)?;
                body += &format!(
                    "    if (req.http.{} == {value}) {{\n{other}    }} else {{\n{usual}    }}\n",
                    config.header
                );
            }
        }
        if source.pipes {
            body += "    if (req.http.Upgrade ~ \"(?i)^websocket$\") {\n        return (pipe);\n    }\n";
        }
        body += "    unset req.http.Upgrade;\n    return (pass);\n";
        Ok(Self {
            backends: chosen.backends,
            directors: chosen.directors,
            receive: body,
            answer,
            throttles: limit.is_some(),
        })
    }
}

fn known(plugin: &str) -> Result<(), Unsupported> {
    let why = match plugin {
        "cors" | "key-auth" | "anonymous" | "authorize" | "rate-limit" | "route-by-header"
        | "request-id" | "request-size-limit" | "observability" => return Ok(()),
        "jwt-validate" => "signatures are checked by modules that distributions don't have",
        "oauth2-introspect" => "nothing asks another server about a token",
        "basic-auth" => "hashes of passwords are checked by modules that distributions don't have",
        "mtls-auth" => "varnishd speaks no TLS",
        "response-size-limit" => "a response is not counted while it streams",
        _ => "it has no counterpart",
    };
    Err(Unsupported::new(format!("the plugin {plugin}: {why}")))
}

/// Preflights are answered at once; gives the subroutine that adds the headers to every answer.
fn cors(body: &mut String, config: &Cors) -> Result<String, Unsupported> {
    let mut conditions = Vec::new();
    let mut origin = "req.http.Origin".to_owned();
    for one in &config.origins {
        conditions.push(match one.split_once('*') {
            Some(("", "")) => {
                origin = "\"*\"".to_owned();
                "req.http.Origin".to_owned()
            }
            // It stands for one or more labels.
            Some((before, after)) => {
                let expression = format!("^{}[A-Za-z0-9.-]+{}$", escaped(before), escaped(after));
                format!("req.http.Origin ~ {}", text(&expression)?)
            }
            None => format!("req.http.Origin == {}", text(one)?),
        });
    }
    body.push_str(&format!(
        "    if ({}) {{\n        set req.http.Gateway-Origin = {origin};\n    }}\n",
        conditions.join(" || ")
    ));
    body.push_str(
        "    if (req.method == \"OPTIONS\" && req.http.Origin && req.http.Access-Control-Request-Method) {
        set req.http.Gateway-Preflight = \"true\";
        return (synth(204));
    }
",
    );
    let seconds = duration(&config.max_age)?.as_secs().to_string();
    let credentials = if config.allow_credentials { "true" } else { "" };
    // In every answer, in that to a preflight, and in any other.
    let mut told = [String::new(), String::new(), String::new()];
    let mut removed = String::new();
    for (name, value, place) in [
        ("Allow-Credentials", credentials.to_owned(), 0),
        ("Allow-Methods", config.methods.join(", "), 1),
        ("Allow-Headers", config.headers.join(", "), 1),
        ("Max-Age", seconds, 1),
        ("Expose-Headers", config.expose_headers.join(", "), 2),
    ] {
        removed += &format!("    unset resp.http.Access-Control-{name};\n");
        if !value.is_empty() {
            let value = text(&value)?;
            told[place].push_str(&format!(
                "        set resp.http.Access-Control-{name} = {value};\n"
            ));
        }
    }
    let [always, preflight, usual] = told;
    Ok(format!(
        "\
{removed}    unset resp.http.Access-Control-Allow-Origin;
    if (req.http.Gateway-Origin) {{
        set resp.http.Access-Control-Allow-Origin = req.http.Gateway-Origin;
{always}    }}
    if (req.http.Gateway-Origin && req.http.Gateway-Preflight) {{
{preflight}    }} elseif (req.http.Gateway-Origin) {{
{usual}    }}
    std.collect(resp.http.Vary);
    if (resp.http.Vary) {{
        set resp.http.Vary = resp.http.Vary + \", Origin\";
    }} else {{
        set resp.http.Vary = \"Origin\";
    }}
    if (req.http.Gateway-Preflight) {{
        set resp.http.Vary = resp.http.Vary + \", Access-Control-Request-Method, Access-Control-Request-Headers\";
    }}
"
    ))
}

fn allow(body: &mut String, route: &RouteApi) {
    let allowed = methods(&route.route);
    if !allowed.is_empty() {
        body.push_str(&format!(
            "    if (req.method !~ \"^({})$\") {{
        set req.http.Gateway-Allow = \"{}\";
        return (synth(405));
    }}\n",
            allowed.join("|"),
            allowed.join(", "),
        ));
    }
}

/// A bucket that holds `burst` and is filled at the sustained rate. A limit without a burst is a window that slides, to
/// which the nearest is a bucket of the window's size.
fn rate(
    body: &mut String,
    id: &str,
    config: &RateLimit,
    route: &RouteApi,
) -> Result<(), Unsupported> {
    let (rate, seconds) = config.rate()?;
    let limit = u64::from(config.burst.unwrap_or(rate));
    if limit == 0 || rate == 0 {
        return Err(Unsupported::new("rate-limit: a limit of nothing"));
    }
    let filled = (u64::from(seconds) * 1000 * limit).div_ceil(u64::from(rate));
    let wait = seconds.div_ceil(rate);
    let authenticated = route.plugin("key-auth").is_some();
    let counted = match config.key.as_str() {
        "ip" => None,
        "route" => Some("\"all\"".to_owned()),
        "consumer" => authenticated.then(|| "req.http.Gateway-Consumer".to_owned()),
        "key" if authenticated => Some("req.http.Gateway-Key".to_owned()),
        other => match other.strip_prefix("header:") {
            Some(header) => Some(format!("req.http.{header}")),
            None => return Err(Unsupported::new(format!("rate-limit: the key {other}"))),
        },
    };
    body.push_str("    set req.http.Gateway-Counted = \"address \" + client.ip;\n");
    match counted {
        None => {}
        Some(counted) if counted.starts_with('"') => {
            body.push_str(&format!("    set req.http.Gateway-Counted = {counted};\n"));
        }
        Some(counted) => body.push_str(&format!(
            "    if ({counted}) {{\n        set req.http.Gateway-Counted = \"value \" + {counted};\n    }}\n"
        )),
    }
    body.push_str(&format!(
        "    if (vsthrottle.is_denied(\"{id} \" + req.http.Gateway-Counted, {limit}, {filled}ms)) {{
        set req.http.Gateway-Retry-After = \"{wait}\";
        return (synth(429));
    }}\n"
    ));
    Ok(())
}

/// An announced length is compared at once; a body of unknown length is read before it goes on, as far as the limit.
fn size(body: &mut String, route: &RouteApi) -> Result<(), Unsupported> {
    if let Some(limit) = largest_request(route)? {
        body.push_str(&format!(
            "    if (std.integer(req.http.Content-Length, 0) > {limit} || req.http.Content-Length ~ \"^[0-9]{{16}}\") {{
        return (synth(413));
    }}
    if (req.http.Transfer-Encoding && !std.cache_req_body({limit}B)) {{
        return (synth(413));
    }}\n"
        ));
    }
    Ok(())
}

fn rewrite(body: &mut String, route: &RouteApi) -> Result<(), Unsupported> {
    let template = match (&route.route.rewrite, route.route.strip_prefix) {
        (Some(template), _) => template.as_str(),
        (None, true) => "",
        (None, false) => return Ok(()),
    };
    let paths = Path::of(&route.route);
    let [path] = paths.as_slice() else {
        return Err(Unsupported::new(
            "several paths that are rewritten: what one leaves, another would change again",
        ));
    };
    let beginning = path.expression(escaped, |_| "([^/?]+)".to_owned());
    let mut target = template.trim_end_matches('/').to_owned();
    let parameters = path.segments.iter().filter_map(|segment| match segment {
        Segment::Parameter(name) => Some(name),
        Segment::Literal(_) => None,
    });
    for (number, name) in (1..).zip(parameters) {
        target = target.replace(&format!("{{{name}}}"), &format!("\\{number}"));
    }
    let (end, target) = if target.is_empty() {
        // What would be empty is the root.
        ("/?", "/".to_owned())
    } else {
        ("", target)
    };
    body.push_str(&format!(
        "    set req.url = regsub(req.url, \"^{beginning}{end}\", {});\n",
        text(&target)?
    ));
    Ok(())
}

/// The condition that a path is below this one, or this one.
pub(super) fn path_condition(path: &Path) -> String {
    let beginning = path.expression(escaped, |_| "[^/]+".to_owned());
    let end = match path.end {
        End::Prefix => "(/|$)",
        End::Exact => "$",
        End::ExactSlash => "/$",
    };
    format!("req.http.Gateway-Path ~ \"^{beginning}{end}\"")
}

/// The name of a route's subroutines.
pub(super) fn id(index: usize, route: &RouteApi) -> String {
    format!("{}_{index}", name(&route.name))
}
