//! TLS with clients (RFC 8446): the handshake under the settings in force, and what it leaves behind for the requests of
//! its connection: which name was asked for, which certificate was shown, who the client is.
//!
//! Pingora would make the handshake itself, with settings that never change and failures that nobody sees. So it is made
//! here, before HTTP: each new connection meets the newest certificates.

use crate::identity::{Certificate, CertificateError};
use crate::tls::{Served, ServerTls};
use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use pingora::listeners::TlsAccept;
use pingora::listeners::tls::{Acceptor, TlsSettings};
use pingora::protocols::tls::{SslDigest, TlsRef};
use pingora::protocols::{Shutdown, Ssl, Stream, l4};
use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

/// Makes the handshakes of a listener.
#[derive(Default)]
pub(super) struct Handshakes {
    /// Made of the settings that the last connection met.
    current: ArcSwapOption<Prepared>,
}

struct Prepared {
    tls: Arc<ServerTls>,
    acceptor: Acceptor,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// Pingora keeps of the cause nothing but its text.
    #[error("{0}")]
    Handshake(#[from] Box<pingora::Error>),
    #[error("the client's certificate cannot be read: {0}")]
    Certificate(#[from] CertificateError),
    /// Of a session that was taken up again: the handshake that began it looked at the certificate.
    #[error("the client's certificate is out of date")]
    OutOfDate,
    #[error("the connection is not one of TCP")]
    NotTcp,
    #[error("the client did not finish the handshake in time")]
    Late,
}

impl Handshakes {
    /// The connection above `stream`, which comes from a listener.
    pub(super) async fn accept(
        &self,
        tls: &Arc<ServerTls>,
        stream: Stream,
    ) -> Result<Stream, Failed> {
        let prepared = self.prepared(tls)?;
        let stream = stream.into_any().downcast::<l4::stream::Stream>();
        let stream = stream.map_err(|_| Failed::NotTcp)?;
        let mut stream = prepared.acceptor.tls_handshake(*stream).await?;
        let digest = stream.get_ssl_digest();
        let unfit = match Secured::of(digest.as_ref()).map(|secured| &secured.client) {
            Some(Ok(None)) => return Ok(Box::new(stream)),
            Some(Ok(Some(client))) if client.is_valid_at(SystemTime::now()) => {
                return Ok(Box::new(stream));
            }
            Some(Ok(Some(_))) => Failed::OutOfDate,
            Some(Err(error)) => error.clone().into(),
            // The callback says something after every handshake.
            None => CertificateError::Empty.into(),
        };
        stream.shutdown().await;
        Err(unfit)
    }

    fn prepared(&self, tls: &Arc<ServerTls>) -> Result<Arc<Prepared>, Failed> {
        let current = self.current.load_full();
        if let Some(current) = current.filter(|current| Arc::ptr_eq(&current.tls, tls)) {
            return Ok(current);
        }
        let mut settings = TlsSettings::with_callbacks(Box::new(Witness(tls.clone())))?;
        settings.set_cert_resolver(tls.config().cert_resolver.clone());
        let mut acceptor = settings.build();
        // Pingora's own settings know neither versions nor sessions.
        acceptor.acceptor = tls.config().clone().into();
        let prepared = Arc::new(Prepared {
            tls: tls.clone(),
            acceptor,
        });
        self.current.store(Some(prepared.clone()));
        Ok(prepared)
    }
}

/// What a handshake leaves behind.
pub(super) struct Secured {
    server_name: Option<Box<str>>,
    served: Arc<Served>,
    client: Result<Option<Certificate>, CertificateError>,
}

impl Secured {
    /// What the connection with this digest has left behind; nothing without TLS.
    pub(super) fn of(digest: Option<&Arc<SslDigest>>) -> Option<&Self> {
        digest?.extension.get()
    }

    /// The certificate of the client, if it has shown one.
    pub(super) fn certificate(&self) -> Option<&Certificate> {
        self.client.as_ref().ok()?.as_ref()
    }

    /// Whether a request for this host belongs on the connection (RFC 9110 §7.4): the certificate that was shown is good
    /// for it, as for hosts that HTTP/2 puts on one connection (RFC 9113 §9.1.1), or it is the name that was asked for.
    /// No address can be asked for (RFC 6066 §3): who asks for no name means the address that the connection came to.
    pub(super) fn serves(&self, host: &str, own: Option<IpAddr>) -> bool {
        self.served.covers(host)
            || match &self.server_name {
                Some(name) => name.eq_ignore_ascii_case(host),
                None => own.is_some_and(|own| host.parse() == Ok(own)),
            }
    }
}

/// Looks at each handshake when it is done.
struct Witness(Arc<ServerTls>);

#[async_trait]
impl TlsAccept for Witness {
    async fn handshake_complete_callback(
        &self,
        tls: &TlsRef,
    ) -> Option<Arc<dyn Any + Send + Sync>> {
        let server_name = tls.server_name();
        let chain = tls.peer_cert_chain_der().filter(|chain| !chain.is_empty());
        let client =
            chain.map(|chain| Certificate::parse(chain.iter().map(|der| der.to_vec()).collect()));
        Some(Arc::new(Secured {
            server_name: server_name.map(Into::into),
            served: self.0.certificate_for(server_name).clone(),
            client: client.transpose(),
        }))
    }
}

#[cfg(test)]
mod tests;
