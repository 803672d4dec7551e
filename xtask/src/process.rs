//! Processes that end when this one does, however it ends.
//!
//! A destructor does not run when Ctrl-C or a kill ends this program. So each process has a watchdog: a shell that
//! waits for the end of a pipe which only this program holds open, and then ends the process.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::Result;

const STARTUP: Duration = Duration::from_secs(30);
const SHUTDOWN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(10);

/// Ctrl-C reaches the whole terminal group: the trap keeps the shell alive for the one line that matters.
const WATCHDOG: &str = "trap : INT TERM HUP; cat >/dev/null; kill \"$0\" 2>/dev/null";

/// A running process, ended on drop.
pub struct Process {
    name: String,
    child: Child,
    watchdog: Child,
}

impl Process {
    /// Starts a command; `name` is for messages.
    pub fn spawn(name: &str, command: &mut Command) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("{name} does not start: {error}"))?;
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, &child.id().to_string()])
            .stdin(Stdio::piped())
            .spawn()?;
        Ok(Self {
            name: name.to_owned(),
            child,
            watchdog,
        })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the process writes to a piped standard output.
    pub fn stdout(&mut self) -> Result<std::process::ChildStdout> {
        Ok(self
            .child
            .stdout
            .take()
            .ok_or_else(|| format!("{}: its output is not piped", self.name))?)
    }

    /// Waits until `ready` gives a value; an error when the process ends first or takes longer than 30 seconds.
    pub fn wait_until<T>(&mut self, mut ready: impl FnMut() -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + STARTUP;
        loop {
            if let Some(value) = ready() {
                return Ok(value);
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("{} ended before it was ready ({status})", self.name).into());
            }
            if Instant::now() > deadline {
                return Err(format!("{} was not ready within {STARTUP:?}", self.name).into());
            }
            std::thread::sleep(POLL);
        }
    }

    /// Waits until the address takes connections.
    pub fn wait_for_port(&mut self, address: SocketAddr) -> Result {
        self.wait_until(|| TcpStream::connect(address).is_ok().then_some(()))
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    fn end(&mut self) -> std::io::Result<()> {
        self.watchdog.kill()?;
        self.watchdog.wait()?;
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        Command::new("sh")
            .args(["-c", "kill \"$0\"", &self.child.id().to_string()])
            .status()?;
        let deadline = Instant::now() + SHUTDOWN;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                self.child.kill()?;
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!(
                "warning: {} (process {}) may still run: {error}",
                self.name,
                self.child.id()
            );
        }
    }
}

/// A loopback address that is free at this moment: the preferred port if it is, any other if not.
pub fn free_address(preferred: Option<u16>) -> Result<SocketAddr> {
    let wish = preferred.and_then(|port| TcpListener::bind(("127.0.0.1", port)).ok());
    let listener = match wish {
        Some(listener) => listener,
        None => TcpListener::bind("127.0.0.1:0")?,
    };
    Ok(listener.local_addr()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_taken_port_gives_another() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_ne!(free_address(Some(port)).unwrap().port(), port);
    }

    #[test]
    fn a_process_ends_with_its_guard() {
        let process = Process::spawn("cat", Command::new("sleep").arg("600")).unwrap();
        let id = process.id().to_string();
        let alive = || {
            Command::new("sh")
                .args(["-c", "kill -0 \"$0\" 2>/dev/null", &id])
                .status()
                .unwrap()
                .success()
        };
        assert!(alive());
        drop(process);
        assert!(!alive());
    }

    #[test]
    fn a_process_that_ends_early_is_told() {
        let mut process = Process::spawn("false", &mut Command::new("false")).unwrap();
        let error = process.wait_until(|| None::<()>).unwrap_err().to_string();
        assert!(
            error.starts_with("false ended before it was ready"),
            "{error}"
        );
    }
}
