//! The client of a check: what it believes and shows over TLS. Nothing is kept from one run to the next, so that each
//! sees the gateway as a new caller does: looks its host up, connects, shakes hands.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use reqwest::{Client, redirect, retry};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use super::outcome::{Failure, Reason};
use crate::checks::secrets::Secrets;
use crate::checks::suite::{KeyPair, TlsVersion, Trust};

const USER_AGENT: &str = concat!(
    "gatecheck/",
    env!("CARGO_PKG_VERSION"),
    " (synthetic check)"
);

/// Who is believed.
#[derive(Clone)]
pub(super) enum Roots {
    /// These authorities.
    Authorities(Arc<RootCertStore>),
    /// Anybody.
    Anybody,
}

impl Roots {
    /// Reads a suite's authorities, else the system's where they are needed.
    pub(super) fn of(trust: &Trust, directory: &Path, secure: bool) -> Result<Self, String> {
        if trust.insecure {
            return Ok(Self::Anybody);
        }
        let mut roots = RootCertStore::empty();
        match &trust.ca {
            Some(ca) => {
                for certificate in certificates(&directory.join(ca), ca)? {
                    let added = roots.add(certificate);
                    added
                        .map_err(|error| format!("the authority in {ca} can't be used: {error}"))?;
                }
            }
            None if secure => {
                let found = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(found.certs);
                if roots.is_empty() {
                    let help = "give the suite a `tls: {ca: …}`";
                    return Err(format!("this machine trusts no authority; {help}"));
                }
            }
            None => {}
        }
        Ok(Self::Authorities(roots.into()))
    }
}

/// The clients of one run of a check, one for each certificate and version of TLS: its requests share connections.
pub(super) struct Clients<'a> {
    roots: &'a Roots,
    resolve: &'a [(String, SocketAddr)],
    made: Vec<(Kind, Client)>,
}

type Kind = (Option<KeyPair>, Option<TlsVersion>);

impl<'a> Clients<'a> {
    pub(super) const fn new(roots: &'a Roots, resolve: &'a [(String, SocketAddr)]) -> Self {
        Self {
            roots,
            resolve,
            made: Vec::new(),
        }
    }

    pub(super) fn client(
        &mut self,
        certificate: Option<&KeyPair>,
        version: Option<TlsVersion>,
        secrets: &Secrets,
    ) -> Result<Client, Failure> {
        let kind = (certificate.cloned(), version);
        if let Some((_, client)) = self.made.iter().find(|(made, _)| *made == kind) {
            return Ok(client.clone());
        }
        let failed = |message| Failure::new(Reason::Credential, message);
        let shown = certificate.map(|pair| shown(pair, secrets)).transpose();
        let tls = self.tls(shown.map_err(failed)?, version).map_err(failed)?;
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .user_agent(USER_AGENT);
        for (host, address) in self.resolve {
            builder = builder.resolve(host, *address);
        }
        let client = builder
            .build()
            .map_err(|error| failed(format!("no client can be made: {error}")))?;
        self.made.push((kind, client.clone()));
        Ok(client)
    }

    fn tls(
        &self,
        shown: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
        version: Option<TlsVersion>,
    ) -> Result<ClientConfig, String> {
        let versions: &[&SupportedProtocolVersion] = match version {
            None => &[&TLS13, &TLS12],
            Some(TlsVersion::Tls12) => &[&TLS12],
            Some(TlsVersion::Tls13) => &[&TLS13],
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .map_err(|error| error.to_string())?;
        let builder = match self.roots {
            Roots::Authorities(roots) => builder.with_root_certificates(roots.clone()),
            Roots::Anybody => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Anybody(provider))),
        };
        Ok(match shown {
            Some((chain, key)) => builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| format!("the client certificate can't be used: {error}"))?,
            None => builder.with_no_client_auth(),
        })
    }
}

fn shown(
    pair: &KeyPair,
    secrets: &Secrets,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let chain = certificates(&secrets.path(&pair.certificate), &pair.certificate)?;
    let key = PrivateKeyDer::from_pem_file(secrets.path(&pair.key))
        .map_err(|error| format!("the private key {} can't be read: {error}", pair.key))?;
    Ok((chain, key))
}

/// The certificates of a PEM file; `called` is what the suite calls it.
fn certificates(path: &Path, called: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let unreadable = |error| format!("the certificates {called} can't be read: {error}");
    let found = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(unreadable)?;
    match found.is_empty() {
        true => Err(format!("there is no certificate in {called}")),
        false => Ok(found),
    }
}

/// Believes every certificate, but not that its key is there where it isn't.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
