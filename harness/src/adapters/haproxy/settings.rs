//! The plugins about callers that other adapters leave out, docs/plugins.md has their meaning.

use serde::Deserialize;
use serde_json::Value;

use crate::adapters::common::plugins::Settings;
use crate::fixtures::PathPattern;

/// `mtls-auth`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MtlsAuth {
    #[serde(default)]
    pub forward_certificate: bool,
    #[serde(default = "yes")]
    pub consumer_required: bool,
    #[serde(default = "consumer_header")]
    pub consumer_header: String,
}

/// `anonymous`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Anonymous {
    pub consumer: String,
    #[serde(default = "consumer_header")]
    pub consumer_header: String,
}

/// `authorize`, as far as it is about consumers and not about claims.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Authorize {
    #[serde(default)]
    pub allow: Vec<Rule>,
    #[serde(default)]
    pub deny: Vec<Rule>,
    pub roles: Option<Vec<String>>,
    pub groups: Option<Vec<String>>,
}

/// A rule of `authorize`: it holds when all of its fields do.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub roles: Option<Vec<String>>,
    pub groups: Option<Vec<String>>,
    pub consumers: Option<Vec<String>>,
    pub methods: Option<Vec<String>>,
    pub paths: Option<Vec<PathPattern>>,
}

impl Settings for MtlsAuth {
    const PLUGIN: &'static str = "mtls-auth";
}

impl Settings for Anonymous {
    const PLUGIN: &'static str = "anonymous";
}

impl Settings for Authorize {
    const PLUGIN: &'static str = "authorize";
}

impl Authorize {
    /// The rules of which one has to hold, the short form among them.
    pub fn allowed(&self) -> Vec<Rule> {
        let short = Rule {
            roles: self.roles.clone(),
            groups: self.groups.clone(),
            ..Rule::default()
        };
        let written = short.roles.is_some() || short.groups.is_some();
        let short = written.then_some(short);
        self.allow.iter().cloned().chain(short).collect()
    }
}

impl Rule {
    /// Whether it says anything at all.
    pub fn says_something(&self) -> bool {
        let lists = [&self.roles, &self.groups, &self.consumers, &self.methods];
        lists.iter().any(|list| list.is_some()) || self.paths.is_some()
    }
}

/// What a plugin that makes no difference may be configured with: nothing.
pub(super) fn is_empty(config: &Value) -> bool {
    config.is_null() || config.as_object().is_some_and(serde_json::Map::is_empty)
}

fn consumer_header() -> String {
    "X-Consumer-Name".to_owned()
}

const fn yes() -> bool {
    true
}
