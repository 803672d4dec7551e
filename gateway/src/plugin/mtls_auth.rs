//! `mtls-auth`: the certificate that the client has shown to a consumer.
//!
//! That it is trusted, the handshake has seen to; here it is asked whose it is, by `consumers[].certificates`. HTTP has no
//! challenge for that, so a 401 of this plugin carries none. `Client-Cert` and `Client-Cert-Chain` (RFC 9440) tell the
//! upstream of the certificate where that is asked for; those of a client are taken away on every route.

use super::authenticate::{Authenticate, Found, Identity, Refusal};
use super::chain::Phases;
use super::edits::Fields;
use super::exchange::Exchange;
use super::registry::{self, Compile, Plugin};
use super::settings::ConsumerHeader;
use super::{Rejection, Request};
use crate::identity::{Certificate, Certificates, Consumer, Digest, Owner};
use crate::reason::Reason;
use http::HeaderValue;
use http::header::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// RFC 9440 §2.2.
pub const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
/// RFC 9440 §2.3.
pub const CLIENT_CERT_CHAIN: HeaderName = HeaderName::from_static("client-cert-chain");

/// Certificates of clients.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Whether the upstream gets the certificate and its chain, in `Client-Cert` and `Client-Cert-Chain` (RFC 9440).
    #[serde(default)]
    forward_certificate: bool,
    /// Whether a trusted certificate that is no consumer's is refused; otherwise it passes, without a consumer.
    #[serde(default = "yes")]
    consumer_required: bool,
    /// The header that tells the upstream who calls.
    #[serde(default)]
    consumer_header: ConsumerHeader,
}

const fn yes() -> bool {
    true
}

/// The compiled form.
pub struct MtlsAuth {
    forward: bool,
    required: bool,
    consumer_header: HeaderName,
    certificates: Arc<Certificates>,
}

impl Plugin for MtlsAuth {
    const NAME: &'static str = "mtls-auth";
    const SUMMARY: &'static str = "The certificate that the client has shown to a consumer.";
    const EXAMPLE: &'static str = r#"{name: mtls-auth, config: {forwardCertificate: true}}"#;
    const AUTHENTICATES: bool = true;
    type Config = Config;

    fn identity_headers(config: &Value) -> Vec<HeaderName> {
        registry::consumer_header(config)
    }

    fn compile(
        config: Config,
        compile: &mut Compile<'_, '_>,
        phases: &mut Phases,
    ) -> Option<String> {
        let consumer_header = config.consumer_header.compile(compile)?;
        if consumer_header == CLIENT_CERT || consumer_header == CLIENT_CERT_CHAIN {
            let at = compile.at.key("consumerHeader");
            compile
                .report
                .error(
                    at,
                    "same-header",
                    format!(
                        "{} is for certificates (RFC 9440)",
                        config.consumer_header.as_str()
                    ),
                )
                .help("name another header");
            return None;
        }
        phases.authenticate(Arc::new(Self {
            forward: config.forward_certificate,
            required: config.consumer_required,
            consumer_header,
            certificates: compile.consumers.certificates.clone(),
        }));
        let whose = match config.consumer_required {
            true => "wants a certificate of a consumer",
            false => "wants a certificate, whether a consumer's or not",
        };
        let told = match config.forward_certificate {
            true => " and sends it to the upstream",
            false => "",
        };
        Some(format!("{whose}{told}"))
    }
}

impl MtlsAuth {
    fn known(&self, certificate: &Certificate, consumer: Option<&Arc<Consumer>>) -> Found {
        Found::Known(Identity {
            consumer: consumer.cloned(),
            credential: Some(Digest::from_bytes(*certificate.fingerprint())),
            consumer_header: Some(self.consumer_header.clone()),
            fields: self.forward.then(|| fields(certificate)),
            ..Identity::default()
        })
    }
}

impl Authenticate for MtlsAuth {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn authenticate(&self, request: &Request<'_>) -> Found {
        let Some(certificate) = request.certificate else {
            return Found::Absent;
        };
        // Connections may outlive the certificates that they began with.
        if !certificate.is_valid_at(request.time) {
            return refuse("the client's certificate is not valid at this time");
        }
        match self.certificates.owner(certificate) {
            Owner::One(consumer) => self.known(certificate, Some(consumer)),
            Owner::Several => {
                refuse("the names in the client's certificate belong to different consumers")
            }
            Owner::Nobody if self.required => refuse("the client's certificate is no consumer's"),
            Owner::Nobody => self.known(certificate, None),
        }
    }

    fn conceal(&self, _: bool, _: &Request<'_>, _: &mut Exchange) {}

    fn challenge(&self) -> Option<HeaderValue> {
        None
    }

    fn wanted(&self) -> &'static str {
        "a client certificate is needed"
    }
}

fn refuse(detail: &'static str) -> Found {
    Refusal::new(Rejection::new(Reason::CredentialInvalid, detail), None).into()
}

fn fields(certificate: &Certificate) -> Fields {
    let own = (CLIENT_CERT, certificate.header().clone());
    let chain = certificate
        .chain_header()
        .map(|chain| (CLIENT_CERT_CHAIN, chain.clone()));
    std::iter::once(own).chain(chain).collect()
}

#[cfg(test)]
mod tests;
