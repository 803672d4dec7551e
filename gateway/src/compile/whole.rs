//! What a configuration has once: listeners, admin, log, the process itself.

use super::listener;
use crate::config::{At, Loaded, Report, Secret, raw, secret};
use crate::snapshot::{Admin, Listener};
use crate::telemetry::Output;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// What the command line says over the documents.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Instead of the documents' listeners; their other settings stay when there is one of each.
    pub listen: Vec<SocketAddr>,
    /// Addresses for `host:port`, before those of the documents.
    pub resolve: Vec<(String, SocketAddr)>,
}

pub struct Whole {
    pub listeners: Vec<Arc<Listener>>,
    pub admin: Option<Admin>,
    pub access_log: Output,
    pub drain: Duration,
    pub resolve: Vec<(String, SocketAddr)>,
}

pub fn compile(documents: &[Loaded], overrides: &Overrides, report: &mut Report) -> Whole {
    let mut whole = Whole {
        listeners: listeners(documents, overrides, report),
        admin: None,
        access_log: Output::default(),
        drain: Duration::from_secs(30),
        resolve: overrides.resolve.clone(),
    };
    if let Some((admin, at)) = once(
        documents,
        "admin",
        |document| document.admin.as_ref(),
        report,
    ) {
        whole.admin = self::admin(admin, at, report);
    }
    if let Some((telemetry, at)) = once(
        documents,
        "telemetry",
        |document| document.telemetry.as_ref(),
        report,
    ) {
        let output = telemetry
            .access_log
            .as_ref()
            .and_then(|log| log.output.as_ref());
        whole.access_log = output.map_or_else(Output::default, |output| log_output(output, at));
    }
    if let Some((runtime, at)) = once(
        documents,
        "runtime",
        |document| document.runtime.as_ref(),
        report,
    ) {
        listener::duration(&runtime.drain, at.key("drain"), &mut whole.drain, report);
        let at = at.key("resolve");
        for (name, address) in &runtime.resolve {
            let address = listener::address(address, at.key(name), report);
            whole
                .resolve
                .extend(address.map(|address| (name.clone(), address)));
        }
    }
    whole
}

fn listeners(
    documents: &[Loaded],
    overrides: &Overrides,
    report: &mut Report,
) -> Vec<Arc<Listener>> {
    let mut seen = HashSet::new();
    let mut listeners = vec![];
    for Loaded { source, document } in documents {
        let list = At::root(source).key("listeners");
        for (place, raw) in document.listeners.iter().enumerate() {
            let at = list.index(place);
            let listener = listener::compile(raw, at, report);
            // An address that cannot be read is in the report, and not that of another one.
            let known = raw.address.parse() == Ok(listener.address);
            if known && listener.address.port() != 0 && !seen.insert(listener.address) {
                report.error(
                    at.key("address"),
                    "duplicate-listener",
                    format!("two listeners have the address `{}`", raw.address),
                );
            }
            listeners.push(listener);
        }
    }
    if listeners.is_empty() {
        listeners.push(listener::default_listener());
    }
    if !overrides.listen.is_empty() {
        let settings = listeners.clone();
        let with = |(place, &address): (usize, &SocketAddr)| {
            let settings = settings.get(place).or(settings.first()).cloned();
            Listener {
                address,
                ..settings.unwrap_or_else(listener::default_listener)
            }
        };
        listeners = overrides.listen.iter().enumerate().map(with).collect();
    }
    listeners.into_iter().map(Arc::new).collect()
}

fn admin(raw: &raw::Admin, at: At<'_>, report: &mut Report) -> Option<Admin> {
    let address = listener::address(&raw.address, at.key("address"), report)?;
    let token_at = at.key("token");
    let token = match raw
        .token
        .as_ref()
        .map(|token| token.resolve_at(token_at, report))
    {
        Some(Some(Secret::Value { value, .. })) => Some(value.into()),
        Some(Some(Secret::Sha256(_))) => {
            report
                .error(token_at, "invalid-token", "the token itself is needed")
                .help("refer to it by `${env:NAME}`");
            return None;
        }
        Some(None) => return None,
        None => None,
    };
    if token.is_none() && !address.ip().is_loopback() {
        report
            .error(
                at.key("address"),
                "open-admin",
                "others could reach the admin listener without a token",
            )
            .help("add a `token`, or listen on 127.0.0.1");
        return None;
    }
    Some(Admin { address, token })
}

/// A key that only one of the documents may have.
fn once<'a, T>(
    documents: &'a [Loaded],
    key: &str,
    read: impl Fn(&'a raw::Document) -> Option<&'a T>,
    report: &mut Report,
) -> Option<(&'a T, At<'a>)> {
    let mut found: Option<(&T, At<'_>)> = None;
    for Loaded { source, document } in documents {
        let Some(value) = read(document) else {
            continue;
        };
        let at = At::root(source).key(key);
        match found {
            None => found = Some((value, at)),
            Some((_, first)) => {
                let message = format!(
                    "`{key}` stands in another file too: {}",
                    first.source().name()
                );
                report
                    .error(at, "given-twice", message)
                    .help("say it in one place");
            }
        }
    }
    found
}

fn log_output(output: &raw::LogOutput, at: At<'_>) -> Output {
    match output {
        raw::LogOutput::Stdout => Output::Stdout,
        raw::LogOutput::Stderr => Output::Stderr,
        raw::LogOutput::Off => Output::Off,
        raw::LogOutput::File(path) => Output::File(at.source().directory().join(path)),
    }
}

/// The documents as they were read, with keys of consumers and secrets of plugins left out.
pub fn without_secrets(documents: &[Loaded]) -> Value {
    let redacted = documents.iter().map(|Loaded { source, .. }| {
        let mut value = source.value().clone();
        if let Some(token) = value.pointer_mut("/admin/token") {
            *token = json!("REDACTED");
        }
        let consumers = value.get_mut("consumers").and_then(Value::as_array_mut);
        for consumer in consumers.into_iter().flatten() {
            if let Some(keys) = consumer.get_mut("keys").and_then(Value::as_array_mut) {
                let left = keys.len();
                *keys = vec![json!("REDACTED"); left];
            }
            if let Some(password) = consumer.pointer_mut("/basic/password") {
                *password = json!("REDACTED");
            }
        }
        secret::conceal(&mut value, &|_| "REDACTED".to_owned());
        json!({"file": source.name(), "document": value})
    });
    redacted.collect()
}
