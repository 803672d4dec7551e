//! TLS of the listener, by Node.js.

use serde_json::{Map, Value, json};

use crate::adapters::Unsupported;
use crate::fixtures::{Fixture, ListenerTls, pem_name};

/// Where it listens, with what it shows and asks for.
pub(super) fn listener(
    fixture: &Fixture,
    tls: &ListenerTls,
    at: Value,
) -> Result<Value, Unsupported> {
    let file =
        |text: &str| pem_name(text).ok_or_else(|| Unsupported::new("PEM that is not in a file"));
    let mut options = match tls.min_version.as_deref() {
        None | Some("1.2") => json!({"minVersion": "TLSv1.2"}),
        Some("1.3") => json!({"minVersion": "TLSv1.3"}),
        Some(other) => return Err(Unsupported::new(format!("minVersion {other}"))),
    };
    let mut authorities = Vec::new();
    if let Some(clients) = &tls.client_certificates {
        match clients.mode.as_deref() {
            None | Some("required") => {
                options["requestCert"] = json!(true);
                options["rejectUnauthorized"] = json!(true);
            }
            Some("off") => {}
            Some(mode) => {
                return Err(Unsupported::new(format!(
                    "clientCertificates.mode {mode}: a certificate that isn't trusted would pass"
                )));
            }
        }
        if !clients.crl.0.is_empty() {
            return Err(Unsupported::new(
                "clientCertificates.crl: there is no setting for it",
            ));
        }
        for authority in &clients.ca.0 {
            authorities.push(file(authority)?);
        }
    }
    let mut shown = Map::new();
    let hosts = fixture.listener_hosts(0);
    for (index, pair) in tls.certificates.iter().enumerate() {
        let mut entry = json!({"key": file(&pair.key)?, "cert": file(&pair.certificate)?});
        if !authorities.is_empty() {
            entry["ca"] = json!(authorities);
        }
        if index == 0 {
            shown.insert("default".to_owned(), entry.clone());
        }
        if tls.certificates.len() > 1 {
            for host in hosts.get(index).into_iter().flatten() {
                shown.insert(host.clone(), entry.clone());
            }
        }
    }
    let mut at = at;
    at["tls"] = Value::Object(shown);
    at["options"] = options;
    Ok(at)
}
