//! An HTTP endpoint that falls silent at will, and steady load on a route that has to ask it.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::Result;

/// Answers every request with the same JSON, or accepts connections, reads and never answers.
pub struct Endpoint {
    /// Where it listens.
    pub address: SocketAddr,
    silent: Arc<AtomicBool>,
}

impl Endpoint {
    /// Starts to answer with `body`, on threads that live as long as this program.
    pub fn start(body: String) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let silent = Arc::new(AtomicBool::new(false));
        let (shared, body) = (silent.clone(), Arc::<str>::from(body));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (silent, body) = (shared.clone(), body.clone());
                thread::spawn(move || {
                    // A client that goes away ends the connection, and nothing else.
                    if let Err(error) = serve(&stream, &silent, &body)
                        && error.kind() != std::io::ErrorKind::ConnectionReset
                    {
                        eprintln!("warning: the endpoint: {error}");
                    }
                });
            }
        });
        Ok(Self { address, silent })
    }

    /// Falls silent, or answers again what comes from now on.
    pub fn set_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }
}

fn serve(stream: &TcpStream, silent: &AtomicBool, body: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    while read_request(&mut reader)? {
        if silent.load(Ordering::SeqCst) {
            std::io::copy(&mut reader, &mut std::io::sink())?;
            return Ok(());
        }
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut writer = stream;
        writer.write_all(answer.as_bytes())?;
    }
    Ok(())
}

/// Reads over one request; false where the client has closed instead.
fn read_request(reader: &mut impl BufRead) -> std::io::Result<bool> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    Ok(true)
}

/// How many answers there were of each status.
pub type Statuses = BTreeMap<u16, u32>;

/// Requests at a constant rate, whether or not they are answered; each on its own connection, with its own token.
pub struct Pressure {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<std::io::Result<Statuses>>,
}

/// Between two requests.
const PACE: Duration = Duration::from_millis(10);
/// An answer is looked for when it must be there: the gateway waits three seconds for the endpoint.
const PATIENCE: Duration = Duration::from_secs(4);

impl Pressure {
    /// Starts to send these tokens to a path.
    pub fn start(
        address: SocketAddr,
        path: &'static str,
        tokens: impl Iterator<Item = String> + Send + 'static,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || send(address, path, tokens, &stopped));
        Self { stop, thread }
    }

    /// Sends no more, and waits for what is still to be answered.
    pub fn end(self) -> Result<Statuses> {
        self.stop.store(true, Ordering::SeqCst);
        let statuses = self.thread.join();
        Ok(statuses.map_err(|_| "the steady load panicked")??)
    }
}

fn send(
    address: SocketAddr,
    path: &str,
    tokens: impl Iterator<Item = String>,
    stopped: &AtomicBool,
) -> std::io::Result<Statuses> {
    let mut waiting: VecDeque<(Instant, TcpStream)> = VecDeque::new();
    let mut statuses = Statuses::new();
    let mut next = Instant::now();
    for token in tokens {
        if stopped.load(Ordering::SeqCst) {
            break;
        }
        let mut stream = TcpStream::connect(address)?;
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        waiting.push_back((Instant::now(), stream));
        while let Some((_, stream)) = waiting.pop_front_if(|(sent, _)| sent.elapsed() > PATIENCE) {
            *statuses.entry(status(&stream)?).or_default() += 1;
        }
        next += PACE;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    for (_, stream) in waiting {
        *statuses.entry(status(&stream)?).or_default() += 1;
    }
    Ok(statuses)
}

fn status(stream: &TcpStream) -> std::io::Result<u16> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
    status.ok_or_else(|| std::io::Error::other(format!("no HTTP answer but {line:?}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn an_endpoint_answers_until_it_falls_silent() {
        let endpoint = Endpoint::start("{}".to_owned()).unwrap();
        let ask = |stream: &mut TcpStream| {
            stream
                .write_all(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\na=b")
                .unwrap();
        };
        let mut stream = TcpStream::connect(endpoint.address).unwrap();
        ask(&mut stream);
        assert_eq!(status(&stream).unwrap(), 200);
        endpoint.set_silent(true);
        let mut stream = TcpStream::connect(endpoint.address).unwrap();
        ask(&mut stream);
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(status(&stream).is_err());
    }
}
