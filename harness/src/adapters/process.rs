//! A gateway's process: started in a directory of its own, watched until it serves, gone when its handle is.

use std::fs::{self, File};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::{Rendered, SetupError, watchdog};
use crate::fixtures::Texts;

/// How long a gateway may take until it serves.
const READY_WITHIN: Duration = Duration::from_secs(15);
/// How long a gateway may take to end once it is asked to.
const GONE_WITHIN: Duration = Duration::from_secs(2);
/// How often it is looked at until then.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How much of what it printed is told, in bytes.
const TAIL: usize = 4096;
const OUTPUT: &str = "output.log";

/// A gateway that serves. Dropping it kills the process and removes its directory.
#[derive(Debug)]
pub struct Running {
    /// The addresses of its listeners, in the order of the configuration; one at least.
    pub listeners: Vec<SocketAddr>,
    /// The address of its admin interface.
    pub admin: Option<SocketAddr>,
    /// Its access log, one JSON object a line.
    pub access_log: Option<PathBuf>,
    /// Files that it wants under a second name as well: the name, and the second one.
    pub copies: Vec<(String, String)>,
    /// Where the log has members that it calls otherwise than scenarios do: their name, and a JSON Pointer.
    pub log_members: &'static [(&'static str, &'static str)],
    /// What is different about one that was not started here.
    pub elsewhere: Option<Elsewhere>,
    process: Mutex<Option<Process>>,
}

/// How requests reach a gateway that was not started here.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// What they are for where they don't say: host and port.
    pub authority: String,
    /// Over TLS: the host asked for, and who is believed.
    pub tls: Option<(String, Vec<CertificateDer<'static>>)>,
    /// Whether clients can have addresses of their own, as on a loopback network.
    pub own_addresses: bool,
}

/// A started process and its directory.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    child: Child,
    group: u32,
    dir: TempDir,
}

impl Running {
    pub(super) fn new(process: Process, listeners: Vec<SocketAddr>) -> Self {
        Self {
            listeners,
            admin: None,
            access_log: None,
            copies: Vec::new(),
            log_members: &[],
            elsewhere: None,
            process: Mutex::new(Some(process)),
        }
    }

    /// One that was not started here, and isn't stopped.
    pub(super) fn elsewhere(address: SocketAddr, elsewhere: Elsewhere) -> Self {
        Self {
            listeners: vec![address],
            admin: None,
            access_log: None,
            copies: Vec::new(),
            log_members: &[],
            elsewhere: Some(elsewhere),
            process: Mutex::new(None),
        }
    }

    /// Ends the process and removes its directory; does nothing the second time.
    pub async fn stop(&self) {
        let process = self.process.lock().take();
        if let Some(mut process) = process {
            // Asked first, so that a master can see to its workers.
            process.signal(Signal::TERM, kill_process);
            if timeout(GONE_WITHIN, process.child.wait()).await.is_err() {
                tracing::debug!("{} has not ended in time and is killed", process.name);
            }
        }
    }

    /// Writes files into the gateway's directory, in place of those of the same names, and asks it to reload: it may
    /// take a while until it has.
    ///
    /// # Errors
    /// When it has stopped, or a file can't be written.
    pub fn replace(&self, files: &Texts) -> io::Result<()> {
        let process = self.process.lock();
        let stopped = || io::Error::other("the gateway has stopped");
        let process = process.as_ref().ok_or_else(stopped)?;
        for (name, text) in files {
            fs::write(process.dir().join(name), text)?;
            let copies = self.copies.iter().filter(|(copied, _)| copied == name);
            for (_, copy) in copies {
                fs::write(process.dir().join(copy), text)?;
            }
        }
        process.signal(Signal::HUP, kill_process);
        Ok(())
    }

    /// The end of what the gateway printed.
    pub fn output(&self) -> String {
        self.process
            .lock()
            .as_ref()
            .map(Process::output)
            .unwrap_or_default()
    }
}

impl Drop for Process {
    /// Kills the process and all that it has started.
    fn drop(&mut self) {
        self.signal(Signal::KILL, kill_process_group);
        if let Err(error) = watchdog::forget(self.group) {
            tracing::warn!(%error, "the watchdog of {} has ended", self.name);
        }
    }
}

impl Process {
    /// Writes the rendered files into `dir` and starts `command` there, what it prints going to a file.
    pub fn start(
        name: &'static str,
        mut command: Command,
        rendered: &Rendered,
        dir: TempDir,
    ) -> Result<Self, SetupError> {
        write_files(rendered, dir.path())
            .map_err(|error| SetupError::new(format!("{name}: {error}")))?;
        let output = || -> io::Result<Stdio> {
            Ok(File::options()
                .create(true)
                .append(true)
                .open(dir.path().join(OUTPUT))?
                .into())
        };
        let started = (|| {
            // A group of its own, so that workers end with their master.
            command.process_group(0).stdout(output()?).stderr(output()?);
            // Where the watchdog finds it, should this program be killed before the watchdog is told of it.
            command.current_dir(dir.path());
            command.envs(
                rendered
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            );
            command.spawn()
        })();
        let child = started
            .map_err(|error| SetupError::new(format!("{name} can't be started: {error}")))?;
        let group = child.id().unwrap_or_default();
        watchdog::watch(group).map_err(|error| {
            SetupError::new(format!(
                "nothing would end {name} with this program: {error}"
            ))
        })?;
        Ok(Self {
            group,
            name,
            child,
            dir,
        })
    }

    /// The process's directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its number, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The file that has what it prints.
    pub fn output_file(&self) -> PathBuf {
        self.dir().join(OUTPUT)
    }

    /// Looks until `ready` finds what it looks for, the process ends, or the time is over.
    pub async fn ready<T>(
        &mut self,
        mut ready: impl FnMut(&Path) -> Option<T>,
    ) -> Result<T, SetupError> {
        let begun = Instant::now();
        loop {
            if let Some(found) = ready(self.dir.path()) {
                return Ok(found);
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.failed(&format!("ended with {status} instead of serving")));
            }
            if begun.elapsed() > READY_WITHIN {
                return Err(self.failed(&format!(
                    "did not serve within {} s",
                    READY_WITHIN.as_secs()
                )));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Looks until the address takes connections.
    pub async fn accepts(&mut self, address: SocketAddr) -> Result<(), SetupError> {
        self.ready(|_| TcpStream::connect(address).is_ok().then_some(()))
            .await
    }

    /// Signals the process unless it has been waited for.
    fn signal(&self, signal: Signal, send: fn(Pid, Signal) -> rustix::io::Result<()>) {
        let id = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(Err(error)) = id.map(|id| send(id, signal)) {
            tracing::warn!(%error, "{} could not be signalled", self.name);
        }
    }

    fn failed(&self, what: &str) -> SetupError {
        SetupError::new(format!(
            "{} {what}; it printed:\n{}",
            self.name,
            self.output()
        ))
    }

    fn output(&self) -> String {
        tail(&self.output_file())
    }
}

/// Runs a command to its end and gives what it printed, on either stream.
pub(super) async fn printed(mut command: Command) -> io::Result<(bool, String)> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(READY_WITHIN, command.output())
        .await
        .map_err(|_| io::ErrorKind::TimedOut)??;
    let text = [output.stdout, output.stderr].concat();
    Ok((
        output.status.success(),
        String::from_utf8_lossy(&text).trim().to_owned(),
    ))
}

/// Has a gateway's own checker read a rendered configuration: a command that ends well if it is accepted.
pub(super) async fn checked(
    name: &str,
    mut command: Command,
    rendered: &Rendered,
) -> Result<(), SetupError> {
    command.envs(rendered.environment.iter().cloned());
    match printed(command).await {
        Ok((true, _)) => Ok(()),
        Ok((false, output)) => Err(SetupError::new(format!("{name} refuses it: {output}"))),
        Err(error) => Err(SetupError::new(format!("{name} can't be run: {error}"))),
    }
}

/// Writes rendered files into a directory.
pub(super) fn write_files(rendered: &Rendered, dir: &Path) -> io::Result<()> {
    rendered
        .files
        .iter()
        .try_for_each(|(name, content)| fs::write(dir.join(name), content))
}

fn tail(path: &Path) -> String {
    let text = fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let start = text.len().saturating_sub(TAIL);
    let start = (start..=text.len())
        .find(|&index| text.is_char_boundary(index))
        .unwrap_or(text.len());
    text[start..].trim().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    /// Where the watchdog looks for what it was not told of yet.
    #[tokio::test]
    async fn a_process_works_in_its_own_directory() {
        let dir = watchdog::directory().unwrap();
        let mut command = Command::new("sleep");
        command.arg("1000");
        let process = Process::start("sleep", command, &Rendered::default(), dir).unwrap();
        let works = fs::read_link(format!("/proc/{}/cwd", process.id().unwrap())).unwrap();
        assert_eq!(works, process.dir().canonicalize().unwrap());
    }
}
