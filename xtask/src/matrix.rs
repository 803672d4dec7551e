//! `cargo xtask matrix`: the suite on every target, held against what is recorded of each.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::{Result, setup, workspace};

const BUILD: [&str; 6] = [
    "build",
    "--package",
    "gateway",
    "--package",
    "gatecheck",
    "--bins",
];
/// What is recorded of each target, in the repository.
const RECORDED: &str = "harness/expectations";

/// What becomes of the verdicts.
#[derive(Clone, Copy, PartialEq)]
pub enum Verdicts {
    /// They are held against what is recorded.
    Compare,
    /// They are recorded.
    Record,
}

/// Sets the machine up, builds and runs the matrix.
pub fn run(verdicts: Verdicts) -> Result<ExitCode> {
    setup::for_every_target()?;
    workspace::run(&mut workspace::cargo(&BUILD)?)?;
    matrix(verdicts).map(|()| ExitCode::SUCCESS)
}

/// Runs the matrix with programs that are built; an error when a target is not as recorded.
pub fn as_recorded() -> Result {
    matrix(Verdicts::Compare)
}

fn matrix(verdicts: Verdicts) -> Result {
    let mut command = workspace::command(binary("gatecheck")?)?;
    command
        .args(["matrix", "--gateway-bin"])
        .arg(binary("gateway")?)
        .arg("--out")
        .arg(workspace::scratch("gatecheck")?.join("matrix"))
        .args(["--expect", RECORDED]);
    if verdicts == Verdicts::Record {
        command.arg("--record");
    }
    println!("      {}", workspace::line(&command));
    if command.status()?.success() {
        return Ok(());
    }
    let repeat = "cargo xtask matrix";
    Err(format!("a target is not as recorded. Repeat it with:\n\n  {repeat}\n").into())
}

fn binary(name: &str) -> Result<PathBuf> {
    Ok(workspace::target()?.join("debug").join(name))
}
