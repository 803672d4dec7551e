//! What a scenario declares it needs, gathered from its `Given` steps before anything starts.

pub(crate) mod connecting;
mod placeholder;
mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cucumber::gherkin::{Step, StepType};

pub use connecting::{Connecting, ServerName, ServerSettings};
pub use placeholder::{Lookup, expand};
pub use token::{TokenPlan, seconds};

use crate::fixtures::certificates::{Certificates, Certified, Leaf};
use crate::fixtures::jwks_server::Document;
use crate::fixtures::{Answer, Change, Consumer, Fixture, FixtureError, Key};
use crate::steps::{self, Action, StepFailure};
use crate::suite::Case;

/// What a scenario needs.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The name of the fixture configuration.
    pub configuration: Option<String>,
    /// Changes to it.
    pub changes: Vec<Change>,
    /// Whether the scenario needs a gateway that no other scenario touches.
    pub own_gateway: bool,
    /// Consumers that exist for this scenario alone.
    pub consumers: Vec<Consumer>,
    /// Headers that all of its requests carry.
    pub headers: Vec<(String, String)>,
    /// Behaviours of upstreams towards this scenario's requests, by upstream.
    pub behaviours: Vec<(String, String)>,
    /// Tokens that its client has.
    pub tokens: Vec<TokenPlan>,
    /// Certificates that its client has.
    pub certificates: Vec<ClientCertificate>,
    /// How its client connects.
    pub connecting: Connecting,
    /// How servers around the gateway speak TLS, by what the scenario calls them.
    pub servers: BTreeMap<String, ServerSettings>,
    /// What issuers and introspection endpoints answer.
    pub answers: Vec<ServerAnswer>,
    /// Every tag of the scenario.
    pub tags: Vec<String>,
    /// The paths that its steps name.
    pub paths: BTreeSet<String>,
    id: String,
    number: usize,
}

/// A certificate that a scenario's client has.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// What the scenario calls it.
    pub alias: String,
    /// The variant, of the catalogue of certificates.
    pub variant: String,
    /// What it says.
    pub leaf: Leaf,
    made: Option<Arc<Certified>>,
}

/// What a server answers from the start.
#[derive(Clone, Debug)]
pub struct ServerAnswer {
    /// What the scenario calls the server.
    pub server: String,
    /// For which documents, where it is an issuer's.
    pub documents: &'static [Document],
    /// What it answers.
    pub answer: Answer,
}

/// Which running gateway a scenario uses; scenarios with equal keys share one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceKey {
    /// Configuration and changes, as told in reports.
    pub configuration: String,
    /// The scenario that has it for itself.
    pub owner: Option<usize>,
}

impl Plan {
    /// Gathers what a case declares.
    ///
    /// # Errors
    /// When a declaration makes no sense.
    pub fn of(case: &Case) -> Result<Self, StepFailure> {
        let mut plan = Self {
            id: case.id.clone(),
            number: case.number,
            tags: case.tags.clone(),
            paths: case.steps.iter().flat_map(paths_of).collect(),
            ..Self::default()
        };
        for step in case.steps.iter().filter(|step| step.ty == StepType::Given) {
            let (definition, arguments) = steps::find(step).map_err(StepFailure)?;
            if let Action::Declare(declare) = definition.action {
                declare(&mut plan, &arguments)?;
            }
        }
        Ok(plan)
    }

    /// The number of the case.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The gateway that the scenario needs; none if it names no configuration.
    pub fn instance(&self) -> Option<InstanceKey> {
        let name = self.configuration.as_ref()?;
        let behaviours = self
            .behaviours
            .iter()
            .map(|(upstream, behaviour)| format!("{upstream}: {behaviour}"));
        let servers = self.servers.iter();
        let servers = servers.map(|(name, settings)| format!("{name}: {settings}"));
        let answers = self.answers.iter();
        let answers = answers.map(|one| {
            let (documents, answer) = (one.documents, &one.answer);
            format!("{}: {documents:?} {answer:?}", one.server)
        });
        let changes: Vec<String> = self
            .changes
            .iter()
            .map(Change::to_string)
            .chain(behaviours)
            .chain(servers)
            .chain(answers)
            .collect();
        let configuration = if changes.is_empty() {
            name.clone()
        } else {
            format!("{name} with {}", changes.join(", "))
        };
        Some(InstanceKey {
            configuration,
            owner: self.own_gateway.then_some(self.number),
        })
    }

    /// The fixture that the scenario needs, with no consumers but the document's own; none if it names none.
    ///
    /// # Errors
    /// When the configuration doesn't exist or a change does not fit.
    pub fn fixture(&self) -> Result<Option<Fixture>, FixtureError> {
        self.configuration
            .as_ref()
            .map(|name| Fixture::embedded(name)?.changed(&self.changes))
            .transpose()
    }

    /// Declares a consumer whose keys are known in the scenario by `labels`, made up afresh.
    pub fn consumer(&mut self, name: &str, groups: &[&str], keys: Vec<(&str, Option<String>)>) {
        let keys = keys
            .into_iter()
            .map(|(label, expires)| Key {
                label: label.to_owned(),
                secret: Key::random(),
                expires,
            })
            .collect();
        self.consumers.push(Consumer {
            alias: name.to_owned(),
            // Unique in a gateway that several scenarios share, and of letters that names have in any gateway.
            name: format!("{name}-{}-{}", self.id.to_lowercase(), self.number),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            keys,
            ..Consumer::default()
        });
    }

    /// Whether one of these selects the scenario: its id or another of its tags. None at all selects every scenario.
    pub fn selected_by(&self, selectors: &[&str]) -> bool {
        selectors.is_empty()
            || self
                .tags
                .iter()
                .any(|tag| selectors.contains(&tag.as_str()))
    }

    /// The consumer that the scenario calls `alias`.
    ///
    /// # Errors
    /// When none was given.
    pub fn consumer_called(&self, alias: &str) -> Result<&Consumer, StepFailure> {
        let mut consumers = self.consumers.iter();
        let found = consumers.find(|consumer| consumer.alias == alias);
        found.ok_or_else(|| StepFailure(format!("no consumer {alias:?} was given")))
    }

    /// The token that the scenario calls `alias`.
    ///
    /// # Errors
    /// When none was given.
    pub fn token(&self, alias: &str) -> Result<&TokenPlan, StepFailure> {
        let found = self.tokens.iter().find(|token| token.alias == alias);
        found.ok_or_else(|| {
            StepFailure(format!(
                "no token {alias:?} was given; add: Given a token {alias:?}"
            ))
        })
    }

    /// Declares a certificate of the client.
    pub fn client_certificate(&mut self, alias: &str, variant: &str, leaf: Leaf) {
        self.certificates.push(ClientCertificate {
            alias: alias.to_owned(),
            variant: variant.to_owned(),
            leaf,
            made: None,
        });
    }

    /// The certificate that the scenario calls `alias`.
    ///
    /// # Errors
    /// When none was given.
    pub fn certificate(&self, alias: &str) -> Result<&Arc<Certified>, StepFailure> {
        let mut all = self.certificates.iter();
        let found = all.find(|certificate| certificate.alias == alias);
        found
            .and_then(|certificate| certificate.made.as_ref())
            .ok_or_else(|| {
                let told = format!("no client certificate {alias:?} was given; add: Given a client certificate {alias:?}");
                StepFailure(told)
            })
    }

    /// Makes the certificates, and replaces the placeholders in what was declared.
    ///
    /// # Errors
    /// When a certificate can't be made, or a placeholder refers to nothing.
    pub fn settle(&mut self, certificates: &Certificates) -> Result<(), StepFailure> {
        for index in 0..self.certificates.len() {
            let mut leaf = self.certificates[index].leaf.clone();
            let texts = leaf
                .hosts
                .iter_mut()
                .chain(&mut leaf.emails)
                .chain(&mut leaf.uris);
            for text in texts.chain([&mut leaf.common_name]) {
                *text = self.expanded(text)?;
            }
            let made = certificates
                .mint(&self.certificates[index].variant, &leaf)
                .map_err(|error| StepFailure(format!("{error:#}")))?;
            self.certificates[index].made = Some(Arc::new(made));
        }
        let mut consumers = self.consumers.clone();
        for consumer in &mut consumers {
            let claims = consumer.tokens.iter_mut().map(|claim| &mut claim.value);
            let names = consumer.certificates.iter_mut().map(|(_, value)| value);
            for text in claims.chain(names) {
                *text = self.expanded(text)?;
            }
        }
        let mut tokens = self.tokens.clone();
        for token in &mut tokens {
            token.expand(&|text| self.expanded(text))?;
        }
        (self.consumers, self.tokens) = (consumers, tokens);
        Ok(())
    }

    fn expanded(&self, text: &str) -> Result<String, StepFailure> {
        expand(text, &|word, name| self.lookup(word, name))
    }
}

/// The paths of the requests that a step sends: whatever words begin with a slash.
fn paths_of(step: &Step) -> Vec<String> {
    if step.ty != StepType::When {
        return Vec::new();
    }
    let texts = [step.value.as_str()]
        .into_iter()
        .chain(step.docstring.as_deref());
    let words = texts.flat_map(|text| text.split([' ', '"', '\'', '\n']));
    let paths = words.filter(|word| word.starts_with('/'));
    let path = |word: &str| word.split(['?', '#']).next().unwrap_or(word).to_owned();
    paths.map(path).collect()
}
