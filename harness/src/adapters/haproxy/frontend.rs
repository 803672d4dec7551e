//! The frontend: what holds for every request before its backend is chosen.

use std::collections::BTreeSet;

use serde_json::Value;

use super::words::{escaped, line, word};
use crate::adapters::Unsupported;
use crate::adapters::common::callers::OF_CERTIFICATES;
use crate::adapters::common::values::{bytes, duration};
use crate::fixtures::Listener;

/// A request id of a trusted proxy that is taken as it is.
const SOUND: &str = "'^[A-Za-z0-9._-]{1,128}$'";
/// How many trusted proxies may stand in a row.
const HOPS: u32 = 3;

/// What the frontend's lines are made from.
pub(super) struct Frontend<'a> {
    /// The listener.
    pub listener: &'a Listener,
    /// The header with the request id; none where ids are switched off.
    pub request_id: Option<String>,
    /// The headers that tell upstreams who calls.
    pub identity: &'a BTreeSet<String>,
    /// Request headers that the access log has.
    pub logged: &'a BTreeSet<String>,
    /// Rules on the host, where the listener speaks TLS.
    pub misdirected: &'a str,
}

impl Frontend<'_> {
    /// Its lines, in the order in which they are carried out.
    pub fn lines(&self) -> Result<String, Unsupported> {
        let mut text = String::new();
        let mut add = |directive: &str| line(&mut text, directive);
        add(&self.log_format());
        add("option dontlognull");
        if self.listener.tls.is_none() && !self.listener.http2 {
            add("option disable-h2-upgrade");
        }
        timeouts(self.listener, &mut add)?;
        self.request_id(&mut add);
        add("http-request set-var(txn.peer) src");
        add("http-request set-var(txn.host) req.hdr(Host),host_only,lower");
        // RFC 9112 §3.2, which HAProxy leaves to rules.
        add("http-request deny deny_status 400 if HTTP_1.1 !{ req.fhdr(Host) -m found }");
        limits(self.listener, &mut add)?;
        if self.listener.tls.is_none() {
            add("http-request return status 421 if { url_beg -i https:// }");
        }
        text.push_str(self.misdirected);
        let mut add = |directive: &str| line(&mut text, directive);
        paths(self.listener, &mut add)?;
        self.strip(&mut add);
        self.forwarded(&mut add);
        add("http-request set-var(txn.path) path");
        if let Some(body) = self.listener.timeouts.get("body") {
            // Once a body is on its way to a server, only the server's silence counts.
            add(&format!("http-request wait-for-body time {body}"));
        }
        for header in self.logged {
            let variable = variable(header);
            add(&format!(
                "http-request set-var({variable}) req.fhdr({header})"
            ));
        }
        Ok(text)
    }

    /// One JSON object a line (§8.2.4).
    fn log_format(&self) -> String {
        let text = |name: &str| format!("%[var(txn.{name}),json(utf8s)]");
        let mut members = format!(
            "\"timestamp\":\"%tr\",\"client\":\"%[var(txn.peer)]\",\"method\":\"%HM\",\"path\":\"{}\"",
            text("path")
        );
        for name in ["route", "service", "consumer"] {
            members.push_str(&format!(",\"{name}\":\"{}\"", text(name)));
        }
        members.push_str(",\"target\":\"%s\",\"status\":%ST,\"duration_ms\":%Ta");
        for header in self.logged {
            let name = header.to_lowercase().replace('-', "_");
            let value = format!("%[var({}),json(utf8s)]", variable(header));
            members.push_str(&format!(",\"{name}\":\"{value}\""));
        }
        let id = if self.request_id.is_some() {
            "%[var(txn.request_id)]"
        } else {
            "%[unique-id]"
        };
        format!("log-format '{{\"request_id\":\"{id}\",{members}}}'")
    }

    fn request_id(&self, add: &mut dyn FnMut(&str)) {
        add("unique-id-format %[uuid()]");
        let Some(header) = &self.request_id else {
            return;
        };
        let unless = if self.listener.trusted_proxies.is_empty() {
            String::new()
        } else {
            let networks = self.listener.trusted_proxies.join(" ");
            add(&format!("acl sound_id req.fhdr({header}) -m reg {SOUND}"));
            add(&format!("acl several_ids req.fhdr_cnt({header}) gt 1"));
            format!(" unless {{ src {networks} }} sound_id !several_ids")
        };
        add(&format!(
            "http-request set-header {header} %[unique-id]{unless}"
        ));
        add(&format!(
            "http-request set-var(txn.request_id) req.fhdr({header})"
        ));
        add(&format!(
            "http-after-response set-header {header} %[var(txn.request_id)]"
        ));
    }

    /// What only the gateway may say, and what is for one hop (RFC 9110 §7.6.1).
    fn strip(&self, add: &mut dyn FnMut(&str)) {
        let own = OF_CERTIFICATES.map(str::to_owned);
        for header in self.identity.iter().chain(&own) {
            // Many upstreams take _ for -.
            let name = header.to_lowercase().replace('_', "-");
            let parts: Vec<String> = name.split('-').map(escaped).collect();
            let expression = word(&format!("^{}$", parts.join("[-_]")));
            add(&format!("http-request del-header {expression} -m reg"));
        }
        for header in ["Keep-Alive", "Proxy-Connection"] {
            add(&format!("http-request del-header {header}"));
            add(&format!("http-response del-header {header}"));
        }
        add("http-request del-header TE unless { req.fhdr(TE) -m str trailers }");
        add("http-response del-header Upgrade unless { status 101 }");
    }

    /// Where a request came from; what the client says of that is kept only from trusted proxies.
    fn forwarded(&self, add: &mut dyn FnMut(&str)) {
        let proto = if self.listener.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let networks = self.listener.trusted_proxies.join(" ");
        let trusts = !networks.is_empty();
        let told = |header: &str| {
            if trusts {
                format!(" unless trusted_peer {{ req.fhdr({header}) -m found }}")
            } else {
                String::new()
            }
        };
        if trusts {
            add(&format!("acl trusted_peer var(txn.peer) -m ip {networks}"));
            add(&format!("acl trusted_source src {networks}"));
            for hop in 1..=HOPS {
                let address = format!("req.hdr_ip(X-Forwarded-For,-{hop})");
                add(&format!(
                    "http-request set-src {address} if trusted_peer trusted_source {{ {address} -m found }}"
                ));
            }
            add(
                "http-request set-header X-Forwarded-For '%[req.fhdr(X-Forwarded-For)], %[var(txn.peer)]' \
                 if trusted_peer { req.fhdr(X-Forwarded-For) -m found }",
            );
        }
        let (address, host) = (told("X-Forwarded-For"), told("X-Forwarded-Host"));
        add(&format!(
            "http-request set-header X-Forwarded-For %[var(txn.peer)]{address}"
        ));
        add(&format!(
            "http-request set-header X-Forwarded-Host %[req.hdr(Host)]{host}"
        ));
        let told = told("X-Forwarded-Proto");
        add(&format!(
            "http-request set-header X-Forwarded-Proto {proto}{told}"
        ));
        add(if trusts {
            "http-request del-header Forwarded unless trusted_peer"
        } else {
            "http-request del-header Forwarded"
        });
        add(&format!(
            "http-request add-header Forwarded 'for=%[var(txn.peer)];host=\"%[req.hdr(Host)]\";proto={proto}'"
        ));
    }
}

fn timeouts(listener: &Listener, add: &mut dyn FnMut(&str)) -> Result<(), Unsupported> {
    let mut given = listener.timeouts.clone();
    for (name, directive, default) in [
        ("head", "http-request", "10s"),
        ("body", "client", "30s"),
        ("keepAlive", "http-keep-alive", "60s"),
    ] {
        let value = given.remove(name);
        let value = value.as_deref().unwrap_or(default);
        duration(value)?;
        add(&format!("timeout {directive} {value}"));
    }
    match given.keys().next() {
        None => Ok(()),
        Some(other) => Err(Unsupported::new(format!("timeouts.{other} is unknown"))),
    }
}

fn limits(listener: &Listener, add: &mut dyn FnMut(&str)) -> Result<(), Unsupported> {
    for (name, value) in &listener.limits {
        let size = bytes(value)?;
        add(&match name.as_str() {
            "headerBytes" => {
                format!("http-request return status 431 if {{ req.hdrs,length gt {size} }}")
            }
            "headerCount" => {
                // Another one has been added by now: the request id.
                format!(
                    "http-request return status 431 if {{ req.fhdr_cnt() gt {} }}",
                    size + 1
                )
            }
            "targetBytes" => {
                format!("http-request return status 414 if {{ url_len gt {size} }}")
            }
            other => return Err(Unsupported::new(format!("limits.{other} is unknown"))),
        });
    }
    Ok(())
}

/// The normal form (RFC 3986 §6.2.2), on which a request is routed and in which it goes on.
fn paths(listener: &Listener, add: &mut dyn FnMut(&str)) -> Result<(), Unsupported> {
    let mut given = listener.paths.clone();
    let merge = given.remove("mergeSlashes");
    let merge = merge.as_ref().and_then(Value::as_bool).unwrap_or(false);
    let slashes = given.remove("encodedSlashes");
    let hidden = match slashes.as_ref().and_then(Value::as_str) {
        None | Some("reject") => "%2f %5c %00",
        Some("keep") => "%00",
        Some(other) => return Err(Unsupported::new(format!("encodedSlashes {other}"))),
    };
    if let Some(other) = given.keys().next() {
        return Err(Unsupported::new(format!("paths.{other} is unknown")));
    }
    add("http-request set-uri %[pathq] if { url_beg -i http:// https:// }");
    add("http-request normalize-uri percent-decode-unreserved strict");
    add("http-request normalize-uri percent-to-uppercase strict");
    if merge {
        add("http-request normalize-uri path-merge-slashes");
    }
    add("http-request normalize-uri path-strip-dot");
    add("http-request normalize-uri path-strip-dotdot full");
    add(&format!(
        "http-request deny deny_status 400 if {{ path_sub -i {hidden} }}"
    ));
    Ok(())
}

/// The variable that keeps a request header for the log.
fn variable(header: &str) -> String {
    format!("txn.header_{}", header.to_lowercase().replace('-', "_"))
}
