//! A configuration written out in full, subject by subject, without its secrets.

use crate::compile::{Entry, Outline, Written};
use crate::config::secret::SecretText;
use crate::config::{At, Loaded, PemList, PemText, raw};
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

/// Where a service's TLS stands among its facts.
pub const TLS: &str = "tls";

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
    let services = route
        .api
        .services()
        .into_iter()
        .map(|(service, _)| service.name.clone());
    value.insert("services".to_owned(), services.collect());
    let defaults = json!({"hosts": [], "paths": [], "methods": [], "stripPrefix": false});
    with_defaults(Value::Object(value), &defaults)
}

/// A plugin's config with the defaults that its schema tells.
fn config(entry: &Entry<'_>) -> Value {
    let schema = (entry.kind.schema)().to_value();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let defaults =
        properties.filter_map(|(name, of)| Some((name.clone(), of.get("default")?.clone())));
    with_defaults(entry.config.clone(), &Value::Object(defaults.collect()))
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
    let ca: Vec<_> = match &tls.ca {
        None => vec!["the system's authorities"],
        Some(PemList::One(text)) => vec![text.name()],
        Some(PemList::Several(texts)) => texts.iter().map(PemText::name).collect(),
    };
    json!({
        "ca": ca,
        "serverName": tls.server_name.as_deref().unwrap_or("the host"),
        "certificate": name(&tls.certificate),
        "key": name(&tls.key),
    })
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
            facts.insert(subject, written(list.index(place)));
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
    json!({"groups": consumer.groups, "metadata": consumer.metadata, "keys": keys})
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
