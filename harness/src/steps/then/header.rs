//! Headers of the response.

use std::collections::HashSet;

use crate::steps::{Arguments, StepFailure, StepResult, expect};
use crate::world::World;

pub(super) async fn is(world: &mut World, arguments: &Arguments) -> StepResult {
    one(world, arguments.text(0), &world.expand(arguments.text(1))?)
}

pub(super) async fn trailer_is(world: &mut World, arguments: &Arguments) -> StepResult {
    let (name, wanted) = (arguments.text(0), arguments.text(1));
    let trailers = &world.response()?.trailers;
    let found: Vec<&str> = trailers
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
        .collect();
    expect(found == [wanted], || {
        format!(
            "the trailer {name} should be {wanted:?}, but is {found:?}; all trailers are {trailers:?}"
        )
    })
}

pub(super) async fn are(world: &mut World, arguments: &Arguments) -> StepResult {
    arguments
        .pairs()?
        .into_iter()
        .try_for_each(|(name, value)| one(world, name, value))
}

pub(super) async fn comes(world: &mut World, arguments: &Arguments) -> StepResult {
    let (name, wanted): (_, usize) = (arguments.text(0), arguments.number(1)?);
    let found = world.response()?.header_values(name);
    expect(found.len() == wanted, || {
        format!("the header {name} should come {wanted} times, but is {found:?}")
    })
}

pub(super) async fn present(world: &mut World, arguments: &Arguments) -> StepResult {
    value(world, arguments.text(0)).map(drop)
}

pub(super) async fn absent(world: &mut World, arguments: &Arguments) -> StepResult {
    let found = world.response()?.header(arguments.text(0));
    expect(found.is_none(), || {
        format!(
            "the header {} should be absent, but is {:?}",
            arguments.text(0),
            found.unwrap_or_default()
        )
    })
}

pub(super) async fn contains(world: &mut World, arguments: &Arguments) -> StepResult {
    let (value, part) = (value(world, arguments.text(0))?, arguments.text(1));
    expect(value.to_lowercase().contains(&part.to_lowercase()), || {
        format!(
            "the header {} should contain {part:?}, but is {value:?}",
            arguments.text(0)
        )
    })
}

pub(super) async fn lacks(world: &mut World, arguments: &Arguments) -> StepResult {
    let (value, part) = (
        world
            .response()?
            .header(arguments.text(0))
            .unwrap_or_default(),
        arguments.text(1),
    );
    expect(!value.to_lowercase().contains(&part.to_lowercase()), || {
        format!(
            "the header {} should not contain {part:?}, but is {value:?}",
            arguments.text(0)
        )
    })
}

pub(super) async fn lists(world: &mut World, arguments: &Arguments) -> StepResult {
    let (value, element) = (value(world, arguments.text(0))?, arguments.text(1));
    expect(
        value
            .split(',')
            .any(|listed| listed.trim().eq_ignore_ascii_case(element)),
        || {
            format!(
                "the header {} should list {element:?}, but is {value:?}",
                arguments.text(0)
            )
        },
    )
}

pub(super) async fn at_least(world: &mut World, arguments: &Arguments) -> StepResult {
    let (value, least): (_, u64) = (value(world, arguments.text(0))?, arguments.number(1)?);
    let digits = !value.is_empty() && value.chars().all(|c| c.is_ascii_digit());
    expect(
        digits && value.parse::<u64>().is_ok_and(|number| number >= least),
        || {
            format!(
                "the header {} should be a whole number of at least {least}, but is {value:?}",
                arguments.text(0)
            )
        },
    )
}

pub(super) async fn no_prefix(world: &mut World, arguments: &Arguments) -> StepResult {
    let prefix = arguments.text(0).to_lowercase();
    let found = world
        .response()?
        .headers
        .iter()
        .find(|(name, _)| name.to_lowercase().starts_with(&prefix));
    expect(found.is_none(), || {
        format!(
            "no header should begin with {}, but there is {found:?}",
            arguments.text(0)
        )
    })
}

pub(super) async fn differ(world: &mut World, arguments: &Arguments) -> StepResult {
    let responses = world
        .batch()
        .iter()
        .map(|sent| sent.response.as_ref()?.header(arguments.text(0)));
    let values: Option<Vec<String>> = responses.collect();
    let values = values
        .ok_or_else(|| StepFailure(format!("a response has no header {}", arguments.text(0))))?;
    let distinct: HashSet<&String> = values.iter().collect();
    expect(values.len() > 1 && distinct.len() == values.len(), || {
        format!(
            "the values of {} should all differ, but are {values:?}",
            arguments.text(0)
        )
    })
}

/// The values of a header, joined.
pub(super) fn value(world: &World, name: &str) -> Result<String, StepFailure> {
    world
        .response()?
        .header(name)
        .ok_or_else(|| StepFailure(format!("the response has no header {name}")))
}

/// Whether the response has the header once, with this value.
pub(super) fn one(world: &World, name: &str, wanted: &str) -> StepResult {
    let found = world.response()?.header_values(name);
    expect(found == [wanted], || match found.as_slice() {
        [] => format!("the header {name} should be {wanted:?}, but is absent"),
        _ => format!("the header {name} should be {wanted:?}, but is {found:?}"),
    })
}
