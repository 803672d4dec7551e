//! A running gateway, as the demo and the benchmarks start it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::json::Json;
use crate::process::Process;

/// A gateway that accepts connections.
pub struct Gateway {
    /// Where it listens.
    pub address: SocketAddr,
    /// The process; it ends with this value.
    pub process: Process,
}

impl Gateway {
    /// Starts `command`, which is `gateway run` with its files, on `listen` (port 0: one of its own choice) and waits
    /// until it accepts connections.
    pub fn start(mut command: Command, listen: SocketAddr, directory: &Path) -> Result<Self> {
        let ready = directory.join("ready.json");
        if ready.exists() {
            fs::remove_file(&ready)?;
        }
        command
            .args(["--listen", &listen.to_string()])
            .arg("--ready-file")
            .arg(&ready);
        let mut process = Process::spawn("the gateway", &mut command)?;
        let address = process.wait_until(|| listener(&ready))?;
        Ok(Self { address, process })
    }
}

/// The first listener in the ready file, once the file is there and whole.
fn listener(ready_file: &Path) -> Option<SocketAddr> {
    let ready = Json::parse(&fs::read_to_string(ready_file).ok()?).ok()?;
    ready
        .member("listeners")?
        .items()
        .first()?
        .text()?
        .parse()
        .ok()
}
