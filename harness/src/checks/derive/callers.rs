//! Who calls in the checks of a route, with which credentials.

use super::configuration::{Configuration, Consumer, Route};
use super::draft::{Draft, Sheet, slug};
use super::rules::Rules;
use crate::checks::secrets::Text;
use crate::checks::suite::{ApiKey, Basic, Credential, KeyPair, KeyPlace, Suite, Token};
use crate::checks::yaml::Value;

/// Plugins that find out who calls.
pub(super) const AUTH: [&str; 5] = [
    "key-auth",
    "mtls-auth",
    "jwt-validate",
    "oauth2-introspect",
    "basic-auth",
];

/// Somebody who calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Caller {
    /// The credential's name.
    pub name: String,
    /// Who, for people.
    pub called: String,
    pub consumer: Option<String>,
    pub roles: Vec<String>,
    pub groups: Vec<String>,
    pub scopes: Vec<String>,
    pub credential: Credential,
}

/// The callers that a route tells apart; none where it asks nobody who calls.
pub(super) fn of(draft: &Draft<'_>, route: &Route, rules: Option<&Rules>) -> Vec<Caller> {
    let needed = needed(route);
    let by_token = |plugin: &&str| matches!(*plugin, "jwt-validate" | "oauth2-introspect");
    if needed.is_empty() {
        Vec::new()
    } else if needed.iter().all(by_token) {
        let mut callers = by_claims(route, rules);
        callers.iter_mut().for_each(|caller| {
            caller.credential = credential(draft, route, &needed, &caller.name, None);
        });
        callers
    } else {
        by_consumers(draft, route, &needed)
    }
}

/// The plugins whose credentials a good request has.
pub(super) fn needed(route: &Route) -> Vec<&'static str> {
    let present = AUTH.into_iter().filter(|plugin| route.has(plugin));
    match route.any {
        true => present.take(1).collect(),
        false => present.collect(),
    }
}

/// One for each role, group and set of scopes that the rules speak of, and one who has none.
fn by_claims(route: &Route, rules: Option<&Rules>) -> Vec<Caller> {
    let Some(rules) = rules else {
        return vec![Caller {
            name: slug(&route.name),
            called: "the right caller".to_owned(),
            ..Caller::default()
        }];
    };
    let mut callers: Vec<Caller> = Vec::new();
    let mut add = |kind: &str, word: &str, caller: Caller| {
        let name = slug(&format!("{}-{word}", route.name));
        if !callers.iter().any(|known| known.name == name) {
            callers.push(Caller {
                name,
                called: format!("a caller with the {kind} {word}"),
                ..caller
            });
        }
    };
    for rule in rules.allow.iter().chain(&rules.deny) {
        for role in &rule.roles {
            let roles = vec![role.clone()];
            add(
                "role",
                role,
                Caller {
                    roles,
                    ..Caller::default()
                },
            );
        }
        for group in &rule.groups {
            let groups = vec![group.clone()];
            add(
                "group",
                group,
                Caller {
                    groups,
                    ..Caller::default()
                },
            );
        }
        if !rule.scopes.is_empty() {
            let scopes = rule.scopes.clone();
            add(
                "scope",
                &rule.scopes.join("-"),
                Caller {
                    scopes,
                    ..Caller::default()
                },
            );
        }
    }
    callers.push(Caller {
        name: slug(&format!("{}-nobody", route.name)),
        called: "a caller without any role".to_owned(),
        ..Caller::default()
    });
    callers
}

fn by_consumers(draft: &Draft<'_>, route: &Route, needed: &[&str]) -> Vec<Caller> {
    let has = |consumer: &&Consumer| {
        needed.iter().all(|plugin| match *plugin {
            "key-auth" => !consumer.keys.is_empty(),
            "basic-auth" => consumer.basic.is_some(),
            "mtls-auth" => consumer.certificates,
            _ => true,
        })
    };
    let consumers = draft.configuration.consumers.iter().filter(has);
    let callers: Vec<Caller> = consumers
        .map(|consumer| Caller {
            name: slug(&consumer.name),
            called: format!("the consumer {}", consumer.name),
            consumer: Some(consumer.name.clone()),
            roles: consumer.roles.clone(),
            groups: consumer.groups.clone(),
            scopes: Vec::new(),
            credential: credential(draft, route, needed, &slug(&consumer.name), Some(consumer)),
        })
        .collect();
    if !callers.is_empty() {
        return callers;
    }
    let name = slug(&format!("{}-caller", route.name));
    vec![Caller {
        credential: credential(draft, route, needed, &name, None),
        called: "a caller".to_owned(),
        name,
        ..Caller::default()
    }]
}

/// What a caller of this name shows to these plugins.
pub(super) fn credential(
    draft: &Draft<'_>,
    route: &Route,
    needed: &[&str],
    name: &str,
    consumer: Option<&Consumer>,
) -> Credential {
    let variable = |what: &str| Text::env(variable(name, what));
    let mut credential = Credential::default();
    for plugin in needed {
        match *plugin {
            "key-auth" => {
                let known = consumer.and_then(|consumer| consumer.keys.iter().flatten().next());
                credential.key = Some(ApiKey {
                    value: known.map_or_else(|| variable("KEY"), Text::env),
                    place: KeyPlace::Header(key_header(route)),
                });
            }
            "basic-auth" => {
                let known = consumer.and_then(|consumer| consumer.basic.clone());
                let (username, password) = known.unwrap_or_else(|| (name.to_owned(), None));
                credential.basic = Some(Basic {
                    username: Text::plain(username),
                    password: password.map_or_else(|| variable("PASSWORD"), Text::env),
                });
            }
            "mtls-auth" => credential.certificate = Some(certificate(name)),
            _ => credential.token = Some(Token::new(variable("TOKEN"))),
        }
    }
    if draft.certificate_required() && credential.certificate.is_none() {
        credential.certificate = Some(certificate("client"));
    }
    credential
}

/// The header in which a route wants a key.
pub(super) fn key_header(route: &Route) -> String {
    let config = route
        .plugins
        .get("key-auth")
        .and_then(|plugin| plugin.config.as_ref());
    let header = config.and_then(|config| config.find("header"));
    match header.map(|entry| &*entry.value.value) {
        Some(Value::Scalar { text, .. }) => text.clone(),
        _ => Suite::KEY_HEADER.to_owned(),
    }
}

/// The files of a client certificate.
pub(super) fn certificate(name: &str) -> KeyPair {
    KeyPair {
        certificate: format!("{name}.pem"),
        key: format!("{name}.key"),
    }
}

/// The name of an environment variable.
pub(super) fn variable(name: &str, what: &str) -> String {
    let sign = |sign: char| match sign.is_ascii_alphanumeric() {
        true => sign.to_ascii_uppercase(),
        false => '_',
    };
    format!("{}_{what}", name.chars().map(sign).collect::<String>())
}

/// `anonymous`: who shows nothing passes as a guest.
pub(super) fn derive_anonymous(sheet: &mut Sheet<'_, '_>) {
    let Some(plugin) = sheet.route.plugins.get("anonymous") else {
        return;
    };
    let name = "a request without any credential passes as the guest";
    let mut check = sheet.check("anonymous", name, &plugin.place);
    check.requirement = Some("COMBINE-006".to_owned());
    let bare = sheet.bare();
    sheet.passing(&mut check, sheet.sample.request(), bare);
    sheet.push(check);
}

impl Configuration {
    /// Whether a listener asks every client for a certificate.
    pub(super) fn certificate_required(&self) -> bool {
        let tls = self
            .listeners
            .first()
            .and_then(|listener| listener.tls.as_ref());
        tls.is_some_and(|tls| tls.clients.0 == "required")
    }
}
