//! What the client does.
//!
//! Wherever a request is written as `GET /path`, the step may have a table of headers and a text block as the body.

pub(super) mod identity;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::{Arguments, Definition, StepFailure, StepResult, perform};
use crate::client::{Body, Client, Request, websocket};
use crate::world::{Payload, World};

/// The longest wait that a response may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(65);
/// How long what has to succeed in the end may take, and the pause between two tries.
const SUCCEEDS_WITHIN: Duration = Duration::from_secs(5);
const TRY_EVERY: Duration = Duration::from_millis(20);
/// How long the next event of a stream may take.
const NEXT_EVENT: Duration = Duration::from_secs(5);

/// The steps.
pub(super) const STEPS: &[Definition] = perform! { When:
    "the client sends {string}" => send,
        "sends \"METHOD /target\"; a table gives headers, a text block the body; {3000} stands for that many letters";
    "the client sends {string} with the key of {string}" => send_with_key,
        "as before, with the consumer's key in the header that the configuration wants it in";
    "the client sends {string} with the key {string} of {string}" => send_with_named_key,
        "as before, with one of several keys";
    "the client sends {string} with the key of {string} in the query as {string}" => send_with_key_in_query,
        "as before, with the consumer's key as a parameter of the query instead";
    "the client sends {string} with the key of {string} twice" => send_with_key_twice,
        "as before, with the consumer's key in two headers of the same name";
    "the client sends {string} with the key that the environment has as {string}" => send_with_environment_key,
        "as before, with what the configuration's ${env:NAME} stands for";
    "the client sends {string} with the header {string}" => send_with_header,
        "as before, with one header, written \"Name: value\"";
    "another client sends {string}" => send_from_elsewhere [Address],
        "sends from another address than the scenario's other requests";
    "the client sends {string} with a body of {int} bytes" => send_sized,
        "with that many bytes and a Content-Length";
    "the client sends {string} with a chunked body of {int} bytes" => send_chunked,
        "with that many bytes in chunks, without a Content-Length";
    "the client sends {string} over HTTP/2" => send_http2,
        "over HTTP/2 without TLS, with prior knowledge";
    "the client sends {int} such requests" => send_again,
        "sends the last request again, so many times, one after the other";
    "the client sends {int} such requests at once" => send_at_once,
        "as before, all at the same time";
    "the client sends {int} such requests without a key" => send_again_without_key,
        "as before, without the header that carries the key";
    "the client sends {int} such requests, each with another value of the header {string}" => send_again_varied,
        "as before, with a header that counts them: 1, 2, 3 …";
    "the client sends {string} until the response status is {int}" => send_until,
        "sends again and again, for at most 5 s, what has to succeed once something before it has ended";
    "the client leaves the response open" => leave_open,
        "keeps the connection of the last response to the scenario's end, so that its request stays under way";
    "the client asks from {string} whether it may send {string}" => preflight,
        "a CORS preflight from an origin for \"METHOD /target\"; a table in one column lists the headers it wants to send";
    "the client sends the bytes:" => send_bytes,
        "the text block, each line ended by CRLF unless it ends in \\; {exchange} is the tag, {host} the gateway, \\xNN a byte";
    "the client waits as long as Retry-After says" => wait_retry_after,
        "waits the seconds that the last response asks for";
    "the client waits {int} ms" => wait,
        "waits";
    "the operator sends {string} to the admin address" => send_to_admin [Admin],
        "asks the gateway's admin interface, from its own machine";
    "the client opens a WebSocket at {string}" => open_websocket [Upstream],
        "sends the opening handshake; a table gives further headers";
    "the client opens the stream {string}" => open_stream [Upstream],
        "sends a GET and reads no more than the head of the response";
    "the upstream {string} sends the event {string}" => upstream_event [Upstream],
        "the upstream that does `stream` for this request sends a server-sent event";
};

async fn send(world: &mut World, arguments: &Arguments) -> StepResult {
    let request = request(arguments)?;
    send_first(world, request, 0).await
}

async fn send_with_key(world: &mut World, arguments: &Arguments) -> StepResult {
    let request = keyed(world, request(arguments)?, arguments.text(1), "")?;
    send_first(world, request, 0).await
}

async fn send_with_named_key(world: &mut World, arguments: &Arguments) -> StepResult {
    let request = keyed(
        world,
        request(arguments)?,
        arguments.text(2),
        arguments.text(1),
    )?;
    send_first(world, request, 0).await
}

async fn send_with_key_in_query(world: &mut World, arguments: &Arguments) -> StepResult {
    let secret = world.key(arguments.text(1), "")?.secret.clone();
    let mut request = request(arguments)?;
    let separator = if request.target.contains('?') {
        '&'
    } else {
        '?'
    };
    request.target = format!(
        "{}{separator}{}={secret}",
        request.target,
        arguments.text(2)
    );
    send_first(world, request, 0).await
}

async fn send_with_key_twice(world: &mut World, arguments: &Arguments) -> StepResult {
    let once = keyed(world, request(arguments)?, arguments.text(1), "")?;
    let twice = keyed(world, once, arguments.text(1), "")?;
    send_first(world, twice, 0).await
}

async fn send_with_environment_key(world: &mut World, arguments: &Arguments) -> StepResult {
    let (mut request, name) = (request(arguments)?, arguments.text(1));
    let fixture = &world.instance()?.fixture;
    let secret = fixture.environment.get(name).cloned();
    let secret =
        secret.ok_or_else(|| StepFailure(format!("the configuration has no ${{env:{name}}}")))?;
    request.headers.insert(0, (fixture.key_header(), secret));
    send_first(world, request, 0).await
}

async fn send_with_header(world: &mut World, arguments: &Arguments) -> StepResult {
    let mut request = request(arguments)?;
    request.headers.push(header(arguments.text(1))?);
    send_first(world, request, 0).await
}

async fn send_from_elsewhere(world: &mut World, arguments: &Arguments) -> StepResult {
    let request = request(arguments)?;
    send_first(world, request, 1).await
}

async fn send_sized(world: &mut World, arguments: &Arguments) -> StepResult {
    let body = Body::Sized(vec![b'x'; arguments.number(1)?].into());
    let request = Request {
        body,
        ..request(arguments)?
    };
    send_first(world, request, 0).await
}

async fn send_chunked(world: &mut World, arguments: &Arguments) -> StepResult {
    let body = Body::Chunked(vec![b'x'; arguments.number(1)?].into());
    let request = Request {
        body,
        ..request(arguments)?
    };
    send_first(world, request, 0).await
}

async fn send_http2(world: &mut World, arguments: &Arguments) -> StepResult {
    let request = Request {
        http2: true,
        ..request(arguments)?
    };
    send_first(world, request, 0).await
}

async fn send_again(world: &mut World, arguments: &Arguments) -> StepResult {
    let request = last_request(world)?;
    repeat(world, request, arguments.number(0)?).await
}

async fn send_again_without_key(world: &mut World, arguments: &Arguments) -> StepResult {
    let key = world.instance()?.fixture.key_header();
    let mut request = last_request(world)?;
    request
        .headers
        .retain(|(name, _)| !name.eq_ignore_ascii_case(&key));
    repeat(world, request, arguments.number(0)?).await
}

async fn send_again_varied(world: &mut World, arguments: &Arguments) -> StepResult {
    let (request, client) = (last_request(world)?, world.client(0)?);
    let name = arguments.text(1);
    world.begin_batch();
    for number in 1..=arguments.number(0)? {
        let mut request = request.clone();
        request
            .headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        let number: usize = number;
        request.headers.push((name.to_owned(), number.to_string()));
        world.send(request, client.clone()).await?;
    }
    Ok(())
}

async fn send_until(world: &mut World, arguments: &Arguments) -> StepResult {
    let (request, wanted): (_, u16) = (request(arguments)?, arguments.number(1)?);
    let begun = Instant::now();
    loop {
        send_first(world, request.clone(), 0).await?;
        let found = world.response()?.status;
        if found == wanted {
            return Ok(());
        }
        if begun.elapsed() > SUCCEEDS_WITHIN {
            let seconds = SUCCEEDS_WITHIN.as_secs();
            return Err(StepFailure(format!(
                "the status should be {wanted} within {seconds} s, but is still {found}"
            )));
        }
        sleep(TRY_EVERY).await;
    }
}

async fn leave_open(world: &mut World, _: &Arguments) -> StepResult {
    let connection = world.connection.take();
    let connection =
        connection.ok_or_else(|| StepFailure("no response is on its way".to_owned()))?;
    world.held.push(connection);
    Ok(())
}

async fn send_at_once(world: &mut World, arguments: &Arguments) -> StepResult {
    let request = last_request(world)?;
    let client = world.client(0)?;
    world.begin_batch();
    world
        .send_at_once(&request, client, arguments.number(0)?)
        .await
}

async fn preflight(world: &mut World, arguments: &Arguments) -> StepResult {
    let (origin, wanted) = (arguments.text(0), Request::parse(arguments.text(1)));
    let mut request = Request {
        method: "OPTIONS".to_owned(),
        ..wanted.clone()
    };
    request
        .headers
        .push(("Origin".to_owned(), origin.to_owned()));
    request
        .headers
        .push(("Access-Control-Request-Method".to_owned(), wanted.method));
    let names: Vec<&str> = arguments
        .rows()
        .iter()
        .flatten()
        .map(String::as_str)
        .collect();
    if !names.is_empty() {
        request
            .headers
            .push(("Access-Control-Request-Headers".to_owned(), names.join(",")));
    }
    send_first(world, request, 0).await
}

async fn send_bytes(world: &mut World, arguments: &Arguments) -> StepResult {
    let text = arguments
        .docstring()
        .ok_or_else(|| StepFailure("the step needs a text block".to_owned()))?;
    let lines = text.replace("\\\n", "").replace('\n', "\r\n");
    world.begin_batch();
    world.send_bytes(&unescape(&lines)?).await
}

async fn wait_retry_after(world: &mut World, _: &Arguments) -> StepResult {
    let asked = world.response()?.header("Retry-After");
    let seconds = asked
        .as_deref()
        .and_then(|value| value.parse().ok())
        .map(Duration::from_secs);
    let wait = seconds
        .filter(|wait| *wait <= LONGEST_WAIT)
        .ok_or_else(|| {
            StepFailure(format!(
                "Retry-After should be at most {} seconds, but is {asked:?}",
                LONGEST_WAIT.as_secs()
            ))
        })?;
    sleep(wait).await;
    Ok(())
}

async fn wait(_: &mut World, arguments: &Arguments) -> StepResult {
    sleep(Duration::from_millis(arguments.number(0)?)).await;
    Ok(())
}

async fn send_to_admin(world: &mut World, arguments: &Arguments) -> StepResult {
    let client = admin_client(world)?;
    world.begin_batch();
    world.send(request(arguments)?, client).await
}

/// Sends the last request to the admin address again.
pub(super) async fn ask_again(world: &mut World) -> StepResult {
    let (client, request) = (admin_client(world)?, last_request(world)?);
    world.begin_batch();
    world.send(request, client).await
}

async fn open_websocket(world: &mut World, arguments: &Arguments) -> StepResult {
    let mut headers = websocket::handshake();
    headers.extend(headers_of(arguments)?);
    let request = Request {
        headers,
        ..Request::parse(arguments.text(0))
    };
    world.begin_batch();
    world.open(request).await
}

async fn open_stream(world: &mut World, arguments: &Arguments) -> StepResult {
    let request = request(arguments)?;
    world.begin_batch();
    world.open(request).await
}

async fn upstream_event(world: &mut World, arguments: &Arguments) -> StepResult {
    let tag = world.last()?.tag.clone();
    let instance = world.instance()?;
    let missing = || {
        StepFailure(format!(
            "the configuration has no upstream {:?}",
            arguments.text(0)
        ))
    };
    let (_, upstream) = instance.upstream(arguments.text(0)).ok_or_else(missing)?;
    upstream.stream(&tag).event(arguments.text(1));
    Ok(())
}

/// The next piece of the response's body that is on its way.
pub(super) async fn next_piece(world: &mut World) -> Result<String, StepFailure> {
    let connection = world.connection.as_mut();
    let connection =
        connection.ok_or_else(|| StepFailure("no response is on its way".to_owned()))?;
    let piece = match timeout(NEXT_EVENT, connection.next_piece()).await {
        Ok(Ok(Some(piece))) => piece,
        Ok(Ok(None)) => return Err(StepFailure("the response ended".to_owned())),
        Ok(Err(error)) => return Err(StepFailure(format!("{error:#}"))),
        Err(_) => {
            return Err(StepFailure(format!(
                "nothing came within {} s",
                NEXT_EVENT.as_secs()
            )));
        }
    };
    world.append_to_body(&piece);
    Ok(String::from_utf8_lossy(&piece).into_owned())
}

async fn send_first(world: &mut World, request: Request, client: u8) -> StepResult {
    let client = world.client(client)?;
    world.begin_batch();
    world.send(request, client).await
}

async fn repeat(world: &mut World, request: Request, count: usize) -> StepResult {
    let client = world.client(0)?;
    world.begin_batch();
    for _ in 0..count {
        world.send(request.clone(), client.clone()).await?;
    }
    Ok(())
}

fn request(arguments: &Arguments) -> Result<Request, StepFailure> {
    let mut request = Request::parse(&lengthened(arguments.text(0)));
    request.headers = headers_of(arguments)?;
    if let Some(body) = arguments.docstring() {
        request.body = Body::Sized(body.trim_end_matches('\n').to_owned().into());
    }
    Ok(request)
}

fn headers_of(arguments: &Arguments) -> Result<Vec<(String, String)>, StepFailure> {
    Ok(arguments
        .pairs()?
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

fn header(line: &str) -> Result<(String, String), StepFailure> {
    let (name, value) = line
        .split_once(':')
        .ok_or_else(|| StepFailure(format!("{line:?} is not a header; write \"Name: value\"")))?;
    Ok((name.to_owned(), lengthened(value.trim())))
}

/// The text with as many letters in place of `{3000}` as it says, so that a scenario can be long without being so.
fn lengthened(text: &str) -> String {
    let number = |(before, rest): (&str, &str)| {
        let (digits, after) = rest.split_once('}')?;
        let count: usize = digits.parse().ok()?;
        Some(format!("{before}{}{after}", "x".repeat(count)))
    };
    text.split_once('{')
        .and_then(number)
        .unwrap_or_else(|| text.to_owned())
}

fn keyed(
    world: &World,
    mut request: Request,
    alias: &str,
    label: &str,
) -> Result<Request, StepFailure> {
    let secret = world.key(alias, label)?.secret.clone();
    request
        .headers
        .insert(0, (world.instance()?.fixture.key_header(), secret));
    Ok(request)
}

fn admin_client(world: &World) -> Result<Client, StepFailure> {
    let target = world.instance()?.running.admin;
    let target =
        target.ok_or_else(|| StepFailure("this target has no admin address".to_owned()))?;
    Ok(Client {
        source: Ipv4Addr::LOCALHOST.into(),
        target,
        host: None,
        tls: None,
    })
}

/// The last request without what was added to it on its way out.
fn last_request(world: &World) -> Result<Request, StepFailure> {
    let Payload::Request(request) = &world.last()?.payload else {
        return Err(StepFailure(
            "the last request was sent as bytes; send it again as bytes".to_owned(),
        ));
    };
    let mut request = request.clone();
    request
        .headers
        .retain(|(name, _)| !name.eq_ignore_ascii_case(crate::client::EXCHANGE_HEADER));
    Ok(request)
}

/// Reads `\xNN`, `\0` and `\\`.
fn unescape(text: &str) -> Result<String, StepFailure> {
    let mut parts = text.split('\\');
    let mut unescaped = parts.next().unwrap_or_default().to_owned();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let byte = part
            .strip_prefix('x')
            .and_then(|rest| rest.get(..2))
            .map(|hex| u8::from_str_radix(hex, 16));
        match byte {
            Some(Ok(byte)) => {
                unescaped.push(char::from(byte));
                unescaped.push_str(&part[3..]);
            }
            _ if part.is_empty() => {
                unescaped.push('\\');
                unescaped.push_str(parts.next().unwrap_or_default());
            }
            _ => {
                return Err(StepFailure(format!(
                    "\\{part} is no escape; write \\xNN or \\\\"
                )));
            }
        }
    }
    Ok(unescaped)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_number_in_braces_is_a_length() {
        assert_eq!(lengthened("/a?{3}&b"), "/a?xxx&b");
        assert_eq!(lengthened("/{id}/{2}"), "/{id}/{2}");
        assert_eq!(lengthened("/a"), "/a");
    }

    #[test]
    fn escapes_are_bytes() {
        assert_eq!(unescape(r"GET /\x00\x7f\\a").unwrap(), "GET /\0\x7f\\a");
        assert!(unescape(r"\q").is_err());
    }
}
