//! The conformance suite against this very build. A word on the command line selects scenarios by a part of their
//! names: `cargo test --package gateway --test conformance -- preflight`.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use gatecheck::RunOptions;
use gatecheck::report::terminal::{Terminal, colours};
use gatecheck::suite::Filter;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        println!("conformance: test");
        return Ok(ExitCode::SUCCESS);
    }
    let name = arguments
        .into_iter()
        .find(|argument| !argument.starts_with('-'));
    let options = RunOptions {
        filter: Filter { tags: None, name },
        gateway_bin: Some(env!("CARGO_BIN_EXE_gateway").into()),
        progress: Arc::new(|_| {}),
        ..RunOptions::new("gateway")
    };
    let report = gatecheck::run(options).await?;
    Terminal::new(io::stdout(), colours()).summary(&report)?;
    Ok(if report.succeeded() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
