//! `bench stall`: what clients of one route notice while another route waits for a server that never answers.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::contender::{Contender, QUIET};
use super::material::{AUDIENCE, ISSUER, Material};
use super::silent::{Endpoint, Pressure, Statuses};
use super::{load, median, nginx, prepare};
use crate::table::Table;
use crate::{Result, workspace};

const ROUNDS: usize = 5;
const SECONDS: u32 = 3;
/// How long the steady load runs before anything is measured, so that what stalls has piled up.
const AHEAD: Duration = Duration::from_secs(2);
/// More than the steady load takes in all rounds.
const TOKENS: usize = 10_000;

/// A gateway with a plain route and one that asks an endpoint about each of its tokens.
struct Subject {
    asks: &'static str,
    contender: Contender,
    endpoint: Endpoint,
    tokens: Arc<Mutex<std::vec::IntoIter<String>>>,
    /// Without the steady load, with it, and with it while the endpoint is silent.
    moods: [Mood; 3],
}

#[derive(Default)]
struct Mood {
    reports: Vec<load::Report>,
    statuses: Statuses,
}

/// Lets the endpoints answer and fall silent in turn, and prints the medians.
pub fn run() -> Result<ExitCode> {
    prepare()?;
    let material = Material::mint(TOKENS)?;
    let (_backend_process, backend) = nginx::backend()?;
    let script = workspace::scratch("bench")?.join("stall.lua");
    fs::write(
        &script,
        load::script([("/plain".to_owned(), vec![])].into_iter()),
    )?;
    let mut subjects = [introspection(backend)?, unknown_keys(backend, &material)?];
    for round in 1..=ROUNDS {
        println!("round {round} of {ROUNDS}");
        for subject in &mut subjects {
            for mood in 0..subject.moods.len() {
                subject.turn(mood, &script)?;
            }
        }
    }
    publish(&subjects)?;
    Ok(ExitCode::SUCCESS)
}

fn introspection(backend: SocketAddr) -> Result<Subject> {
    let endpoint = Endpoint::start(r#"{"active": true, "sub": "user-1"}"#.to_owned())?;
    let plugin = format!(
        "{{name: oauth2-introspect, config: {{endpoint: \"http://{}/introspect\", clientId: gateway, clientSecret: \
         \"${{env:BENCH_KEY_0}}\", timeout: 3s}}}}",
        endpoint.address
    );
    let tokens = (0..TOKENS)
        .map(|number| format!("opaque-{number}"))
        .collect();
    Subject::start(
        "introspection",
        "stall-introspection",
        backend,
        endpoint,
        &plugin,
        tokens,
    )
}

fn unknown_keys(backend: SocketAddr, material: &Material) -> Result<Subject> {
    let endpoint = Endpoint::start(fs::read_to_string(material.key_set("RS256"))?)?;
    let plugin = format!(
        "{{name: jwt-validate, config: {{issuer: \"{ISSUER}\", audience: \"{AUDIENCE}\", jwks: \"http://{}/jwks\", \
         keySet: {{cooldown: 1s, timeout: 3s}}}}}}",
        endpoint.address
    );
    let unknown: PathBuf = material.directory().join("unknown-kids.txt");
    let tokens = fs::read_to_string(unknown)?
        .lines()
        .map(str::to_owned)
        .collect();
    Subject::start(
        "keys, for unknown `kid`s",
        "stall-keys",
        backend,
        endpoint,
        &plugin,
        tokens,
    )
}

impl Subject {
    fn start(
        asks: &'static str,
        title: &'static str,
        backend: SocketAddr,
        endpoint: Endpoint,
        plugin: &str,
        tokens: Vec<String>,
    ) -> Result<Self> {
        let configuration = format!(
            "{QUIET}service: {{name: backend, url: \"http://{backend}\"}}\nroutes:\n  \
             - {{name: plain, paths: [\"/plain\"]}}\n  \
             - {{name: asking, paths: [\"/asking\"], plugins: [{plugin}]}}\n\
             plugins: [{{name: request-id, enabled: false}}]\n"
        );
        Ok(Self {
            asks,
            contender: Contender::gateway_with(title, &configuration)?,
            endpoint,
            tokens: Arc::new(Mutex::new(tokens.into_iter())),
            moods: Default::default(),
        })
    }

    fn turn(&mut self, mood: usize, script: &Path) -> Result {
        self.endpoint.set_silent(mood == 2);
        let pressure = (mood > 0).then(|| {
            let tokens = self.tokens.clone();
            let next = move || tokens.lock().ok()?.next();
            Pressure::start(self.contender.address, "/asking", std::iter::from_fn(next))
        });
        if pressure.is_some() {
            thread::sleep(AHEAD);
        }
        let turn = self.contender.turn(script, SECONDS, &[])?;
        let mood = &mut self.moods[mood];
        mood.reports.push(turn.load);
        if let Some(pressure) = pressure {
            for (status, count) in pressure.end()? {
                *mood.statuses.entry(status).or_default() += count;
            }
        }
        Ok(())
    }
}

fn publish(subjects: &[Subject]) -> Result {
    let mut table = Table::new(&[
        "the other route asks for",
        "the server",
        "p50 ms",
        "p99 ms",
        "requests/s",
        "the other route's answers",
    ]);
    for subject in subjects {
        for (mood, name) in subject
            .moods
            .iter()
            .zip(["is not asked", "answers", "is silent"])
        {
            let of = |value: fn(&load::Report) -> f64| median(mood.reports.iter().map(value));
            let answers = mood
                .statuses
                .iter()
                .map(|(status, count)| format!("{count} × {status}"));
            table.row(vec![
                subject.asks.to_owned(),
                name.to_owned(),
                format!("{:.2}", of(|report| report.p50.as_secs_f64() * 1e3)),
                format!("{:.2}", of(|report| report.p99.as_secs_f64() * 1e3)),
                format!("{:.0}", of(|report| report.rate)),
                answers.collect::<Vec<_>>().join(", "),
            ]);
        }
    }
    let notes = format!(
        "Times of a plain route under wrk's 32 connections. The other route gets 100 requests a second, each with a token \
         that nobody has seen, and waits 3 s for its server.\nMedians of {ROUNDS} interleaved turns of {SECONDS} s."
    );
    super::publish(&table, "stall", &notes)
}
