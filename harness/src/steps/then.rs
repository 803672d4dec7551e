//! What has to hold.
//!
//! Steps about the response mean the last one; those about the responses, all of the last step that sent any.

mod log;
mod upstream;

use std::time::Duration;

use serde_json::Value;

use super::when::next_piece;
use super::{Arguments, Definition, StepFailure, StepResult, expect, perform};
use crate::client::websocket;
use crate::world::World;

/// How long a connection may stay open that should be closed.
const CLOSES_WITHIN: Duration = Duration::from_secs(5);

/// The steps.
pub(super) const STEPS: &[Definition] = perform! { Then:
    "the response status is {int}" => status,
        "the status code of the last response";
    "the response status is {int} or {int}" => status_of_two,
        "one of two status codes, where standards leave the choice";
    "every response status is {int}" => every_status,
        "the status code of each response of the last step that sent several";
    "{int} of the responses have the status {int}" => count_status,
        "so many of them, no more and no less";
    "at most {int} of the responses have the status {int}" => at_most_status,
        "so many of them, or fewer";
    "no response came" => no_response,
        "the connection ended or was refused before a status line";
    "the connection is closed" => closed,
        "the gateway closes the connection after the response, within 5 s";
    "the response took less than {int} ms" => took_less,
        "from the first byte sent to the last received";
    "the header {string} is {string}" => header_is,
        "the response has the header once, with this value";
    "the header {string} is present" => header_present,
        "the response has the header";
    "the header {string} is absent" => header_absent,
        "the response doesn't have the header";
    "the header {string} contains {string}" => header_contains,
        "the value has this part, upper or lower case";
    "the header {string} does not contain {string}" => header_lacks,
        "the value doesn't have this part";
    "the header {string} lists {string}" => header_lists,
        "the value is a list with commas between, and one element is this, upper or lower case";
    "the header {string} is a whole number of at least {int}" => header_at_least,
        "the value is digits alone";
    "the header {string} is a whole number of seconds of at least {int}" => header_at_least,
        "as before";
    "no header begins with {string}" => no_header_with_prefix,
        "the response has no header of that kind, upper or lower case";
    "the response has the headers:" => has_headers,
        "a table of names and values, each as in: the header … is …";
    "the responses have different values of the header {string}" => headers_differ,
        "no two responses of the last step have the same value, and all have one";
    "the body is {string}" => body_is,
        "the whole body, as text";
    "the body is empty" => body_empty,
        "no byte of a body";
    "the body contains {string}" => body_contains,
        "the body has this part";
    "the body does not contain {string}" => body_lacks,
        "the body doesn't have this part";
    "the body has {int} bytes" => body_length,
        "the body's length, and that it came to its end";
    "the body is JSON with:" => body_json,
        "a table of JSON Pointers and JSON values (or: present, absent)";
    "the body is a problem with the status {int}" => problem,
        "an RFC 9457 problem: its content type, title, and the status as on the status line";
    "the body broke off" => broke_off,
        "the response's body ended before the end that it announced";
    "the upstream {string} received the request" => upstream::received,
        "it received the last request, once";
    "the upstream {string} received the request {int} times" => upstream::received_times,
        "so often, further tries included";
    "the upstream {string} received {int} of the requests" => upstream::received_of_batch,
        "so many of the requests of the last step";
    "the upstream {string} received between {int} and {int} of the requests" => upstream::received_between,
        "as before, within bounds";
    "the upstream was not called" => upstream::not_called,
        "no upstream received the last request";
    "the upstream {string} was not called" => upstream::one_not_called,
        "this upstream didn't receive the last request";
    "the upstream {string} received the target {string}" => upstream::target,
        "the request target as it came to the upstream";
    "the upstream {string} received the method {string}" => upstream::method,
        "the method as it came to the upstream";
    "the upstream {string} received the header {string} with {string}" => upstream::header,
        "it came once, with this value";
    "the upstream {string} received the header {string}" => upstream::has_header,
        "it came, with any value";
    "the upstream {string} received the caller {string} in the header {string}" => upstream::caller,
        "the header came once, and names that consumer of the scenario";
    "the upstream {string} received the request without the header {string}" => upstream::without_header,
        "the request came, and not that header";
    "the upstream {string} received a body of {int} bytes" => upstream::body_length,
        "the whole body came, so long";
    "the upstream {string} received the body {string}" => upstream::body,
        "the body as it came to the upstream";
    "the access log says {string} of {string}" => log::says,
        "the request's line in the access log has this value under this name, at any depth, - and _ alike";
    "the access log does not contain the key of {string}" => log::without_key,
        "no line written so far has the consumer's key in it";
    "the client reads the event {string}" => event,
        "the next server-sent event of the open stream has this data";
    "the WebSocket echoes {string}" => echoes,
        "a text sent over the open WebSocket comes back";
};

async fn status(world: &mut World, arguments: &Arguments) -> StepResult {
    let (wanted, found): (u16, _) = (arguments.number(0)?, world.response()?.status);
    expect(found == wanted, || {
        format!("the status should be {wanted}, but is {found}")
    })
}

async fn status_of_two(world: &mut World, arguments: &Arguments) -> StepResult {
    let wanted: [u16; 2] = [arguments.number(0)?, arguments.number(1)?];
    let found = world.response()?.status;
    expect(wanted.contains(&found), || {
        format!(
            "the status should be {} or {}, but is {found}",
            wanted[0], wanted[1]
        )
    })
}

async fn every_status(world: &mut World, arguments: &Arguments) -> StepResult {
    let (wanted, found): (u16, _) = (arguments.number(0)?, statuses(world));
    expect(
        !found.is_empty() && found.iter().all(|&status| status == wanted),
        || {
            format!(
                "every status should be {wanted}, but they are {}",
                tally(&found)
            )
        },
    )
}

async fn count_status(world: &mut World, arguments: &Arguments) -> StepResult {
    let (count, wanted): (usize, u16) = (arguments.number(0)?, arguments.number(1)?);
    let found = statuses(world);
    expect(count_of(&found, wanted) == count, || {
        format!(
            "{count} responses should have the status {wanted}, but they have {}",
            tally(&found)
        )
    })
}

async fn at_most_status(world: &mut World, arguments: &Arguments) -> StepResult {
    let (count, wanted): (usize, u16) = (arguments.number(0)?, arguments.number(1)?);
    let found = statuses(world);
    expect(
        !found.is_empty() && count_of(&found, wanted) <= count,
        || {
            format!(
                "at most {count} responses should have the status {wanted}, but they have {}",
                tally(&found)
            )
        },
    )
}

async fn no_response(world: &mut World, _: &Arguments) -> StepResult {
    let last = world.last()?;
    let status = last.response.as_ref().map_or(0, |response| response.status);
    expect(last.response.is_none(), || {
        format!("no response should come, but one with the status {status} did")
    })
}

async fn closed(world: &mut World, _: &Arguments) -> StepResult {
    let Some(connection) = world.connection.as_mut() else {
        return Ok(());
    };
    let closed = connection.closes_within(CLOSES_WITHIN).await;
    expect(closed, || {
        format!(
            "the connection should be closed, but is open after {} s",
            CLOSES_WITHIN.as_secs()
        )
    })
}

async fn took_less(world: &mut World, arguments: &Arguments) -> StepResult {
    let (limit, took) = (
        Duration::from_millis(arguments.number(0)?),
        world.last()?.took,
    );
    expect(took < limit, || {
        format!("the response should take less than {limit:?}, but took {took:?}")
    })
}

async fn header_is(world: &mut World, arguments: &Arguments) -> StepResult {
    one_header(world, arguments.text(0), arguments.text(1))
}

async fn has_headers(world: &mut World, arguments: &Arguments) -> StepResult {
    arguments
        .pairs()?
        .into_iter()
        .try_for_each(|(name, value)| one_header(world, name, value))
}

async fn header_present(world: &mut World, arguments: &Arguments) -> StepResult {
    header(world, arguments.text(0)).map(|_| ())
}

async fn header_absent(world: &mut World, arguments: &Arguments) -> StepResult {
    let found = world.response()?.header(arguments.text(0));
    expect(found.is_none(), || {
        format!(
            "the header {} should be absent, but is {:?}",
            arguments.text(0),
            found.unwrap_or_default()
        )
    })
}

async fn header_contains(world: &mut World, arguments: &Arguments) -> StepResult {
    let (value, part) = (header(world, arguments.text(0))?, arguments.text(1));
    expect(value.to_lowercase().contains(&part.to_lowercase()), || {
        format!(
            "the header {} should contain {part:?}, but is {value:?}",
            arguments.text(0)
        )
    })
}

async fn header_lacks(world: &mut World, arguments: &Arguments) -> StepResult {
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

async fn header_lists(world: &mut World, arguments: &Arguments) -> StepResult {
    let (value, element) = (header(world, arguments.text(0))?, arguments.text(1));
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

async fn header_at_least(world: &mut World, arguments: &Arguments) -> StepResult {
    let (value, least): (_, u64) = (header(world, arguments.text(0))?, arguments.number(1)?);
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

async fn no_header_with_prefix(world: &mut World, arguments: &Arguments) -> StepResult {
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

async fn headers_differ(world: &mut World, arguments: &Arguments) -> StepResult {
    let responses = world
        .batch()
        .iter()
        .map(|sent| sent.response.as_ref()?.header(arguments.text(0)));
    let values: Option<Vec<String>> = responses.collect();
    let values = values
        .ok_or_else(|| StepFailure(format!("a response has no header {}", arguments.text(0))))?;
    let distinct: std::collections::HashSet<&String> = values.iter().collect();
    expect(values.len() > 1 && distinct.len() == values.len(), || {
        format!(
            "the values of {} should all differ, but are {values:?}",
            arguments.text(0)
        )
    })
}

async fn body_is(world: &mut World, arguments: &Arguments) -> StepResult {
    let (wanted, found) = (arguments.text(0), world.response()?.text());
    expect(found == wanted, || {
        format!("the body should be {wanted:?}, but is {found:?}")
    })
}

async fn body_empty(world: &mut World, _: &Arguments) -> StepResult {
    let found = world.response()?.text();
    expect(found.is_empty(), || {
        format!("the body should be empty, but is {found:?}")
    })
}

async fn body_contains(world: &mut World, arguments: &Arguments) -> StepResult {
    let (part, found) = (arguments.text(0), world.response()?.text());
    expect(found.contains(part), || {
        format!("the body should contain {part:?}, but is {found:?}")
    })
}

async fn body_lacks(world: &mut World, arguments: &Arguments) -> StepResult {
    let (part, found) = (arguments.text(0), world.response()?.text());
    expect(!found.contains(part), || {
        format!("the body should not contain {part:?}, but is {found:?}")
    })
}

async fn body_length(world: &mut World, arguments: &Arguments) -> StepResult {
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

async fn broke_off(world: &mut World, _: &Arguments) -> StepResult {
    let response = world.response()?;
    expect(response.broken.is_some(), || {
        format!(
            "the body should break off, but came to its end after {} bytes",
            response.body.len()
        )
    })
}

async fn body_json(world: &mut World, arguments: &Arguments) -> StepResult {
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

async fn problem(world: &mut World, arguments: &Arguments) -> StepResult {
    let (wanted, content_type): (u64, _) = (arguments.number(0)?, header(world, "Content-Type")?);
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

async fn event(world: &mut World, arguments: &Arguments) -> StepResult {
    let wanted = format!("data: {}\n\n", arguments.text(0));
    let mut found = String::new();
    while !found.ends_with("\n\n") {
        found.push_str(&next_piece(world).await?);
    }
    expect(found == wanted, || {
        format!("the next event should be {wanted:?}, but is {found:?}")
    })
}

async fn echoes(world: &mut World, arguments: &Arguments) -> StepResult {
    let status = world.response()?.status;
    expect(status == 101, || {
        format!("the handshake should be answered with 101, but was with {status}")
    })?;
    one_header(world, "Sec-WebSocket-Accept", websocket::ACCEPT)?;
    let connection = world
        .connection
        .as_mut()
        .ok_or_else(|| StepFailure("no WebSocket is open".to_owned()))?;
    let echo = tokio::time::timeout(
        CLOSES_WITHIN,
        websocket::echo(connection, arguments.text(0)),
    )
    .await;
    let found = match echo {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(StepFailure(format!("{error:#}"))),
        Err(_) => {
            return Err(StepFailure(format!(
                "nothing came back within {} s",
                CLOSES_WITHIN.as_secs()
            )));
        }
    };
    expect(found == arguments.text(0), || {
        format!(
            "{:?} should come back, but {found:?} did",
            arguments.text(0)
        )
    })
}

fn header(world: &World, name: &str) -> Result<String, StepFailure> {
    world
        .response()?
        .header(name)
        .ok_or_else(|| StepFailure(format!("the response has no header {name}")))
}

fn one_header(world: &World, name: &str, wanted: &str) -> StepResult {
    let found = world.response()?.header_values(name);
    expect(found == [wanted], || match found.as_slice() {
        [] => format!("the header {name} should be {wanted:?}, but is absent"),
        _ => format!("the header {name} should be {wanted:?}, but is {found:?}"),
    })
}

fn json(world: &World) -> Result<Value, StepFailure> {
    let text = world.response()?.text();
    serde_json::from_str(&text)
        .map_err(|error| StepFailure(format!("the body is not JSON ({error}): {text:?}")))
}

/// The status of each response of the batch; 0 where none came.
fn statuses(world: &World) -> Vec<u16> {
    world
        .batch()
        .iter()
        .map(|sent| sent.response.as_ref().map_or(0, |response| response.status))
        .collect()
}

fn count_of(statuses: &[u16], wanted: u16) -> usize {
    statuses.iter().filter(|&&status| status == wanted).count()
}

fn tally(statuses: &[u16]) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for status in statuses {
        *counts.entry(status).or_insert(0) += 1;
    }
    let told = counts.into_iter().map(|(status, count)| match status {
        0 => format!("{count} × no response"),
        status => format!("{count} × {status}"),
    });
    told.collect::<Vec<_>>().join(", ")
}
