//! `cargo xtask demo`: the whole in one command. The suite runs on the gateway; then the gateway stays, to be tried.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use crate::gateway::Gateway;
use crate::http::Request;
use crate::json::Json;
use crate::process::{Process, free_address};
use crate::{Result, setup, workspace};

/// What follows the report.
#[derive(Clone, Copy, PartialEq)]
pub enum After {
    /// The gateway runs until Ctrl-C.
    KeepRunning,
    /// Nothing: the verdict is the exit code.
    End,
}

/// The development profile: the demo shows what the gateway does, and `cargo xtask test` uses the same build.
const BUILD: [&str; 8] = [
    "build",
    "--package",
    "gateway",
    "--package",
    "gatecheck",
    "--package",
    "mock-upstreams",
    "--bins",
];

const PREFERRED_PORT: u16 = 8080;
/// A fixture configuration of the suite; its only key is `ORDERS_KEY`.
const CONFIGURATION: &str = "scenarios/orders.yaml";
const UPSTREAM: &str = "orders-svc:8080";
const KEY: &str = "demo-key";

/// What to try, with the status that it gives.
const TRIES: [(&str, u16, Request<'static>); 3] = [
    (
        "with a key",
        200,
        Request {
            method: "GET",
            path: "/api/v1/orders",
            headers: &[("X-API-Key", KEY)],
        },
    ),
    (
        "without a key",
        401,
        Request {
            method: "GET",
            path: "/api/v1/orders",
            headers: &[],
        },
    ),
    (
        "a browser's preflight",
        204,
        Request {
            method: "OPTIONS",
            path: "/api/v1/orders",
            headers: &[
                ("Origin", "https://app.example.com"),
                ("Access-Control-Request-Method", "POST"),
            ],
        },
    ),
];

/// Sets up, builds, runs the suite, and keeps the gateway running if asked.
pub fn run(after: After) -> Result<ExitCode> {
    setup::install(setup::BUILD_AND_SUITE)?;
    println!("Building the gateway, the suite and the mock upstreams …");
    workspace::run(&mut workspace::cargo(&BUILD)?)?;

    let html = workspace::scratch("gatecheck")?.join("report.html");
    // One of an earlier run must not be taken for this one's.
    if html.exists() {
        std::fs::remove_file(&html)?;
    }
    let status = suite(&html)?;
    println!("\nThe whole report: {}", html.display());
    if after == After::KeepRunning {
        try_it()?;
    }
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs the suite on the gateway; its own progress is shown.
fn suite(html: &Path) -> Result<ExitStatus> {
    let mut command = workspace::command(binary("gatecheck")?)?;
    command
        .args(["run", "--target", "gateway", "--gateway-bin"])
        .arg(binary("gateway")?);
    command.arg("--report-html").arg(html);
    Process::spawn("gatecheck", &mut command)?.wait()
}

/// Runs the gateway before a mock upstream until Ctrl-C.
fn try_it() -> Result {
    let (_upstream_process, upstream) = upstream()?;
    let mut command = workspace::command(binary("gateway")?)?;
    command.args([
        "run",
        CONFIGURATION,
        "--resolve",
        &format!("{UPSTREAM}={upstream}"),
    ]);
    command.env("ORDERS_KEY", KEY).stdout(Stdio::null());
    let mut gateway = Gateway::start(
        command,
        free_address(Some(PREFERRED_PORT))?,
        &workspace::scratch("gatecheck")?,
    )?;

    println!(
        "\nThe gateway runs on {} with {}. Try it:",
        gateway.address, CONFIGURATION
    );
    for (what, expected, request) in &TRIES {
        let (status, _) = request.send(gateway.address)?;
        if status != *expected {
            return Err(
                format!("{what}: {expected} expected, but the gateway answers {status}").into(),
            );
        }
        println!(
            "\n  # {what}: {status}\n  {}",
            request.curl(gateway.address)
        );
    }
    println!(
        "\nThe same suite on nginx:\n\n  {} run --target nginx",
        binary("gatecheck")?.display()
    );
    println!("\nCtrl-C ends everything.");
    Err(format!("the gateway ended by itself ({})", gateway.process.wait()?).into())
}

/// A mock upstream that echoes requests, on a port of its own choice.
fn upstream() -> Result<(Process, SocketAddr)> {
    let mut command = Command::new(binary("mock-upstreams")?);
    command
        .args(["--upstream", "orders=echo", "--json"])
        .stdout(Stdio::piped());
    let mut process = Process::spawn("mock-upstreams", &mut command)?;
    let mut line = String::new();
    BufReader::new(process.stdout()?).read_line(&mut line)?;
    let address = address_of("orders", &Json::parse(&line)?);
    let address = address.ok_or_else(|| format!("mock-upstreams tells no address: {line}"))?;
    Ok((process, address))
}

/// Where an upstream listens, by what mock-upstreams prints: `{"upstreams": {"orders": "http://127.0.0.1:43211"}}`.
fn address_of(name: &str, printed: &Json) -> Option<SocketAddr> {
    let url = printed.member("upstreams")?.member(name)?.text()?;
    url.strip_prefix("http://")?.parse().ok()
}

fn binary(name: &str) -> Result<PathBuf> {
    Ok(workspace::target()?.join("debug").join(name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn an_upstream_is_found_by_its_name() {
        let text = r#"{"control": "http://127.0.0.1:1", "upstreams": {"a": "http://127.0.0.1:2"}}"#;
        let printed = Json::parse(text).unwrap();
        assert_eq!(
            address_of("a", &printed),
            Some("127.0.0.1:2".parse().unwrap())
        );
        assert_eq!(address_of("b", &printed), None);
    }
}
