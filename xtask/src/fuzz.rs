//! `cargo xtask fuzz`: random input for what the gateway reads from strangers, by the targets in `gateway/fuzz/`.
//!
//! The stable toolchain does: the coverage that guides libFuzzer is stable, and sanitizers, which are not, would find
//! little where `unsafe` is forbidden.

use std::process::ExitCode;

use crate::{Result, setup, workspace};

const DIRECTORY: &str = "gateway/fuzz";
/// Enough to notice what has just been broken.
const SECONDS: u32 = 60;
/// An input that takes longer is a finding.
const SLOW: &str = "-timeout=10";

/// What to run, and how long.
#[derive(Debug, PartialEq)]
pub struct Call {
    /// None: every target, one after the other.
    target: Option<String>,
    /// For each target, without the build.
    seconds: u32,
}

impl Call {
    /// Reads `[TARGET] [--seconds N]`.
    ///
    /// # Errors
    /// Says what is wrong with another command line.
    pub fn read(words: &[&str]) -> std::result::Result<Self, String> {
        let (target, rest) = match words {
            [target, rest @ ..] if !target.starts_with('-') => (Some((*target).to_owned()), rest),
            rest => (None, rest),
        };
        let seconds = match rest {
            [] => SECONDS,
            ["--seconds", number] => match number.parse() {
                // libFuzzer takes 0 for "without end".
                Ok(seconds @ 1..) => seconds,
                _ => return Err(format!("`{number}` is not a number of seconds from 1 on")),
            },
            ["--seconds"] => return Err("`--seconds` takes a number".to_owned()),
            rest => return Err(format!("`fuzz` does not take `{}`", rest.join(" "))),
        };
        Ok(Self { target, seconds })
    }

    /// Runs the targets; the first finding ends the run, with the command that repeats it.
    pub fn run(self) -> Result<ExitCode> {
        let all = targets()?;
        let chosen = match self.target {
            None => all,
            Some(target) if all.contains(&target) => vec![target],
            Some(target) => {
                let all = all.join(", ");
                return Err(format!("there is no fuzz target `{target}`, only {all}").into());
            }
        };
        setup::install(setup::FUZZING)?;
        setup::cargo_fuzz()?;
        for target in &chosen {
            fuzz(target, self.seconds)?;
        }
        println!("\nNo findings in {}.", chosen.join(", "));
        Ok(ExitCode::SUCCESS)
    }
}

/// The names of the targets, in order.
fn targets() -> Result<Vec<String>> {
    let mut names = vec![];
    for entry in workspace::root()?
        .join(DIRECTORY)
        .join("targets")
        .read_dir()?
    {
        let file = entry?.file_name();
        if let Some(name) = file.to_string_lossy().strip_suffix(".rs") {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// What is learnt stays in the target directory for the next run; the seeds are only read.
fn fuzz(target: &str, seconds: u32) -> Result {
    println!("\n{target}: {seconds} s");
    let corpus = workspace::scratch(&format!("fuzz/corpus/{target}"))?;
    let mut command = workspace::cargo(&["fuzz", "run", "--fuzz-dir", DIRECTORY])?;
    command
        .args(["--sanitizer", "none", "--target-dir"])
        .arg(workspace::scratch("fuzz")?)
        .arg(target)
        .arg(corpus)
        .arg(format!("{DIRECTORY}/seeds/{target}"))
        .args(["--", SLOW, "-print_final_stats=1"])
        .arg(format!("-dict={DIRECTORY}/json.dict"))
        .arg(format!("-max_total_time={seconds}"));
    workspace::run(&mut command)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn target_and_time_may_be_given() {
        let call = |target: Option<&str>, seconds| {
            let target = target.map(str::to_owned);
            Ok(Call { target, seconds })
        };
        assert_eq!(Call::read(&[]), call(None, SECONDS));
        assert_eq!(Call::read(&["token"]), call(Some("token"), SECONDS));
        assert_eq!(Call::read(&["--seconds", "5"]), call(None, 5));
        assert_eq!(
            Call::read(&["token", "--seconds", "5"]),
            call(Some("token"), 5)
        );
    }

    #[test]
    fn a_wrong_command_line_is_refused() {
        for words in [
            &["--seconds"][..],
            &["--seconds", "0"],
            &["--seconds", "-1"],
            &["--seconds", "5", "token"],
            &["token", "certificate"],
            &["--minutes", "5"],
        ] {
            assert!(Call::read(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn each_target_is_declared_and_has_seeds() {
        let directory = workspace::root().unwrap().join(DIRECTORY);
        let manifest = std::fs::read_to_string(directory.join("Cargo.toml")).unwrap();
        let targets = targets().unwrap();
        assert!(targets.contains(&"token".to_owned()));
        for target in targets {
            let path = format!("path = \"targets/{target}.rs\"");
            assert!(manifest.contains(&path), "{target}");
            let seeds = directory.join("seeds").join(&target).read_dir().unwrap();
            assert_ne!(seeds.count(), 0, "{target}");
        }
    }
}
