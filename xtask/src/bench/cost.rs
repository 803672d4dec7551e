//! `bench cost`: CPU time per request of bare Pingora, the gateway and nginx.

use std::fs;
use std::process::ExitCode;

use super::contender::{Contender, Profile, Turn};
use super::{median, nginx, prepare};
use crate::table::Table;
use crate::{Result, workspace};

const ROUNDS: usize = 7;
const SECONDS: u32 = 3;

/// Where bare Pingora and nginx with the profile stand among the contenders.
const BARE: usize = 0;
const NGINX: usize = 3;

/// Lets the contenders take turns and prints the medians.
pub fn run() -> Result<ExitCode> {
    prepare()?;
    let (_backend_process, backend) = nginx::backend()?;
    let contenders = [
        Contender::bare_pingora(backend)?,
        Contender::gateway("gateway, no plugins", backend, Profile::Nothing)?,
        Contender::gateway("gateway, profile", backend, Profile::Full)?,
        Contender::nginx("nginx, profile", backend, Profile::Full)?,
    ];
    let script = workspace::scratch("bench")?.join("profile.lua");
    fs::write(&script, Profile::script())?;

    let mut turns: Vec<Vec<Turn>> = contenders.iter().map(|_| Vec::new()).collect();
    for contender in &contenders {
        contender.turn(&script, 1, &[])?;
    }
    for round in 1..=ROUNDS {
        println!("round {round} of {ROUNDS}");
        for (contender, turns) in contenders.iter().zip(&mut turns) {
            turns.push(contender.turn(&script, SECONDS, &[])?);
        }
    }
    publish(&contenders, &turns)?;
    Ok(ExitCode::SUCCESS)
}

fn publish(contenders: &[Contender], turns: &[Vec<Turn>]) -> Result {
    let mut table = Table::new(&[
        "proxy",
        "CPU / bare Pingora",
        "CPU / nginx",
        "CPU µs per request",
        "requests/s",
        "p99 ms",
    ]);
    for (contender, own) in contenders.iter().zip(turns) {
        table.row(vec![
            contender.title.to_owned(),
            format!("{:.2}", ratio(own, &turns[BARE])),
            format!("{:.2}", ratio(own, &turns[NGINX])),
            format!("{:.1}", median(own.iter().map(|turn| turn.cpu))),
            format!("{:.0}", median(own.iter().map(|turn| turn.load.rate))),
            format!(
                "{:.2}",
                median(own.iter().map(|turn| turn.load.p99.as_secs_f64() * 1e3))
            ),
        ]);
    }
    let notes = format!(
        "Profile: key authentication among 1,000 keys, a limit per key, CORS, request id, JSON access log (to memory), \
         metrics (nginx: none).\nOne worker thread each, wrk and the backend on another core; medians of {ROUNDS} \
         interleaved turns of {SECONDS} s; ratios are taken turn by turn."
    );
    super::publish(&table, "cost", &notes)
}

/// The median of the ratios, turn by turn.
pub fn ratio(own: &[Turn], yardstick: &[Turn]) -> f64 {
    median(
        own.iter()
            .zip(yardstick)
            .map(|(own, yardstick)| own.cpu / yardstick.cpu),
    )
}
