//! TLS of a listener: the certificates that it shows, and what clients have to show.

use crate::config::{At, Report, pem, raw};
use crate::domain::tls::RevocationList;
use crate::tls::{Clients, MinVersion, Served, ServerTls};
use std::sync::Arc;
use std::time::SystemTime;

/// `at` is the `tls` of the listener. `None` with at least one error in the report.
pub fn compile(raw: &raw::ServerTls, at: At<'_>, report: &mut Report) -> Option<Arc<ServerTls>> {
    let list = at.key("certificates");
    let served = raw.certificates.iter().enumerate();
    let served = served.map(|(place, raw)| certificate(raw, list.index(place), report));
    // Every certificate's mistakes are told.
    let served: Vec<_> = served.collect();
    let clients = raw.client_certificates.as_ref();
    let clients = match clients.map(|raw| clients_of(raw, at.key("clientCertificates"), report)) {
        None | Some(Ok(None)) => None,
        Some(Ok(some)) => some,
        Some(Err(())) => return None,
    };
    let mut served = served.into_iter().collect::<Option<Vec<_>>>()?.into_iter();
    let minimum = match raw.min_version {
        None | Some(raw::TlsVersion::Tls12) => MinVersion::Tls12,
        Some(raw::TlsVersion::Tls13) => MinVersion::Tls13,
    };
    match ServerTls::new(served.next()?, served.collect(), minimum, clients) {
        Ok(tls) => Some(Arc::new(tls)),
        Err(error) => {
            report.error(at, "invalid-tls", error.to_string());
            None
        }
    }
}

fn certificate(raw: &raw::ServerCertificate, at: At<'_>, report: &mut Report) -> Option<Served> {
    let identity = pem::identity(&raw.certificate, &raw.key, at, report)?;
    let at = at.key("certificate");
    match Served::new(identity) {
        Ok(served) => {
            if served.names().is_empty() {
                let what = "the certificate names no host: clients look at nothing but its alternative names";
                report
                    .warn(at, "nameless-certificate", what)
                    .help("make one with a subject alternative name for each host that is served");
            }
            Some(served)
        }
        Err(mistake) => {
            report.mistake(at, "invalid-pem", mistake);
            None
        }
    }
}

/// The check that clients have to pass, if they are asked for anything; an error is in the report.
fn clients_of(
    raw: &raw::ClientCertificates,
    at: At<'_>,
    report: &mut Report,
) -> Result<Option<Clients>, ()> {
    let roots = raw.ca.as_ref();
    let roots = roots.map(|list| pem::roots(list, at.key("ca"), report));
    let lists = raw.crl.as_ref();
    let lists = lists.map(|list| pem::revocation_lists(list, at.key("crl"), report));
    let required = match raw.mode {
        None | Some(raw::ClientCertificateMode::Required) => true,
        Some(raw::ClientCertificateMode::Optional) => false,
        // What is wrong with the material is told even so.
        Some(raw::ClientCertificateMode::Off) => return Ok(None),
    };
    let Some(roots) = roots else {
        let what = "nobody says which clients' certificates are taken";
        report
            .error(at.on_key(), "missing-key", what)
            .help("name the authorities that make them by `ca`, or write `mode: off`");
        return Err(());
    };
    let lists = lists.unwrap_or_else(|| Some(vec![])).ok_or(())?;
    warn_of_age(&lists, at.key("crl"), report);
    match Clients::new(required, &roots.ok_or(())?, lists) {
        Ok(clients) => Ok(Some(clients)),
        Err(mistake) => {
            report.mistake(at.key("crl"), "invalid-pem", mistake);
            Err(())
        }
    }
}

fn warn_of_age(lists: &[RevocationList], at: At<'_>, report: &mut Report) {
    let now = SystemTime::now();
    for issuer in lists.iter().filter_map(|list| list_out_of_date(list, now)) {
        let what = format!("the list of revoked certificates by `{issuer}` is out of date");
        report.warn(at, "expired-crl", what).help(
            "put the newest in its place: until then, no client with a certificate of this authority is let in",
        );
    }
}

/// Whose list it is, if its time is over (RFC 5280 §5.1.2.5).
fn list_out_of_date(list: &RevocationList, now: SystemTime) -> Option<String> {
    use x509_parser::prelude::{CertificateRevocationList, FromDer};
    let (_, list) = CertificateRevocationList::from_der(list).ok()?;
    let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    let end = list.next_update()?.timestamp();
    (end < i64::try_from(now).ok()?).then(|| list.issuer().to_string())
}
