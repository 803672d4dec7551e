//! `cargo xtask demo`: the whole in one command. The suite runs on the gateway; then the gateway stays, to be tried.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use crate::gateway::Gateway;
use crate::http::Request;
use crate::json::Json;
use crate::process::{Process, free_address};
use crate::table::Table;
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

/// Verdicts of the suite, in the order of the table's columns.
const VERDICTS: [&str; 6] = [
    "pass",
    "fail",
    "setup-failed",
    "unexpected-pass",
    "known-failing",
    "unsupported",
];

const PREFERRED_PORT: u16 = 8080;
const UPSTREAM: &str = "orders-svc:8080";
const KEY: &str = "demo-key";
const CONSUMERS: &str = "consumers:\n  - {name: demo, keys: [\"${env:DEMO_KEY}\"]}\n";

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

    let directory = workspace::scratch("gatecheck")?;
    let status = suite(&directory)?;
    println!(
        "\n{}",
        capabilities(&Json::parse(&fs::read_to_string(
            directory.join("report.json")
        )?)?)?
    );
    println!(
        "The whole report: {}",
        directory.join("report.html").display()
    );
    if after == After::KeepRunning {
        try_it(&directory)?;
    }
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs the suite on the gateway; its own progress is shown.
fn suite(directory: &Path) -> Result<ExitStatus> {
    let mut command = workspace::command(binary("gatecheck")?)?;
    command
        .args(["run", "--target", "gateway", "--gateway-bin"])
        .arg(binary("gateway")?);
    for form in ["html", "json"] {
        let report = directory.join(format!("report.{form}"));
        // A report of an earlier run must not be taken for this one's.
        if report.exists() {
            fs::remove_file(&report)?;
        }
        command.arg(format!("--report-{form}")).arg(report);
    }
    let mut process = Process::spawn("gatecheck", &mut command)?;
    process.wait()
}

/// A line for each capability: how many scenarios came to which verdict.
fn capabilities(report: &Json) -> Result<String> {
    let mut counts: Vec<(&str, [u32; VERDICTS.len()])> = Vec::new();
    for scenario in report
        .member("scenarios")
        .ok_or("the report has no scenarios")?
        .items()
    {
        let text = |value: Option<&'_ Json>| value.and_then(Json::text).map(str::to_owned);
        let capability = scenario
            .member("capability")
            .and_then(Json::text)
            .unwrap_or("other");
        let verdict = text(
            scenario
                .member("verdict")
                .and_then(|verdict| verdict.member("kind")),
        );
        let column = VERDICTS
            .iter()
            .position(|known| Some(*known) == verdict.as_deref());
        let column =
            column.ok_or_else(|| format!("the report has an unknown verdict: {verdict:?}"))?;
        let row = counts
            .iter()
            .position(|(name, _)| *name == capability)
            .unwrap_or_else(|| {
                counts.push((capability, [0; VERDICTS.len()]));
                counts.len() - 1
            });
        counts[row].1[column] += 1;
    }
    counts.sort_unstable();
    let mut table = Table::new(&[&["capability"], &VERDICTS[..]].concat());
    for (capability, numbers) in counts {
        let cells = numbers.map(|number| {
            if number == 0 {
                "·".to_owned()
            } else {
                number.to_string()
            }
        });
        table.row([&[capability.to_owned()], &cells[..]].concat());
    }
    Ok(table.markdown())
}

/// Runs the gateway before a mock upstream until Ctrl-C.
fn try_it(directory: &Path) -> Result {
    let (_upstream_process, upstream) = upstream()?;
    let consumers = directory.join("demo-consumers.yaml");
    fs::write(&consumers, CONSUMERS)?;
    let orders = orders()?;
    let mut command = workspace::command(binary("gateway")?)?;
    command
        .arg("run")
        .args([&orders, &consumers])
        .args(["--resolve", &format!("{UPSTREAM}={upstream}")]);
    command.env("DEMO_KEY", KEY).stdout(Stdio::null());
    let mut gateway = Gateway::start(command, free_address(Some(PREFERRED_PORT))?, directory)?;

    println!(
        "\nThe gateway runs on {} with {}. Try it:",
        gateway.address,
        orders.display()
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

/// The fixture configuration of the orders API.
fn orders() -> Result<PathBuf> {
    let scenarios = workspace::root()?.join("scenarios");
    let found = ["yaml", "yml", "json"]
        .iter()
        .map(|form| scenarios.join(format!("orders.{form}")));
    Ok(found
        .into_iter()
        .find(|file| file.is_file())
        .ok_or("scenarios/ has no orders configuration")?)
}

fn binary(name: &str) -> Result<PathBuf> {
    Ok(workspace::target()?.join("debug").join(name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn verdicts_are_counted_by_capability() {
        let report = r#"{"scenarios": [
            {"capability": "cors", "verdict": {"kind": "pass"}},
            {"capability": "api-keys", "verdict": {"kind": "fail", "message": "m"}},
            {"capability": "cors", "verdict": {"kind": "pass"}}]}"#;
        let table = capabilities(&Json::parse(report).unwrap()).unwrap();
        let lines: Vec<Vec<&str>> = table
            .lines()
            .skip(2)
            .map(|line| line.split('|').map(str::trim).collect())
            .collect();
        assert_eq!(lines[0][1..4], ["api-keys", "·", "1"]);
        assert_eq!(lines[1][1..4], ["cors", "2", "·"]);
    }

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

    #[test]
    fn an_unknown_verdict_is_not_swallowed() {
        let report =
            Json::parse(r#"{"scenarios": [{"capability": "a", "verdict": {"kind": "new"}}]}"#)
                .unwrap();
        assert!(
            capabilities(&report)
                .unwrap_err()
                .to_string()
                .contains("new")
        );
    }
}
