//! The response's body.

use serde_json::Value;

use super::header;
use crate::steps::{Arguments, StepFailure, StepResult, expect};
use crate::world::World;

pub(super) async fn is(world: &mut World, arguments: &Arguments) -> StepResult {
    let (wanted, found) = (arguments.text(0), world.response()?.text());
    expect(found == wanted, || {
        format!("the body should be {wanted:?}, but is {found:?}")
    })
}

pub(super) async fn empty(world: &mut World, _: &Arguments) -> StepResult {
    let found = world.response()?.text();
    expect(found.is_empty(), || {
        format!("the body should be empty, but is {found:?}")
    })
}

pub(super) async fn contains(world: &mut World, arguments: &Arguments) -> StepResult {
    let (part, found) = (arguments.text(0), world.response()?.text());
    expect(found.contains(part), || {
        format!("the body should contain {part:?}, but is {found:?}")
    })
}

pub(super) async fn lacks(world: &mut World, arguments: &Arguments) -> StepResult {
    let (part, found) = (arguments.text(0), world.response()?.text());
    expect(!found.contains(part), || {
        format!("the body should not contain {part:?}, but is {found:?}")
    })
}

pub(super) async fn length(world: &mut World, arguments: &Arguments) -> StepResult {
    let (wanted, response): (usize, _) = (arguments.number(0)?, world.response()?);
    let found = response.body.len();
    expect(
        found == wanted && response.broken.is_none(),
        || match &response.broken {
            Some(broken) => format!(
                "the body should have {wanted} bytes, but broke off after {found}: {broken}"
            ),
            None => format!("the body should have {wanted} bytes, but has {found}"),
        },
    )
}

pub(super) async fn broke_off(world: &mut World, _: &Arguments) -> StepResult {
    let response = world.response()?;
    expect(response.broken.is_some(), || {
        format!(
            "the body should break off, but came to its end after {} bytes",
            response.body.len()
        )
    })
}

pub(super) async fn has_json(world: &mut World, arguments: &Arguments) -> StepResult {
    let body = json(world)?;
    for (pointer, wanted) in arguments.pairs()? {
        let found = body.pointer(pointer);
        let holds = match wanted {
            "present" => found.is_some(),
            "absent" => found.is_none(),
            text => {
                let wanted: Value = serde_json::from_str(text).map_err(|error| {
                    StepFailure(format!("{text} is not JSON, present or absent: {error}"))
                })?;
                found == Some(&wanted)
            }
        };
        expect(holds, || match found {
            Some(found) => format!("{pointer} in the body should be {wanted}, but is {found}"),
            None => {
                format!("{pointer} in the body should be {wanted}, but nothing is there: {body}")
            }
        })?;
    }
    Ok(())
}

pub(super) async fn problem(world: &mut World, arguments: &Arguments) -> StepResult {
    let (wanted, content_type): (u64, _) =
        (arguments.number(0)?, header::value(world, "Content-Type")?);
    expect(
        content_type.split(';').next() == Some("application/problem+json"),
        || format!("the content type should be application/problem+json, but is {content_type:?}"),
    )?;
    let body = json(world)?;
    let title = body
        .get("title")
        .and_then(Value::as_str)
        .is_some_and(|title| !title.is_empty());
    expect(title, || {
        format!("the problem should have a title, but is {body}")
    })?;
    let status = body.get("status").and_then(Value::as_u64);
    let line = u64::from(world.response()?.status);
    expect(status == Some(wanted) && line == wanted, || {
        format!(
            "the problem's status should be {wanted} as on the status line, but they are {status:?} and {line}"
        )
    })
}

fn json(world: &World) -> Result<Value, StepFailure> {
    let text = world.response()?.text();
    serde_json::from_str(&text)
        .map_err(|error| StepFailure(format!("the body is not JSON ({error}): {text:?}")))
}
