//! TLS: what the listener shows and asks for, and how a service is spoken to.

use serde_json::{Value, json};

use super::render::put;
use super::values::extension;
use crate::adapters::Unsupported;
use crate::fixtures::{ClientCertificates, ListenerTls, OneOrMany, Service, pem_name};

/// The file of the authorities that are trusted where a configuration names none.
pub(super) const ROOTS: &str = "system-roots.pem";
const SOCKET: &str = "envoy.transport_sockets.tls";

/// The transport socket of a listener. Of its certificates Envoy takes the one that is for the server name.
pub(super) fn listener(tls: &ListenerTls) -> Result<Value, Unsupported> {
    let ListenerTls {
        certificates,
        min_version,
        client_certificates,
    } = tls;
    let mut pairs = Vec::new();
    for pair in certificates {
        pairs.push(certificate(&pair.certificate, &pair.key)?);
    }
    let least = match min_version.as_deref() {
        None | Some("1.2") => "TLSv1_2",
        Some("1.3") => "TLSv1_3",
        Some(other) => return Err(Unsupported::new(format!("minVersion {other}"))),
    };
    let mut common = json!({
        "tls_params": {"tls_minimum_protocol_version": least, "tls_maximum_protocol_version": "TLSv1_3"},
        "tls_certificates": pairs,
        "alpn_protocols": ["h2", "http/1.1"],
    });
    let mut required = false;
    if let Some(clients) = client_certificates {
        let ClientCertificates { mode, ca, crl } = clients;
        required = match mode.as_deref() {
            None | Some("required") => true,
            Some("optional") => false,
            Some(other) => {
                return Err(Unsupported::new(format!("clientCertificates.mode {other}")));
            }
        };
        let mut validation = json!({});
        if let Some(name) = only(ca)? {
            put(&mut validation, "trusted_ca", json!({"filename": name}));
        }
        if let Some(name) = only(crl)? {
            put(&mut validation, "crl", json!({"filename": name}));
            put(&mut validation, "only_verify_leaf_cert_crl", true);
        }
        put(&mut common, "validation_context", validation);
    }
    let mut context = json!({"common_tls_context": common});
    if required {
        put(&mut context, "require_client_certificate", true);
    }
    Ok(extension(
        SOCKET,
        "extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        context,
    ))
}

/// The transport socket of a service, where it is spoken to over TLS.
pub(super) fn service(service: &Service) -> Result<Option<Value>, Unsupported> {
    let targets = service.targets();
    let secure = targets
        .iter()
        .filter(|(url, _)| url.starts_with("https://"))
        .count();
    if secure == 0 {
        return Ok(None);
    }
    if secure < targets.len() {
        return Err(Unsupported::new(
            "http and https in one service: a cluster has one transport socket",
        ));
    }
    let tls = service.tls.clone().unwrap_or_default();
    let authorities = service.authorities();
    let name = match (&tls.server_name, authorities.as_slice()) {
        (Some(name), _) => name.as_str(),
        (None, [(authority, _)]) => host(authority),
        (None, _) => {
            return Err(Unsupported::new(
                "https to several targets: a cluster has one server name",
            ));
        }
    };
    let authority = only(&tls.ca)?.unwrap_or_else(|| ROOTS.to_owned());
    let mut context = upstream(name, &authority, service.http2);
    if let (Some(shown), Some(key)) = (&tls.certificate, &tls.key) {
        context["common_tls_context"]["tls_certificates"] = json!([certificate(shown, key)?]);
    }
    Ok(Some(socket(context)))
}

/// How a server of this name is spoken to, which an authority has to vouch for.
pub(super) fn upstream(name: &str, authority: &str, http2: bool) -> Value {
    let protocol = if http2 { "h2" } else { "http/1.1" };
    json!({
        "sni": name,
        "common_tls_context": {
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
            "alpn_protocols": [protocol],
            "validation_context": {
                "trusted_ca": {"filename": authority},
                "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": name}}],
            },
        },
    })
}

/// A transport socket towards others.
pub(super) fn socket(context: Value) -> Value {
    extension(
        SOCKET,
        "extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        context,
    )
}

/// The host of an authority.
pub(super) fn host(authority: &str) -> &str {
    authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host)
}

fn certificate(certificate: &str, key: &str) -> Result<Value, Unsupported> {
    Ok(json!({
        "certificate_chain": {"filename": file(certificate)?},
        "private_key": {"filename": file(key)?},
    }))
}

/// The one file of these.
pub(super) fn only(files: &OneOrMany) -> Result<Option<String>, Unsupported> {
    match files.0.as_slice() {
        [] => Ok(None),
        [only] => file(only).map(Some),
        _ => Err(Unsupported::new("several ca or crl: one file is taken")),
    }
}

fn file(text: &str) -> Result<String, Unsupported> {
    pem_name(text).ok_or_else(|| Unsupported::new("PEM that is not in a file"))
}
