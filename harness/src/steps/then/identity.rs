//! Challenges, handshakes, and what those who vouch for callers were asked.

use mock_upstreams::Received;

use super::header::value;
use super::upstream::last;
use crate::adapters::Meaning;
use crate::client::tls::names;
use crate::client::{Handshake, HandshakeFailure};
use crate::plan::connecting::unknown;
use crate::steps::when::identity::{failed, servers};
use crate::steps::{Arguments, Definition, StepFailure, StepResult, expect, perform};
use crate::world::World;

mod challenge;

use challenge::challenges;

/// The steps.
pub(in crate::steps) const STEPS: &[Definition] = perform! { Then:
    "the challenge is {string} with:" => challenge_is,
        "WWW-Authenticate has a challenge of this scheme; rows: a parameter and its value (or: present, absent)";
    "the challenge is a bare {string}" => challenge_is_bare,
        "as before, and it says nothing of an error: no error, no error_description, no scope";
    "the handshake fails" => handshake_fails [Handshake],
        "the gateway refused to shake hands: by an alert, or by closing the connection";
    "the handshake fails with the alert {string}" => handshake_fails_with [Handshake],
        "as before, with this alert in the words of RFC 8446: certificate_required, unknown_ca (several with commas between)";
    "the client is connected with:" => connected [Handshake],
        "rows: protocol (ALPN: h2, http/1.1, none), version (TLSv1.3), certificate (a host that the gateway's is for), certificate asked for (yes, no)";
    "the upstream {string} is connected with:" => upstream_connected [Upstream, Handshake],
        "the connection of the last request; rows: protocol, version, server name, certificate (a host that the gateway's is for; none)";
    "the upstream {string} received the certificate of {string} in the header {string}" => upstream_certificate [Upstream, Handshake],
        "the header has the client's certificate as a byte sequence (RFC 9440)";
    "the issuer {string} was asked {int} times" => asked [Issuer],
        "its key set, since the gateway started";
    "the issuer {string} was asked at most {int} times" => asked_at_most [Issuer],
        "as before, or less often";
    "the introspection endpoint was asked {int} times" => endpoint_asked [Issuer],
        "since the gateway started";
    "the introspection endpoint was asked about the token {string} {int} times" => asked_about [Issuer],
        "whatever the answer was; also where several scenarios share the gateway";
    "the introspection endpoint was sent:" => sent [Issuer],
        "its last call; rows: method, authentication (basic, post, tls, none), accept, content type, or a field of the form";
};

async fn challenge_is(world: &mut World, arguments: &Arguments) -> StepResult {
    let parameters = challenge(world, arguments.text(0))?;
    for (name, wanted) in arguments.pairs()? {
        let wanted = world.expand(wanted)?;
        let found = parameters
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        let found = found.map(|(_, value)| value.as_str());
        let holds = match wanted.as_str() {
            "present" => found.is_some(),
            "absent" => found.is_none(),
            wanted => found == Some(wanted),
        };
        expect(holds, || {
            format!(
                "the challenge's {name} should be {wanted:?}, but is {found:?}; it has {parameters:?}"
            )
        })?;
    }
    Ok(())
}

async fn challenge_is_bare(world: &mut World, arguments: &Arguments) -> StepResult {
    let parameters = challenge(world, arguments.text(0))?;
    let telling = ["error", "error_description", "error_uri", "scope"];
    let found = parameters
        .iter()
        .find(|(name, _)| telling.contains(&name.to_lowercase().as_str()));
    expect(found.is_none(), || {
        format!("the challenge should say nothing of an error, but says {found:?}")
    })
}

fn challenge(world: &World, scheme: &str) -> Result<Vec<(String, String)>, StepFailure> {
    let text = value(world, "WWW-Authenticate")?;
    let all = challenges(&text);
    let mut fitting = all
        .iter()
        .filter(|one| one.scheme.eq_ignore_ascii_case(scheme));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only.parameters.clone()),
        _ => Err(StepFailure(format!(
            "there should be one challenge {scheme}, but WWW-Authenticate is {text:?}"
        ))),
    }
}

async fn handshake_fails(world: &mut World, _: &Arguments) -> StepResult {
    match world.shown(Meaning::HandshakeRefused) {
        Some(status) => answered_instead(world, status),
        None => refusal(world).map(drop),
    }
}

async fn handshake_fails_with(world: &mut World, arguments: &Arguments) -> StepResult {
    if let Some(status) = world.shown(Meaning::HandshakeRefused) {
        return answered_instead(world, status);
    }
    let failure = refusal(world)?;
    let mut wanted = arguments.text(0).split(',').map(str::trim);
    let holds = match failure {
        HandshakeFailure::Alert(alert) => wanted.any(|wanted| wanted == alert),
        _ => false,
    };
    expect(holds, || {
        format!("the alert should be {}, but {failure}", arguments.text(0))
    })
}

/// That a gateway which shakes hands with anyone refused the request behind the handshake.
fn answered_instead(world: &World, wanted: u16) -> StepResult {
    let found = world.response()?.status;
    expect(found == wanted, || {
        format!("the request should be refused with {wanted}, but is answered with {found}")
    })
}

/// How the gateway refused.
fn refusal(world: &World) -> Result<&HandshakeFailure, StepFailure> {
    let handshake = handshake(world)?;
    match &handshake.failure {
        Some(failure @ (HandshakeFailure::Alert(_) | HandshakeFailure::Closed(_))) => Ok(failure),
        Some(HandshakeFailure::Disbelieved(why)) => Err(StepFailure(format!(
            "the gateway should refuse, but the client did: {why}"
        ))),
        None => Err(StepFailure(
            "the handshake should fail, but didn't".to_owned(),
        )),
    }
}

async fn connected(world: &mut World, arguments: &Arguments) -> StepResult {
    let handshake = handshake(world)?;
    for (name, wanted) in arguments.pairs()? {
        let found = match name {
            "protocol" => vec![handshake.protocol.clone().unwrap_or_else(none)],
            "version" => vec![handshake.version.clone().unwrap_or_else(none)],
            "certificate" => handshake.names.clone(),
            "certificate asked for" => vec![if handshake.asked { "yes" } else { "no" }.to_owned()],
            _ => {
                return Err(unknown(
                    name,
                    "protocol, version, certificate, certificate asked for",
                ));
            }
        };
        agree("the client's connection", name, wanted, &found)?;
    }
    Ok(())
}

async fn upstream_connected(world: &mut World, arguments: &Arguments) -> StepResult {
    let received: Received = last(world, arguments.text(0))?;
    let plain = || StepFailure("the upstream was not spoken to over TLS".to_owned());
    let session = received.tls.as_ref().ok_or_else(plain)?;
    for (name, wanted) in arguments.pairs()? {
        let found = match name {
            "protocol" => vec![session.alpn.clone().unwrap_or_else(none)],
            "version" => vec![session.version.to_owned()],
            "server name" => vec![session.server_name.clone().unwrap_or_else(none)],
            "certificate" => match session.client_certificates.first() {
                Some(der) => names(der),
                None => vec![none()],
            },
            _ => return Err(unknown(name, "protocol, version, server name, certificate")),
        };
        agree("the upstream's connection", name, wanted, &found)?;
    }
    Ok(())
}

async fn upstream_certificate(world: &mut World, arguments: &Arguments) -> StepResult {
    let received = last(world, arguments.text(0))?;
    let certificate = world.plan.certificate(arguments.text(1))?;
    // RFC 9440 §2.2: a Structured Field byte sequence, base64 between colons.
    let wanted = format!(":{}:", base64_of(certificate.der()));
    let found: Vec<&str> = received.header_values(arguments.text(2)).collect();
    expect(found == [wanted.as_str()], || {
        let shown: Vec<String> = found
            .iter()
            .map(|text| text.chars().take(40).collect())
            .collect();
        format!(
            "the upstream should receive the certificate of {} in {}, but received {shown:?}",
            arguments.text(1),
            arguments.text(2)
        )
    })
}

async fn asked(world: &mut World, arguments: &Arguments) -> StepResult {
    let issuer = servers(world)?.issuer(arguments.text(0)).map_err(failed)?;
    let (wanted, found): (u64, _) = (arguments.number(1)?, issuer.fetches().map_err(failed)?);
    expect(found == wanted, || {
        format!("the issuer should be asked {wanted} times, but was {found} times")
    })
}

async fn asked_at_most(world: &mut World, arguments: &Arguments) -> StepResult {
    let issuer = servers(world)?.issuer(arguments.text(0)).map_err(failed)?;
    let (most, found): (u64, _) = (arguments.number(1)?, issuer.fetches().map_err(failed)?);
    expect(found <= most, || {
        format!("the issuer should be asked at most {most} times, but was {found} times")
    })
}

async fn endpoint_asked(world: &mut World, arguments: &Arguments) -> StepResult {
    let endpoint = servers(world)?.endpoint("").map_err(failed)?;
    let (wanted, found): (u64, _) = (arguments.number(0)?, endpoint.server.call_count());
    expect(found == wanted, || {
        format!("the introspection endpoint should be asked {wanted} times, but was {found} times")
    })
}

async fn asked_about(world: &mut World, arguments: &Arguments) -> StepResult {
    let token = world.token(arguments.text(0))?;
    let endpoints = world.instance()?.servers.endpoints.iter();
    let found: usize = endpoints
        .map(|endpoint| endpoint.server.calls_about(&token).len())
        .sum();
    let wanted: usize = arguments.number(1)?;
    expect(found == wanted, || {
        format!(
            "the introspection endpoint should be asked {wanted} times about it, but was {found} times"
        )
    })
}

async fn sent(world: &mut World, arguments: &Arguments) -> StepResult {
    let endpoint = servers(world)?.endpoint("").map_err(failed)?;
    let calls = endpoint.server.calls();
    let never = || StepFailure("the introspection endpoint was not asked".to_owned());
    let call = calls.last().ok_or_else(never)?;
    for (name, wanted) in arguments.pairs()? {
        let wanted = world.expand(wanted)?;
        let found = match name {
            "method" => Some(call.method.clone()),
            "authentication" => Some(
                call.authenticated
                    .map_or_else(none, |how| format!("{how:?}").to_lowercase()),
            ),
            "accept" => call.accept.clone(),
            "content type" => call.content_type.clone(),
            field => call.field(field).map(str::to_owned),
        };
        let found = found.unwrap_or_else(|| "absent".to_owned());
        agree("the call", name, &wanted, &[found])?;
    }
    Ok(())
}

fn handshake(world: &World) -> Result<&Handshake, StepFailure> {
    let last = world.last()?;
    last.handshake.as_ref().ok_or_else(|| {
        StepFailure(format!(
            "there was no handshake: {}",
            last.error
                .as_deref()
                .unwrap_or("the listener speaks no TLS")
        ))
    })
}

fn agree(what: &str, name: &str, wanted: &str, found: &[String]) -> StepResult {
    expect(found.iter().any(|found| found == wanted), || {
        let found = found.join(", ");
        format!("{what} should have the {name} {wanted:?}, but has {found:?}")
    })
}

fn none() -> String {
    "none".to_owned()
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
