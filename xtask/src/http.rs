//! One request over a plain connection, for what needs no more than the status.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use crate::Result;

/// A request without a body.
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The path.
    pub path: &'a str,
    /// Headers besides `Host`.
    pub headers: &'a [(&'a str, &'a str)],
}

impl Request<'_> {
    /// Sends it on a new connection; gives the status and the connection, which stays open.
    pub fn send(&self, address: SocketAddr) -> Result<(u16, TcpStream)> {
        let mut stream = TcpStream::connect(address)?;
        let headers: String = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let (method, path) = (self.method, self.path);
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n");
        stream.write_all(head.as_bytes())?;
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
        Ok((
            status.ok_or_else(|| format!("no HTTP answer but {line:?}"))?,
            stream,
        ))
    }

    /// The curl command that sends the same.
    pub fn curl(&self, address: SocketAddr) -> String {
        let method = if self.method == "GET" {
            String::new()
        } else {
            format!(" -X {}", self.method)
        };
        let headers: String = self
            .headers
            .iter()
            .map(|(name, value)| format!(" -H '{name}: {value}'"))
            .collect();
        format!("curl -i{method}{headers} http://{address}{}", self.path)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use std::net::TcpListener;

    use super::*;

    const PREFLIGHT: Request<'_> = Request {
        method: "OPTIONS",
        path: "/a",
        headers: &[("Origin", "https://a.example")],
    };

    #[test]
    fn sends_what_curl_would() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(&stream).lines().map(std::io::Result::unwrap);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .unwrap();
            head
        });
        let (status, _stream) = PREFLIGHT.send(address).unwrap();
        assert_eq!(status, 204);
        let host = format!("Host: {address}");
        let expected = ["OPTIONS /a HTTP/1.1", &host, "Origin: https://a.example"];
        assert_eq!(server.join().unwrap(), expected);
    }

    #[test]
    fn the_curl_line_names_method_and_headers() {
        let address = "127.0.0.1:8080".parse().unwrap();
        let expected = "curl -i -X OPTIONS -H 'Origin: https://a.example' http://127.0.0.1:8080/a";
        assert_eq!(PREFLIGHT.curl(address), expected);
    }
}
