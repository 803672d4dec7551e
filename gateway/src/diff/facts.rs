//! A configuration written out in full, subject by subject, without its secrets.

use crate::compile::{Entry, Outline, Written};
use crate::config::secret::{self, SecretText};
use crate::config::{At, Loaded, PemList, PemText, raw};
use crate::plugin::authenticate::Combine;
use crate::upstream::{RetryPolicy, Timeouts};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is known of each subject, such as `route orders`.
pub type Facts = BTreeMap<String, Value>;

/// Where a route's plugins stand among its facts.
pub const PLUGINS: &str = "plugins.";

/// Where a consumer's keys stand among its facts.
pub const KEYS: &str = "keys.";

/// Where TLS of a service or a listener stands among its facts.
pub const TLS: &str = "tls";
/// Whether a route asks who calls, among its facts.
pub const AUTH: &str = "auth";

/// The facts of the documents.
pub fn of(outline: &Outline<'_>) -> Facts {
    let mut facts = Facts::new();
    for route in &outline.routes {
        facts.insert(format!("route {}", route.name), of_route(route));
    }
    for (service, at) in outline.apis.iter().flat_map(|api| api.services()) {
        facts.insert(format!("service {}", service.name), of_service(service, at));
    }
    of_whole(outline.documents, &mut facts);
    facts
}

fn of_route(route: &Written<'_>) -> Value {
    let mut value = match written(route.at) {
        // An API without a route: what stands there is the API.
        Value::Object(object) if !object.contains_key("service") => object,
        _ => Map::new(),
    };
    value.remove("name");
    let plugins = route
        .plugins
        .iter()
        .map(|entry| (entry.kind.name.to_owned(), config(entry)));
    value.insert("plugins".to_owned(), Value::Object(plugins.collect()));
    value.insert(AUTH.to_owned(), auth(route).into());
    let plugins = route.plugins.iter();
    let several = plugins.filter(|entry| entry.kind.authenticates).count() > 1;
    let combine = match route.combine() {
        // Of one or none it says nothing.
        Combine::Any if several => "any",
        _ => "all",
    };
    value.insert("authenticate".to_owned(), combine.into());
    let services = route
        .api
        .services()
        .into_iter()
        .map(|(service, _)| service.name.clone());
    value.insert("services".to_owned(), services.collect());
    let defaults = json!({"hosts": [], "paths": [], "methods": [], "stripPrefix": false});
    with_defaults(Value::Object(value), &defaults)
}

/// Whether a route asks who calls.
fn auth(route: &Written<'_>) -> bool {
    route.plugins.iter().any(|entry| entry.kind.authenticates)
}

/// A plugin's config with the defaults that its schema tells.
fn config(entry: &Entry<'_>) -> Value {
    let schema = (entry.kind.schema)().to_value();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let defaults =
        properties.filter_map(|(name, of)| Some((name.clone(), of.get("default")?.clone())));
    let mut config = entry.config.clone();
    secret::conceal(&mut config, &SecretText::fingerprint);
    with_defaults(config, &Value::Object(defaults.collect()))
}

fn of_service(service: &raw::Service, at: At<'_>) -> Value {
    let text = |duration: Duration| format!("{}ms", duration.as_millis());
    let (timeouts, retry) = (Timeouts::default(), RetryPolicy::default());
    let methods: Vec<_> = retry
        .methods
        .iter()
        .map(|method| method.to_string())
        .collect();
    let on: Vec<_> = retry.on.iter().map(ToString::to_string).collect();
    let defaults = json!({
        "balancing": "round-robin",
        "host": "upstream",
        "http2": false,
        "timeouts": {
            "connect": text(timeouts.connect()),
            "try": text(timeouts.try_()),
            "total": text(timeouts.total()),
            "idle": text(timeouts.idle()),
        },
        "retries": {"attempts": retry.attempts, "on": on, "methods": methods},
    });
    let mut value = with_defaults(written(at), &defaults);
    let mut urls = service
        .url
        .iter()
        .chain(service.targets.iter().flatten().map(|target| &target.url));
    let https = urls.any(|url| url.to_ascii_lowercase().starts_with("https://"));
    if https || service.tls.is_some() {
        value[TLS] = of_tls(&service.tls.clone().unwrap_or_default());
    }
    value
}

/// Whom a service trusts and what it shows, by the names of the files.
fn of_tls(tls: &raw::ClientTls) -> Value {
    let name = |text: &Option<PemText>| {
        let name = text.as_ref().map_or("nothing", PemText::name);
        name.to_owned()
    };
    let ca = match &tls.ca {
        None => vec!["the system's authorities"],
        Some(list) => names(list),
    };
    json!({
        "ca": ca,
        "serverName": tls.server_name.as_deref().unwrap_or("the host"),
        "certificate": name(&tls.certificate),
        "key": name(&tls.key),
    })
}

/// What a listener shows and whom it trusts, by the names of the files.
fn of_server_tls(tls: &raw::ServerTls) -> Value {
    let pair = |one: &raw::ServerCertificate| {
        let (certificate, key) = (one.certificate.name(), one.key.name());
        format!("{certificate} with {key}")
    };
    let certificates: Vec<_> = tls.certificates.iter().map(pair).collect();
    let version = match tls.min_version {
        None | Some(raw::TlsVersion::Tls12) => "1.2",
        Some(raw::TlsVersion::Tls13) => "1.3",
    };
    let clients = tls.client_certificates.as_ref();
    let mode = match clients.map(|clients| clients.mode) {
        None | Some(Some(raw::ClientCertificateMode::Off)) => "off",
        Some(Some(raw::ClientCertificateMode::Optional)) => "optional",
        Some(None | Some(raw::ClientCertificateMode::Required)) => "required",
    };
    let ca = clients.and_then(|clients| clients.ca.as_ref());
    let crl = clients.and_then(|clients| clients.crl.as_ref());
    json!({
        "certificates": certificates,
        "minVersion": version,
        "clientCertificates": {
            "mode": mode,
            "ca": ca.map(names).unwrap_or_default(),
            "crl": crl.map(names).unwrap_or_default(),
        },
    })
}

fn names(list: &PemList) -> Vec<&str> {
    match list {
        PemList::One(text) => vec![text.name()],
        PemList::Several(texts) => texts.iter().map(PemText::name).collect(),
    }
}

fn of_whole(documents: &[Loaded], facts: &mut Facts) {
    let defaults = [
        ("runtime", json!({"drain": "30s"})),
        ("telemetry", json!({"accessLog": {"output": "stdout"}})),
    ];
    for (key, default) in defaults {
        let given = documents.iter().map(|loaded| &loaded.source);
        let given = given.filter(|source| source.value().get(key).is_some());
        let value = given
            .map(|source| written(At::root(source).key(key)))
            .next();
        let value = with_defaults(value.unwrap_or_else(|| json!({})), &default);
        facts.insert(key.to_owned(), value);
    }
    for loaded in documents {
        let list = At::root(&loaded.source).key("listeners");
        for (place, listener) in loaded.document.listeners.iter().enumerate() {
            let subject = format!("listener {}", listener.address);
            let mut value = written(list.index(place));
            if let Some(tls) = &listener.tls {
                value[TLS] = of_server_tls(tls);
            }
            facts.insert(subject, value);
        }
        for consumer in &loaded.document.consumers {
            let subject = format!("consumer {}", consumer.name);
            facts.insert(subject, of_consumer(consumer));
        }
        if let Some(admin) = &loaded.document.admin {
            let token = admin.token.as_ref().map(SecretText::fingerprint);
            let value = json!({"address": admin.address, "token": token});
            facts.insert("admin".to_owned(), value);
        }
    }
}

fn of_consumer(consumer: &raw::Consumer) -> Value {
    let keys = consumer.keys.iter().map(|key| match key {
        raw::Key::Lasting(key) => (key.fingerprint(), "without an end".into()),
        raw::Key::Expiring(key) => {
            let end = key.expires.as_deref().unwrap_or("without an end");
            (key.key.fingerprint(), end.into())
        }
    });
    let keys: Map<String, Value> = keys.collect();
    let issuer = |token: &raw::TokenMatch| {
        let issuer = token.issuer.as_deref().unwrap_or("any issuer");
        let claim = token.claim.as_deref().unwrap_or("sub");
        format!("{claim} {} of {issuer}", token.value)
    };
    let certificate = |of: &raw::CertificateMatch| {
        let kinds = [
            ("san", &of.san),
            ("subject", &of.subject),
            ("fingerprint", &of.fingerprint),
        ];
        let mut given = kinds
            .into_iter()
            .filter_map(|(kind, text)| Some((kind, text.as_deref()?)));
        given.next().map(|(kind, text)| format!("{kind} {text}"))
    };
    let basic = consumer.basic.as_ref().map(|basic| {
        let username = basic.username.as_deref().unwrap_or(&consumer.name);
        json!({"username": username, "password": basic.password.password_fingerprint()})
    });
    json!({
        "groups": consumer.groups,
        "roles": consumer.roles,
        "metadata": consumer.metadata,
        "keys": keys,
        "tokens": consumer.tokens.iter().map(issuer).collect::<Vec<_>>(),
        "certificates": consumer.certificates.iter().filter_map(certificate).collect::<Vec<_>>(),
        "basic": basic,
    })
}

fn written(at: At<'_>) -> Value {
    at.value().cloned().unwrap_or_default()
}

/// The value, with what it leaves out from the defaults, at any depth.
fn with_defaults(value: Value, defaults: &Value) -> Value {
    match (value, defaults) {
        (Value::Object(mut object), Value::Object(defaults)) => {
            for (key, default) in defaults {
                let value = match object.remove(key) {
                    Some(value) => with_defaults(value, default),
                    None => default.clone(),
                };
                object.insert(key.clone(), value);
            }
            Value::Object(object)
        }
        (value, _) => value,
    }
}
