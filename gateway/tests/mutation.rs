//! `gatecheck mutate` on this very build: that it changes whatever the schema knows, that the mutants of two small
//! configurations are all noticed, and that one which nobody can notice is told.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::process::Command;

use gatecheck::mutation::place::{member, within_element};
use gatecheck::mutation::rules::UNTOUCHED;
use gatecheck::mutation::{Options, Outcome, run};
use gatecheck::suite::Suite;
use serde_json::Value;

#[tokio::test]
async fn mutants_of_small_configurations_are_noticed() {
    let score = run(Options {
        only: ["public-feed", "response-limits"]
            .map(str::to_owned)
            .to_vec(),
        gateway_bin: Some(env!("CARGO_BIN_EXE_gateway").into()),
        ..Options::default()
    })
    .await
    .unwrap();
    let survived = |outcome: &Outcome| matches!(outcome, Outcome::Survived { .. });
    let gaps = score
        .findings
        .iter()
        .filter(|found| survived(&found.outcome));
    assert_eq!(gaps.map(|found| &found.mutant).collect::<Vec<_>>(), [""; 0]);
    assert!(score.reached(), "{score:#?}");
    assert!(score.total().noticed >= 10, "{score:#?}");
}

#[tokio::test]
async fn a_mutant_that_nobody_notices_is_told() {
    // The list of those that can't be noticed counts for whole fixtures alone.
    let score = run(Options {
        only: vec!["partners".to_owned()],
        matching: Some("/consumers/0/groups/0 removed".to_owned()),
        gateway_bin: Some(env!("CARGO_BIN_EXE_gateway").into()),
        ..Options::default()
    })
    .await
    .unwrap();
    assert!(!score.reached());
    let [found] = score.findings.as_slice() else {
        panic!("{score:#?}")
    };
    let Outcome::Survived { scenarios } = &found.outcome else {
        panic!("{found:#?}")
    };
    assert!(scenarios.contains(&"PARTNER-001".to_owned()), "{found:#?}");
}

#[test]
fn everything_that_the_schema_knows_is_changed_or_left_with_a_reason() {
    let mutants = Options::default().mutants(&Suite::embedded().unwrap());
    let changed: BTreeSet<String> = mutants.unwrap().into_iter().map(|one| one.place).collect();
    let known = Schema::of_this_build().places();
    let reached = |place: &str| changed.iter().any(|one| within(one, place));
    let left = |place: &str| UNTOUCHED.iter().any(|(one, _)| within(place, one));
    let missing: Vec<_> = known
        .iter()
        .filter(|place| !reached(place) && !left(place))
        .collect();
    assert!(missing.is_empty(), "no mutant changes {missing:#?}");
    for (place, _) in UNTOUCHED {
        assert!(
            known.iter().any(|one| within(one, place)),
            "there is no {place} in the schema"
        );
        assert!(
            !changed.iter().any(|one| one == place) || *place == "service.name",
            "{place} is changed"
        );
    }
}

/// Whether a place is another one, or lies in it.
fn within(place: &str, other: &str) -> bool {
    let rest = place.strip_prefix(other);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// What `gateway schema` prints.
struct Schema(Value);

impl Schema {
    fn of_this_build() -> Self {
        let output = Command::new(env!("CARGO_BIN_EXE_gateway"))
            .arg("schema")
            .output()
            .unwrap();
        Self(serde_json::from_slice(&output.stdout).unwrap())
    }

    /// The places of everything that holds nothing else.
    fn places(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let definitions = self.0["$defs"].as_object().unwrap();
        for (name, place) in [
            ("Service", "service"),
            ("Route", "route"),
            ("Listener", "listener"),
            ("Consumer", "consumer"),
        ] {
            self.leaves(&definitions[name], place, &mut found);
        }
        for name in ["Admin", "Telemetry", "Runtime"] {
            self.leaves(&definitions[name], &name.to_lowercase(), &mut found);
        }
        let plugins = definitions["Plugin"]["properties"]["name"]["oneOf"]
            .as_array()
            .unwrap();
        for plugin in plugins.iter().filter_map(|one| one["const"].as_str()) {
            self.leaves(&definitions[plugin], plugin, &mut found);
        }
        found
    }

    fn leaves(&self, node: &Value, place: &str, found: &mut BTreeSet<String>) {
        let node = self.resolved(node);
        let mut holds = false;
        for (key, child) in node["properties"].as_object().into_iter().flatten() {
            holds = true;
            self.leaves(child, &member(place, key), found);
        }
        if node["items"].is_object() {
            holds = true;
            let items = self.resolved(&node["items"]);
            let simple = items["properties"].is_null();
            let element = if simple {
                format!("{place}[]")
            } else {
                within_element(place)
            };
            self.leaves(items, &element, found);
        }
        for key in ["oneOf", "anyOf"] {
            for form in node[key].as_array().into_iter().flatten() {
                let form = self.resolved(form);
                if form["properties"].is_object() {
                    holds = true;
                    self.leaves(form, place, found);
                }
            }
        }
        if !holds {
            // A list of texts that may be one text is changed as either.
            found.insert(place.trim_end_matches("[]").to_owned());
        }
    }

    fn resolved<'a>(&'a self, node: &'a Value) -> &'a Value {
        match node["$ref"].as_str() {
            Some(to) => self.resolved(&self.0["$defs"][to.trim_start_matches("#/$defs/")]),
            None => node,
        }
    }
}
