//! What a scenario needs of identity: consumers with roles, tokens, passwords and certificates; tokens and certificates
//! that its client has; how servers around the gateway speak TLS and answer.

use super::declare;
use crate::fixtures::certificates::{Leaf, VARIANTS};
use crate::fixtures::jwks_server::Document;
use crate::fixtures::tokens::kinds;
use crate::fixtures::{Answer, Consumer, Key, Password, TokenClaim};
use crate::plan::connecting::{list, unknown};
use crate::plan::{Plan, ServerAnswer, TokenPlan};
use crate::steps::{Arguments, Definition, Need, StepFailure, StepResult};

/// The steps.
pub(in crate::steps) const STEPS: &[Definition] = &[
    declare(
        "a consumer {string} with:",
        "rows: groups, roles (commas between), key (never, or when it expires), password (made up), token (claim, or claim: value), token of ISSUER, san, subject, fingerprint; {consumer NAME} is its name",
        consumer,
    ),
    declare(
        "a token {string}",
        "a good token of the configuration's first issuer: sub user-7, the configured audience, ten minutes",
        token,
    ).needing(&[Need::Issuer]),
    declare(
        "a token {string} with:",
        "rows: issuer, algorithm, header NAME, or a claim; values are JSON, text, removed, or times as now+5m",
        token,
    ).needing(&[Need::Issuer]),
    declare(
        "a token {string} that is {string}",
        "of a kind that `gatecheck fixtures --list` tells: expired, wrong-audience, alg-none …",
        token_of_kind,
    ).needing(&[Need::Issuer]),
    declare(
        "a token {string} that is {string} with:",
        "as before, and rows as above",
        token_of_kind,
    ).needing(&[Need::Issuer]),
    declare(
        "an opaque token {string}",
        "a token that the introspection endpoint calls active: sub user-7, ten minutes, issuer and audience as configured",
        opaque_token,
    ).needing(&[Need::Issuer]),
    declare(
        "an opaque token {string} with:",
        "as before, and members of the answer: active false, scope \"a b\", exp now+1m; removed takes one away",
        opaque_token,
    ).needing(&[Need::Issuer]),
    declare(
        "a client certificate {string}",
        "from the authority of clients, with the name as CN",
        certificate,
    ).needing(&[Need::Handshake]),
    declare(
        "a client certificate {string} with:",
        "rows: common name, organization, host, email, uri, each of the last three as often as wanted",
        certificate,
    ).needing(&[Need::Handshake]),
    declare(
        "a client certificate {string} that is {string}",
        "of a variant that `gatecheck fixtures --list` tells: expired, wrong-authority, revoked …",
        certificate_of_variant,
    ).needing(&[Need::Handshake]),
    declare(
        "a client certificate {string} that is {string} with:",
        "as before, and rows as above",
        certificate_of_variant,
    ).needing(&[Need::Handshake]),
    declare(
        "the client connects with:",
        "rows: listener (its number), server name (SNI; none), certificate (of the client; none), protocols (ALPN; h2, http/1.1), version (TLSv1.2)",
        connects,
    ).needing(&[Need::Handshake]),
    declare(
        "the server {string} speaks TLS with:",
        "of an upstream or an issuer; rows: certificate (a variant: expired), hosts; of upstreams also client certificate (required, not asked for), protocols, version",
        speaks,
    ).needing(&[Need::Upstream]),
    declare(
        "the issuer {string} answers {string}",
        "what its key set and metadata are answered with, in the words of `gatecheck fixtures --list`: status=500, stall, good",
        answers,
    ).needing(&[Need::Issuer]),
    declare(
        "the metadata of the issuer {string} is answered with {string}",
        "as before, and its key set as it was",
        metadata_answers,
    ).needing(&[Need::Issuer]),
    declare(
        "the OpenID metadata of the issuer {string} is answered with {string}",
        "as before, and the metadata of OAuth (RFC 8414) as it was",
        openid_answers,
    ).needing(&[Need::Issuer]),
    declare(
        "the introspection endpoint {string} answers {string}",
        "as before, by its host",
        answers,
    ).needing(&[Need::Issuer]),
];

fn consumer(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    plan.consumer(arguments.text(0), &[], Vec::new());
    let consumer = plan.consumers.last_mut();
    let consumer = consumer.expect("a consumer was just declared");
    for (name, value) in arguments.pairs()? {
        set(consumer, name, value)?;
    }
    Ok(())
}

fn set(consumer: &mut Consumer, name: &str, value: &str) -> StepResult {
    let issuer = name.strip_prefix("token of ").map(str::to_owned);
    match name {
        "groups" => consumer.groups = list(value),
        "roles" => consumer.roles = list(value),
        "key" => consumer.keys.push(Key {
            label: String::new(),
            secret: Key::random(),
            expires: (value != "never").then(|| value.to_owned()),
        }),
        "password" if value == "made up" => {
            let letters = consumer.name.chars();
            let letters = letters.map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
            consumer.password = Some(Password {
                variable: format!("PASSWORD_{}", letters.collect::<String>().to_uppercase()),
                secret: Key::random(),
            });
        }
        "password" => {
            return Err(StepFailure(
                "a password is always made up; write: | password | made up |".to_owned(),
            ));
        }
        "san" | "subject" | "fingerprint" => {
            let value = match name {
                "fingerprint" => format!("sha256:{value}"),
                _ => value.to_owned(),
            };
            consumer.certificates.push((name.to_owned(), value));
        }
        _ if name == "token" || issuer.is_some() => {
            let (claim, value) = match value.split_once(": ") {
                Some((claim, value)) => (claim, value.to_owned()),
                None => (value, consumer.name.clone()),
            };
            consumer.tokens.push(TokenClaim {
                issuer,
                claim: claim.to_owned(),
                value,
            });
        }
        _ => {
            return Err(unknown(
                name,
                "groups, roles, key, password, token, token of ISSUER, san, subject, fingerprint",
            ));
        }
    }
    Ok(())
}

fn token(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    add_token(plan, arguments, "good", None)
}

fn token_of_kind(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    let kind = arguments.text(1);
    if !kinds().any(|known| known.name == kind) {
        return Err(StepFailure(format!(
            "there is no kind of token {kind:?}; `gatecheck fixtures --list` tells them"
        )));
    }
    add_token(plan, arguments, kind, None)
}

fn opaque_token(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    add_token(plan, arguments, "", Some(Key::random()))
}

fn add_token(
    plan: &mut Plan,
    arguments: &Arguments,
    kind: &str,
    opaque: Option<String>,
) -> StepResult {
    let mut token = TokenPlan {
        alias: arguments.text(0).to_owned(),
        kind: kind.to_owned(),
        opaque,
        ..TokenPlan::default()
    };
    for (name, value) in arguments.pairs()? {
        token.set(name, value);
    }
    plan.tokens.push(token);
    Ok(())
}

fn certificate(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    add_certificate(plan, arguments, "good")
}

fn certificate_of_variant(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    add_certificate(plan, arguments, arguments.text(1))
}

fn add_certificate(plan: &mut Plan, arguments: &Arguments, variant: &str) -> StepResult {
    known_variant(variant)?;
    let mut leaf = Leaf::client(arguments.text(0));
    for (name, value) in arguments.pairs()? {
        leaf = match name {
            "common name" => Leaf {
                common_name: value.to_owned(),
                ..leaf
            },
            "organization" => leaf.organization(value),
            "host" => leaf.host(value),
            "email" => leaf.email(value),
            "uri" => leaf.uri(value),
            _ => return Err(unknown(name, "common name, organization, host, email, uri")),
        };
    }
    plan.client_certificate(arguments.text(0), variant, leaf);
    Ok(())
}

fn connects(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    let mut pairs = arguments.pairs()?.into_iter();
    pairs.try_for_each(|(name, value)| plan.connecting.set(name, value))
}

fn speaks(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    let server = arguments.text(0).to_owned();
    let settings = plan.servers.entry(server).or_default();
    for (name, value) in arguments.pairs()? {
        settings.set(name, value)?;
    }
    known_variant(&settings.variant)
}

fn answers(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    add_answer(plan, arguments, Document::ALL)
}

fn metadata_answers(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    add_answer(plan, arguments, Document::METADATA)
}

fn openid_answers(plan: &mut Plan, arguments: &Arguments) -> StepResult {
    add_answer(plan, arguments, &[Document::OpenId])
}

fn add_answer(
    plan: &mut Plan,
    arguments: &Arguments,
    documents: &'static [Document],
) -> StepResult {
    let answer: Result<Answer, _> = arguments.text(1).parse();
    plan.answers.push(ServerAnswer {
        server: arguments.text(0).to_owned(),
        documents,
        answer: answer.map_err(|error| StepFailure(error.to_string()))?,
    });
    Ok(())
}

fn known_variant(name: &str) -> StepResult {
    let names: Vec<_> = VARIANTS.iter().map(|variant| variant.name).collect();
    if names.contains(&name) {
        return Ok(());
    }
    let names = names.join(", ");
    Err(StepFailure(format!(
        "there is no certificate that is {name:?}; there are {names}"
    )))
}
