//! What `authorize` says of a caller, as far as roles, groups, scopes and consumers decide it. A rule about claims does
//! not hold: the suite's callers have no others than it says.

use super::callers::Caller;
use super::configuration::{Place, texts};
use super::sample;
use crate::checks::read::fields::{Fields, Reader};
use crate::checks::yaml::Node;

const RULE: &[&str] = &[
    "roles",
    "groups",
    "scopes",
    "consumers",
    "claims",
    "methods",
    "paths",
];

/// The rules of a route.
#[derive(Debug)]
pub(super) struct Rules {
    pub allow: Vec<Rule>,
    pub deny: Vec<Rule>,
    /// Where the whole stands: what no rule allows is refused by all of them.
    pub place: Place,
}

/// One rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub place: Place,
    pub roles: Vec<String>,
    pub groups: Vec<String>,
    pub scopes: Vec<String>,
    consumers: Vec<String>,
    pub claims: bool,
    pub methods: Vec<String>,
    pub paths: Vec<(String, bool)>,
}

impl Rules {
    pub(super) fn read(reader: &Reader<'_>, file: &str, config: &Node, place: Place) -> Self {
        let fields = Fields { node: config };
        let list = |key: &str| -> Vec<Rule> {
            let nodes = fields.at(key);
            let nodes = nodes.map_or(&[][..], |node| reader.list(node, &format!("`{key}`")));
            let rules = nodes.iter();
            rules
                .filter_map(|node| Rule::read(reader, file, node))
                .collect()
        };
        let (mut allow, deny) = (list("allow"), list("deny"));
        let short = ["roles", "groups", "scopes", "claims"];
        if short.iter().any(|key| fields.at(key).is_some()) {
            allow.push(Rule::of(reader, file, fields));
        }
        Self { allow, deny, place }
    }

    /// Whether a caller may do this, and the line that says so.
    pub(super) fn decide(&self, caller: &Caller, method: &str, path: &str) -> (bool, &Place) {
        let held = |rules: &'_ [Rule]| {
            rules
                .iter()
                .position(|rule| rule.holds(caller, method, path))
        };
        match (held(&self.deny), held(&self.allow)) {
            (Some(rule), _) => (false, &self.deny[rule].place),
            (None, Some(rule)) => (true, &self.allow[rule].place),
            (None, None) => (self.allow.is_empty(), &self.place),
        }
    }
}

impl Rule {
    fn read(reader: &Reader<'_>, file: &str, node: &Node) -> Option<Self> {
        let fields = reader.fields(node, "a rule", RULE)?;
        Some(Self::of(reader, file, fields))
    }

    fn of(reader: &Reader<'_>, file: &str, fields: Fields<'_>) -> Self {
        let paths = fields.at("paths");
        let paths = paths
            .map_or(&[][..], |node| reader.one_or_many(node))
            .iter();
        let paths = paths.filter_map(|node| {
            let exact = node.find("exact").map(|entry| &entry.value);
            let text = reader.text(exact.unwrap_or(node), "a path")?;
            Some((text.to_owned(), exact.is_some()))
        });
        Self {
            place: Place(format!("{file}:{}", fields.node.at)),
            roles: texts(reader, fields, "roles"),
            groups: texts(reader, fields, "groups"),
            scopes: texts(reader, fields, "scopes"),
            consumers: texts(reader, fields, "consumers"),
            claims: fields.at("claims").is_some(),
            methods: texts(reader, fields, "methods"),
            paths: paths.collect(),
        }
    }

    fn holds(&self, caller: &Caller, method: &str, path: &str) -> bool {
        let one = |wanted: &[String], had: &[String]| {
            wanted.is_empty() || wanted.iter().any(|word| had.contains(word))
        };
        let method = if method == "HEAD" { "GET" } else { method };
        let named = caller.consumer.iter().cloned().collect::<Vec<_>>();
        !self.claims
            && one(&self.roles, &caller.roles)
            && one(&self.groups, &caller.groups)
            && one(&self.consumers, &named)
            && self
                .scopes
                .iter()
                .all(|scope| caller.scopes.contains(scope))
            && one(&self.methods, &[method.to_owned()])
            && (self.paths.is_empty()
                || self
                    .paths
                    .iter()
                    .any(|(pattern, exact)| sample::fits(pattern, *exact, path)))
    }
}
