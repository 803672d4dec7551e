//! Where things lie, and how the programs of the workspace are built and called.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// Directories of system programs that an ordinary user's `PATH` may lack (Debian keeps nginx there).
const SYSTEM_DIRECTORIES: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The root of the repository.
pub fn root() -> Result<PathBuf> {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").ok_or("start me as `cargo xtask`")?;
    let root = Path::new(&manifest)
        .parent()
        .ok_or("xtask/ lies in no workspace")?;
    Ok(root.to_owned())
}

/// Where programs are put that no package manager of the machine has.
pub fn tools() -> Result<PathBuf> {
    Ok(root()?.join(".tools"))
}

/// Cargo's target directory, whatever the configuration calls it: this program lies in `TARGET/debug/`.
pub fn target() -> Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program
        .ancestors()
        .nth(2)
        .ok_or("this program lies outside of a target directory")?;
    Ok(target.to_owned())
}

/// A fresh directory for the files of one command, under the target directory.
pub fn scratch(name: &str) -> Result<PathBuf> {
    let directory = target()?.join(name);
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// The whole path of an installed program, or none.
pub fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(&search_path())
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

/// A command that runs in the root of the repository and finds system programs.
pub fn command(program: impl AsRef<Path>) -> Result<Command> {
    let mut command = Command::new(program.as_ref());
    command.current_dir(root()?).env("PATH", search_path());
    Ok(command)
}

/// The cargo that started this program, with the arguments given.
pub fn cargo(arguments: &[&str]) -> Result<Command> {
    let mut cargo = command(env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from))?;
    cargo.args(arguments);
    // Cargo sets these for `cargo run`; handed on, they would make build scripts believe they belong to xtask.
    for (name, _) in env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    Ok(cargo)
}

/// Runs a command to its end; anything but success is an error that repeats the command.
pub fn run(command: &mut Command) -> Result {
    let status = command
        .status()
        .map_err(|error| format!("{}: {error}", line(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} ({status})", line(command)).into())
    }
}

/// The command as one would type it.
pub fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy();
    let arguments = command
        .get_args()
        .map(|argument| argument.to_string_lossy());
    std::iter::once(name)
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

fn search_path() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = SYSTEM_DIRECTORIES.iter().map(PathBuf::from);
    env::join_paths(env::split_paths(&path).chain(system)).unwrap_or(path)
}
