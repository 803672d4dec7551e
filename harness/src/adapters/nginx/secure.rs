//! TLS: what a listener shows and asks for, and how a service is spoken to.

use super::location::escaped;
use super::plugins::quoted;
use super::render::line;
use crate::adapters::Unsupported;
use crate::fixtures::{ClientCertificates, Fixture, ListenerTls, OneOrMany, Service, pem_name};

/// The file of the authorities that are trusted where a configuration names none.
pub(super) const ROOTS: &str = "system-roots.pem";

/// The directives of a listener, for the `http` block. The certificate goes by the server name of the handshake, and is for
/// the hosts that `$covered` is 1 for.
pub(super) fn listener(fixture: &Fixture, tls: &ListenerTls) -> Result<String, Unsupported> {
    let ListenerTls {
        certificates,
        min_version,
        client_certificates,
    } = tls;
    let (hosts, mut text) = (fixture.listener_hosts(0), String::new());
    let mut names = Vec::new();
    for pair in certificates {
        names.push((file(&pair.certificate)?, file(&pair.key)?));
    }
    match names.as_slice() {
        [] => return Err(Unsupported::new("tls without a certificate")),
        [(certificate, key)] => {
            line(&mut text, 1, &format!("ssl_certificate {certificate}"));
            line(&mut text, 1, &format!("ssl_certificate_key {key}"));
        }
        [first, ..] => {
            for (variable, default, choose) in [
                ("certificate", &first.0, 0),
                ("certificate_key", &first.1, 1),
            ] {
                text.push_str(&format!(
                    "    map $ssl_server_name $served_{variable} {{\n        hostnames;\n"
                ));
                line(&mut text, 2, &format!("default {default}"));
                for (hosts, names) in hosts.iter().zip(&names) {
                    let chosen = [&names.0, &names.1][choose];
                    for host in hosts {
                        line(&mut text, 2, &format!("{} {chosen}", entry(host)));
                    }
                }
                text.push_str("    }\n");
                line(&mut text, 1, &format!("ssl_{variable} $served_{variable}"));
            }
        }
    }
    covered(&hosts, &names, &mut text);
    let versions = match min_version.as_deref() {
        None | Some("1.2") => "TLSv1.2 TLSv1.3",
        Some("1.3") => "TLSv1.3",
        Some(other) => return Err(Unsupported::new(format!("minVersion {other}"))),
    };
    line(&mut text, 1, &format!("ssl_protocols {versions}"));
    if let Some(clients) = client_certificates {
        clients_of(clients, &mut text)?;
    }
    Ok(text)
}

/// Whether the certificate of the connection is for the host that a request is for.
fn covered(hosts: &[Vec<String>], names: &[(String, String)], text: &mut String) {
    let several = names.len() > 1;
    let from = if several {
        "\"$served_certificate:$host\""
    } else {
        "$host"
    };
    text.push_str(&format!("    map {from} $covered {{\n"));
    line(text, 2, "default 0");
    for (hosts, (certificate, _)) in hosts.iter().zip(names) {
        for host in hosts {
            let host = match host.strip_prefix('*') {
                Some(rest) => format!("[^.]+{}", escaped(rest)),
                None => escaped(host),
            };
            let before = if several {
                format!("{}:", escaped(certificate))
            } else {
                String::new()
            };
            line(
                text,
                2,
                &format!("{} 1", quoted(&format!("~*^{before}{host}$"))),
            );
        }
    }
    text.push_str("    }\n");
}

/// A map's entry for a host. A wildcard of its own would stand for several labels; in a certificate it is one (RFC 6125
/// §6.4.3).
fn entry(host: &str) -> String {
    match host.strip_prefix('*') {
        Some(rest) => quoted(&format!("~*^[^.]+{}$", escaped(rest))),
        None => host.to_owned(),
    }
}

fn clients_of(clients: &ClientCertificates, text: &mut String) -> Result<(), Unsupported> {
    let ClientCertificates { mode, ca, crl } = clients;
    let verify = match mode.as_deref() {
        None | Some("required") => "on",
        Some("optional") => "optional",
        Some("off") => return Ok(()),
        Some(other) => return Err(Unsupported::new(format!("clientCertificates.mode {other}"))),
    };
    line(text, 1, &format!("ssl_verify_client {verify}"));
    line(text, 1, "ssl_verify_depth 3");
    for (directive, files) in [("ssl_client_certificate", ca), ("ssl_crl", crl)] {
        if let Some(name) = only(files)? {
            line(text, 1, &format!("{directive} {name}"));
        }
    }
    Ok(())
}

/// Whether a service is spoken to over TLS.
///
/// # Errors
/// When some of its targets are and others aren't.
pub(super) fn scheme(service: &Service) -> Result<&'static str, Unsupported> {
    let targets = service.targets();
    let secure = targets
        .iter()
        .filter(|(url, _)| url.starts_with("https://"))
        .count();
    match secure {
        0 => Ok("http"),
        _ if secure == targets.len() => Ok("https"),
        _ => Err(Unsupported::new(
            "http and https in one service: proxy_pass has one scheme",
        )),
    }
}

/// The directives for a service, in a location.
pub(super) fn upstream(service: &Service, add: &mut dyn FnMut(&str)) -> Result<(), Unsupported> {
    if scheme(service)? == "http" {
        return Ok(());
    }
    let tls = service.tls.clone().unwrap_or_default();
    let authority = only(&tls.ca)?.unwrap_or_else(|| ROOTS.to_owned());
    let name = match (&tls.server_name, service.authorities().as_slice()) {
        (Some(name), _) => name.clone(),
        (None, [(authority, _)]) => {
            let host = authority.rsplit_once(':').map(|(host, _)| host);
            host.unwrap_or(authority).to_owned()
        }
        (None, _) => {
            return Err(Unsupported::new(
                "https to several targets: the name in the handshake is set before the target is chosen",
            ));
        }
    };
    add("proxy_ssl_verify on");
    add("proxy_ssl_verify_depth 3");
    add("proxy_ssl_protocols TLSv1.2 TLSv1.3");
    add(&format!("proxy_ssl_trusted_certificate {authority}"));
    add("proxy_ssl_server_name on");
    add(&format!("proxy_ssl_name {}", quoted(&name)));
    if let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) {
        add(&format!("proxy_ssl_certificate {}", file(certificate)?));
        add(&format!("proxy_ssl_certificate_key {}", file(key)?));
    }
    Ok(())
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
