//! `gateway hash-password`: what a configuration may hold of a password.

use super::print;
use gateway::identity::passwords::{has_control, make};
use std::io::{IsTerminal, Read};
use std::process::ExitCode;

/// Reads a password from standard input, without its last line break, and prints its Argon2id hash in the PHC form.
pub fn run() -> ExitCode {
    match read().and_then(|password| hash(&password)) {
        Ok(hash) => print(&format!("{hash}\n")),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read() -> Result<String, String> {
    let mut input = std::io::stdin().lock();
    let mut text = String::new();
    if input.is_terminal() {
        eprintln!("the password, which is shown as it is typed, then Enter and Ctrl-D:");
    }
    input
        .read_to_string(&mut text)
        .map_err(|error| format!("the password cannot be read: {error}"))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

fn hash(password: &str) -> Result<String, String> {
    if password.is_empty() {
        return Err("the password is empty".to_owned());
    }
    if has_control(password) {
        return Err(
            "the password has control characters, which no client can send (RFC 7617 §2)"
                .to_owned(),
        );
    }
    make(password).map_err(|error| format!("the password cannot be hashed: {error}"))
}
