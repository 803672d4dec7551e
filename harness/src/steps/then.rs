//! What has to hold.
//!
//! Steps about the response mean the last one; those about the responses, all of the last step that sent any.

mod body;
mod header;
pub(super) mod identity;
mod log;
mod metric;
mod upstream;

use std::collections::BTreeMap;
use std::time::Duration;

use super::when::next_piece;
use super::{Arguments, Definition, StepFailure, StepResult, expect, perform};
use crate::adapters::Meaning;
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
    "the response took at least {int} ms" => took_least,
        "as before";
    "no interim response came" => no_interim,
        "no 100 Continue or other 1xx came before the response";
    "the trailer {string} is {string}" => header::trailer_is [Upstream],
        "the response has that trailer field once, with this value";
    "the header {string} is {string}" => header::is,
        "the response has the header once, with this value";
    "the header {string} comes {int} times" => header::comes,
        "the response has so many fields of that name";
    "the header {string} is present" => header::present,
        "the response has the header";
    "the header {string} is absent" => header::absent,
        "the response doesn't have the header";
    "the header {string} contains {string}" => header::contains,
        "the value has this part, upper or lower case";
    "the header {string} does not contain {string}" => header::lacks,
        "the value doesn't have this part";
    "the header {string} lists {string}" => header::lists,
        "the value is a list with commas between, and one element is this, upper or lower case";
    "the header {string} is a whole number of at least {int}" => header::at_least,
        "the value is digits alone";
    "the header {string} is a whole number of seconds of at least {int}" => header::at_least,
        "as before";
    "no header begins with {string}" => header::no_prefix,
        "the response has no header of that kind, upper or lower case";
    "the response has the headers:" => header::are,
        "a table of names and values, each as in: the header … is …";
    "the responses have different values of the header {string}" => header::differ,
        "no two responses of the last step have the same value, and all have one";
    "the body is {string}" => body::is [Upstream],
        "the whole body, as text";
    "the body is empty" => body::empty,
        "no byte of a body";
    "the body contains {string}" => body::contains [Upstream],
        "the body has this part";
    "the body does not contain {string}" => body::lacks [Upstream],
        "the body doesn't have this part";
    "the body has {int} bytes" => body::length [Upstream],
        "the body's length, and that it came to its end";
    "the body is JSON with:" => body::has_json [Upstream],
        "a table of JSON Pointers and JSON values (or: present, absent)";
    "the body is a problem with the status {int}" => body::problem,
        "an RFC 9457 problem: its content type, title, and the status as on the status line";
    "the body broke off" => body::broke_off [Upstream],
        "the response's body ended before the end that it announced";
    "the upstream {string} received the request" => upstream::received [Upstream],
        "it received the last request, once";
    "the upstream {string} received the request {int} times" => upstream::received_times [Upstream],
        "so often, further tries included";
    "the upstream {string} received {int} of the requests" => upstream::received_of_batch [Upstream],
        "so many of the requests of the last step";
    "the upstream {string} received between {int} and {int} of the requests" => upstream::received_between [Upstream],
        "as before, within bounds";
    "the upstream was not called" => upstream::not_called [Upstream],
        "no upstream received the last request";
    "the upstream {string} was not called" => upstream::one_not_called [Upstream],
        "this upstream didn't receive the last request";
    "one upstream received all of the requests" => upstream::one_received_all [Upstream],
        "all requests of the last step went to the same upstream";
    "the upstream {string} received the target {string}" => upstream::target [Upstream],
        "the request target as it came to the upstream";
    "the upstream {string} received the method {string}" => upstream::method [Upstream],
        "the method as it came to the upstream";
    "the upstream {string} received the header {string} with {string}" => upstream::header [Upstream],
        "it came once, with this value";
    "the upstream {string} received the header {string} that contains {string}" => upstream::header_contains [Upstream],
        "it came once, and its value has this part; {client} is the client's address";
    "the upstream {string} received the header {string}" => upstream::has_header [Upstream],
        "it came, with any value";
    "the upstream {string} received the caller {string} in the header {string}" => upstream::caller [Upstream],
        "the header came once, and names that consumer of the scenario";
    "the upstream {string} received the request without the header {string}" => upstream::without_header [Upstream],
        "the request came, and not that header";
    "the upstream {string} received a body of {int} bytes" => upstream::body_length [Upstream],
        "the whole body came, so long";
    "the upstream {string} received the body {string}" => upstream::body [Upstream],
        "the body as it came to the upstream";
    "the access log says {string} of {string}" => log::says [AccessLog],
        "the request's line in the access log has this value under this name, at any depth, - and _ alike";
    "the access log does not contain the key of {string}" => log::without_key [AccessLog],
        "no line written so far has the consumer's key in it";
    "the access log does not contain {string}" => log::without [AccessLog],
        "no line written so far has this text in it";
    "the access log tells {string}" => log::tells [AccessLog],
        "the request's line has something under this name";
    "the access log says nothing of {string}" => log::silent [AccessLog],
        "the request's line has nothing under this name";
    "the metric {string} is {int} where:" => metric::is [Admin],
        "the last response has samples of that metric, and those with the labels of the table add up to it";
    "the client reads the event {string}" => event [Upstream],
        "the next server-sent event of the open stream has this data";
    "the WebSocket echoes {string}" => echoes [Upstream],
        "a text sent over the open WebSocket comes back";
};

async fn status(world: &mut World, arguments: &Arguments) -> StepResult {
    let wanted = told(world, arguments.number(0)?);
    let found = world.response()?.status;
    expect(found == wanted, || {
        format!("the status should be {wanted}, but is {found}")
    })
}

async fn status_of_two(world: &mut World, arguments: &Arguments) -> StepResult {
    let found = world.response()?.status;
    let wanted: [u16; 2] = [arguments.number(0)?, arguments.number(1)?];
    // What is usual is no less right where the standards leave the choice.
    let holds =
        wanted.contains(&found) || wanted.map(|status| told(world, status)).contains(&found);
    expect(holds, || {
        format!(
            "the status should be {} or {}, but is {found}",
            wanted[0], wanted[1]
        )
    })
}

async fn every_status(world: &mut World, arguments: &Arguments) -> StepResult {
    let (wanted, found): (u16, _) = (told(world, arguments.number(0)?), statuses(world));
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
    let count: usize = arguments.number(0)?;
    let (wanted, found) = (told(world, arguments.number(1)?), statuses(world));
    expect(count_of(&found, wanted) == count, || {
        format!(
            "{count} responses should have the status {wanted}, but they have {}",
            tally(&found)
        )
    })
}

async fn at_most_status(world: &mut World, arguments: &Arguments) -> StepResult {
    let count: usize = arguments.number(0)?;
    let (wanted, found) = (told(world, arguments.number(1)?), statuses(world));
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

/// The status by which the target tells what this status means.
fn told(world: &mut World, status: u16) -> u16 {
    world.shown(Meaning::Status(status)).unwrap_or(status)
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

async fn took_least(world: &mut World, arguments: &Arguments) -> StepResult {
    let (least, took) = (
        Duration::from_millis(arguments.number(0)?),
        world.last()?.took,
    );
    expect(took >= least, || {
        format!("the response should take at least {least:?}, but took {took:?}")
    })
}

async fn no_interim(world: &mut World, _: &Arguments) -> StepResult {
    let interim = &world.response()?.interim;
    expect(interim.is_empty(), || {
        format!("no interim response should come, but {interim:?} did")
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
    header::one(world, "Sec-WebSocket-Accept", websocket::ACCEPT)?;
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
    let mut counts = BTreeMap::new();
    for status in statuses {
        *counts.entry(status).or_insert(0) += 1;
    }
    let told = counts.into_iter().map(|(status, count)| match status {
        0 => format!("{count} × no response"),
        status => format!("{count} × {status}"),
    });
    told.collect::<Vec<_>>().join(", ")
}
