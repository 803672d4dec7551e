//! `authorize`: who may do what, by rules over the caller and the request.
//!
//! A rule holds when all of its fields do; of a list within a field one member is enough, but a token has to have all
//! scopes. A deny rule that holds refuses. Where there are allow rules, one of them has to hold; where there are none,
//! what is not denied passes. Refused is with 403, an anonymous caller too: the route takes callers without a credential,
//! so a challenge would not be true. Where nothing but scopes of the token is missing, it is `insufficient_scope`
//! (RFC 6750 §3.1).
//!
//! A policy that cannot be compiled closes its route: every request but a preflight is answered with 500, and the other
//! routes are not touched.

mod rule;

use super::chain::Phases;
use super::exchange::Exchange;
use super::registry::{Compile, Plugin};
use super::{Flow, OnRequest, Rejection, Request};
use crate::config::raw::PathPattern;
use crate::reason::Reason;
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use rule::{Caller, Names, Rule};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Who may do what.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Rules of which one has to hold; without any, and without the short forms below, what is not denied passes.
    #[serde(default)]
    allow: Vec<RawRule>,
    /// Rules of which none may hold.
    #[serde(default)]
    deny: Vec<RawRule>,
    /// Short for an allow rule, together with the other short forms: roles of which the caller has one.
    roles: Option<Vec<String>>,
    /// As `roles`: groups of which the caller is in one.
    groups: Option<Vec<String>>,
    /// As `roles`: scopes that the token has, all of them.
    scopes: Option<Vec<String>>,
    /// As `roles`: claims and what each is, or a list of what it may be.
    claims: Option<Map<String, Value>>,
    /// The claims of a token that tell roles, beside those of the consumer; `a.b` is the member `b` of the claim `a`.
    #[serde(default = "roles_claim")]
    roles_claim: ClaimNames,
    /// The claims of a token that tell groups, beside those of the consumer.
    #[serde(default = "groups_claim")]
    groups_claim: ClaimNames,
    /// The claims of a token that tell its scopes: a text with spaces between, or a list.
    #[serde(default = "scopes_claim")]
    scopes_claim: ClaimNames,
}

/// A rule as it stands in the document.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawRule {
    /// The caller has one of these roles.
    roles: Option<Vec<String>>,
    /// The caller is in one of these groups.
    groups: Option<Vec<String>>,
    /// The caller's token has all of these scopes.
    scopes: Option<Vec<String>>,
    /// The caller is one of these consumers.
    consumers: Option<Vec<String>>,
    /// Each of these claims of the caller's token is this, or one of these.
    claims: Option<Map<String, Value>>,
    /// The request's method is one of these; what is for GET is for HEAD.
    methods: Option<Vec<String>>,
    /// The request's path is below one of these, as with a route's `paths`.
    paths: Option<Vec<PathPattern>>,
}

/// The name of a claim, or several.
#[derive(Debug, Clone, Deserialize, serde::Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(extend("x-expects" = "the name of a claim, or a list of names"))]
enum ClaimNames {
    One(String),
    Several(Vec<String>),
}

fn roles_claim() -> ClaimNames {
    ClaimNames::One("roles".to_owned())
}

fn groups_claim() -> ClaimNames {
    ClaimNames::One("groups".to_owned())
}

fn scopes_claim() -> ClaimNames {
    ClaimNames::Several(vec!["scope".to_owned(), "scp".to_owned()])
}

impl ClaimNames {
    fn boxed(&self) -> Box<[Box<str>]> {
        let list = match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        };
        list.iter().map(|name| name.as_str().into()).collect()
    }
}

/// The compiled form.
pub struct Authorize {
    allow: Box<[Rule]>,
    deny: Box<[Rule]>,
    names: Names,
}

impl Plugin for Authorize {
    const NAME: &'static str = "authorize";
    const SUMMARY: &'static str =
        "Who may do what: by roles, groups, scopes, claims and consumers, methods and paths.";
    const EXAMPLE: &'static str = r#"{name: authorize, config: {allow: [{roles: [admin]}, {groups: [partners], methods: [GET]}], deny: [{groups: [suspended]}]}}"#;
    type Config = Config;

    fn compile(
        config: Config,
        compile: &mut Compile<'_, '_>,
        phases: &mut Phases,
    ) -> Option<String> {
        let told = compile.report.len();
        let policy = Self::policy(config, compile);
        if compile.report.len() > told {
            let detail = "the rules of this route can't be carried out, so nobody may pass";
            phases.close(Rejection::new(Reason::PolicyBroken, detail));
            return Some("closes the route: its rules have mistakes".to_owned());
        }
        let does = policy.to_string();
        phases.request(Arc::new(policy));
        Some(does)
    }
}

impl Authorize {
    fn policy(config: Config, compile: &mut Compile<'_, '_>) -> Self {
        let at = compile.at;
        let short = RawRule {
            roles: config.roles,
            groups: config.groups,
            scopes: config.scopes,
            claims: config.claims,
            ..RawRule::default()
        };
        let mut read = |key: &str, rules: &[RawRule]| -> Vec<Rule> {
            let list = at.key(key);
            let rules = rules.iter().enumerate();
            rules
                .map(|(place, raw)| rule::read(raw, list.index(place), compile))
                .collect()
        };
        let mut allow = read("allow", &config.allow);
        let deny = read("deny", &config.deny);
        if short.says_something() {
            allow.push(rule::read(&short, at, compile));
        }
        if allow.is_empty() && deny.is_empty() {
            compile
                .report
                .confined_error(at, "no-rules", "the plugin has no rules")
                .help("add `allow`, `deny`, or a short form such as `roles: [admin]`");
        }
        let asks = |rule: &Rule| rule.asks_who_calls();
        if !compile.authenticated() && allow.iter().chain(&deny).any(asks) {
            compile
                .report
                .confined_error(
                    at,
                    "authorize-without-auth",
                    format!(
                        "the rules ask who calls, and nothing on the route `{}` finds out",
                        compile.route
                    ),
                )
                .help("add an auth plugin such as key-auth");
        }
        Self {
            allow: allow.into(),
            deny: deny.into(),
            names: Names {
                roles: config.roles_claim.boxed(),
                groups: config.groups_claim.boxed(),
                scopes: config.scopes_claim.boxed(),
            },
        }
    }

    fn decide(&self, caller: &Caller<'_>, request: &Request<'_>) -> Decision<'_> {
        let holds = |rule: &&Rule| rule.holds(caller, request);
        if self.deny.iter().find(holds).is_some() {
            return Decision::Forbidden;
        }
        if self.allow.is_empty() || self.allow.iter().find(holds).is_some() {
            return Decision::Allowed;
        }
        // Another token could have the scopes; nothing else can be got by asking for more.
        let but_scopes =
            |rule: &&Rule| caller.has_token() && rule.holds_but_scopes(caller, request);
        match self.allow.iter().find(but_scopes) {
            Some(rule) => rule
                .challenge()
                .map_or(Decision::Forbidden, Decision::Scopes),
            None => Decision::Forbidden,
        }
    }
}

/// What comes of the rules.
enum Decision<'a> {
    Allowed,
    Forbidden,
    Scopes(&'a HeaderValue),
}

impl OnRequest for Authorize {
    fn on_request(&self, request: &Request<'_>, exchange: &mut Exchange) -> Flow {
        let caller = Caller {
            consumer: exchange.consumer.as_deref(),
            claims: exchange.claims.as_deref(),
            names: &self.names,
        };
        match self.decide(&caller, request) {
            Decision::Allowed => Flow::Next,
            Decision::Forbidden => {
                Rejection::new(Reason::Forbidden, "the caller may not do this").into()
            }
            Decision::Scopes(challenge) => {
                exchange
                    .response_edits
                    .append(&WWW_AUTHENTICATE, challenge.clone());
                let detail = "the token's scope does not reach so far";
                Rejection::new(Reason::InsufficientScope, detail).into()
            }
        }
    }
}

impl std::fmt::Display for Authorize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |rules: &[Rule]| {
            let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
            rules.join(", or ")
        };
        match &*self.allow {
            [] => f.write_str("lets everyone pass")?,
            some => write!(f, "lets pass: {}", list(some))?,
        }
        match &*self.deny {
            [] => Ok(()),
            some => write!(f, "; refuses: {}", list(some)),
        }
    }
}

#[cfg(test)]
mod tests;
