//! The body of a request (RFC 9112 §6 and §7.1).

use std::io;

use crate::http1::{Wire, head};
use crate::journal::Recording;
use crate::received::{Oddity, Received};

/// How a body's end is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
}

/// What the headers say about the body. Chunks win over a length (§6.3).
pub(super) fn framing(headers: &[(String, String)], oddities: &mut Vec<Oddity>) -> Framing {
    let values = |wanted: &'static str| {
        headers
            .iter()
            .filter(move |(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.as_str())
    };
    let lengths: Vec<_> = values("content-length")
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let codings: Vec<_> = values("transfer-encoding")
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let length = length(&lengths, oddities);
    let Some(last) = codings.last() else {
        return Framing::Length(length);
    };
    if !lengths.is_empty() {
        oddities.push(Oddity::LengthAndChunked);
    }
    if codings.len() > 1 || !last.eq_ignore_ascii_case("chunked") {
        oddities.push(Oddity::TransferCoding);
    }
    if last.eq_ignore_ascii_case("chunked") {
        Framing::Chunked
    } else {
        Framing::Length(length)
    }
}

fn length(values: &[&str], oddities: &mut Vec<Oddity>) -> u64 {
    let Some((first, others)) = values.split_first() else {
        return 0;
    };
    if others.iter().any(|other| other != first) {
        oddities.push(Oddity::ConflictingLengths);
    } else if !others.is_empty() {
        oddities.push(Oddity::RepeatedLength);
    }
    let digits = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    first.parse().ok().filter(|_| digits).unwrap_or_else(|| {
        oddities.push(Oddity::BadLength);
        0
    })
}

/// Reads and records a body; none when it was cut off or its chunks are broken, and the connection can't go on.
pub(super) async fn read(
    wire: &mut Wire,
    framing: Framing,
    mut recording: Recording<'_>,
) -> io::Result<Option<Received>> {
    match framing {
        Framing::Length(length) => {
            let whole = read_length(wire, length, &mut recording).await?;
            Ok(whole.then(|| recording.finish(Vec::new())))
        }
        Framing::Chunked => match read_chunks(wire, &mut recording).await? {
            Ok(trailers) => Ok(Some(recording.finish(trailers))),
            Err(Broken) => {
                recording.note(Oddity::BadChunk);
                Ok(None)
            }
        },
    }
}

/// Reads that many bytes; false when the client closed before.
async fn read_length(
    wire: &mut Wire,
    mut length: u64,
    recording: &mut Recording<'_>,
) -> io::Result<bool> {
    while length > 0 {
        let Some(piece) = wire.some(length).await? else {
            return Ok(false);
        };
        length -= piece.len() as u64;
        recording.append(&piece);
    }
    Ok(true)
}

/// Chunks that don't follow the grammar, or that were cut off.
struct Broken;

async fn read_chunks(
    wire: &mut Wire,
    recording: &mut Recording<'_>,
) -> io::Result<Result<Vec<(String, String)>, Broken>> {
    loop {
        let Some(line) = wire.line().await? else {
            return Ok(Err(Broken));
        };
        let Some(size) = chunk_size(&line) else {
            return Ok(Err(Broken));
        };
        if size == 0 {
            return read_trailers(wire, recording).await;
        }
        if !read_length(wire, size, recording).await?
            || wire.line().await?.as_deref() != Some(b"\r\n".as_slice())
        {
            return Ok(Err(Broken));
        }
    }
}

/// Reads `1a;extension` with its line end.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line.strip_suffix(b"\r\n")?).ok()?;
    let digits = line.split(';').next().unwrap_or_default().trim_end();
    let sound = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(digits, 16).ok().filter(|_| sound)
}

async fn read_trailers(
    wire: &mut Wire,
    recording: &mut Recording<'_>,
) -> io::Result<Result<Vec<(String, String)>, Broken>> {
    let mut lines = Vec::new();
    let mut oddities = Vec::new();
    loop {
        let Some(line) = wire.line().await? else {
            return Ok(Err(Broken));
        };
        let length = head::trim_end(&line, &mut oddities).len();
        if length == 0 {
            break;
        }
        lines.push(line.slice(..length));
    }
    let lines: Vec<_> = lines.iter().map(AsRef::as_ref).collect();
    let trailers = head::fields(&lines, &mut oddities);
    oddities
        .into_iter()
        .for_each(|oddity| recording.note(oddity));
    Ok(Ok(trailers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(headers: &[(&str, &str)]) -> (Framing, Vec<Oddity>) {
        let headers: Vec<_> = headers
            .iter()
            .map(|(n, v)| (n.to_string(), v.to_string()))
            .collect();
        let mut oddities = Vec::new();
        (framing(&headers, &mut oddities), oddities)
    }

    #[test]
    fn chunks_win_over_a_length() {
        assert_eq!(framed(&[]), (Framing::Length(0), vec![]));
        assert_eq!(
            framed(&[("Content-Length", "5")]),
            (Framing::Length(5), vec![])
        );
        assert_eq!(
            framed(&[("transfer-encoding", "Chunked")]),
            (Framing::Chunked, vec![])
        );
        let both = framed(&[("Content-Length", "5"), ("Transfer-Encoding", "chunked")]);
        assert_eq!(both, (Framing::Chunked, vec![Oddity::LengthAndChunked]));
        let two = framed(&[("Transfer-Encoding", "gzip, chunked")]);
        assert_eq!(two, (Framing::Chunked, vec![Oddity::TransferCoding]));
    }

    #[test]
    fn notes_odd_lengths() {
        let same = framed(&[("Content-Length", "5"), ("Content-Length", "5")]);
        assert_eq!(same, (Framing::Length(5), vec![Oddity::RepeatedLength]));
        let other = framed(&[("Content-Length", "5, 6")]);
        assert_eq!(
            other,
            (Framing::Length(5), vec![Oddity::ConflictingLengths])
        );
        assert_eq!(
            framed(&[("Content-Length", "+5")]),
            (Framing::Length(0), vec![Oddity::BadLength])
        );
    }

    #[test]
    fn reads_chunk_sizes() {
        assert_eq!(chunk_size(b"1a\r\n"), Some(26));
        assert_eq!(chunk_size(b"0;x=y\r\n"), Some(0));
        for broken in [
            &b"\r\n"[..],
            b"1a\n",
            b"0x1\r\n",
            b"-1\r\n",
            b"fffffffffffffffff\r\n",
        ] {
            assert_eq!(chunk_size(broken), None);
        }
    }
}
