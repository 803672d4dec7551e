//! Mutants: configurations that differ from one that scenarios use in one thing.

use std::collections::BTreeSet;

use serde_json::Value;

use super::place::{Spot, spots};
use super::rules;
use super::usage::{Use, below};
use crate::fixtures::{Change, Fixture};

/// A configuration that is changed in one thing.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The fixture.
    pub fixture: String,
    /// The configuration that is changed: the fixture's name, and what scenarios change in it.
    pub configuration: String,
    /// What is changed, as a place: `cors.origins`.
    pub place: String,
    /// What is done to it.
    pub change: Change,
    /// What stood there; none: nothing.
    pub was: Option<Value>,
    /// The cases that run on it.
    pub cases: Vec<usize>,
    /// Those of them that run on the configuration as it is named, without changes of their own.
    pub own: Vec<usize>,
}

impl Mutant {
    /// What tells it from every other mutant.
    pub fn name(&self) -> String {
        format!("{}: {}", self.configuration, self.change)
    }

    /// What was changed, for people.
    pub fn told(&self) -> String {
        let (pointer, place) = (&self.change.pointer, &self.place);
        let was = self.was.as_ref().map(short);
        let what = match (&was, &self.change.value) {
            (Some(was), None) => format!("{was} removed"),
            (None, Some(value)) => format!("{} added", short(value)),
            (Some(was), Some(value)) => format!("{was} → {}", short(value)),
            (None, None) => "nothing".to_owned(),
        };
        format!("{pointer} ({place}): {what}")
    }
}

/// The mutants of every configuration of one fixture, given as its uses.
///
/// Of a configuration that scenarios have changed, what they have added to it is changed; what the fixture has has been
/// changed there, and runs with their scenarios too.
///
/// # Errors
/// When a configuration can't be read.
pub fn mutants(uses: &[Use]) -> anyhow::Result<Vec<Mutant>> {
    let mut found = Vec::new();
    let Some(fixture) = uses.first().map(|one| one.fixture.as_str()) else {
        return Ok(found);
    };
    let original = Fixture::embedded(fixture)?.document;
    for change in changes(&original, fixture, &|_| true) {
        let reached = uses.iter().filter(|one| one.is_reached_by(&change.1));
        let (own, others): (Vec<_>, Vec<_>) = reached.partition(|one| one.changes.is_empty());
        let cases = (cases_of(&own), cases_of(&others));
        found.push(mutant(
            fixture,
            fixture.to_owned(),
            change,
            &original,
            cases,
        ));
    }
    for one in uses.iter().filter(|one| !one.changes.is_empty()) {
        let document = one.document()?;
        let made = one.changes.iter().filter(|own| own.value.is_some());
        let made = made.map(|own| landed(own, &document));
        let changed: Vec<String> = made.filter(|own| original.pointer(own).is_none()).collect();
        let within = |pointer: &str| changed.iter().any(|own| below(pointer, own));
        for change in changes(&document, fixture, &within) {
            let cases = (one.cases.clone(), Vec::new());
            found.push(mutant(fixture, one.name(), change, &document, cases));
        }
    }
    // A change to what a scenario has put somewhere is no change to the fixture, but the same may be done in two ways.
    let mut seen = BTreeSet::new();
    found.retain(|mutant| seen.insert(mutant.name()));
    Ok(found)
}

fn cases_of(uses: &[&Use]) -> Vec<usize> {
    uses.iter().flat_map(|one| one.cases.clone()).collect()
}

/// Every change that the rules make to a document, each with the place that it is made at.
fn changes(
    document: &Value,
    fixture: &str,
    within: &dyn Fn(&str) -> bool,
) -> Vec<(String, Change)> {
    let spots = spots(document);
    let meant = |spot: &&Spot<'_>| within(&spot.pointer);
    let mut found = Vec::new();
    for spot in spots.iter().filter(meant) {
        let rules = rules::all().filter(|rule| {
            rule.place == spot.place && (rule.only.is_empty() || rule.only.contains(&fixture))
        });
        for operator in rules.flat_map(|rule| rule.operators) {
            if let Some(change) = operator.change(spot, document) {
                found.push((place_of(spot, &change), change));
            }
        }
    }
    found
}

/// The place that a change is about: that of the option which a mapping is given.
fn place_of(spot: &Spot<'_>, change: &Change) -> String {
    let added = change.pointer.strip_prefix(&spot.pointer);
    let name = added.and_then(|rest| rest.strip_prefix('/'));
    match (name, &change.value) {
        (Some("-") | None, _) if !spot.value.is_null() => spot.place.clone(),
        (Some(name), _) => super::place::member(&spot.place, name),
        // A plugin without a configuration has got one with one option.
        (None, Some(Value::Object(map))) => match map.keys().next() {
            Some(name) => super::place::member(&spot.place, name),
            None => spot.place.clone(),
        },
        _ => spot.place.clone(),
    }
}

fn mutant(
    fixture: &str,
    configuration: String,
    (place, change): (String, Change),
    document: &Value,
    (own, others): (Vec<usize>, Vec<usize>),
) -> Mutant {
    Mutant {
        fixture: fixture.to_owned(),
        configuration,
        place,
        was: document.pointer(&change.pointer).cloned(),
        change,
        cases: own.iter().chain(&others).copied().collect(),
        own,
    }
}

/// Where a change has put its value: `/plugins/-` is the last element by then.
fn landed(change: &Change, document: &Value) -> String {
    let list = change.pointer.strip_suffix("/-");
    let found = list.and_then(|list| Some((list, document.pointer(list)?.as_array()?.len())));
    match found {
        Some((list, length)) => format!("{list}/{}", length.saturating_sub(1)),
        None => change.pointer.clone(),
    }
}

/// A value as JSON, cut where it gets long.
fn short(value: &Value) -> String {
    const LONGEST: usize = 80;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
