//! `cargo xtask test`: everything that must pass before a change is merged, in the order that fails soonest.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::{Result, matrix, setup, workspace};

struct Step {
    title: &'static str,
    /// Arguments of cargo.
    cargo: &'static [&'static str],
    /// Set for this step alone.
    environment: &'static [(&'static str, &'static str)],
}

/// One profile throughout, so that each dependency is compiled once and checked once.
const STEPS: [Step; 5] = [
    Step {
        title: "format",
        cargo: &["fmt", "--all", "--check"],
        environment: &[],
    },
    Step {
        title: "clippy",
        cargo: &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
        environment: &[],
    },
    Step {
        title: "documentation",
        cargo: &["doc", "--workspace", "--no-deps"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
    // Tests and programs in one build, or features would be resolved twice and dependencies compiled twice.
    Step {
        title: "build",
        cargo: &["build", "--workspace", "--all-targets"],
        environment: &[],
    },
    Step {
        title: "tests: unit, property, golden, documentation, conformance of the gateway",
        cargo: &["test", "--workspace"],
        environment: &[],
    },
];

/// Sets the machine up and runs every step; the first that fails ends the run.
pub fn run() -> Result<ExitCode> {
    let start = Instant::now();
    setup::rust_components()?;
    setup::for_tests()?;
    let mut total = Tally::default();
    let count = STEPS.len() + 1;
    for (index, step) in STEPS.iter().enumerate() {
        total.add(&timed(index + 1, step.title, || step.run())?);
    }
    // The suite is only neutral if it holds for gateways that are not ours.
    timed(count, "conformance of every target", matrix::as_recorded)?;
    println!(
        "\nAll {count} steps passed in {}.",
        seconds(start.elapsed())
    );
    println!("{total}.");
    Ok(ExitCode::SUCCESS)
}

fn timed<T>(number: usize, title: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("\n[{number}/{}] {title}", STEPS.len() + 1);
    let begun = Instant::now();
    let outcome = step()?;
    println!("      done in {}", seconds(begun.elapsed()));
    Ok(outcome)
}

impl Step {
    /// Runs the step, shows what it prints, and counts the tests in it.
    fn run(&self) -> Result<Tally> {
        let mut command = workspace::cargo(self.cargo)?;
        command
            .envs(self.environment.iter().copied())
            .stdout(Stdio::piped());
        println!("      {}", self.line(&command));
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or("the output is not piped")?;
        let mut tally = Tally::default();
        for line in BufReader::new(output).lines() {
            let line = line?;
            println!("{line}");
            tally.read(&line);
        }
        let status = child.wait()?;
        if status.success() {
            return Ok(tally);
        }
        Err(format!(
            "{} failed. Repeat it with:\n\n  {}\n",
            self.title,
            self.line(&command)
        )
        .into())
    }

    fn line(&self, command: &Command) -> String {
        let environment = self
            .environment
            .iter()
            .map(|(name, value)| format!("{name}='{value}' "));
        environment.chain([workspace::line(command)]).collect()
    }
}

/// Numbers of tests, as the test programs told them.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    passed: u64,
    ignored: u64,
}

impl Tally {
    /// Counts a line such as `test result: ok. 12 passed; 0 failed; 1 ignored; …`.
    fn read(&mut self, line: &str) {
        let Some(result) = line.trim_start().strip_prefix("test result: ") else {
            return;
        };
        for part in result.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else {
                continue;
            };
            match (number.parse::<u64>(), what) {
                (Ok(number), "passed") => self.passed += number,
                (Ok(number), "ignored") => self.ignored += number,
                _ => {}
            }
        }
    }

    fn add(&mut self, other: &Tally) {
        self.passed += other.passed;
        self.ignored += other.ignored;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tests passed, {} ignored", self.passed, self.ignored)
    }
}

fn seconds(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_what_test_programs_print() {
        let mut tally = Tally::default();
        tally.read("running 14 tests");
        tally.read("test result: ok. 12 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.10s");
        tally.read("test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        assert_eq!(
            tally,
            Tally {
                passed: 15,
                ignored: 2
            }
        );
        assert_eq!(tally.to_string(), "15 tests passed, 2 ignored");
    }

    #[test]
    fn times_are_readable() {
        assert_eq!(seconds(Duration::from_millis(1240)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(605)), "10 min 05 s");
    }
}
