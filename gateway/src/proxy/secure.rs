//! TLS towards upstreams: what Pingora needs of a target's trust, and what its errors mean.
//!
//! Verification is never off. Pingora turns it off for an empty name, which [`ServerName`] cannot hold, and would share
//! pooled connections between peers that differ in their authorities only, so the digest of the whole trust is part of
//! what a connection is found by.
//!
//! [`ServerName`]: crate::domain::tls::ServerName

use crate::domain::tls::{Certificate, ClientTls};
use crate::reason::Reason;
use crate::upstream::{Secure, stable_hash};
use pingora::prelude::HttpPeer;
use pingora::protocols::tls::CaType;
use pingora::utils::tls::{CertKey, WrappedX509, parse_x509};
use pingora::{Error, ErrorType};
use std::net::SocketAddr;
use std::sync::Arc;

/// A service's trust in the form that Pingora takes, made once for all its connections.
struct Prepared {
    authorities: Option<Arc<CaType>>,
    identity: Option<Arc<CertKey>>,
}

/// A peer that is spoken to by TLS.
pub fn peer(address: SocketAddr, secure: &Secure, http2: bool) -> HttpPeer {
    let prepared = secure.tls.prepared(prepare);
    let mut peer = HttpPeer::new(address, true, secure.name.as_str().to_owned());
    peer.options.ca.clone_from(&prepared.authorities);
    peer.client_cert_key.clone_from(&prepared.identity);
    let mut trust = [0; 9];
    trust[..8].copy_from_slice(&secure.tls.digest().to_be_bytes());
    trust[8] = http2.into();
    peer.group_key = stable_hash(&trust);
    peer
}

fn prepare(tls: &ClientTls) -> Prepared {
    let der = |certificate: &Certificate| certificate.der().to_vec();
    Prepared {
        authorities: tls.roots().map(|roots| {
            let roots = roots.certificates().iter().map(der);
            roots.map(|der| WrappedX509::new(der, parse_x509)).collect()
        }),
        identity: tls.identity().map(|identity| {
            let chain = identity.chain().iter().map(der).collect();
            Arc::new(CertKey::new(chain, identity.key().secret_der().to_vec()))
        }),
    }
}

/// What failed of TLS with an upstream, if that is what failed (RFC 9209 §2.3.16 to §2.3.18).
///
/// Pingora keeps of rustls's error nothing but its text. After the handshake, TLS 1.3 may still bring an alert: a
/// server that misses the gateway's certificate says so only then.
pub fn failed(error: &Error) -> Option<Reason> {
    let handshake = match error.etype() {
        ErrorType::TLSHandshakeFailure | ErrorType::InvalidCert => true,
        ErrorType::ReadError
        | ErrorType::WriteError
        | ErrorType::ConnectionClosed
        | ErrorType::H2Error => false,
        _ => return None,
    };
    let text = error.to_string();
    if text.contains("received fatal alert: ") {
        Some(Reason::UpstreamTlsAlert)
    } else if text.contains("invalid peer certificate: ")
        || text.contains("peer sent no certificates")
        || *error.etype() == ErrorType::InvalidCert
    {
        Some(Reason::UpstreamCertificate)
    } else {
        handshake.then_some(Reason::UpstreamTls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart_by_the_words_of_rustls() {
        let words = [
            (
                rustls::Error::InvalidCertificate(rustls::CertificateError::Expired),
                Reason::UpstreamCertificate,
            ),
            (
                rustls::Error::NoCertificatesPresented,
                Reason::UpstreamCertificate,
            ),
            (
                rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired),
                Reason::UpstreamTlsAlert,
            ),
            (
                rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
                Reason::UpstreamTls,
            ),
        ];
        for (error, reason) in words {
            let text = format!("TLS connect() failed: {error}");
            let told = Error::explain(ErrorType::TLSHandshakeFailure, text);
            assert_eq!(failed(&told), Some(reason), "{error}");
        }
        let late = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired);
        let late = Error::because(ErrorType::ReadError, "", std::io::Error::other(late));
        assert_eq!(failed(&late), Some(Reason::UpstreamTlsAlert));
        for other in [ErrorType::ReadError, ErrorType::ConnectRefused] {
            assert_eq!(failed(&Error::new(other)), None);
        }
    }
}
