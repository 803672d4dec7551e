//! A run that is killed leaves neither a process nor a file behind.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

const WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(10);

#[test]
fn a_run_that_is_killed_leaves_nothing_behind() {
    for signal in [Signal::KILL, Signal::TERM, Signal::INT] {
        for target in ["nginx", "haproxy"] {
            nothing_is_left(target, signal);
        }
    }
}

fn nothing_is_left(target: &str, signal: Signal) {
    let dir = tempfile::tempdir().unwrap();
    let mut run = start(target, dir.path());
    // In the middle of it: gateways run.
    until("gateways run", || !running(dir.path()).is_empty());
    let id = Pid::from_raw(run.id().cast_signed()).unwrap();
    kill_process(id, signal).unwrap();
    run.wait().unwrap();
    until("they have ended", || running(dir.path()).is_empty());
    until("their files are gone", || {
        fs::read_dir(dir.path()).unwrap().next().is_none()
    });
}

/// A run whose temporary files are in `dir`.
fn start(target: &str, dir: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatecheck"));
    command.args(["run", "--target", target, "--concurrency", "4"]);
    command
        .env("TMPDIR", dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// The gateways of the run: processes that work below `dir`, or have it in their arguments; the watchdog isn't one.
fn running(dir: &Path) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let found = processes.filter_map(|process| {
        let command = fs::read(process.path().join("cmdline")).ok()?;
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        let works = fs::read_link(process.path().join("cwd")).ok()?;
        let own = works.starts_with(dir) || command.contains(&dir.display().to_string());
        let gateway = own && !command.contains("gatecheck-watchdog");
        gateway.then_some(command)
    });
    found.collect()
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < WITHIN, "not so: {what}");
        std::thread::park_timeout(LOOK_EVERY);
    }
}
