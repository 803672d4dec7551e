//! `cors`: the CORS protocol (Fetch §3.2).
//!
//! A preflight is answered with 204 before auth and limits; other OPTIONS requests go on. Origins are compared whole. A
//! disallowed origin gets no `Access-Control-Allow-*` at all. Every response of the route varies by Origin, the gateway's
//! own 401, 429 and 5xx included, and what the upstream says of CORS is replaced.

use super::chain::Phases;
use super::edits::Fields;
use super::exchange::Exchange;
use super::registry::{Compile, Plugin};
use super::{Flow, OnRequest, Request};
use crate::config::units::DurationText;
use crate::domain::origin::OriginPattern;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Which pages of other origins may call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Origins such as `https://app.example.com`, `https://*.example.com` for any subdomain, or `*` for all.
    #[schemars(length(min = 1))]
    origins: Vec<String>,
    /// Methods that such pages may use.
    #[serde(default = "methods")]
    methods: Vec<String>,
    /// Request headers that such pages may send, besides the safelisted ones.
    #[serde(default)]
    headers: Vec<String>,
    /// Response headers that such pages may read, besides the safelisted ones.
    #[serde(default)]
    expose_headers: Vec<String>,
    /// Whether cookies, TLS client certificates and Authorization may be sent along.
    #[serde(default)]
    allow_credentials: bool,
    /// How long a browser may keep a preflight's answer.
    #[serde(default = "max_age")]
    max_age: DurationText,
    /// Whether pages of the public internet may call a private address (Private Network Access).
    #[serde(default)]
    allow_private_network: bool,
}

fn methods() -> Vec<String> {
    ["GET", "HEAD", "POST"].map(str::to_owned).to_vec()
}

fn max_age() -> DurationText {
    DurationText("5s".to_owned())
}

const VARY_ORIGIN: &[&str] = &["Origin"];
const VARY_PREFLIGHT: &[&str] = &[
    "Origin",
    "Access-Control-Request-Method",
    "Access-Control-Request-Headers",
];
const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const TRUE: HeaderValue = HeaderValue::from_static("true");

/// Whether a request is a CORS preflight.
#[must_use]
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The compiled form.
pub struct Cors {
    origins: Box<[OriginPattern]>,
    any: bool,
    allow_origin: HeaderName,
    /// On the response to a preflight from an allowed origin.
    preflight: Fields,
    /// On any other response to an allowed origin.
    actual: Fields,
    private_network: Option<HeaderName>,
}

impl Plugin for Cors {
    const NAME: &'static str = "cors";
    const SUMMARY: &'static str = "Which pages of other origins may call (Fetch).";
    const EXAMPLE: &'static str = r#"{name: cors, config: {origins: ["https://app.example.com"], methods: [GET, POST], headers: [Content-Type], allowCredentials: true}}"#;
    type Config = Config;

    fn compile(
        config: Config,
        compile: &mut Compile<'_, '_>,
        phases: &mut Phases,
    ) -> Option<String> {
        let mistakes = compile.report.len();
        let origins = parse_origins(&config, compile);
        check_wildcards(&config, compile);
        let preflight = preflight_headers(&config, compile);
        let actual = actual_headers(&config, compile);
        if compile.report.len() > mistakes {
            return None;
        }
        phases.request(Arc::new(Self {
            any: config.origins.iter().any(|origin| origin == "*"),
            origins: origins.into(),
            allow_origin: HeaderName::from_static("access-control-allow-origin"),
            preflight: preflight.into(),
            actual: actual.into(),
            private_network: config
                .allow_private_network
                .then(|| HeaderName::from_static("access-control-allow-private-network")),
        }));
        let with = if config.allow_credentials {
            ", with credentials"
        } else {
            ""
        };
        Some(format!(
            "lets pages of {} call{with}; answers preflights",
            config.origins.join(", ")
        ))
    }
}

fn parse_origins(config: &Config, compile: &mut Compile<'_, '_>) -> Vec<OriginPattern> {
    let at = compile.at.key("origins");
    let parse = |(place, text): (usize, &String)| match OriginPattern::new(text) {
        Ok(pattern) => Some(pattern),
        Err(mistake) => {
            compile
                .report
                .mistake(at.index(place), "invalid-origin", mistake);
            None
        }
    };
    config
        .origins
        .iter()
        .enumerate()
        .filter_map(parse)
        .collect()
}

fn check_wildcards(config: &Config, compile: &mut Compile<'_, '_>) {
    if !config.allow_credentials {
        return;
    }
    let lists = [
        ("origins", &config.origins),
        ("methods", &config.methods),
        ("headers", &config.headers),
        ("exposeHeaders", &config.expose_headers),
    ];
    for (key, list) in lists {
        if let Some(place) = list.iter().position(|entry| entry == "*") {
            let list = compile.at.key(key);
            compile
                .report
                .error(list.index(place), "wildcard-with-credentials", "`*` does not go with allowCredentials")
                .help("name what is allowed, or leave allowCredentials out: browsers take `*` literally when credentials are sent");
        }
    }
}

fn preflight_headers(
    config: &Config,
    compile: &mut Compile<'_, '_>,
) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = credentials(config);
    headers.extend(list(
        "access-control-allow-methods",
        "methods",
        &config.methods,
        compile,
    ));
    headers.extend(list(
        "access-control-allow-headers",
        "headers",
        &config.headers,
        compile,
    ));
    match config.max_age.parse() {
        Ok(age) => headers.push((
            HeaderName::from_static("access-control-max-age"),
            age.as_secs().into(),
        )),
        Err(error) => {
            let at = compile.at.key("maxAge");
            compile
                .report
                .error(at, "invalid-duration", error.to_string());
        }
    }
    headers
}

fn actual_headers(
    config: &Config,
    compile: &mut Compile<'_, '_>,
) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = credentials(config);
    headers.extend(list(
        "access-control-expose-headers",
        "exposeHeaders",
        &config.expose_headers,
        compile,
    ));
    headers
}

fn credentials(config: &Config) -> Vec<(HeaderName, HeaderValue)> {
    let header = || {
        (
            HeaderName::from_static("access-control-allow-credentials"),
            TRUE,
        )
    };
    config.allow_credentials.then(header).into_iter().collect()
}

/// A list of tokens as one header; none for an empty list.
fn list(
    header: &'static str,
    key: &'static str,
    entries: &[String],
    compile: &mut Compile<'_, '_>,
) -> Option<(HeaderName, HeaderValue)> {
    let at = compile.at.key(key);
    for (place, entry) in entries.iter().enumerate() {
        // A method is a token too (RFC 9110 §9.1), so one check serves all three lists.
        if Method::from_bytes(entry.as_bytes()).is_err() {
            compile.report.error(at.index(place), "invalid-token", format!("{entry:?} is not a token")).help(
                "methods and header names are made of letters, digits and - _ . ! # $ % & ' * + ^ ` | ~",
            );
        }
    }
    let value = HeaderValue::from_str(&entries.join(", ")).ok()?;
    (!entries.is_empty()).then(|| (HeaderName::from_static(header), value))
}

impl Cors {
    fn allowed(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        let matches = self
            .origins
            .iter()
            .any(|pattern| pattern.matches(origin.as_bytes()));
        matches.then(|| {
            if self.any {
                HeaderValue::from_static("*")
            } else {
                origin.clone()
            }
        })
    }
}

impl OnRequest for Cors {
    fn on_request(&self, request: &Request<'_>, exchange: &mut Exchange) -> Flow {
        let preflight = is_preflight(request.method, request.headers);
        let edits = &mut exchange.response_edits;
        edits.remove_prefixed("access-control-");
        edits.vary(if preflight {
            VARY_PREFLIGHT
        } else {
            VARY_ORIGIN
        });
        let mut origins = request.headers.get_all(ORIGIN).iter();
        if let (Some(origin), None) = (origins.next(), origins.next())
            && let Some(allowed) = self.allowed(origin)
        {
            edits.set(&self.allow_origin, allowed);
            edits.set_all(if preflight {
                &self.preflight
            } else {
                &self.actual
            });
            let asks = request.headers.get(REQUEST_PRIVATE_NETWORK) == Some(&TRUE);
            if let (true, true, Some(header)) = (preflight, asks, &self.private_network) {
                edits.set(header, TRUE);
            }
        }
        if preflight {
            Flow::Answer(StatusCode::NO_CONTENT)
        } else {
            Flow::Next
        }
    }
}

#[cfg(test)]
mod tests;
