//! The proxies that take turns, each on one worker thread and one core.

use std::fmt::Write;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{load, nginx, usage};
use crate::gateway::Gateway;
use crate::process::{Process, free_address};
use crate::{Result, workspace};

/// The origin that the profile's CORS allows.
pub const ORIGIN: &str = "https://app.example.com";

const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const KEYS: u32 = 1000;

/// What a proxy does besides forwarding.
#[derive(Clone, Copy, PartialEq)]
pub enum Profile {
    /// Nothing.
    Nothing,
    /// Key authentication among 1,000 keys, a limit per key, CORS, request id, JSON access log, metrics.
    Full,
}

impl Profile {
    /// Pairs of consumer and key.
    pub fn credentials() -> impl Iterator<Item = (String, String)> {
        (1..=KEYS).map(|number| {
            (
                format!("consumer-{number:04}"),
                format!("bench-key-{number:04}-5f2b9c"),
            )
        })
    }

    /// Requests that the profile lets through, one with each key.
    pub fn script() -> String {
        load::script(Self::credentials().map(|(_, key)| {
            (
                "/bench".to_owned(),
                vec![
                    ("User-Agent", "curl/8.14.1".to_owned()),
                    ("Accept", "application/json".to_owned()),
                    ("Accept-Encoding", "gzip, br".to_owned()),
                    ("X-API-Key", key),
                    ("Origin", ORIGIN.to_owned()),
                ],
            )
        }))
    }

    /// Environment variables that hold the keys for the gateway.
    fn environment() -> impl Iterator<Item = (String, String)> {
        Self::credentials()
            .enumerate()
            .map(|(index, (_, key))| (format!("BENCH_KEY_{index}"), key))
    }

    fn configuration(self, backend: SocketAddr) -> Result<String> {
        let api = format!(
            "service: {{name: backend, url: \"http://{backend}\"}}\nroute: {{paths: [\"/\"]}}\n"
        );
        if self == Self::Nothing {
            return Ok(format!(
                "{api}{QUIET}plugins: [{{name: request-id, enabled: false}}]\n"
            ));
        }
        let mut text = format!("{api}{POLICIES}");
        writeln!(
            text,
            "telemetry: {{accessLog: {{output: {{file: {:?}}}}}}}",
            access_log("gateway")?
        )?;
        text.push_str("consumers:\n");
        for (index, (consumer, _)) in Self::credentials().enumerate() {
            writeln!(
                text,
                "  - {{name: {consumer}, keys: [\"${{env:BENCH_KEY_{index}}}\"]}}"
            )?;
        }
        Ok(text)
    }
}

/// Telemetry of a gateway that is measured without any.
pub const QUIET: &str = "telemetry: {accessLog: {output: \"off\"}}\n";

const POLICIES: &str = r#"admin: {address: "127.0.0.1:0"}
plugins:
  - {name: key-auth, config: {header: X-API-Key}}
  - {name: rate-limit, config: {key: key, limitPerMinute: 6000000, burst: 100000}}
  - {name: cors, config: {origins: ["https://app.example.com"], methods: [GET, POST], headers: [X-API-Key]}}
"#;

/// Where an access log goes: memory, so that no disk is measured.
pub fn access_log(name: &str) -> Result<PathBuf> {
    let memory = Path::new("/dev/shm");
    let directory = if memory.is_dir() {
        memory.to_owned()
    } else {
        workspace::scratch("bench")?
    };
    Ok(directory.join(format!("gatecheck-bench-{name}-{}.log", std::process::id())))
}

/// A running proxy.
pub struct Contender {
    /// Its line in the table.
    pub title: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    scheme: &'static str,
    process: Process,
    log: Option<PathBuf>,
}

/// What one turn of a contender gave.
pub struct Turn {
    /// CPU time per request, in microseconds.
    pub cpu: f64,
    /// What wrk reported.
    pub load: load::Report,
}

impl Contender {
    /// Pingora with nothing on it.
    pub fn bare_pingora(backend: SocketAddr) -> Result<Self> {
        let address = free_address(None)?;
        let mut command = Core::Proxy.command(release("examples/bare-pingora")?)?;
        command.args([address.to_string(), backend.to_string()]);
        let mut process = Process::spawn("bare-pingora", &mut command)?;
        process.wait_for_port(address)?;
        Ok(Self::new("bare Pingora", address, process))
    }

    /// The gateway under a profile.
    pub fn gateway(title: &'static str, backend: SocketAddr, profile: Profile) -> Result<Self> {
        let log = match profile {
            Profile::Nothing => None,
            Profile::Full => Some(access_log("gateway")?),
        };
        let mut started = Self::gateway_with(title, &profile.configuration(backend)?)?;
        started.log = log;
        Ok(started)
    }

    /// The gateway with a configuration of one's own.
    pub fn gateway_with(title: &'static str, configuration: &str) -> Result<Self> {
        let directory = workspace::scratch("bench")?.join(title.replace([' ', ',', '.'], "-"));
        fs::create_dir_all(&directory)?;
        let file = directory.join("gateway.yaml");
        fs::write(&file, configuration)?;
        let mut command = Core::Proxy.command(release("gateway")?)?;
        command.arg("run").arg(file).envs(Profile::environment());
        let gateway = Gateway::start(command, ANY_PORT, &directory)?;
        Ok(Self::new(title, gateway.address, gateway.process))
    }

    /// nginx under a profile.
    pub fn nginx(title: &'static str, backend: SocketAddr, profile: Profile) -> Result<Self> {
        let (process, address) = nginx::proxy(backend, profile)?;
        let mut started = Self::new(title, address, process);
        started.log = Some(access_log("nginx")?);
        Ok(started)
    }

    /// A program that listens already and writes no log.
    pub fn new(title: &'static str, address: SocketAddr, process: Process) -> Self {
        Self {
            title,
            address,
            scheme: "http",
            process,
            log: None,
        }
    }

    /// The same, spoken to over TLS.
    pub fn over_tls(mut self) -> Self {
        self.scheme = "https";
        self
    }

    /// Bytes that it holds in memory.
    pub fn resident(&self) -> Result<u64> {
        usage::resident(self.process.id())
    }

    /// One turn under load.
    pub fn turn(&self, script: &Path, seconds: u32, arguments: &[&str]) -> Result<Turn> {
        let before = usage::cpu_time(self.process.id())?;
        let url = format!("{}://{}/", self.scheme, self.address);
        let load = load::run(&url, script, seconds, arguments)
            .map_err(|error| format!("{}: {error}", self.title))?;
        let spent = usage::cpu_time(self.process.id())?.saturating_sub(before);
        if let Some(log) = &self.log {
            fs::File::create(log)?;
        }
        Ok(Turn {
            cpu: micros(spent) / load.requests as f64,
            load,
        })
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        let Some(log) = &self.log else { return };
        if let Err(error) = fs::remove_file(log) {
            eprintln!("warning: {} stays behind: {error}", log.display());
        }
    }
}

/// Which core a program runs on, where the machine has two and taskset.
#[derive(Clone, Copy)]
pub enum Core {
    /// wrk and the backend.
    Load,
    /// The contender whose turn it is.
    Proxy,
}

impl Core {
    /// A command pinned to the core.
    pub fn command(self, program: impl AsRef<Path>) -> Result<Command> {
        let number = match self {
            Core::Load => "0",
            Core::Proxy => "1",
        };
        let pinned = workspace::command("taskset")?
            .args(["-c", number, "true"])
            .status();
        if !pinned.is_ok_and(|status| status.success()) {
            return workspace::command(program);
        }
        let mut command = workspace::command("taskset")?;
        command.args(["-c", number]).arg(program.as_ref());
        Ok(command)
    }
}

/// A program of the release build.
pub fn release(program: &str) -> Result<PathBuf> {
    let profiles = workspace::target()?;
    Ok(profiles.join("release").join(program))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
