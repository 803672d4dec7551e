//! A WebSocket server that echoes (RFC 6455).

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::behaviour::Ending;
use crate::http1::Wire;
use crate::received::Received;

/// RFC 6455 §1.3.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// RFC 6455 §5.2.
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
/// The largest frame that is echoed, in bytes.
const LARGEST: u64 = 16 << 20;

/// The `Sec-WebSocket-Accept` for a request; none when it asks for no WebSocket.
pub(crate) fn accept(received: &Received) -> Option<String> {
    let lists = |name| {
        received
            .header_values(name)
            .flat_map(|value| value.split(','))
            .map(str::trim)
    };
    let upgrade = lists("upgrade").any(|value| value.eq_ignore_ascii_case("websocket"));
    let nominated = lists("connection").any(|value| value.eq_ignore_ascii_case("upgrade"));
    let key = received
        .header("sec-websocket-key")
        .filter(|_| upgrade && nominated)?;
    Some(STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize()))
}

/// Echoes every frame unmasked, answers pings, and closes when the client does.
pub(crate) async fn echo(wire: &mut Wire) -> io::Result<Ending> {
    while let Some((first, payload)) = frame(wire).await? {
        let opcode = first & 0x0f;
        let answer = match opcode {
            PONG => continue,
            PING => (first & 0xf0) | PONG,
            _ => first,
        };
        wire.write(&unmasked(answer, &payload)).await?;
        if opcode == CLOSE {
            break;
        }
    }
    Ok(Ending::Close)
}

/// Reads a frame: its first byte and its payload without the mask.
async fn frame(wire: &mut Wire) -> io::Result<Option<(u8, Vec<u8>)>> {
    let Some(start) = exactly(wire, 2).await? else {
        return Ok(None);
    };
    let (first, second) = (start[0], start[1]);
    let more = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let Some(extended) = exactly(wire, more).await? else {
        return Ok(None);
    };
    let length = match more {
        0 => u64::from(second & 0x7f),
        _ => extended
            .iter()
            .fold(0, |length, &byte| length << 8 | u64::from(byte)),
    };
    if length > LARGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the frame is too large",
        ));
    }
    let masked = second & 0x80 != 0;
    let Some(mask) = exactly(wire, if masked { 4 } else { 0 }).await? else {
        return Ok(None);
    };
    let Some(mut payload) = exactly(wire, length).await? else {
        return Ok(None);
    };
    if masked {
        payload
            .iter_mut()
            .zip(mask.iter().cycle())
            .for_each(|(byte, mask)| *byte ^= mask);
    }
    Ok(Some((first, payload)))
}

fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(length as u8),
        length @ 126..=0xffff => {
            frame.push(126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

async fn exactly(wire: &mut Wire, length: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < length {
        let Some(piece) = wire.some(length - bytes.len() as u64).await? else {
            return Ok(None);
        };
        bytes.extend_from_slice(&piece);
    }
    Ok(Some(bytes))
}
