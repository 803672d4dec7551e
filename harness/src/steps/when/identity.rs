//! What the client does with tokens and certificates, and what becomes of those who vouch for it meanwhile.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{SUCCEEDS_WITHIN, TRY_EVERY, request, send_first};
use crate::client::Request;
use crate::fixtures::jwks_server::{Document, JwksServer};
use crate::fixtures::{Answer, Content, Texts};
use crate::servers::Servers;
use crate::steps::{Arguments, Definition, StepFailure, StepResult, perform};
use crate::world::World;

/// How long a server may wait to be asked.
const ASKED_WITHIN: Duration = Duration::from_secs(5);

/// The steps.
pub(in crate::steps) const STEPS: &[Definition] = perform! { When:
    "the client sends {string} with the token {string}" => send_with_token [Issuer],
        "as before, with the token where the configuration wants it: Authorization: Bearer, unless it says otherwise";
    "the client sends {string} with the token {string}, {int} times at once" => send_with_token_at_once [Issuer],
        "as before, so many requests at the same time";
    "the client sends {string} with the password of {string}" => send_with_password,
        "as before, with the consumer's name and password (Authorization: Basic)";
    "the client sends {string} until the handshake fails" => send_until_refused [Handshake],
        "sends again and again, for at most 5 s, until the gateway refuses to shake hands";
    "the client sends {string} until another certificate is shown" => send_until_other [Handshake],
        "sends again and again, for at most 5 s, until the gateway's certificate is not that of the last response";
    "the client connects with:" => connects [Handshake],
        "from here on; rows as in Given";
    "the client certificate {string} is revoked" => revoke_certificate [Handshake],
        "it is on the lists that are made from now on; renew the file for the gateway to know";
    "the operator renews the file {string}" => renew [Files],
        "a PEM file of the configuration is made anew (a certificate with its key, a list of revoked ones), and the gateway asked to reload";
    "the token {string} is issued anew" => reissue [Issuer],
        "with the same claims and the issuer's present keys";
    "the token {string} is revoked" => revoke_token [Issuer],
        "the introspection endpoint calls it inactive from now on";
    "the issuer {string} adds keys" => add_keys [Issuer],
        "it signs with new keys, and still publishes the former ones";
    "the issuer {string} replaces its keys" => replace_keys [Issuer],
        "it signs with new keys, and no longer publishes the former ones";
    "the issuer {string} withdraws its former keys" => withdraw_keys [Issuer],
        "it publishes none but the keys that sign";
    "the issuer {string} answers {string}" => answers [Issuer],
        "what its key set and metadata are answered with from now on: status=500, stall, close, not-json, good";
    "the metadata of the issuer {string} is answered with {string}" => metadata_answers [Issuer],
        "as before, and its key set as it was";
    "the issuer {string} sends the header {string}" => cache_control [Issuer],
        "with its key set from now on; Cache-Control alone can be set: \"Cache-Control: max-age=60\"";
    "the issuer {string} was asked {int} times" => was_asked [Issuer],
        "waits, for at most 5 s, until its key set was asked for so often since the gateway started";
    "the introspection endpoint {string} answers {string}" => answers [Issuer],
        "as before, by its host";
    "the introspection endpoint was asked {int} times" => endpoint_was_asked [Issuer],
        "waits, for at most 5 s, until it was asked so often since the gateway started";
};

async fn send_with_token(world: &mut World, arguments: &Arguments) -> StepResult {
    let request = with_token(world, arguments)?;
    send_first(world, request, 0).await
}

async fn send_with_token_at_once(world: &mut World, arguments: &Arguments) -> StepResult {
    let (request, client) = (with_token(world, arguments)?, world.client(0)?);
    world.begin_batch();
    world
        .send_at_once(&request, client, arguments.number(2)?)
        .await
}

fn with_token(world: &World, arguments: &Arguments) -> Result<Request, StepFailure> {
    let mut request = request(arguments)?;
    let token = world.token(arguments.text(1))?;
    let (header, scheme) = world.instance()?.fixture.token_header();
    request
        .headers
        .insert(0, (header, format!("{scheme}{token}")));
    Ok(request)
}

async fn send_with_password(world: &mut World, arguments: &Arguments) -> StepResult {
    let mut request = request(arguments)?;
    let name = arguments.text(1);
    let value = format!("Basic {{base64 {{consumer {name}}}:{{password {name}}}}}");
    request
        .headers
        .insert(0, ("Authorization".to_owned(), value));
    send_first(world, request, 0).await
}

async fn send_until_refused(world: &mut World, arguments: &Arguments) -> StepResult {
    until(world, arguments, "the handshake should fail", |world| {
        let handshake = world.last()?.handshake.as_ref();
        Ok(handshake.is_some_and(|handshake| handshake.failure.is_some()))
    })
    .await
}

async fn send_until_other(world: &mut World, arguments: &Arguments) -> StepResult {
    let before = shown(world)?;
    until(
        world,
        arguments,
        "another certificate should be shown",
        |world| Ok(shown(world)? != before),
    )
    .await
}

fn shown(world: &World) -> Result<Vec<u8>, StepFailure> {
    let handshake = world.last()?.handshake.as_ref();
    let none = || StepFailure("the last request was not sent over TLS".to_owned());
    Ok(handshake.ok_or_else(none)?.certificate.clone())
}

async fn until(
    world: &mut World,
    arguments: &Arguments,
    wanted: &str,
    holds: impl Fn(&World) -> Result<bool, StepFailure>,
) -> StepResult {
    let (request, begun) = (request(arguments)?, Instant::now());
    loop {
        send_first(world, request.clone(), 0).await?;
        if holds(world)? {
            return Ok(());
        }
        if begun.elapsed() > SUCCEEDS_WITHIN {
            let seconds = SUCCEEDS_WITHIN.as_secs();
            return Err(StepFailure(format!(
                "{wanted} within {seconds} s, but didn't"
            )));
        }
        sleep(TRY_EVERY).await;
    }
}

async fn connects(world: &mut World, arguments: &Arguments) -> StepResult {
    let mut pairs = arguments.pairs()?.into_iter();
    pairs.try_for_each(|(name, value)| world.plan.connecting.set(name, value))
}

async fn revoke_certificate(world: &mut World, arguments: &Arguments) -> StepResult {
    let certificate = world.plan.certificate(arguments.text(0))?;
    world.instance()?.certificates.clients.revoke(certificate);
    Ok(())
}

async fn renew(world: &mut World, arguments: &Arguments) -> StepResult {
    let (name, instance) = (arguments.text(0), own(world)?.instance()?);
    let files = instance.fixture.pem_files();
    let file = files
        .iter()
        .find(|file| file.name == name && file.content != Content::Key);
    let unknown = || StepFailure(format!("the configuration names no PEM file {name:?}"));
    let made: anyhow::Result<Texts> = file.ok_or_else(unknown)?.make(&instance.certificates);
    let made = made.map_err(failed)?;
    let replaced = instance.running.replace(&made);
    replaced.map_err(|error| StepFailure(error.to_string()))
}

async fn reissue(world: &mut World, arguments: &Arguments) -> StepResult {
    let plan = world.plan.token(arguments.text(0))?;
    let token = world.instance()?.servers.token(plan).map_err(failed)?;
    world.tokens.insert(arguments.text(0).to_owned(), token);
    Ok(())
}

async fn revoke_token(world: &mut World, arguments: &Arguments) -> StepResult {
    let token = world.token(arguments.text(0))?;
    for endpoint in &world.instance()?.servers.endpoints {
        endpoint.server.revoke(&token);
    }
    Ok(())
}

async fn add_keys(world: &mut World, arguments: &Arguments) -> StepResult {
    let issuer = servers(world)?.issuer(arguments.text(0)).map_err(failed)?;
    issuer.issuer.add_keys();
    issuer.make_keys().await.map_err(failed)
}

async fn replace_keys(world: &mut World, arguments: &Arguments) -> StepResult {
    let issuer = servers(world)?.issuer(arguments.text(0)).map_err(failed)?;
    issuer.issuer.rotate();
    issuer.make_keys().await.map_err(failed)
}

async fn withdraw_keys(world: &mut World, arguments: &Arguments) -> StepResult {
    let issuer = servers(world)?.issuer(arguments.text(0)).map_err(failed)?;
    issuer.issuer.drop_former_keys();
    Ok(())
}

async fn answers(world: &mut World, arguments: &Arguments) -> StepResult {
    set_answer(world, arguments, Document::ALL)
}

async fn metadata_answers(world: &mut World, arguments: &Arguments) -> StepResult {
    set_answer(world, arguments, Document::METADATA)
}

fn set_answer(world: &World, arguments: &Arguments, documents: &[Document]) -> StepResult {
    let answer: Result<Answer, _> = arguments.text(1).parse();
    let answer = answer.map_err(|error| StepFailure(error.to_string()))?;
    let set = servers(world)?.set_answer(arguments.text(0), documents, &answer);
    set.map_err(failed)
}

async fn cache_control(world: &mut World, arguments: &Arguments) -> StepResult {
    let value = arguments.text(1).strip_prefix("Cache-Control:");
    let other = || StepFailure("only Cache-Control can be set".to_owned());
    let value = value.ok_or_else(other)?.trim();
    let server = server(world, arguments)?;
    server.set_cache_control(
        Document::Keys,
        Some(value).filter(|value| !value.is_empty()),
    );
    Ok(())
}

async fn was_asked(world: &mut World, arguments: &Arguments) -> StepResult {
    let times = arguments.number(1)?;
    let server = server(world, arguments)?;
    let asked = server.wait_for_fetches(Document::Keys, times, ASKED_WITHIN);
    asked.await.map_err(|error| StepFailure(error.to_string()))
}

async fn endpoint_was_asked(world: &mut World, arguments: &Arguments) -> StepResult {
    let endpoint = servers(world)?.endpoint("").map_err(failed)?;
    let asked = endpoint
        .server
        .wait_for_calls(arguments.number(0)?, ASKED_WITHIN);
    asked.await.map_err(|error| StepFailure(error.to_string()))
}

fn server<'a>(world: &'a World, arguments: &Arguments) -> Result<&'a JwksServer, StepFailure> {
    let issuer = servers(world)?.issuer(arguments.text(0));
    issuer.and_then(|issuer| issuer.server()).map_err(failed)
}

/// The servers around a gateway of the scenario's own.
pub(in crate::steps) fn servers(world: &World) -> Result<&Servers, StepFailure> {
    Ok(&own(world)?.instance()?.servers)
}

/// What is done to a gateway's surroundings, or counted of all its requests, would disturb scenarios beside this one.
fn own(world: &World) -> Result<&World, StepFailure> {
    if world.plan.own_gateway {
        return Ok(world);
    }
    let told = "the step needs: Given a gateway of its own with the configuration …";
    Err(StepFailure(told.to_owned()))
}

pub(in crate::steps) fn failed(error: anyhow::Error) -> StepFailure {
    StepFailure(format!("{error:#}"))
}
