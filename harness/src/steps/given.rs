//! What a scenario needs. These steps declare; the suite gathers them before anything starts.

pub(super) mod identity;

use cucumber::gherkin::StepType;

use super::{Action, Arguments, Definition, Need, StepFailure, StepResult};
use crate::fixtures::Change;
use crate::plan::Plan;

/// The steps.
pub(super) const STEPS: &[Definition] = &[
    declare(
        "the configuration {string}",
        "the fixture configuration scenarios/NAME.yaml; a table of JSON Pointer and JSON value (or: removed) changes it",
        configuration,
    ),
    declare(
        "a gateway of its own with the configuration {string}",
        "as before, but no other scenario uses the gateway: for what scenarios side by side would disturb",
        own_configuration,
    ),
    declare(
        "a consumer {string} with a key",
        "a consumer that exists for this scenario alone, with a new key",
        consumer,
    ),
    declare(
        "a consumer {string} in the group {string} with a key",
        "as before, a member of a group (several with commas between)",
        consumer_in_group,
    ),
    declare(
        "a consumer {string} with the keys:",
        "several keys; a table of the key's name and when it expires (RFC 3339, or: never)",
        consumer_with_keys,
    ),
    declare(
        "every request has the headers:",
        "a table of header names and values that all requests carry",
        headers,
    ),
    declare(
        "the upstream {string} does {string}",
        "what an upstream does with requests, in the words of `mock-upstreams --list`: refuse, status=503, slow=2s",
        behaviour,
    ).needing(&[Need::Upstream]),
];

fn configuration(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    if let Some(earlier) = &plan.configuration {
        return Err(StepFailure(format!(
            "the scenario has a configuration already: {earlier:?}"
        )));
    }
    plan.configuration = Some(arguments.text(0).to_owned());
    for (pointer, value) in arguments.pairs()? {
        plan.changes
            .push(Change::parse(pointer, value).map_err(StepFailure)?);
    }
    Ok(())
}

fn own_configuration(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    plan.own_gateway = true;
    configuration(plan, arguments)
}

fn consumer(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    plan.consumer(arguments.text(0), &[], vec![("", None)]);
    Ok(())
}

fn consumer_in_group(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    let groups: Vec<&str> = arguments.text(1).split(',').map(str::trim).collect();
    plan.consumer(arguments.text(0), &groups, vec![("", None)]);
    Ok(())
}

fn consumer_with_keys(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    let keys = arguments.pairs()?.into_iter();
    let keys = keys
        .map(|(label, expires)| (label, (expires != "never").then(|| expires.to_owned())))
        .collect();
    plan.consumer(arguments.text(0), &[], keys);
    Ok(())
}

fn headers(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    let pairs = arguments.pairs()?.into_iter();
    plan.headers
        .extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Ok(())
}

fn behaviour(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    plan.behaviours
        .push((arguments.text(0).to_owned(), arguments.text(1).to_owned()));
    Ok(())
}

const fn declare(
    pattern: &'static str,
    about: &'static str,
    declare: fn(&mut Plan, &Arguments) -> StepResult,
) -> Definition {
    Definition {
        kind: StepType::Given,
        pattern,
        about,
        action: Action::Declare(declare),
        needs: &[],
    }
}
