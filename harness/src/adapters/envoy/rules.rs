//! Who may do what: the filter rbac, once for what is denied and once for what is allowed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::callers::Identity;
use super::render::object;
use super::tokens::{NAMESPACE, PAYLOAD};
use super::values::{escaped, typed};
use crate::adapters::Unsupported;
use crate::adapters::common::routes::{End, Path};
use crate::fixtures::{OneOrMany, PathPattern};

/// The claims that have a token's scopes.
const SCOPES: [&str; 2] = ["scope", "scp"];

/// `authorize`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Authorize {
    allow: Option<Vec<Rule>>,
    #[serde(default)]
    deny: Vec<Rule>,
    roles: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    scopes: Option<Vec<String>>,
    claims: Option<BTreeMap<String, Value>>,
    roles_claim: Option<OneOrMany>,
    groups_claim: Option<OneOrMany>,
    scopes_claim: Option<OneOrMany>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    roles: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    scopes: Option<Vec<String>>,
    claims: Option<BTreeMap<String, Value>>,
    consumers: Option<Vec<String>>,
    methods: Option<Vec<String>>,
    paths: Option<Vec<PathPattern>>,
}

/// The rules of a route, as the filters take them.
pub(super) struct Rules {
    pub deny: Option<Value>,
    pub allow: Option<Value>,
    /// Scopes that are all that is asked for.
    pub scopes: Vec<String>,
}

impl Rules {
    /// Translates the rules. `told` is the header that says who calls.
    pub fn of(
        config: &Value,
        told: Option<&str>,
        identity: &Identity,
    ) -> Result<Self, Unsupported> {
        let config: Authorize = serde_json::from_value(config.clone())
            .map_err(|error| Unsupported::new(format!("authorize: {error}")))?;
        let names = |given: &Option<OneOrMany>, usual: &str| match given {
            Some(OneOrMany(names)) => names.clone(),
            None => vec![usual.to_owned()],
        };
        let reader = Reader {
            told,
            identity,
            roles: names(&config.roles_claim, "roles"),
            groups: names(&config.groups_claim, "groups"),
            scopes: match &config.scopes_claim {
                Some(OneOrMany(names)) => names.clone(),
                None => SCOPES.map(str::to_owned).to_vec(),
            },
        };
        let short = Rule {
            roles: config.roles,
            groups: config.groups,
            scopes: config.scopes,
            claims: config.claims,
            ..Rule::default()
        };
        let alone = short.roles.is_none() && short.groups.is_none() && short.claims.is_none();
        let scopes = match (&short.scopes, &config.allow) {
            (Some(scopes), None) if alone => scopes.clone(),
            _ => Vec::new(),
        };
        let is_short = !alone || short.scopes.is_some();
        let allow: Option<Vec<Rule>> = match (config.allow, is_short) {
            (None, false) => None,
            (rules, short_too) => {
                let rules = rules.unwrap_or_default().into_iter();
                Some(rules.chain(short_too.then_some(short)).collect())
            }
        };
        let deny = (!config.deny.is_empty()).then_some(config.deny);
        Ok(Self {
            deny: deny
                .map(|rules| reader.filter("DENY", &rules))
                .transpose()?,
            allow: allow
                .map(|rules| reader.filter("ALLOW", &rules))
                .transpose()?,
            scopes,
        })
    }
}

/// What a route asks of its tokens' scopes.
pub(super) fn scoped(scopes: &[String]) -> Value {
    let all: Vec<Value> = scopes
        .iter()
        .map(|scope| has_scope(scope, &SCOPES.map(str::to_owned)))
        .collect();
    per_route("ALLOW", vec![(vec![json!({"any": true})], all)])
}

struct Reader<'a> {
    told: Option<&'a str>,
    identity: &'a Identity,
    /// The claims that have them.
    roles: Vec<String>,
    groups: Vec<String>,
    scopes: Vec<String>,
}

impl Reader<'_> {
    fn filter(&self, action: &str, rules: &[Rule]) -> Result<Value, Unsupported> {
        let policies: Result<Vec<_>, Unsupported> =
            rules.iter().map(|rule| self.policy(rule)).collect();
        Ok(per_route(action, policies?))
    }

    /// What is asked for, and of whom.
    fn policy(&self, rule: &Rule) -> Result<(Vec<Value>, Vec<Value>), Unsupported> {
        let broken = || Unsupported::new("authorize: a rule that can't be carried out");
        let mut who = Vec::new();
        let with_role = |consumer: &str, role: &String| self.identity.has_role(consumer, role);
        let in_group = |consumer: &str, group: &String| self.identity.in_group(consumer, group);
        if let Some(roles) = &rule.roles {
            who.push(
                self.one_of(roles, &self.roles, &with_role)
                    .ok_or_else(broken)?,
            );
        }
        if let Some(groups) = &rule.groups {
            who.push(
                self.one_of(groups, &self.groups, &in_group)
                    .ok_or_else(broken)?,
            );
        }
        if let Some(consumers) = &rule.consumers {
            who.push(self.called(consumers).ok_or_else(broken)?);
        }
        for scope in rule.scopes.iter().flatten() {
            who.push(has_scope(scope, &self.scopes));
        }
        for (name, wanted) in rule.claims.iter().flatten() {
            let wanted = match wanted {
                Value::Array(list) => list.clone(),
                one => vec![one.clone()],
            };
            let any: Vec<Value> = wanted.iter().flat_map(|value| is(name, value)).collect();
            if any.is_empty() {
                return Err(broken());
            }
            who.push(or(any));
        }
        let mut what = Vec::new();
        if let Some(methods) = &rule.methods {
            let mut methods: Vec<&str> = methods.iter().map(String::as_str).collect();
            if methods.contains(&"GET") {
                methods.push("HEAD");
            }
            let expression = methods.join("|");
            what.push(json!({"header": {
                "name": ":method",
                "string_match": {"safe_regex": {"regex": expression}},
            }}));
        }
        if let Some(paths) = &rule.paths {
            let paths: Vec<String> = paths
                .iter()
                .map(|path| expression(&Path::from(path)))
                .collect();
            what.push(json!({"url_path": {"path": {"safe_regex": {"regex": paths.join("|")}}}}));
        }
        let empty = rule.claims.as_ref().is_some_and(BTreeMap::is_empty)
            || rule.scopes.as_ref().is_some_and(Vec::is_empty)
            || rule.paths.as_ref().is_some_and(Vec::is_empty);
        if empty || (who.is_empty() && what.is_empty()) {
            return Err(broken());
        }
        Ok((what, who))
    }

    /// Whoever is one of these consumers.
    fn called(&self, wanted: &[String]) -> Option<Value> {
        let known = |name: &String| self.identity.names().any(|known| known == name);
        let sound = !wanted.is_empty() && wanted.iter().all(known);
        let told = self.told?;
        let is = |name: &String| json!({"header": {"name": told, "string_match": {"exact": name}}});
        sound.then(|| or(wanted.iter().map(is).collect()))
    }

    /// Whoever has one of these by a token's claims, or is a consumer that has.
    fn one_of(
        &self,
        wanted: &[String],
        claims: &[String],
        has: &dyn Fn(&str, &String) -> bool,
    ) -> Option<Value> {
        let mut any = Vec::new();
        for name in claims {
            for value in wanted {
                let one = json!({"list_match": {"one_of": {"string_match": {"exact": value}}}});
                any.push(claim(name, one));
            }
        }
        if let Some(told) = self.told {
            let consumers = self.identity.names();
            let consumers = consumers.filter(|name| wanted.iter().any(|value| has(name, value)));
            any.extend(
                consumers
                    .map(|name| json!({"header": {"name": told, "string_match": {"exact": name}}})),
            );
        }
        (!wanted.is_empty()).then(|| or(any))
    }
}

fn expression(path: &Path) -> String {
    let end = match path.end {
        End::Prefix => "(/.*)?",
        End::Exact => "",
        End::ExactSlash => "/",
    };
    path.expression(escaped, |_| "[^/]+".to_owned()) + end
}

/// A claim as it stands in the metadata; a dot leads to a member.
fn claim(name: &str, value: Value) -> Value {
    let path = std::iter::once(PAYLOAD).chain(name.split('.'));
    let path: Vec<Value> = path.map(|key| json!({"key": key})).collect();
    json!({"metadata": {"filter": NAMESPACE, "path": path, "value": value}})
}

/// A claim is a value, or a list that has it.
fn is(name: &str, value: &Value) -> Vec<Value> {
    let values = match value {
        Value::String(text) => vec![json!({"string_match": {"exact": text}})],
        Value::Bool(truth) => vec![json!({"bool_match": truth})],
        Value::Number(number) => vec![
            json!({"double_match": {"exact": number}}),
            json!({"string_match": {"exact": number.to_string()}}),
        ],
        _ => Vec::new(),
    };
    let with_lists = values
        .into_iter()
        .flat_map(|value| [value.clone(), json!({"list_match": {"one_of": value}})]);
    with_lists.map(|value| claim(name, value)).collect()
}

/// A scope is a word of a text, or in a list.
fn has_scope(scope: &str, claims: &[String]) -> Value {
    let word = format!("(.* )?{}( .*)?", escaped(scope));
    let places = claims.iter().flat_map(|name| {
        [
            claim(
                name,
                json!({"string_match": {"safe_regex": {"regex": word}}}),
            ),
            claim(
                name,
                json!({"list_match": {"one_of": {"string_match": {"exact": scope}}}}),
            ),
        ]
    });
    or(places.collect())
}

fn or(mut any: Vec<Value>) -> Value {
    match any.len() {
        0 => json!({"not_id": {"any": true}}),
        1 => any.remove(0),
        _ => json!({"or_ids": {"ids": any}}),
    }
}

/// Policies of what and who, as a route says them.
fn per_route(action: &str, policies: Vec<(Vec<Value>, Vec<Value>)>) -> Value {
    let all = |list: Vec<Value>, key: &str, members: &str| match list.len() {
        0 => json!({"any": true}),
        1 => list.into_iter().next().unwrap_or_default(),
        _ => json!({key: {members: list}}),
    };
    let policies = policies
        .into_iter()
        .enumerate()
        .map(|(index, (what, who))| {
            let policy = json!({
                "permissions": [all(what, "and_rules", "rules")],
                "principals": [all(who, "and_ids", "ids")],
            });
            (format!("rule-{}", index + 1), policy)
        });
    typed(
        "extensions.filters.http.rbac.v3.RBACPerRoute",
        json!({"rbac": {"rules": {"action": action, "policies": object(policies)}}}),
    )
}
