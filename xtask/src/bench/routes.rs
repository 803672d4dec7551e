//! `bench routes`: what 10,000 routes cost against 10.

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use super::contender::{Contender, QUIET, Turn};
use super::cost::ratio;
use super::{load, median, nginx, prepare};
use crate::table::Table;
use crate::{Result, workspace};

const ROUNDS: usize = 7;
const SECONDS: u32 = 3;
const COUNTS: [(u32, &str); 2] = [(10, "10 routes"), (10_000, "10,000 routes")];

struct Subject {
    contender: Contender,
    script: PathBuf,
    /// Seconds from the start of the process to the first accepted connection.
    start: f64,
    turns: Vec<Turn>,
}

/// Lets a gateway with few and one with many routes take turns.
pub fn run() -> Result<ExitCode> {
    prepare()?;
    let (_backend_process, backend) = nginx::backend()?;
    let mut subjects = Vec::new();
    for (count, title) in COUNTS {
        subjects.push(Subject::start(count, title, backend)?);
    }
    for subject in &subjects {
        subject.contender.turn(&subject.script, 1, &[])?;
    }
    for round in 1..=ROUNDS {
        println!("round {round} of {ROUNDS}");
        for subject in &mut subjects {
            subject
                .turns
                .push(subject.contender.turn(&subject.script, SECONDS, &[])?);
        }
    }
    let mut table = Table::new(&[
        "gateway",
        "CPU / 10 routes",
        "CPU µs per request",
        "start s",
        "memory MiB",
    ]);
    for subject in &subjects {
        table.row(vec![
            subject.contender.title.to_owned(),
            format!("{:.2}", ratio(&subject.turns, &subjects[0].turns)),
            format!("{:.1}", median(subject.turns.iter().map(|turn| turn.cpu))),
            format!("{:.2}", subject.start),
            format!(
                "{:.1}",
                subject.contender.resident()? as f64 / f64::from(1 << 20)
            ),
        ]);
    }
    super::publish(
        &table,
        "routes",
        "Requests go to every route in turn; no plugins.",
    )?;
    Ok(ExitCode::SUCCESS)
}

impl Subject {
    fn start(count: u32, title: &'static str, backend: SocketAddr) -> Result<Self> {
        let script = workspace::scratch("bench")?.join(format!("routes-{count}.lua"));
        fs::write(
            &script,
            load::script((0..count).map(|number| (format!("{}/item", path(number)), vec![]))),
        )?;
        let begun = Instant::now();
        let contender = Contender::gateway_with(title, &configuration(count, backend)?)?;
        Ok(Self {
            contender,
            script,
            start: begun.elapsed().as_secs_f64(),
            turns: Vec::new(),
        })
    }
}

fn configuration(count: u32, backend: SocketAddr) -> Result<String> {
    let mut text =
        format!("{QUIET}service: {{name: backend, url: \"http://{backend}\"}}\nroutes:\n");
    for number in 0..count {
        writeln!(
            text,
            "  - {{name: route-{number}, paths: [\"{}\"], methods: [GET]}}",
            path(number)
        )?;
    }
    text.push_str("plugins: [{name: request-id, enabled: false}]\n");
    Ok(text)
}

/// Paths of three segments that share their beginnings, as those of real APIs do.
fn path(number: u32) -> String {
    format!("/api/team-{}/service-{number}", number % 100)
}
