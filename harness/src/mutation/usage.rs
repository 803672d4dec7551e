//! The configurations that scenarios run on, and which of them a change to a configuration reaches.

use std::collections::BTreeMap;

use crate::fixtures::{Change, Fixture};
use crate::plan::Plan;
use crate::suite::Suite;

/// A configuration as scenarios use it: a fixture, with the changes that they make.
#[derive(Clone, Debug)]
pub struct Use {
    /// The fixture's name.
    pub fixture: String,
    /// The changes that its scenarios make to it; none: it is as it stands.
    pub changes: Vec<Change>,
    /// The numbers of the cases that run on it.
    pub cases: Vec<usize>,
    /// Those of them that have a gateway to themselves.
    pub alone: Vec<usize>,
}

/// Every configuration that the suite uses, in the order of fixtures and changes.
///
/// # Errors
/// When a scenario's declarations make no sense.
pub fn uses(suite: &Suite) -> anyhow::Result<Vec<Use>> {
    let mut found: BTreeMap<(String, String), Use> = BTreeMap::new();
    for case in &suite.cases {
        let plan = Plan::of(case).map_err(|failure| anyhow::anyhow!("{}: {failure:?}", case.id))?;
        let Some(fixture) = plan.configuration else {
            continue;
        };
        let told: Vec<String> = plan.changes.iter().map(Change::to_string).collect();
        let entry = found
            .entry((fixture.clone(), told.join(", ")))
            .or_insert_with(|| Use {
                fixture,
                changes: plan.changes,
                cases: Vec::new(),
                alone: Vec::new(),
            });
        entry.cases.push(case.number);
        if plan.own_gateway {
            entry.alone.push(case.number);
        }
    }
    Ok(found.into_values().collect())
}

impl Use {
    /// What it is called: the fixture, with the changes.
    pub fn name(&self) -> String {
        if self.changes.is_empty() {
            return self.fixture.clone();
        }
        let told: Vec<String> = self.changes.iter().map(Change::to_string).collect();
        format!("{} with {}", self.fixture, told.join(", "))
    }

    /// The configuration itself.
    ///
    /// # Errors
    /// When there is no such fixture, or a change does not fit it.
    pub fn document(&self) -> anyhow::Result<serde_json::Value> {
        let fixture = Fixture::embedded(&self.fixture)?;
        Ok(fixture.changed(&self.changes)?.document)
    }

    /// Whether what a change to the fixture changes is still there, at the same place, behind the scenarios' own
    /// changes.
    pub fn is_reached_by(&self, change: &Change) -> bool {
        self.changes.iter().all(|own| {
            let overwritten = below(&change.pointer, &own.pointer);
            let hidden = change.value.is_some() && below(&own.pointer, &change.pointer);
            !overwritten && !hidden && !moves(own, &change.pointer)
        })
    }
}

/// Whether a pointer leads to what another leads to, or into it.
pub fn below(pointer: &str, other: &str) -> bool {
    let rest = pointer.strip_prefix(other);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a change takes an element out of a list that a pointer leads into, so that it may lead elsewhere.
fn moves(change: &Change, pointer: &str) -> bool {
    let Some((list, index)) = change.pointer.rsplit_once('/') else {
        return false;
    };
    change.value.is_none() && index.parse::<usize>().is_ok() && below(pointer, list)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(pointer: &str, value: Option<serde_json::Value>) -> Change {
        Change {
            pointer: pointer.to_owned(),
            value,
        }
    }

    fn reached(own: Change, pointer: &str, value: Option<serde_json::Value>) -> bool {
        let one = Use {
            fixture: "a".to_owned(),
            changes: vec![own],
            cases: Vec::new(),
            alone: Vec::new(),
        };
        one.is_reached_by(&change(pointer, value))
    }

    #[test]
    fn a_change_reaches_what_scenarios_leave_in_place() {
        let elsewhere = change("/plugins/1/config/realm", Some(json!("a")));
        assert!(reached(elsewhere.clone(), "/plugins/0", None));
        assert!(reached(
            elsewhere.clone(),
            "/plugins/1/config/realms",
            Some(json!(1))
        ));
        // The plugin is gone, whatever the scenario says of it.
        assert!(reached(elsewhere.clone(), "/plugins/1", None));
        assert!(!reached(
            elsewhere.clone(),
            "/plugins/1/config/realm",
            Some(json!("b"))
        ));
        assert!(!reached(elsewhere, "/plugins/1/config", Some(json!({}))));
        let gone = change("/plugins/0", None);
        assert!(!reached(gone.clone(), "/plugins/1/config/realm", None));
        assert!(reached(gone, "/service/url", Some(json!("a"))));
        let appended = change("/plugins/-", Some(json!({})));
        assert!(reached(appended, "/plugins/1", None));
    }
}
