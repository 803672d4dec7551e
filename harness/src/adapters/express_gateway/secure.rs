//! TLS of the listener, by Node.js.

use serde_json::{Map, Value, json};

use crate::adapters::Unsupported;
use crate::fixtures::{ClientCertificates, Fixture, ListenerTls, OneOrMany, Texts, pem_name};

/// Where it listens, with what it shows and asks for.
pub(super) fn listener(
    fixture: &Fixture,
    tls: &ListenerTls,
    at: Value,
    files: &Texts,
) -> Result<Value, Unsupported> {
    let mut options = match tls.min_version.as_deref() {
        None | Some("1.2") => json!({"minVersion": "TLSv1.2"}),
        Some("1.3") => json!({"minVersion": "TLSv1.3"}),
        Some(other) => return Err(Unsupported::new(format!("minVersion {other}"))),
    };
    let mut authorities = Vec::new();
    if let Some(clients) = &tls.client_certificates {
        ask(clients, &mut options)?;
        for authority in &clients.ca.0 {
            authorities.push(file(authority)?);
        }
        if !clients.crl.0.is_empty() {
            if tls.certificates.len() > 1 {
                return Err(Unsupported::new(
                    "clientCertificates.crl: with several certificates it is looked at for the first alone",
                ));
            }
            options["crl"] = json!(lists(&clients.crl, files)?);
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

/// The policy that refuses a certificate that was shown and isn't trusted, where none has to be shown: Node.js lets such a
/// connection be.
pub(super) fn untrusted(tls: Option<&ListenerTls>) -> Option<Value> {
    let clients = tls?.client_certificates.as_ref()?;
    (clients.mode.as_deref() == Some("optional")).then(|| {
        let shown = "Object.keys(req.socket.getPeerCertificate()).length > 0";
        json!({"terminate": [{
            "condition": {"name": "allOf", "conditions": [
                {"name": "not", "condition": {"name": "tlsClientAuthenticated"}},
                {"name": "expression", "expression": shown},
            ]},
            "action": {"statusCode": 400, "message": "The certificate is not trusted"},
        }]})
    })
}

fn ask(clients: &ClientCertificates, options: &mut Value) -> Result<(), Unsupported> {
    let required = match clients.mode.as_deref() {
        None | Some("required") => true,
        Some("optional") => false,
        Some("off") => return Ok(()),
        Some(mode) => return Err(Unsupported::new(format!("clientCertificates.mode {mode}"))),
    };
    options["requestCert"] = json!(true);
    options["rejectUnauthorized"] = json!(required);
    Ok(())
}

/// Lists of what was revoked: an option of Node.js takes their text.
fn lists(crl: &OneOrMany, files: &Texts) -> Result<Vec<String>, Unsupported> {
    let text = |name: &String| files.get(&file(name)?).cloned().ok_or_else(missing);
    crl.0.iter().map(text).collect()
}

fn missing() -> Unsupported {
    Unsupported::new("clientCertificates.crl: a list that isn't there")
}

fn file(text: &str) -> Result<String, Unsupported> {
    pem_name(text).ok_or_else(|| Unsupported::new("PEM that is not in a file"))
}
