//! CORS (Fetch §3.2): rules that find out the origin, and headers that depend on what they found.

use super::text::{Lines, escaped, literal, quoted};
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::Cors;
use crate::adapters::common::values;

const TOLD: [&str; 6] = [
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "Access-Control-Expose-Headers",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers",
    "Access-Control-Max-Age",
];

/// The rules that note whether the origin is allowed, on the route `name`.
pub(super) fn rules(config: &Cors, name: &str) -> Lines {
    let mut lines = Lines::default();
    lines.line(format!("RewriteRule ^ - [E=cors:{name}]"));
    if config.origins.iter().any(|origin| origin == "*") {
        lines.line("RewriteRule ^ - [E=origin:*]");
        return lines;
    }
    let patterns: Vec<String> = config
        .origins
        .iter()
        .map(|origin| {
            let parts: Vec<String> = origin.split('*').map(escaped).collect();
            // `*` stands for one or more labels.
            parts.join("[A-Za-z0-9.-]+")
        })
        .collect();
    let pattern = quoted(&format!("^({})$", patterns.join("|")));
    lines.line(format!("RewriteCond %{{HTTP:Origin}} {pattern}"));
    lines.line("RewriteRule ^ - [E=origin:%1]");
    lines
}

/// The headers on responses of the route `name`, the gateway's own among them.
pub(super) fn headers(config: &Cors, name: &str) -> Result<Lines, Unsupported> {
    let seconds = values::duration(&config.max_age)?.as_secs().to_string();
    let credentials = if config.allow_credentials { "true" } else { "" };
    let here = format!("reqenv('cors') == '{name}'");
    let allowed = format!("{here} && -n reqenv('origin')");
    let preflight = format!("{allowed} && -n reqenv('preflight')");
    let other = format!("{allowed} && -z reqenv('preflight')");
    let said = [
        "%{origin}e".to_owned(),
        credentials.to_owned(),
        literal(&config.expose_headers.join(", "))?,
        literal(&config.methods.join(", "))?,
        literal(&config.headers.join(", "))?,
        seconds,
    ];
    let when = [
        &allowed, &allowed, &other, &preflight, &preflight, &preflight,
    ];
    let mut lines = Lines::default();
    lines.line(format!("Header always merge Vary Origin \"expr={here}\""));
    lines.line(format!(
        "Header always merge Vary \"Access-Control-Request-Method, Access-Control-Request-Headers\" \"expr={here} && -n reqenv('preflight')\""
    ));
    for ((header, value), condition) in TOLD.iter().zip(said).zip(when) {
        lines.line(format!("Header unset {header} \"expr={here}\""));
        if !value.is_empty() {
            lines.line(format!(
                "Header always set {header} \"{value}\" \"expr={condition}\""
            ));
        }
    }
    Ok(lines)
}
