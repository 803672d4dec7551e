//! HTTP/2 with prior knowledge (RFC 9113 §3.3).

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Ping, PingPong, Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::behaviour::{Behaviour, Ending, Expectation, Moment};
use crate::http1::Wire;
use crate::journal::Recording;
use crate::play;
use crate::received::Received;
use crate::reply::{Head, Reply};
use crate::server::{Connection, State};

/// RFC 9113 §3.4.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The largest list of headers that is taken, in bytes.
const LARGEST_HEAD: u32 = 4 << 20;

/// Serves streams side by side until the client closes the connection.
pub(crate) async fn serve(
    wire: Wire,
    connection: &Connection,
    state: &Arc<State>,
) -> io::Result<()> {
    let mut builder = h2::server::Builder::new();
    builder
        .max_header_list_size(LARGEST_HEAD)
        .initial_window_size(1 << 20)
        .initial_connection_window_size(1 << 20);
    let mut requests = builder.handshake(wire.into_io()).await.map_err(failed)?;
    let flush = Flush(Arc::new(Mutex::new(requests.ping_pong())));
    let mut streams = JoinSet::new();
    while let Some(request) = requests.accept().await {
        let (request, respond) = request.map_err(failed)?;
        let (state, flush, connection) = (state.clone(), flush.clone(), connection.clone());
        // A stream that fails is a client that reset it; the others go on.
        streams.spawn(
            async move { drop(exchange(request, respond, &connection, &state, flush).await) },
        );
        while streams.try_join_next().is_some() {}
    }
    Ok(())
}

async fn exchange(
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    connection: &Connection,
    state: &State,
    flush: Flush,
) -> io::Result<()> {
    let (parts, body) = request.into_parts();
    let recording = state.journal.begin(received(&parts, connection, state));
    let behaviour = state.behaviour_for(recording.received());
    let mut reply = Http2Reply {
        respond,
        stream: None,
    };
    let ending = match behaviour {
        Behaviour::Reset { at: Moment::Head } => Ending::Reset,
        Behaviour::Close { at: Moment::Head } => Ending::Close,
        Behaviour::Early { .. }
        | Behaviour::Expect {
            reaction: Expectation::Refuse,
        } => {
            let received = recording.received().clone();
            let ending = play::play(&behaviour, &received, state, &mut reply).await?;
            if ending == Ending::Keep {
                read(body, recording).await?;
            }
            ending
        }
        _ => {
            let received = read(body, recording).await?;
            play::play(&behaviour, &received, state, &mut reply).await?
        }
    };
    reply.end(ending, flush).await;
    Ok(())
}

async fn read(mut body: RecvStream, mut recording: Recording<'_>) -> io::Result<Received> {
    while let Some(piece) = body.data().await {
        let piece = piece.map_err(failed)?;
        recording.append(&piece);
        body.flow_control()
            .release_capacity(piece.len())
            .map_err(failed)?;
    }
    let trailers = body.trailers().await.map_err(failed)?;
    Ok(recording.finish(
        trailers
            .map(|trailers| fields(&trailers))
            .unwrap_or_default(),
    ))
}

fn received(parts: &http::request::Parts, connection: &Connection, state: &State) -> Received {
    let mut headers = Vec::new();
    if let Some(scheme) = parts.uri.scheme_str() {
        headers.push((":scheme".to_owned(), scheme.to_owned()));
    }
    if let Some(authority) = parts.uri.authority() {
        headers.push((":authority".to_owned(), authority.to_string()));
    }
    headers.extend(fields(&parts.headers));
    Received {
        method: parts.method.to_string(),
        target: parts
            .uri
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        version: "HTTP/2".to_owned(),
        ..Received::new(headers, connection, state.started().elapsed())
    }
}

fn fields(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| crate::received::text(value.as_bytes());
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}

/// Sees to it that frames are out before a reset takes those that still wait with it: a ping is answered only after
/// them.
#[derive(Clone)]
struct Flush(Arc<Mutex<Option<PingPong>>>);

impl Flush {
    async fn flush(&self) {
        if let Some(pings) = self.0.lock().await.as_mut() {
            // No pong means that the connection is gone, and the frames with it.
            drop(pings.ping(Ping::opaque()).await);
        }
    }
}

struct Http2Reply {
    respond: SendResponse<Bytes>,
    /// The body's stream, once the head is out.
    stream: Option<SendStream<Bytes>>,
}

impl Http2Reply {
    /// Resets the stream, unless it ended in good order.
    async fn end(mut self, ending: Ending, flush: Flush) {
        let reason = match ending {
            Ending::Keep => return,
            Ending::Close => Reason::CANCEL,
            Ending::Reset => Reason::INTERNAL_ERROR,
        };
        match &mut self.stream {
            Some(stream) => {
                flush.flush().await;
                stream.send_reset(reason);
            }
            None => self.respond.send_reset(reason),
        }
    }

    fn stream(&mut self) -> io::Result<&mut SendStream<Bytes>> {
        self.stream
            .as_mut()
            .ok_or_else(|| io::Error::other("no head was sent"))
    }
}

impl Reply for Http2Reply {
    async fn head(&mut self, head: Head) -> io::Result<()> {
        let mut response = Response::builder().status(head.status);
        for (name, value) in head
            .headers
            .iter()
            .filter(|(name, _)| !is_for_one_hop(name))
        {
            response = response.header(name.as_str(), value.as_str());
        }
        if let Some(length) = head.length {
            response = response.header("content-length", length);
        }
        let response = response.body(()).map_err(io::Error::other)?;
        self.stream = Some(
            self.respond
                .send_response(response, false)
                .map_err(failed)?,
        );
        Ok(())
    }

    async fn data(&mut self, mut piece: Bytes) -> io::Result<()> {
        let stream = self.stream()?;
        while !piece.is_empty() {
            stream.reserve_capacity(piece.len());
            let granted = std::future::poll_fn(|context| stream.poll_capacity(context)).await;
            let granted = granted.ok_or(io::ErrorKind::BrokenPipe)?.map_err(failed)?;
            stream
                .send_data(piece.split_to(granted.min(piece.len())), false)
                .map_err(failed)?;
        }
        Ok(())
    }

    async fn finish(&mut self, trailers: Vec<(String, String)>) -> io::Result<()> {
        let stream = self.stream()?;
        if trailers.is_empty() {
            return stream.send_data(Bytes::new(), true).map_err(failed);
        }
        let field = |(name, value): (String, String)| {
            let name = HeaderName::try_from(name).map_err(io::Error::other)?;
            Ok((
                name,
                HeaderValue::try_from(value).map_err(io::Error::other)?,
            ))
        };
        let trailers = trailers
            .into_iter()
            .map(field)
            .collect::<io::Result<HeaderMap>>()?;
        stream.send_trailers(trailers).map_err(failed)
    }

    async fn gone(&mut self) {
        let Self { respond, stream } = self;
        // Whatever comes, a reset or an error of the connection: the client is gone.
        drop(match stream {
            Some(stream) => std::future::poll_fn(|context| stream.poll_reset(context)).await,
            None => std::future::poll_fn(|context| respond.poll_reset(context)).await,
        });
    }

    fn wire(&mut self) -> Option<&mut Wire> {
        None
    }
}

/// RFC 9113 §8.2.2 forbids them.
fn is_for_one_hop(name: &str) -> bool {
    [
        "connection",
        "keep-alive",
        "proxy-connection",
        "transfer-encoding",
        "upgrade",
    ]
    .iter()
    .any(|hop| name.eq_ignore_ascii_case(hop))
}

fn failed(error: h2::Error) -> io::Error {
    io::Error::other(error)
}
