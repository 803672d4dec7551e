//! `bench memory`: what an idle connection and a rate-limit key hold.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, ExitCode};

use super::contender::{Contender, Profile, QUIET};
use super::{nginx, prepare};
use crate::http::Request;
use crate::table::Table;
use crate::{Result, workspace};

const CONNECTIONS: usize = 5_000;
const KEYS: u64 = 1_000_000;
/// Files that this process and each proxy may have open: both ends of a proxied connection, and some more.
const OPEN_FILES: &str = "16384";
/// Set for the run that has the higher limit.
const RAISED: &str = "GATECHECK_BENCH_LIMIT_RAISED";

/// A tenant per request, never the same twice within a run; the first argument sets the runs apart.
const TENANTS: &str = "\
local run, turn = 0, 0
function init(arguments) run = arguments[1] end
function request()
  turn = turn + 1
  return wrk.format('GET', '/bench', {['X-Tenant'] = 'tenant-' .. run .. '-' .. turn})
end
";

/// Measures both and prints them.
pub fn run() -> Result<ExitCode> {
    if std::env::var_os(RAISED).is_none() {
        return with_more_files();
    }
    prepare()?;
    let (_backend_process, backend) = nginx::backend()?;
    idle_connections(backend)?;
    distinct_keys(backend)?;
    Ok(ExitCode::SUCCESS)
}

/// Starts this program again under a higher limit of open files, which only a shell can set without unsafe code.
fn with_more_files() -> Result<ExitCode> {
    let status = Command::new("sh")
        .args([
            "-c",
            &format!("ulimit -n {OPEN_FILES} && exec \"$0\" bench memory"),
        ])
        .arg(std::env::current_exe()?)
        .env(RAISED, "1")
        .status()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn idle_connections(backend: SocketAddr) -> Result {
    let mut table = Table::new(&[
        "proxy",
        "KiB per idle connection",
        "MiB with none",
        "MiB with 5,000",
    ]);
    let start: [&dyn Fn() -> Result<Contender>; 4] = [
        &|| Contender::bare_pingora(backend),
        &|| Contender::gateway("gateway, no plugins", backend, Profile::Nothing),
        &|| Contender::gateway("gateway, profile", backend, Profile::Full),
        &|| Contender::nginx("nginx, profile", backend, Profile::Full),
    ];
    for start in start {
        let contender = start()?;
        let first = idle(contender.address)?;
        let before = contender.resident()?;
        let connections = (0..CONNECTIONS)
            .map(|_| idle(contender.address))
            .collect::<Result<Vec<_>>>()?;
        let after = contender.resident()?;
        table.row(vec![
            contender.title.to_owned(),
            format!(
                "{:.1}",
                after.saturating_sub(before) as f64 / 1024.0 / connections.len() as f64
            ),
            mebibytes(before),
            mebibytes(after),
        ]);
        drop((first, connections));
    }
    super::publish(
        &table,
        "memory-connections",
        "Each connection has had one answer and waits for its next request.",
    )
}

fn distinct_keys(backend: SocketAddr) -> Result {
    let configuration = format!(
        "{QUIET}service: {{name: backend, url: \"http://{backend}\"}}\nroute: {{paths: [\"/\"]}}\nplugins:\n  \
         - {{name: request-id, enabled: false}}\n  \
         - {{name: rate-limit, config: {{key: \"header:X-Tenant\", limitPerMinute: 100}}}}\n"
    );
    let contender = Contender::gateway_with("gateway, limit by header", &configuration)?;
    let script = workspace::scratch("bench")?.join("tenants.lua");
    fs::write(&script, TENANTS)?;
    contender.turn(&script, 1, &["warm"])?;
    let before = contender.resident()?;
    let mut sent = 0;
    for run in 0.. {
        if sent >= KEYS {
            break;
        }
        sent += contender
            .turn(&script, 5, &[&run.to_string()])?
            .load
            .requests;
        println!("{sent} keys");
    }
    let after = contender.resident()?;
    let mut table = Table::new(&[
        "rate-limit keys",
        "MiB before",
        "MiB after",
        "bytes per key sent",
    ]);
    let growth = after.saturating_sub(before) as f64;
    table.row(vec![
        sent.to_string(),
        mebibytes(before),
        mebibytes(after),
        format!("{:.0}", growth / sent as f64),
    ]);
    super::publish(
        &table,
        "memory-keys",
        "A sliding window of 100 a minute, one request with each key.",
    )
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

/// A connection that has had one answer.
fn idle(address: SocketAddr) -> Result<TcpStream> {
    let (_, key) = Profile::credentials()
        .next()
        .ok_or("the profile has no key")?;
    let request = Request {
        method: "GET",
        path: "/bench",
        headers: &[("X-API-Key", &key)],
    };
    match request.send(address)? {
        (200, stream) => Ok(stream),
        (status, _) => Err(format!("the proxy answered {status}").into()),
    }
}
