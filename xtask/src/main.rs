//! The long commands of the project: set-up of the machine, demo, test, bench, fuzz.
//!
//! Only the standard library is used, so that the first `cargo xtask` of a fresh clone starts in a second and can
//! install what the real build needs.

mod bench;
mod demo;
mod fuzz;
mod gateway;
mod http;
mod json;
mod matrix;
mod process;
mod setup;
mod table;
mod test;
mod workspace;

use std::process::ExitCode;

/// What a step of a command gives; the error's text is what the user reads.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const HELP: &str = "\
cargo xtask COMMAND

  setup            install what the build and the suite need and the machine lacks
  demo [--once]    build, run the conformance suite on the gateway, then leave the gateway running to try;
                   --once: end after the report, with the verdict as the exit code
  test             everything that must pass before a change is merged
  matrix [--record]
                   run the suite on every target and hold the verdicts against harness/expectations; --record: write
                   them there
  bench [NAME]     measure; NAME is one of cost (the default), routes, memory, allocations, tokens, tls, stall
  fuzz [TARGET] [--seconds N]
                   feed random input to what reads strangers' input, until something breaks; N seconds (60) for each
                   target of gateway/fuzz/targets, or for this one
  help             this text
";

const USAGE_ERROR: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["setup"] => setup::everything().map(|()| ExitCode::SUCCESS),
        ["demo"] => demo::run(demo::After::KeepRunning),
        ["demo", "--once"] => demo::run(demo::After::End),
        ["test"] => test::run(),
        ["matrix"] => matrix::run(matrix::Verdicts::Compare),
        ["matrix", "--record"] => matrix::run(matrix::Verdicts::Record),
        ["bench"] => bench::cost::run(),
        ["bench", "cost"] => bench::cost::run(),
        ["bench", "routes"] => bench::routes::run(),
        ["bench", "memory"] => bench::memory::run(),
        ["bench", "tokens"] => bench::tokens::run(),
        ["bench", "tls"] => bench::tls::run(),
        ["bench", "stall"] => bench::stall::run(),
        ["bench", "allocations"] => bench::allocations(),
        ["fuzz", rest @ ..] => match fuzz::Call::read(rest) {
            Ok(call) => call.run(),
            Err(complaint) => return usage_error(&complaint),
        },
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        other => return usage_error(&complaint(other)),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("\nerror: {error}");
        ExitCode::FAILURE
    })
}

fn usage_error(complaint: &str) -> ExitCode {
    eprintln!("error: {complaint}\n\n{HELP}");
    ExitCode::from(USAGE_ERROR)
}

/// What is wrong with a command line that is none of the above.
fn complaint(words: &[&str]) -> String {
    match words {
        [] => "no command given".to_owned(),
        ["bench", name] => format!("there is no benchmark `{name}`"),
        [
            known @ ("setup" | "demo" | "test" | "matrix" | "bench" | "help"),
            rest @ ..,
        ] => {
            format!("`{known}` does not take `{}`", rest.join(" "))
        }
        [unknown, ..] => format!("there is no command `{unknown}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_names_the_word_that_is_wrong() {
        assert_eq!(complaint(&[]), "no command given");
        assert_eq!(complaint(&["dmeo"]), "there is no command `dmeo`");
        assert_eq!(
            complaint(&["bench", "speed"]),
            "there is no benchmark `speed`"
        );
        assert_eq!(
            complaint(&["demo", "--twice"]),
            "`demo` does not take `--twice`"
        );
    }
}
