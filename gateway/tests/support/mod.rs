//! A gateway in the test's own process, and clients that send exact bytes.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "not every test file uses all of it, and a test may panic"
)]

mod answer;

pub use answer::Answer;

use gateway::runtime::{Gateway, Source};
use mock_upstreams::{Behaviour, MockUpstream};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Far beyond what anything here takes; a test that reaches it has failed.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// A gateway with its own directory, which ends with the test.
pub struct Started {
    pub gateway: Arc<Gateway>,
    pub address: SocketAddr,
    pub directory: TempDir,
}

/// Starts a gateway. Listeners, admin and access log, where the configuration says nothing of them, are on free ports
/// and in a file.
pub async fn start(configuration: &str) -> Started {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("gateway.yaml");
    std::fs::write(&file, whole(configuration, directory.path())).unwrap();
    let source = Source::new(vec![file.to_str().unwrap().to_owned()]);
    let gateway = Gateway::start(source)
        .await
        .map_err(|error| match error {
            gateway::runtime::StartError::Config(report) => report.human(false),
            error => error.to_string(),
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let address = gateway.addresses().await[0];
    Started {
        gateway,
        address,
        directory,
    }
}

fn whole(configuration: &str, directory: &std::path::Path) -> String {
    let mut text = configuration.to_owned();
    for (key, default) in [
        (
            "listeners:",
            "listeners: [{address: '127.0.0.1:0'}]".to_owned(),
        ),
        ("admin:", "admin: {address: '127.0.0.1:0'}".to_owned()),
        (
            "telemetry:",
            format!(
                "telemetry: {{accessLog: {{output: {{file: '{}'}}}}}}",
                directory.join("access.log").display()
            ),
        ),
    ] {
        if !text.lines().any(|line| line.starts_with(key)) {
            text = format!("{default}\n{text}");
        }
    }
    text
}

/// An echoing upstream and a gateway that sends everything to it.
pub async fn echo() -> (MockUpstream, Started) {
    behaving(Behaviour::named("up")).await
}

/// An upstream that behaves so, and a gateway that sends everything to it.
pub async fn behaving(behaviour: Behaviour) -> (MockUpstream, Started) {
    let upstream = MockUpstream::spawn(behaviour).await.unwrap();
    let gateway = start(&to(&upstream)).await;
    (upstream, gateway)
}

/// The configuration that sends everything to one upstream.
pub fn to(upstream: &MockUpstream) -> String {
    format!(
        "service: {{name: up, url: '{}'}}\nroute: {{paths: ['/']}}\n",
        upstream.url()
    )
}

impl Started {
    /// Sends these bytes on a connection of their own and returns what came until the gateway closed.
    pub async fn talk(&self, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        talk(self.address, bytes).await
    }

    /// As [`Self::talk`], for one request; its answer.
    pub async fn ask(&self, bytes: impl AsRef<[u8]>) -> Answer {
        let mut client = self.connect().await;
        client.write_all(bytes.as_ref()).await.unwrap();
        read_answer(&mut client).await
    }

    /// GET of this target, with these further lines of the head.
    pub async fn get(&self, target: &str, lines: &str) -> Answer {
        self.ask(request("GET", target, lines)).await
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A path of the admin listener; status and body.
    pub async fn admin(&self, path: &str) -> (u16, String) {
        let address = self.gateway.admin_address().await.unwrap();
        let answer = reqwest::get(format!("http://{address}{path}"))
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The value of one series of the metrics, 0 when it is not there.
    pub async fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let (_, text) = self.admin("/metrics").await;
        text.lines()
            .filter(|line| {
                line.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with(['{', ' ']))
                    && labels.iter().all(|label| line.contains(label))
            })
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes the configuration anew, with the parts that [`start`] adds.
    pub fn rewrite(&self, configuration: &str) {
        let text = whole(configuration, self.directory.path());
        std::fs::write(self.file("gateway.yaml"), text).unwrap();
    }

    /// The lines of the access log, once there are `n`.
    pub async fn log(&self, n: usize) -> Vec<Value> {
        eventually("lines in the access log", async || {
            let text = std::fs::read_to_string(self.file("access.log")).ok()?;
            let lines: Vec<Value> = text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            (lines.len() >= n).then_some(lines)
        })
        .await
    }
}

/// The head of a request without a body.
pub fn request(method: &str, target: &str, lines: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: gateway.test\r\n{lines}\r\n")
}

/// Sends these bytes and returns all that comes back until the other side closes.
pub async fn talk(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(bytes.as_ref()).await.unwrap();
    read_to_close(&mut client).await
}

/// Everything until the other side closes; a reset is an end too.
pub async fn read_to_close(client: &mut TcpStream) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match timeout(DEADLINE, client.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return seen,
            Ok(Ok(n)) => seen.extend_from_slice(&buffer[..n]),
            Err(_) => panic!("still open after {:?}", String::from_utf8_lossy(&seen)),
        }
    }
}

/// Reads one final answer, informational ones before it included in [`Answer::early`].
pub async fn read_answer(client: &mut TcpStream) -> Answer {
    read_answer_to(client, "GET").await
}

/// As [`read_answer`]; an answer to HEAD has no body whatever its head says.
pub async fn read_answer_to(client: &mut TcpStream, method: &str) -> Answer {
    let mut seen = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        if let Some((answer, _)) = Answer::parse(&seen, method, false) {
            return answer;
        }
        match timeout(DEADLINE, client.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => {
                return Answer::parse(&seen, method, true)
                    .unwrap_or_else(|| panic!("no answer in {:?}", String::from_utf8_lossy(&seen)))
                    .0;
            }
            Ok(Ok(n)) => seen.extend_from_slice(&buffer[..n]),
            Err(_) => panic!("no whole answer in {:?}", String::from_utf8_lossy(&seen)),
        }
    }
}

/// Reads until this text has come.
pub async fn read_until(client: &mut TcpStream, end: &str) -> String {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains(end) {
        let n = timeout(DEADLINE, client.read(&mut buffer))
            .await
            .unwrap_or_else(|_| panic!("no {end:?} in {:?}", String::from_utf8_lossy(&seen)))
            .unwrap();
        assert!(n > 0, "closed after {:?}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..n]);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

/// Asks again until there is something, and no longer than the deadline.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let search = async {
        let mut pace = tokio::time::interval(Duration::from_millis(5));
        loop {
            pace.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    timeout(DEADLINE, search)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
