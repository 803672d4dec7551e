//! What is global, and the sites: one, or one for the hosts of each certificate where there are several.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::lines::{Lines, literal};
use crate::adapters::Unsupported;
use crate::adapters::common::values;
use crate::fixtures::{ClientCertificates, Fixture, Listener, ListenerTls, OneOrMany, pem_name};

/// The snippet that every site imports.
pub(super) const API: &str = "api";

/// The global options.
pub(super) fn globals(listener: &Listener) -> Result<Lines, Unsupported> {
    let mut options = Lines::default();
    options.line("admin off");
    options.line("auto_https off");
    options.block("servers", servers(listener)?);
    let mut globals = Lines::default();
    globals.block("", options);
    Ok(globals)
}

fn servers(listener: &Listener) -> Result<Lines, Unsupported> {
    let Listener {
        address: _,
        // Said where requests are forwarded.
        trusted_proxies: _,
        http2,
        timeouts,
        paths,
        limits,
        tls,
    } = listener;
    if let Some(name) = limits.keys().next() {
        return Err(Unsupported::new(format!(
            "limits.{name}: max_header_size, which lets 4 KiB more pass, is the only one"
        )));
    }
    if paths
        .get("encodedSlashes")
        .is_some_and(|value| value != "reject")
    {
        return Err(Unsupported::new(
            "encodedSlashes: paths are matched decoded",
        ));
    }
    let mut durations = Lines::default();
    for (name, value) in timeouts {
        let option = match name.as_str() {
            "head" => "read_header",
            "body" => "read_body",
            "keepAlive" => "idle",
            other => return Err(Unsupported::new(format!("timeouts.{other} is unknown"))),
        };
        values::duration(value)?;
        durations.line(format!("{option} {value}"));
    }
    let mut servers = Lines::default();
    match (tls.is_some(), http2) {
        (true, _) => servers.line("protocols h1 h2"),
        (false, true) => servers.line("protocols h1 h2 h2c"),
        (false, false) => {}
    }
    servers.block("timeouts", durations);
    Ok(servers)
}

/// The sites, all of which serve the same.
pub(super) fn sites(
    fixture: &Fixture,
    listener: &Listener,
    listen: SocketAddr,
) -> Result<Lines, Unsupported> {
    let (address, port) = (listen.ip(), listen.port());
    let mut sites = Lines::default();
    let mut site = |addresses: &str, tls: Lines| {
        let mut inner = Lines::default();
        inner.line(format!("bind {address}"));
        inner.append(tls);
        inner.line(format!("import {API}"));
        sites.block(addresses, inner);
    };
    let Some(tls) = &listener.tls else {
        site(&format!("http://:{port}"), Lines::default());
        return Ok(sites);
    };
    // The first certificate is for the hosts that no other is for.
    site(&format!("https://:{port}"), secured(tls, 0)?);
    let hosts = fixture.listener_hosts(0);
    let mut taken: BTreeSet<&String> = hosts.first().into_iter().flatten().collect();
    for index in 1..tls.certificates.len() {
        let own = hosts.get(index).into_iter().flatten();
        let addresses: Vec<String> = own
            .filter(|host| taken.insert(host))
            .map(|host| Ok(format!("https://{}:{port}", literal(host)?)))
            .collect::<Result<_, Unsupported>>()?;
        if !addresses.is_empty() {
            site(&addresses.join(", "), secured(tls, index)?);
        }
    }
    Ok(sites)
}

/// How a site speaks TLS with the certificate at `index`.
fn secured(tls: &ListenerTls, index: usize) -> Result<Lines, Unsupported> {
    let ListenerTls {
        certificates,
        min_version,
        client_certificates,
    } = tls;
    let pair = certificates.get(index);
    let pair = pair.ok_or_else(|| Unsupported::new("tls without a certificate"))?;
    let mut inner = Lines::default();
    match min_version.as_deref() {
        None | Some("1.2") => inner.line("protocols tls1.2 tls1.3"),
        Some("1.3") => inner.line("protocols tls1.3"),
        Some(other) => return Err(Unsupported::new(format!("minVersion {other}"))),
    }
    if let Some(clients) = client_certificates {
        inner.block("client_auth", clients_of(clients)?);
    }
    let mut lines = Lines::default();
    let opening = format!("tls {} {}", file(&pair.certificate)?, file(&pair.key)?);
    lines.block(opening, inner);
    Ok(lines)
}

fn clients_of(clients: &ClientCertificates) -> Result<Lines, Unsupported> {
    let ClientCertificates { mode, ca, crl } = clients;
    let mode = match mode.as_deref() {
        None | Some("required") => "require_and_verify",
        Some("optional") => "verify_if_given",
        Some("off") => return Ok(Lines::default()),
        Some(other) => return Err(Unsupported::new(format!("clientCertificates.mode {other}"))),
    };
    if !crl.0.is_empty() {
        return Err(Unsupported::new(
            "clientCertificates.crl: no list of revoked certificates is looked at",
        ));
    }
    let mut lines = Lines::default();
    lines.line(format!("mode {mode}"));
    for name in files(ca)? {
        lines.line(format!("trusted_ca_cert_file {name}"));
    }
    Ok(lines)
}

/// The names of PEM files.
pub(super) fn files(files: &OneOrMany) -> Result<Vec<String>, Unsupported> {
    files.0.iter().map(|text| file(text)).collect()
}

/// The name of a PEM file.
pub(super) fn file(text: &str) -> Result<String, Unsupported> {
    pem_name(text).ok_or_else(|| Unsupported::new("PEM that is not in a file"))
}
