//! The rules of a route: what its backend does to requests and responses, in the order in which it happens.

use serde_json::Value;

use super::access::Access;
use super::people::People;
use super::words::{Acls, escaped, line, word};
use super::{cors, limits, tokens};
use crate::adapters::Unsupported;
use crate::adapters::common::callers::Callers;
use crate::adapters::common::plugins::{Observability, RouteByHeader, Settings as _};
use crate::adapters::common::routes::{End, Path};
use crate::fixtures::RouteApi;

/// What a route's rules are made from.
pub(super) struct Source<'a> {
    /// The route.
    pub route: &'a RouteApi,
    /// The name of its backend, which keeps files and tables apart.
    pub name: &'a str,
    /// What is known of callers.
    pub callers: &'a Callers,
    /// What else is known of them.
    pub people: &'a People,
    /// The methods that routes of its paths allow together; none: every method.
    pub allowed: &'a [String],
    /// Whether tokens name consumers, which no rule finds.
    pub tokens_name_consumers: bool,
    /// Whether its listener asks clients for certificates.
    pub certificates: bool,
}

/// The rules of a route.
#[derive(Default)]
pub(super) struct Rules {
    /// The conditions that the rules refer to.
    pub acls: Acls,
    /// The rules themselves.
    pub text: String,
    /// Sections with tables that the rules count in.
    pub tables: String,
    /// Maps and lists of patterns.
    pub files: Vec<(String, String)>,
    /// Users with their passwords.
    pub userlists: String,
    /// Request headers that the access log has.
    pub logged: Vec<String>,
    /// How much of a request has to fit into a buffer.
    pub buffered: u64,
}

impl Rules {
    /// Translates the plugins of a route.
    pub fn compile(source: &Source<'_>) -> Result<Self, Unsupported> {
        let mut rules = Self::default();
        for plugin in &source.route.plugins {
            rules.known(&plugin.name, &plugin.config, source)?;
        }
        cors::add(&mut rules, source)?;
        rules.methods(source);
        Access::of(source)?.add(&mut rules, source)?;
        tokens::add(&mut rules, source)?;
        limits::rate(&mut rules, source)?;
        limits::size(&mut rules, source)?;
        Ok(rules)
    }

    /// Adds a rule.
    pub fn add(&mut self, directive: &str) {
        line(&mut self.text, directive);
    }

    fn known(
        &mut self,
        plugin: &str,
        config: &Value,
        source: &Source<'_>,
    ) -> Result<(), Unsupported> {
        match plugin {
            "observability" => {
                let Observability { include_header, .. } = Observability::read(config)?;
                self.logged.push(include_header);
            }
            "route-by-header" => {
                RouteByHeader::read(config)?.service(source.route)?;
            }
            "jwt-validate" | "cors" | "key-auth" | "basic-auth" | "mtls-auth" | "anonymous"
            | "authorize" | "rate-limit" | "request-id" | "request-size-limit" => {}
            other => return Err(without_counterpart(other)),
        }
        Ok(())
    }

    /// A method that no route of these paths takes.
    fn methods(&mut self, source: &Source<'_>) {
        if source.allowed.is_empty() {
            return;
        }
        let methods = source.allowed.join(" ");
        let known = self.acls.one("known_method", format!("method {methods}"));
        let listed = word(&source.allowed.join(", "));
        self.add(&format!(
            "http-request return status 405 hdr Allow {listed} unless {known}"
        ));
    }
}

/// The condition that a path is below this one, or this one.
pub(super) fn path_conditions(path: &Path) -> Vec<String> {
    let literal = path.literal();
    match (literal.as_deref(), path.end) {
        (Some("/"), End::Prefix) => vec!["path_beg /".to_owned()],
        (Some(text), End::Prefix) => vec![
            format!("path {}", word(text)),
            format!("path_beg {}", word(&format!("{text}/"))),
        ],
        (Some(text), End::Exact | End::ExactSlash) => vec![format!("path {}", word(text))],
        (None, end) => {
            let beginning = path.expression(escaped, |_| "[^/]+".to_owned());
            let end = match end {
                End::Prefix => "(/|$)",
                End::Exact => "$",
                End::ExactSlash => "/$",
            };
            vec![format!("path_reg {}", word(&format!("^{beginning}{end}")))]
        }
    }
}

fn without_counterpart(plugin: &str) -> Unsupported {
    let why = match plugin {
        "oauth2-introspect" => "nothing asks another server about a token",
        "response-size-limit" => "a response is not counted while it streams",
        _ => "it has no counterpart",
    };
    Unsupported::new(format!("the plugin {plugin}: {why}"))
}

/// Methods, HEAD following GET.
pub(super) fn with_head(methods: &[String]) -> Vec<String> {
    let mut all = methods.to_vec();
    let has = |method: &str| methods.iter().any(|one| one == method);
    if has("GET") && !has("HEAD") {
        all.push("HEAD".to_owned());
    }
    all
}
