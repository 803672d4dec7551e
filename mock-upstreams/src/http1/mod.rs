//! HTTP/1.1 (RFC 9112), read by an own lenient reader, so that what is recorded is what came over the wire.

mod body;
mod head;
mod reply;
mod wire;

use std::io;

use crate::behaviour::{Behaviour, Ending, Expectation, Moment};
use crate::journal::Recording;
use crate::play;
use crate::received::Received;
use crate::server::{Connection, State};

pub(crate) use reply::{Http1Reply, encode};
pub(crate) use wire::Wire;

/// Serves requests until the client or a behaviour ends the connection.
pub(crate) async fn serve(
    mut wire: Wire,
    connection: &Connection,
    state: &State,
) -> io::Result<()> {
    while let Some(head) = wire.head().await? {
        match exchange(&mut wire, &head, connection, state).await? {
            Ending::Keep => {}
            Ending::Close => return wire.close().await,
            Ending::Reset => return wire.reset(),
        }
    }
    Ok(())
}

async fn exchange(
    wire: &mut Wire,
    head: &[u8],
    connection: &Connection,
    state: &State,
) -> io::Result<Ending> {
    let mut request = head::parse(head);
    let framing = body::framing(&request.headers, &mut request.oddities);
    let recording = state.journal.begin(received(request, connection, state));
    let behaviour = state.behaviour_for(recording.received());
    match behaviour {
        Behaviour::Reset { at: Moment::Head } => return Ok(Ending::Reset),
        Behaviour::Close { at: Moment::Head } => return Ok(Ending::Close),
        Behaviour::Early { .. }
        | Behaviour::Expect {
            reaction: Expectation::Refuse,
        } => {
            return answer_early(wire, &behaviour, framing, recording, state).await;
        }
        Behaviour::Expect {
            reaction: Expectation::Silent,
        } => {}
        _ if expects_continue(recording.received()) => {
            wire.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?
        }
        _ => {}
    }
    let Some(received) = body::read(wire, framing, recording).await? else {
        return Ok(Ending::Close);
    };
    answer(wire, &behaviour, &received, state).await
}

async fn answer(
    wire: &mut Wire,
    behaviour: &Behaviour,
    received: &Received,
    state: &State,
) -> io::Result<Ending> {
    let mut reply = Http1Reply::new(wire, received);
    let ending = play::play(behaviour, received, state, &mut reply).await?;
    Ok(if ending == Ending::Keep && reply.closing {
        Ending::Close
    } else {
        ending
    })
}

/// Answers with the body still unread, which is read and recorded only when the connection shall go on.
async fn answer_early(
    wire: &mut Wire,
    behaviour: &Behaviour,
    framing: body::Framing,
    recording: Recording<'_>,
    state: &State,
) -> io::Result<Ending> {
    let received = recording.received().clone();
    let ending = answer(wire, behaviour, &received, state).await?;
    if ending == Ending::Keep && body::read(wire, framing, recording).await?.is_none() {
        return Ok(Ending::Close);
    }
    Ok(ending)
}

fn expects_continue(received: &Received) -> bool {
    received
        .header("expect")
        .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
}

fn received(request: head::RequestHead, connection: &Connection, state: &State) -> Received {
    Received {
        method: request.method,
        target: request.target,
        version: request.version,
        oddities: request.oddities,
        ..Received::new(request.headers, connection, state.started().elapsed())
    }
}
