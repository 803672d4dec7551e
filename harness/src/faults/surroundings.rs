//! What stands around one gateway: its upstreams, for faults that send requests where the gateway didn't.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::framing::{Framing, Kept, Meter};
use super::message::{Parsed, Request, Response};
use super::wire::{Source, connect};
use crate::fixtures::Authority;

/// How long an upstream may take that a fault asks by itself.
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);

/// The upstreams of a gateway that speak HTTP/1.1 without TLS.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings(pub Vec<(Authority, SocketAddr)>);

/// A response that an upstream gave a fault.
pub(super) type Given = (Response, Kept);

impl Surroundings {
    /// The upstream that the path speaks of, else the first one.
    pub fn likely(&self, path: &str) -> Option<SocketAddr> {
        let fits = |authority: &str| {
            let name = authority.split(['-', ':']).next().unwrap_or_default();
            path.split('/').any(|segment| segment == name)
        };
        let fitting = self.0.iter().find(|(authority, _)| fits(authority));
        fitting.or(self.0.first()).map(|(_, address)| *address)
    }

    /// An upstream other than this one.
    pub fn other(&self, than: SocketAddr) -> Option<SocketAddr> {
        let mut others = self.0.iter().map(|(_, address)| *address);
        others.find(|address| *address != than)
    }
}

/// Sends a request to an upstream on a connection of its own.
///
/// # Errors
/// When no whole response comes in time.
pub(super) async fn ask(upstream: SocketAddr, request: &Request, body: &[u8]) -> io::Result<Given> {
    let answer = exchange(upstream, request, body);
    timeout(ANSWERS_WITHIN, answer)
        .await
        .map_err(|_| io::ErrorKind::TimedOut)?
}

async fn exchange(upstream: SocketAddr, request: &Request, body: &[u8]) -> io::Result<Given> {
    let mut stream = connect(upstream, IpAddr::V4(Ipv4Addr::LOCALHOST)).await?;
    let (reader, mut writer) = stream.split();
    let mut request = request.clone();
    request.fields.remove("Transfer-Encoding");
    request.fields.remove("Expect");
    if !body.is_empty() || request.fields.has("Content-Length") {
        request.fields.set("Content-Length", body.len().to_string());
    }
    writer.write_all(&[&request.bytes(), body].concat()).await?;
    let mut source = Source::new(reader);
    let response = loop {
        match Response::parse(&source.ahead) {
            Parsed::Whole(response, length) => {
                drop(source.ahead.split_to(length));
                if response.status >= 200 {
                    break response;
                }
            }
            Parsed::Partial if source.fill().await? > 0 => {}
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    };
    let framing = Framing::of_response(&request.method, &response);
    let framing = framing.ok_or(io::ErrorKind::InvalidData)?;
    let mut meter = Meter::new(framing, true);
    loop {
        let bytes = source.ahead.split();
        meter.take(&bytes);
        if meter.done() || meter.lost() {
            break;
        }
        if source.fill().await? == 0 {
            if framing == Framing::UntilClose {
                break;
            }
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((response, meter.kept().cloned().unwrap_or_default()))
}
