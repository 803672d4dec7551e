//! What upstreams received.

use mock_upstreams::Received;

use crate::steps::{Arguments, StepFailure, StepResult, expect};
use crate::world::{Payload, World};

pub(super) async fn received(world: &mut World, arguments: &Arguments) -> StepResult {
    times(world, arguments.text(0), 1)
}

pub(super) async fn received_times(world: &mut World, arguments: &Arguments) -> StepResult {
    times(world, arguments.text(0), arguments.number(1)?)
}

pub(super) async fn received_of_batch(world: &mut World, arguments: &Arguments) -> StepResult {
    let (name, wanted): (_, usize) = (arguments.text(0), arguments.number(1)?);
    let found = of_batch(world, name)?;
    expect(found == wanted, || {
        format!(
            "the upstream {name} should receive {wanted} of {} requests, but received {found}",
            world.batch().len()
        )
    })
}

pub(super) async fn received_between(world: &mut World, arguments: &Arguments) -> StepResult {
    let (name, least, most): (_, usize, usize) = (
        arguments.text(0),
        arguments.number(1)?,
        arguments.number(2)?,
    );
    let found = of_batch(world, name)?;
    expect((least..=most).contains(&found), || {
        let all = world.batch().len();
        format!(
            "the upstream {name} should receive {least} to {most} of {all} requests, but received {found}"
        )
    })
}

pub(super) async fn one_received_all(world: &mut World, _: &Arguments) -> StepResult {
    let names: Vec<String> = world
        .received()?
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let mut counts = Vec::new();
    for name in names {
        counts.push((of_batch(world, &name)?, name));
    }
    let all = world.batch().len();
    expect(counts.iter().any(|(count, _)| *count == all), || {
        format!("one upstream should receive all {all} requests, but they received {counts:?}")
    })
}

pub(super) async fn not_called(world: &mut World, _: &Arguments) -> StepResult {
    let received = world.received()?;
    let called: Vec<&str> = received
        .iter()
        .filter(|(_, all)| !all.is_empty())
        .map(|(name, _)| *name)
        .collect();
    expect(called.is_empty(), || {
        format!(
            "no upstream should be called, but {} was",
            called.join(", ")
        )
    })
}

pub(super) async fn one_not_called(world: &mut World, arguments: &Arguments) -> StepResult {
    times(world, arguments.text(0), 0)
}

pub(super) async fn target(world: &mut World, arguments: &Arguments) -> StepResult {
    let request = last(world, arguments.text(0))?;
    expect(request.target == arguments.text(1), || {
        format!(
            "the upstream should receive the target {:?}, but received {:?}",
            arguments.text(1),
            request.target
        )
    })
}

pub(super) async fn method(world: &mut World, arguments: &Arguments) -> StepResult {
    let request = last(world, arguments.text(0))?;
    expect(request.method == arguments.text(1), || {
        format!(
            "the upstream should receive the method {:?}, but received {:?}",
            arguments.text(1),
            request.method
        )
    })
}

pub(super) async fn header(world: &mut World, arguments: &Arguments) -> StepResult {
    let (request, name) = (last(world, arguments.text(0))?, arguments.text(1));
    let wanted = world
        .expand(arguments.text(2))?
        .replace("{client}", &world.client(0)?.source.to_string());
    let found: Vec<&str> = request.header_values(name).collect();
    expect(found == [wanted.as_str()], || {
        format!("the upstream should receive {name} with {wanted:?}, but received {found:?}")
    })
}

pub(super) async fn header_contains(world: &mut World, arguments: &Arguments) -> StepResult {
    let (request, name) = (last(world, arguments.text(0))?, arguments.text(1));
    let part = world
        .expand(arguments.text(2))?
        .replace("{client}", &world.client(0)?.source.to_string());
    let found: Vec<&str> = request.header_values(name).collect();
    expect(
        matches!(found.as_slice(), [value] if value.contains(&part)),
        || {
            format!(
                "the upstream should receive {name} with {part:?} in it, but received {found:?}"
            )
        },
    )
}

pub(super) async fn has_header(world: &mut World, arguments: &Arguments) -> StepResult {
    let (request, name) = (last(world, arguments.text(0))?, arguments.text(1));
    expect(
        request.header(name).is_some_and(|value| !value.is_empty()),
        || format!("the upstream should receive the header {name}, but didn't"),
    )
}

pub(super) async fn caller(world: &mut World, arguments: &Arguments) -> StepResult {
    let (request, alias, name) = (
        last(world, arguments.text(0))?,
        arguments.text(1),
        arguments.text(2),
    );
    let consumer = world
        .plan
        .consumers
        .iter()
        .find(|consumer| consumer.alias == alias);
    let consumer =
        consumer.ok_or_else(|| StepFailure(format!("no consumer {alias:?} was given")))?;
    let found: Vec<&str> = request.header_values(name).collect();
    expect(found == [consumer.name.as_str()], || {
        format!(
            "the upstream should receive {name} with {:?}, but received {found:?}",
            consumer.name
        )
    })
}

pub(super) async fn without_header(world: &mut World, arguments: &Arguments) -> StepResult {
    let (request, name) = (last(world, arguments.text(0))?, arguments.text(1));
    let found = request.header(name);
    expect(found.is_none(), || {
        format!(
            "the upstream should not receive the header {name}, but did, with {:?}",
            found.unwrap_or_default()
        )
    })
}

pub(super) async fn body_length(world: &mut World, arguments: &Arguments) -> StepResult {
    let (request, wanted): (_, u64) = (last(world, arguments.text(0))?, arguments.number(1)?);
    expect(
        request.body_length == wanted && request.body_complete,
        || {
            let whole = if request.body_complete {
                "whole"
            } else {
                "cut off"
            };
            format!(
                "the upstream should receive {wanted} bytes, but received {} ({whole})",
                request.body_length
            )
        },
    )
}

pub(super) async fn body(world: &mut World, arguments: &Arguments) -> StepResult {
    let (request, wanted) = (last(world, arguments.text(0))?, arguments.text(1));
    expect(request.text() == wanted, || {
        format!(
            "the upstream should receive the body {wanted:?}, but received {:?}",
            request.text()
        )
    })
}

fn times(world: &World, name: &str, wanted: usize) -> StepResult {
    let found = of_upstream(world, name)?.len();
    expect(found == wanted, || {
        let others: Vec<&str> = world.received().map_or_else(
            |_| Vec::new(),
            |all| {
                all.iter()
                    .filter(|(_, requests)| !requests.is_empty())
                    .map(|(host, _)| *host)
                    .collect()
            },
        );
        let others = if others.is_empty() {
            "none was".to_owned()
        } else {
            format!("{} was", others.join(", "))
        };
        format!(
            "the upstream {name} should be called {wanted} times, but was {found} times (of all upstreams {others} called)"
        )
    })
}

pub(super) fn last(world: &World, name: &str) -> Result<Received, StepFailure> {
    let mut requests = of_upstream(world, name)?;
    requests
        .pop()
        .ok_or_else(|| StepFailure(format!("the upstream {name} didn't receive the request")))
}

fn of_upstream(world: &World, name: &str) -> Result<Vec<Received>, StepFailure> {
    let (host, _) = upstream(world, name)?;
    let received = world
        .received()?
        .into_iter()
        .find(|(upstream, _)| *upstream == host);
    Ok(received.map(|(_, requests)| requests).unwrap_or_default())
}

fn of_batch(world: &World, name: &str) -> Result<usize, StepFailure> {
    let (host, _) = upstream(world, name)?;
    let instance = world.instance()?;
    let count = |tag: &str, bytes: bool| {
        let received = instance.received(tag, bytes);
        received
            .into_iter()
            .find(|(upstream, _)| *upstream == host)
            .map_or(0, |(_, requests)| requests.len())
    };
    Ok(world
        .batch()
        .iter()
        .map(|sent| count(&sent.tag, matches!(sent.payload, Payload::Bytes(_))))
        .sum())
}

fn upstream<'a>(
    world: &'a World,
    name: &str,
) -> Result<(&'a str, &'a mock_upstreams::MockUpstream), StepFailure> {
    world
        .instance()?
        .upstream(name)
        .ok_or_else(|| StepFailure(format!("the configuration has no upstream {name:?}")))
}
