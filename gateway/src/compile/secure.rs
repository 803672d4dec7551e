//! TLS of a service's targets.

use super::service::told;
use crate::config::{At, Report, pem, raw};
use crate::domain::tls::ServerName;
use crate::upstream::{Endpoint, Scheme, Secure, Service};
use std::sync::Arc;

/// What TLS to each of the service's targets takes, none where they are all of `http`. `at` is the service.
pub fn compile(
    raw: Option<&raw::ClientTls>,
    at: At<'_>,
    targets: Vec<(&Endpoint, At<'_>)>,
    report: &mut Report,
) -> Option<Vec<Option<Secure>>> {
    let plain = |(endpoint, _): &&(&Endpoint, At<'_>)| endpoint.scheme() == Scheme::Http;
    let tls_at = at.key("tls");
    match targets.iter().filter(plain).count() {
        0 => {}
        all if all == targets.len() => {
            if raw.is_none() {
                return Some(targets.iter().map(|_| None).collect());
            }
            let what = "`tls` is given, and what it is for is spoken to without TLS";
            report
                .error(tls_at.on_key(), "tls-without-https", what)
                .help("write `https://` in the URL, or take `tls` away");
            return None;
        }
        _ => {
            let first = targets.iter().find(plain).map_or(at, |(_, at)| *at);
            let what = "some targets of the service are spoken to by TLS, and this one is not";
            report
                .error(first, "mixed-schemes", what)
                .help("write `https://` for all of them, or make two services");
            return None;
        }
    }
    let raw = raw.cloned().unwrap_or_default();
    let tls = Arc::new(raw.resolve(tls_at, report)?);
    if tls.roots().is_none() && !pem::system_has_roots() {
        let what = "the system has no certificate authorities, so no certificate would be trusted";
        report
            .warn(at, "no-system-roots", what)
            .help("name those that are meant by `tls: {ca: …}`, or install the system's");
    }
    let secure = targets.into_iter().map(|(endpoint, at)| {
        let own = || told(ServerName::new(endpoint.host()), at, report);
        let name = tls.server_name().cloned().or_else(own)?;
        Some(Some(Secure::new(tls.clone(), name)))
    });
    // Every target's mistakes are told.
    let secure: Vec<_> = secure.collect();
    secure.into_iter().collect()
}

/// Whether what is written of the service once more means the same: a path does not where the directory is another.
pub fn same(
    known: &Service,
    first: At<'_>,
    raw: &raw::Service,
    at: At<'_>,
    report: &mut Report,
) -> bool {
    let Some(tls) = &raw.tls else { return true };
    if first.source().directory() == at.source().directory() {
        return true;
    }
    let digest = tls.resolve(at.key("tls"), report).map(|tls| tls.digest());
    let mut known = known.targets().iter().filter_map(|target| target.secure());
    known.next().map(|secure| secure.tls.digest()) == digest
}
