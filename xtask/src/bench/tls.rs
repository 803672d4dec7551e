//! `bench tls`: what TLS 1.3 costs on connections that stay, in the gateway and in nginx.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use super::contender::{Contender, Profile, QUIET, Turn};
use super::cost::ratio;
use super::material::Material;
use super::{load, median, nginx, prepare};
use crate::table::Table;
use crate::{Result, workspace};

const ROUNDS: usize = 9;
const SECONDS: u32 = 3;

/// Lets each proxy with and without TLS take turns.
pub fn run() -> Result<ExitCode> {
    prepare()?;
    let material = Material::mint(1)?;
    let (_backend_process, backend) = nginx::backend()?;
    let proxy = |title, certificate: Option<&Path>| -> Result<Contender> {
        let (process, address) = nginx::bare(backend, certificate)?;
        Ok(Contender::new(title, address, process))
    };
    let directory = material.directory();
    let secure = format!(
        "service: {{name: backend, url: \"http://{backend}\"}}\nroute: {{paths: [\"/\"]}}\n{QUIET}plugins: [{{name: \
         request-id, enabled: false}}]\nlisteners:\n  - address: \"127.0.0.1:0\"\n    tls: {{minVersion: \"1.3\", \
         certificates: [{{certificate: {:?}, key: {:?}}}]}}\n",
        directory.join("server.pem"),
        directory.join("server.key")
    );
    // Each behind its own yardstick.
    let contenders = [
        Contender::gateway("gateway, plain", backend, Profile::Nothing)?,
        Contender::gateway_with("gateway, TLS 1.3", &secure)?.over_tls(),
        proxy("nginx, plain", None)?,
        proxy("nginx, TLS 1.3", Some(directory))?.over_tls(),
    ];
    let script = workspace::scratch("bench")?.join("tls.lua");
    let request = (
        "/bench".to_owned(),
        vec![("Accept", "application/json".to_owned())],
    );
    fs::write(&script, load::script([request].into_iter()))?;

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
    let mut table = Table::new(&["proxy", "CPU / plain", "CPU µs per request", "p99 ms"]);
    for (place, (contender, own)) in contenders.iter().zip(turns).enumerate() {
        let p99 = own.iter().map(|turn| turn.load.p99.as_secs_f64() * 1e3);
        table.row(vec![
            contender.title.to_owned(),
            format!("{:.2}", ratio(own, &turns[place & !1])),
            format!("{:.1}", median(own.iter().map(|turn| turn.cpu))),
            format!("{:.2}", median(p99)),
        ]);
    }
    let notes = format!(
        "No plugins, connections that stay; the handshakes of a turn (32) are in it. Medians of {ROUNDS} interleaved \
         turns of {SECONDS} s; ratios are taken turn by turn."
    );
    super::publish(&table, "tls", &notes)
}
