//! What the gateway wrote into its access log: one JSON object a line.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::sleep;

use crate::steps::{Arguments, StepFailure, StepResult, expect};
use crate::world::World;

/// How long a line may take to reach the file: logs are written after the response.
const WRITTEN_WITHIN: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(10);

pub(super) async fn says(world: &mut World, arguments: &Arguments) -> StepResult {
    let (wanted, name) = (world.expand(arguments.text(0))?, arguments.text(1));
    let line = line(world).await?;
    let found = member(world, &line, name)?;
    let text = found.map(|value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    });
    expect(text.as_deref() == Some(wanted.as_str()), || match text {
        Some(text) => format!("the access log should say {wanted:?} of {name}, but says {text:?}"),
        None => format!(
            "the access log should say {wanted:?} of {name}, but doesn't speak of it: {line}"
        ),
    })
}

pub(super) async fn without_key(world: &mut World, arguments: &Arguments) -> StepResult {
    // Waits for the last request's line, so that there is something to look through.
    line(world).await?;
    let secret = world.key(arguments.text(0), "")?.secret.clone();
    let text = read(world)?;
    expect(!text.contains(&secret), || {
        "the access log contains the key".to_owned()
    })
}

pub(super) async fn without(world: &mut World, arguments: &Arguments) -> StepResult {
    line(world).await?;
    let (text, wanted) = (read(world)?, world.expand(arguments.text(0))?);
    expect(!text.contains(&wanted), || {
        format!("the access log contains {:?}", arguments.text(0))
    })
}

pub(super) async fn tells(world: &mut World, arguments: &Arguments) -> StepResult {
    let line = line(world).await?;
    let found = member(world, &line, arguments.text(0))?;
    expect(found.is_some_and(|value| !value.is_null()), || {
        format!(
            "the access log should tell {}, but doesn't: {line}",
            arguments.text(0)
        )
    })
}

pub(super) async fn silent(world: &mut World, arguments: &Arguments) -> StepResult {
    let line = line(world).await?;
    let found = member(world, &line, arguments.text(0))?;
    expect(found.is_none(), || {
        format!(
            "the access log should say nothing of {}, but says {found:?}",
            arguments.text(0)
        )
    })
}

/// The line of the last request, found by the request id on its response or by its target.
async fn line(world: &World) -> Result<Value, StepFailure> {
    let id = world.response()?.header("X-Request-Id");
    let id = id.ok_or_else(|| {
        StepFailure("the response has no X-Request-Id to find its log line by".to_owned())
    })?;
    let begun = Instant::now();
    loop {
        let text = read(world)?;
        let found = text
            .lines()
            .filter(|line| line.contains(&id))
            .find_map(|line| serde_json::from_str(line).ok());
        match found {
            Some(line) => return Ok(line),
            None if begun.elapsed() < WRITTEN_WITHIN => sleep(LOOK_EVERY).await,
            None => {
                let seconds = WRITTEN_WITHIN.as_secs();
                return Err(StepFailure(format!(
                    "the access log has no JSON line with {id} after {seconds} s"
                )));
            }
        }
    }
}

fn read(world: &World) -> Result<String, StepFailure> {
    let path = world.instance()?.running.access_log.as_ref();
    let path = path.ok_or_else(|| StepFailure("this target has no access log".to_owned()))?;
    std::fs::read_to_string(path)
        .map_err(|error| StepFailure(format!("the access log can't be read: {error}")))
}

/// What a line says under a name; where it lists one thing, that.
fn member<'a>(
    world: &World,
    line: &'a Value,
    name: &str,
) -> Result<Option<&'a Value>, StepFailure> {
    let name = normal(name);
    let members = world.instance()?.running.log_members;
    let found = match members.iter().find(|(known, _)| *known == name) {
        Some((_, pointer)) => line.pointer(pointer),
        None => lookup(line, &name),
    };
    Ok(
        found.map(|value| match value.as_array().map(Vec::as_slice) {
            Some([only]) => only,
            _ => value,
        }),
    )
}

/// The value under a name, wherever it is.
fn lookup<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => {
            let here = map
                .iter()
                .find(|(key, _)| normal(key) == name)
                .map(|(_, value)| value);
            here.or_else(|| map.values().find_map(|inner| lookup(inner, name)))
        }
        Value::Array(list) => list.iter().find_map(|inner| lookup(inner, name)),
        _ => None,
    }
}

fn normal(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}
