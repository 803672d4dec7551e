//! What a scenario declares it needs, gathered from its `Given` steps before anything starts.

use cucumber::gherkin::StepType;
use serde_json::Value;

use crate::fixtures::{Change, Consumer, Fixture, FixtureError, Key};
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
    id: String,
    number: usize,
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
        let changes: Vec<String> = self
            .changes
            .iter()
            .map(Change::to_string)
            .chain(behaviours)
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
            // Unique in a gateway that several scenarios share.
            name: format!("{name}.{}.{}", self.id.to_lowercase(), self.number),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            metadata: Value::Null,
            keys,
        });
    }
}
