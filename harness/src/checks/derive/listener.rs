//! Listeners with TLS: the versions that are spoken (RFC 8446), certificates that are wanted of clients, and requests
//! that were meant for somebody else (RFC 9110 §15.5.20).

use super::callers;
use super::configuration::{Listener, ListenerTls};
use super::draft::{Draft, answer, code};
use crate::checks::secrets::Text;
use crate::checks::suite::{
    Check, Credential, Expect, Request, Severity, Shown, Status, Step, TlsVersion,
};

/// The path of a request that is only for its connection.
const NOWHERE: &str = "/gatecheck-nowhere";

pub(super) fn derive(draft: &mut Draft<'_>) {
    let configuration = draft.configuration;
    for other in configuration.listeners.iter().skip(1) {
        draft.left_out(
            &other.place,
            "a further listener; derive a suite for it from a configuration that has it first",
        );
    }
    let Some(listener) = configuration.listeners.first() else {
        return;
    };
    let Some(tls) = &listener.tls else {
        return;
    };
    draft.section(format!(
        "the listener {} ({})",
        listener.address, listener.place.0
    ));
    let required = tls.clients.0 == "required";
    let certificate = required.then(|| callers::certificate("client"));
    let shown = draft.credential(
        "client",
        Credential {
            certificate,
            ..Credential::default()
        },
    );
    versions(draft, tls, shown.clone());
    if required {
        let name = "a connection without a client certificate is refused";
        let mut check = Check::new("listener-certificate-missing", name);
        check.from = Some(tls.clients.1.0.clone());
        check.requirement = Some("MTLS-006".to_owned());
        check.steps.push(any_answer(None, shown.clone()));
        check.steps.push(refused(None));
        draft.push(check);
    }
    misdirected(draft, listener, tls, shown);
}

fn versions(draft: &mut Draft<'_>, tls: &ListenerTls, shown: Option<String>) {
    let mut check = Check::new("listener-tls-1.3", "TLS 1.3 is spoken");
    check.from = Some(tls.place.0.clone());
    check.requirement = Some("TLS-011".to_owned());
    check
        .steps
        .push(any_answer(Some(TlsVersion::Tls13), shown.clone()));
    draft.push(check);
    let old = tls.min_version == "1.3";
    let name = if old {
        "TLS 1.2 is refused"
    } else {
        "TLS 1.2 is spoken"
    };
    let mut check = Check::new("listener-tls-1.2", name);
    check.from = Some(tls.place.0.clone());
    check.requirement = Some(if old { "TLS-012" } else { "TLS-011" }.to_owned());
    match old {
        true => check.steps.push(refused(Some(TlsVersion::Tls12))),
        false => check.steps.push(any_answer(Some(TlsVersion::Tls12), shown)),
    }
    draft.push(check);
}

fn misdirected(
    draft: &mut Draft<'_>,
    listener: &Listener,
    tls: &ListenerTls,
    shown: Option<String>,
) {
    if listener.trusts_proxies {
        let why = "421: the listener has `trustedProxies`, which may ask for any host";
        return draft.left_out(&tls.place, why);
    }
    let name = "a request for a host that the certificate is not for is sent back";
    let mut check = Check::new("listener-misdirected", name);
    check.from = Some(tls.place.0.clone());
    check.requirement = Some("TLS-020".to_owned());
    check.severity = Severity::Degraded;
    check.credential = shown;
    let mut request = Request::new("GET", NOWHERE);
    let host = Text::plain("gatecheck.example.net");
    request.headers.push(("Host".to_owned(), host));
    check.steps.push(Step::new(request, answer([code(421)])));
    draft.push(check);
}

/// A connection over which something is answered.
fn any_answer(version: Option<TlsVersion>, shown: Option<String>) -> Step {
    let mut request = Request::new("GET", NOWHERE);
    request.tls_version = version;
    request.credential = shown.map(Shown::Credential);
    Step::new(
        request,
        answer([Status::Class(2), Status::Class(3), Status::Class(4)]),
    )
}

/// A connection that the gateway ends.
fn refused(version: Option<TlsVersion>) -> Step {
    let mut step = any_answer(version, None);
    step.expect = Expect::Refused;
    step
}
