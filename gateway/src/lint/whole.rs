//! What a configuration has once: secrets, listeners, consumers.

use super::Findings;
use super::routes::authenticates;
use crate::compile::Outline;
use crate::config::{At, raw};
use ipnet::IpNet;
use std::net::SocketAddr;

pub fn plain_text_secret(outline: &Outline<'_>, found: &mut Findings<'_>) {
    let reason = "the secret stands in the file, for everyone who can read it or its history";
    for loaded in outline.documents {
        let root = At::root(&loaded.source);
        let token = loaded
            .document
            .admin
            .as_ref()
            .and_then(|admin| admin.token.as_ref());
        if token.is_some_and(|token| token.is_plain_text()) {
            let mend = "replace it, and refer to the new one by `${env:NAME}` or `${file:path}`";
            found.add(root.key("admin").key("token"), reason, mend);
        }
        for (place, consumer) in loaded.document.consumers.iter().enumerate() {
            let at = root.key("consumers").index(place);
            let password = consumer.basic.as_ref().map(|basic| &basic.password);
            if password.is_some_and(|password| password.is_plain_text() && !password.is_hash()) {
                let mend = "give the consumer a new password, and write what `gateway hash-password` prints, `${env:NAME}` or `${file:path}`";
                found.add(at.key("basic").key("password"), reason, mend);
            }
            let list = at.key("keys");
            for (place, key) in consumer.keys.iter().enumerate() {
                let (text, at) = match key {
                    raw::Key::Lasting(text) => (text, list.index(place)),
                    raw::Key::Expiring(key) => (&key.key, list.index(place).key("key")),
                };
                if text.is_plain_text() {
                    let mend = "give the consumer a new key, and write `${env:NAME}`, `${file:path}` or its `sha256:` digest";
                    found.add(at, reason, mend);
                }
            }
        }
    }
}

pub fn trusts_everyone(outline: &Outline<'_>, found: &mut Findings<'_>) {
    for loaded in outline.documents {
        let list = At::root(&loaded.source).key("listeners");
        for (place, listener) in loaded.document.listeners.iter().enumerate() {
            let networks = list.index(place).key("trustedProxies");
            for (place, text) in listener.trusted_proxies.iter().enumerate() {
                if text
                    .parse()
                    .is_ok_and(|network: IpNet| network.prefix_len() == 0)
                {
                    found.add(
                        networks.index(place),
                        "every client may say which address it has, and so get past limits by address",
                        "name the networks of your own proxies only",
                    );
                }
            }
        }
    }
}

/// A listener with `trustedProxies` has TLS in front of it, as a rule; one on a loopback address needs none.
pub fn credentials_in_clear(outline: &Outline<'_>, found: &mut Findings<'_>) {
    if !outline.routes.iter().any(authenticates) {
        return;
    }
    for loaded in outline.documents {
        let list = At::root(&loaded.source).key("listeners");
        for (place, listener) in loaded.document.listeners.iter().enumerate() {
            let address = listener.address.parse::<SocketAddr>();
            let open = address.is_ok_and(|address| !address.ip().is_loopback());
            if open && listener.tls.is_none() && listener.trusted_proxies.is_empty() {
                found.add(
                    list.index(place).key("address"),
                    "clients send their credentials in clear, for everyone on the way to read",
                    "add `tls` with a certificate, or name the proxies that end TLS in front of it by `trustedProxies`",
                );
            }
        }
    }
}

pub fn unused_consumers(outline: &Outline<'_>, found: &mut Findings<'_>) {
    if outline.routes.iter().any(authenticates) {
        return;
    }
    for loaded in outline
        .documents
        .iter()
        .filter(|loaded| !loaded.document.consumers.is_empty())
    {
        found.add(
            At::root(&loaded.source).key("consumers").on_key(),
            "there are consumers, but no route asks who calls",
            "add a plugin such as key-auth to the routes that are for them",
        );
    }
}
