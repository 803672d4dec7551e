//! What each behaviour does once the request is read: the same steps for HTTP/1 and HTTP/2.

mod bodies;
mod cacheable;
mod endings;
mod protocols;

use std::io;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde_json::json;

use crate::behaviour::{Behaviour, Ending};
use crate::received::Received;
use crate::reply::{Head, Reply};
use crate::server::{State, misuse};

type Headers = Vec<(String, String)>;

/// Answers a request; returns what becomes of the connection.
///
/// # Errors
/// The client is gone.
pub(crate) async fn play<R: Reply>(
    behaviour: &Behaviour,
    received: &Received,
    state: &State,
    reply: &mut R,
) -> io::Result<Ending> {
    let mut act = Act {
        received,
        state,
        reply,
        name: state.name(),
    };
    match behaviour {
        Behaviour::Echo => act.echo(Vec::new()).await,
        Behaviour::Named { name } => {
            act.name = Some(name);
            act.echo(Vec::new()).await
        }
        Behaviour::Status {
            code,
            headers,
            body,
            trailers,
        } => {
            act.status(*code, &headers.0, body.clone(), &trailers.0)
                .await
        }
        Behaviour::Slow {
            delay,
            between,
            chunks,
        } => act.slow(*delay, *between, *chunks).await,
        Behaviour::Large { bytes, chunked } => act.large(*bytes, *chunked).await,
        Behaviour::Endless { piece, between } => act.endless(*piece, *between).await,
        Behaviour::Cacheable { .. } => act.cacheable(behaviour).await,
        Behaviour::Raw { bytes, then } => act.raw(bytes, *then).await,
        Behaviour::Reset { at } => act.cut(*at, Ending::Reset).await,
        Behaviour::Close { at } => act.cut(*at, Ending::Close).await,
        Behaviour::Hang => act.hang().await,
        Behaviour::Stream {
            channel,
            content_type,
        } => act.stream(channel.as_deref(), content_type).await,
        Behaviour::WebSocket => act.websocket().await,
        Behaviour::Grpc {
            status,
            message,
            trailers_only,
        } => act.grpc(*status, message.as_deref(), *trailers_only).await,
        Behaviour::HopByHop => act.hop_by_hop().await,
        Behaviour::Expect { reaction } => act.expect(*reaction).await,
        Behaviour::Early { code, then } => act.early(*code, *then).await,
        Behaviour::Flood { count, size } => act.flood(*count, *size).await,
        Behaviour::Trickle { between, bytes } => act.trickle(*between, *bytes).await,
        Behaviour::Flaky { .. } | Behaviour::Refuse | Behaviour::Blackhole => {
            act.misused("this behaviour is not for one request").await
        }
    }
}

/// One request and the answer to it.
struct Act<'a, R> {
    received: &'a Received,
    state: &'a State,
    reply: &'a mut R,
    name: Option<&'a str>,
}

impl<R: Reply> Act<'_, R> {
    async fn echo(&mut self, headers: Headers) -> io::Result<Ending> {
        let body = self.echoed();
        self.whole(200, with(headers, "Content-Type", "application/json"), body)
            .await
    }

    async fn status(
        &mut self,
        code: u16,
        headers: &Headers,
        body: String,
        trailers: &Headers,
    ) -> io::Result<Ending> {
        if trailers.is_empty() {
            return self.whole(code, headers.clone(), body).await;
        }
        self.head(code, headers.clone(), None).await?;
        self.reply.data(body.into()).await?;
        self.reply.finish(trailers.clone()).await?;
        Ok(Ending::Keep)
    }

    async fn misused(&mut self, reason: &str) -> io::Result<Ending> {
        match misuse(reason) {
            Behaviour::Status {
                code,
                headers,
                body,
                ..
            } => self.whole(code, headers.0, body).await,
            _ => Ok(Ending::Close),
        }
    }

    /// A response with a body that is known from the start.
    async fn whole(
        &mut self,
        status: u16,
        headers: Headers,
        body: impl Into<Bytes>,
    ) -> io::Result<Ending> {
        let body = body.into();
        self.head(status, headers, Some(body.len() as u64)).await?;
        self.reply.data(body).await?;
        self.reply.finish(Vec::new()).await?;
        Ok(Ending::Keep)
    }

    /// Sends a head with the headers that every head has.
    async fn head(&mut self, status: u16, headers: Headers, length: Option<u64>) -> io::Result<()> {
        let head = self.complete(status, headers, length);
        self.reply.head(head).await
    }

    fn complete(&self, status: u16, mut headers: Headers, length: Option<u64>) -> Head {
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("date"))
        {
            headers.push((
                "Date".to_owned(),
                httpdate::fmt_http_date(SystemTime::now()),
            ));
        }
        if let Some(name) = self.name {
            headers.push(("X-Upstream".to_owned(), name.to_owned()));
        }
        Head {
            status,
            headers,
            length,
        }
    }

    /// The request as JSON.
    fn echoed(&self) -> String {
        let received = self.received;
        let echo = json!({
            "server": self.name,
            "method": received.method,
            "target": received.target,
            "version": received.version,
            "headers": received.headers,
            "body": {
                "length": received.body_length,
                "sha256": received.body_sha256,
                "text": received.text(),
            },
            "trailers": received.trailers,
            "connection": received.connection,
            "tag": received.tag,
        });
        format!("{echo}\n")
    }

    /// Waits, but not for a client that has gone.
    async fn pause(&mut self, duration: Duration) -> io::Result<()> {
        if duration.is_zero() {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(duration) => Ok(()),
            () = self.reply.gone() => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

fn with(mut headers: Headers, name: &str, value: &str) -> Headers {
    headers.push((name.to_owned(), value.to_owned()));
    headers
}
