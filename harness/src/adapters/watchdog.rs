//! What sees to it that nothing outlives this program, however it ends: a shell that waits for the end of a pipe which
//! this program alone holds open, and then kills what still runs and removes the directory of the run.
//!
//! A destructor does not run when a program is killed.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use parking_lot::Mutex;
use tempfile::TempDir;

/// Reads `+ GROUP` and `- GROUP`, line by line. Whatever works below the directory is killed as well: a process that was
/// started, and its start not yet told.
const SCRIPT: &str = r#"
trap : INT TERM HUP
groups=
while read -r sign group; do
  rest=
  for one in $groups; do
    if [ "$one" != "$group" ]; then rest="$rest $one"; fi
  done
  groups=$rest
  if [ "$sign" = + ]; then groups="$groups $group"; fi
done
for group in $groups; do kill -KILL "-$group"; done
end() {
  for process in /proc/[0-9]*; do
    case $(readlink "$process/cwd") in
      "$1"/*) kill -KILL "${process#/proc/}" ;;
    esac
  done
}
end "$1"
rm -rf "$1"
# Once more, for one that had not come to the directory yet; without it none starts any more.
end "$1"
"#;

static WATCHDOG: OnceLock<Result<Watchdog, String>> = OnceLock::new();

struct Watchdog {
    /// The directory of everything that this program starts.
    dir: PathBuf,
    told: Mutex<ChildStdin>,
}

/// A directory for a gateway, inside that of the run.
///
/// # Errors
/// When it can't be made.
pub(crate) fn directory() -> io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix("gateway-")
        .tempdir_in(&watchdog()?.dir)
}

/// Has this process group end with the program.
pub(super) fn watch(group: u32) -> io::Result<()> {
    watchdog()?.tell('+', group)
}

/// This process group has ended; its number may be given to another.
pub(super) fn forget(group: u32) -> io::Result<()> {
    watchdog()?.tell('-', group)
}

fn watchdog() -> io::Result<&'static Watchdog> {
    let watchdog = WATCHDOG.get_or_init(|| Watchdog::start().map_err(|error| error.to_string()));
    watchdog
        .as_ref()
        .map_err(|error| io::Error::other(error.clone()))
}

impl Watchdog {
    fn start() -> io::Result<Self> {
        let dir = tempfile::Builder::new().prefix("gatecheck-").tempdir()?;
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "gatecheck-watchdog"])
            .arg(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own: what ends the program from the terminal is not meant for it.
            .process_group(0)
            .spawn()?;
        let told = shell.stdin.take();
        let told = told.ok_or_else(|| io::Error::other("the watchdog has no standard input"))?;
        Ok(Self {
            // The watchdog removes it.
            dir: dir.keep(),
            told: Mutex::new(told),
        })
    }

    fn tell(&self, sign: char, group: u32) -> io::Result<()> {
        self.told
            .lock()
            .write_all(format!("{sign} {group}\n").as_bytes())
    }
}
