//! TLS of a listener: a virtual host for the hosts of each certificate, the first of which is for all others.

use std::collections::BTreeSet;

use super::ROUTES;
use super::text::{Lines, literal};
use crate::adapters::Unsupported;
use crate::fixtures::{ClientCertificates, Fixture, ListenerTls, OneOrMany, pem_name};

/// The virtual hosts.
pub(super) fn hosts(fixture: &Fixture, tls: &ListenerTls) -> Result<Lines, Unsupported> {
    let ListenerTls {
        certificates,
        min_version,
        client_certificates,
    } = tls;
    if certificates.is_empty() {
        return Err(Unsupported::new("tls without a certificate"));
    }
    let mut common = Lines::default();
    common.line("SSLEngine on");
    common.line(match min_version.as_deref() {
        None | Some("1.2") => "SSLProtocol -all +TLSv1.2 +TLSv1.3".to_owned(),
        Some("1.3") => "SSLProtocol -all +TLSv1.3".to_owned(),
        Some(other) => return Err(Unsupported::new(format!("minVersion {other}"))),
    });
    if let Some(clients) = client_certificates {
        common.append(clients_of(clients)?);
    }
    let (hosts, mut lines) = (fixture.listener_hosts(0), Lines::default());
    let mut taken = BTreeSet::new();
    for (index, pair) in certificates.iter().enumerate() {
        let own = hosts.get(index).into_iter().flatten();
        let own: Vec<String> = own
            .filter(|host| taken.insert((*host).clone()))
            .map(|host| literal(host))
            .collect::<Result<_, _>>()?;
        let mut host = Lines::default();
        // A wildcard can't be the name itself.
        host.line(format!("ServerName certificate-{index}.invalid"));
        let mut aliases = own;
        if index == 0 {
            // A wildcard stands for several labels here, and for one in a certificate (RFC 6125 §6.4.3).
            let wildcards = hosts.iter().flatten().filter(|host| host.starts_with("*."));
            aliases.extend(wildcards.map(|host| format!("*.{host}")));
        }
        if !aliases.is_empty() {
            host.line(format!("ServerAlias {}", aliases.join(" ")));
        }
        host.line(format!("SSLCertificateFile {}", file(&pair.certificate)?));
        host.line(format!("SSLCertificateKeyFile {}", file(&pair.key)?));
        host.append(common.clone());
        host.line(format!("Include {ROUTES}"));
        lines.section("VirtualHost", "*:*", host);
    }
    Ok(lines)
}

fn clients_of(clients: &ClientCertificates) -> Result<Lines, Unsupported> {
    let ClientCertificates { mode, ca, crl } = clients;
    let verify = match mode.as_deref() {
        None | Some("required") => "require",
        Some("optional") => "optional",
        Some("off") => return Ok(Lines::default()),
        Some(other) => return Err(Unsupported::new(format!("clientCertificates.mode {other}"))),
    };
    let mut lines = Lines::default();
    lines.line(format!("SSLVerifyClient {verify}"));
    lines.line("SSLVerifyDepth 3");
    for (directive, files) in [("SSLCACertificateFile", ca), ("SSLCARevocationFile", crl)] {
        if let Some(name) = only(files)? {
            lines.line(format!("{directive} {name}"));
        }
    }
    if !crl.0.is_empty() {
        lines.line("SSLCARevocationCheck chain");
    }
    Ok(lines)
}

fn only(files: &OneOrMany) -> Result<Option<String>, Unsupported> {
    match files.0.as_slice() {
        [] => Ok(None),
        [only] => file(only).map(Some),
        _ => Err(Unsupported::new("several ca or crl: one file is taken")),
    }
}

fn file(text: &str) -> Result<String, Unsupported> {
    pem_name(text).ok_or_else(|| Unsupported::new("PEM that is not in a file"))
}
