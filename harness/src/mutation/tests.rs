//! That every option there is in the documentation is changed, and that mutants are what they say.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use super::place::member;
use super::{Options, Use, mutants, uses};
use crate::fixtures::{Change, Fixture};
use crate::suite::Suite;

/// What `gateway` writes of its plugins; a test there holds it against their registry.
const PLUGINS: &str = include_str!("../../../docs/plugins.md");

/// Every option of every plugin, as the place that it has.
fn documented() -> Vec<String> {
    let mut found = Vec::new();
    let mut plugin = "";
    for line in PLUGINS.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            plugin = name;
        } else if let Some((option, _)) =
            line.strip_prefix("| `").and_then(|row| row.split_once('`'))
        {
            found.push(member(plugin, option));
        }
    }
    found
}

#[test]
fn every_option_of_every_plugin_is_changed() {
    let suite = Suite::embedded().unwrap();
    let mutants = Options::default().mutants(&suite).unwrap();
    let changed: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.place.as_str()).collect();
    let is_changed = |option: &String| {
        let within = |place: &&str| {
            let rest = place.strip_prefix(option.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        changed.iter().any(within)
    };
    let options = documented();
    assert!(options.len() > 80, "{} options", options.len());
    let missing: Vec<_> = options
        .iter()
        .filter(|option| !is_changed(option))
        .collect();
    assert!(missing.is_empty(), "no mutant changes {missing:?}");
    // The names that tell mutants apart in the list of those that can't be noticed.
    let names: BTreeSet<String> = mutants.iter().map(super::Mutant::name).collect();
    assert_eq!(names.len(), mutants.len());
    for mutant in &mutants {
        assert!(!mutant.cases.is_empty(), "{} runs nowhere", mutant.name());
    }
}

#[test]
fn every_mutant_differs_in_what_it_says() {
    let suite = Suite::embedded().unwrap();
    for mutant in Options::default().mutants(&suite).unwrap() {
        if mutant.configuration != mutant.fixture {
            continue;
        }
        let fixture = Fixture::embedded(&mutant.fixture).unwrap();
        let original = fixture.document.clone();
        let changed = fixture
            .changed(std::slice::from_ref(&mutant.change))
            .unwrap();
        assert_ne!(changed.document, original, "{}", mutant.name());
    }
}

#[test]
fn what_scenarios_add_is_changed_and_what_they_overwrite_is_not() {
    let one = |changes: &[(&str, &str)], case| Use {
        fixture: "orders".to_owned(),
        changes: changes
            .iter()
            .map(|(pointer, value)| Change::parse(pointer, value).unwrap())
            .collect(),
        cases: vec![case],
        alone: Vec::new(),
    };
    let uses = [
        one(&[], 0),
        one(&[("/plugins/2/config/limitPerMinute", "7")], 1),
        one(&[("/plugins/2/config/burst", "3")], 2),
    ];
    let found = mutants(&uses).unwrap();
    let cases = |name: &str| {
        let mut named = found.iter().filter(|mutant| mutant.name() == name);
        named
            .next()
            .map(|mutant| (mutant.own.clone(), mutant.cases.clone()))
    };
    assert_eq!(
        cases("orders: /plugins/2/config/limitPerMinute = 101"),
        Some((vec![0], vec![0, 2]))
    );
    assert_eq!(
        cases("orders: /plugins/1 removed"),
        Some((vec![0], vec![0, 1, 2]))
    );
    let added = "orders with /plugins/2/config/burst = 3: /plugins/2/config/burst = 4";
    assert_eq!(cases(added), Some((vec![2], vec![2])));
    let overwritten = |mutant: &&super::Mutant| mutant.configuration.contains("limitPerMinute");
    assert_eq!(found.iter().filter(overwritten).count(), 0);
}

#[test]
fn uses_are_those_of_the_suite() {
    let suite = Suite::embedded().unwrap();
    let uses = uses(&suite).unwrap();
    let cases: usize = uses.iter().map(|one| one.cases.len()).sum();
    assert_eq!(cases, suite.cases.len());
    let fixtures: BTreeSet<&str> = uses.iter().map(|one| one.fixture.as_str()).collect();
    assert_eq!(fixtures.len(), Fixture::names().len());
}
