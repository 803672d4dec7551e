//! `bench tokens`: what a JSON Web Token costs, remembered and new, beside HAProxy and Envoy.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use super::contender::{Contender, Profile, QUIET, Turn};
use super::cost::ratio;
use super::material::{AUDIENCE, ISSUER, Material};
use super::{envoy, haproxy, median, nginx, prepare};
use crate::http::Request;
use crate::table::Table;
use crate::{Result, setup};

const ROUNDS: usize = 7;
const SECONDS: u32 = 3;
/// More than a turn takes, so that a token need not come twice in it.
const TOKENS: usize = 40_000;
const ALGORITHMS: [&str; 2] = ["RS256", "ES256"];

type Start<'a> = Box<dyn Fn(&'static str) -> Result<Contender> + 'a>;

/// A proxy and the tokens that it gets.
struct Subject<'a> {
    title: &'static str,
    algorithm: &'static str,
    sent: Sent,
    start: Start<'a>,
    running: Option<Contender>,
    turns: Vec<Turn>,
}

/// How many tokens, and how often each.
#[derive(Clone, Copy, PartialEq)]
enum Sent {
    /// So many in turn, as long as it takes.
    InTurn(usize),
    /// Each once. The proxy is started anew for each turn, so that it remembers none.
    Once,
}

/// Lets the proxies take turns and prints the medians.
pub fn run() -> Result<ExitCode> {
    prepare()?;
    let envoy = setup::envoy()?;
    let material = Material::mint(TOKENS)?;
    let (_backend_process, backend) = nginx::backend()?;
    let mut subjects = subjects(backend, &material, &envoy);
    for subject in &mut subjects {
        subject.ready(&material)?;
        subject.turn(&material, 1)?;
    }
    let mut checks: [Vec<f64>; 2] = [vec![], vec![]];
    for round in 1..=ROUNDS {
        println!("round {round} of {ROUNDS}");
        for subject in &mut subjects {
            subject.ready(&material)?;
            let turn = subject.turn(&material, SECONDS)?;
            subject.turns.push(turn);
        }
        for (name, nanoseconds) in material.bare_checks()? {
            let place = ALGORITHMS.iter().position(|one| *one == name);
            checks[place.ok_or("a check of another algorithm")?].push(nanoseconds / 1e3);
        }
    }
    publish_costs(&subjects)?;
    publish_new(&subjects, &checks)?;
    Ok(ExitCode::SUCCESS)
}

fn subjects<'a>(backend: SocketAddr, material: &'a Material, envoy: &'a Path) -> Vec<Subject<'a>> {
    use Sent::{InTurn, Once};
    let bare = || -> Start<'_> { Box::new(move |_| Contender::bare_pingora(backend)) };
    let nothing = || -> Start<'_> {
        Box::new(move |title| Contender::gateway(title, backend, Profile::Nothing))
    };
    let gateway = |algorithm: &'static str| -> Start<'a> {
        let key = material.public_key(algorithm);
        Box::new(move |title| Contender::gateway_with(title, &configuration(backend, &key)))
    };
    let haproxy = |algorithm: &'static str| -> Start<'a> {
        let key = material.public_key(algorithm);
        Box::new(move |title| haproxy::start(title, backend, algorithm, &key))
    };
    let envoy = |algorithm: &'static str| -> Start<'a> {
        let keys = material.key_set(algorithm);
        Box::new(move |title| envoy::start(title, envoy, backend, &keys))
    };
    let one = |title, algorithm, sent, start| Subject {
        title,
        algorithm,
        sent,
        start,
        running: None,
        turns: Vec::new(),
    };
    let [rs, es] = ALGORITHMS;
    vec![
        one(BARE, rs, InTurn(1), bare()),
        one("gateway, no plugins", rs, InTurn(1), nothing()),
        one("gateway, RS256, one token", rs, InTurn(1), gateway(rs)),
        one(
            "gateway, RS256, 1,000 tokens",
            rs,
            InTurn(1000),
            gateway(rs),
        ),
        one("gateway, RS256, each token new", rs, Once, gateway(rs)),
        one("gateway, ES256, one token", es, InTurn(1), gateway(es)),
        one(
            "gateway, ES256, 1,000 tokens",
            es,
            InTurn(1000),
            gateway(es),
        ),
        one("gateway, ES256, each token new", es, Once, gateway(es)),
        one(
            "HAProxy, RS256, 1,000 tokens",
            rs,
            InTurn(1000),
            haproxy(rs),
        ),
        one(
            "HAProxy, ES256, 1,000 tokens",
            es,
            InTurn(1000),
            haproxy(es),
        ),
        one("Envoy, RS256, one token", rs, InTurn(1), envoy(rs)),
        one("Envoy, RS256, 1,000 tokens", rs, InTurn(1000), envoy(rs)),
        one("Envoy, RS256, each token new", rs, Once, envoy(rs)),
        one("Envoy, ES256, 1,000 tokens", es, InTurn(1000), envoy(es)),
        one("Envoy, ES256, each token new", es, Once, envoy(es)),
    ]
}

const BARE: &str = "bare Pingora";

fn configuration(backend: SocketAddr, key: &Path) -> String {
    format!(
        "service: {{name: backend, url: \"http://{backend}\"}}\nroute: {{paths: [\"/\"]}}\n{QUIET}plugins:\n  \
         - {{name: request-id, enabled: false}}\n  \
         - {{name: jwt-validate, config: {{issuer: \"{ISSUER}\", audience: \"{AUDIENCE}\", keys: [{{pem: {key:?}}}]}}}}\n"
    )
}

impl Subject<'_> {
    /// Has the proxy running, warm, and shown to look at tokens.
    fn ready(&mut self, material: &Material) -> Result {
        if self.running.is_some() && self.sent != Sent::Once {
            return Ok(());
        }
        self.running = None;
        let started = (self.start)(self.title)?;
        self.control(&started, material)?;
        if self.sent == Sent::Once {
            let tokens = material.tokens(self.algorithm).display().to_string();
            started.turn(&material.script, 1, &[&tokens, "1"])?;
        }
        self.running = Some(started);
        Ok(())
    }

    /// A proxy that lets every token through is fast for the wrong reason.
    fn control(&self, started: &Contender, material: &Material) -> Result {
        let tokens = fs::read_to_string(material.tokens(self.algorithm))?;
        let token = tokens.lines().next().ok_or("no tokens were minted")?;
        let status = |token: &str| -> Result<u16> {
            let request = Request {
                method: "GET",
                path: "/bench",
                headers: &[("Authorization", &format!("Bearer {token}"))],
            };
            Ok(request.send(started.address)?.0)
        };
        let looks = !matches!(self.title, BARE | "gateway, no plugins");
        let expected = (200, if looks { 401 } else { 200 });
        let found = (status(token)?, status(&forged(token)?)?);
        if found == expected {
            return Ok(());
        }
        Err(format!(
            "{}: a good token and a forged one got {found:?}, not {expected:?}",
            self.title
        )
        .into())
    }

    fn turn(&self, material: &Material, seconds: u32) -> Result<Turn> {
        let running = self.running.as_ref().ok_or("the proxy was not started")?;
        let tokens = material.tokens(self.algorithm).display().to_string();
        match self.sent {
            Sent::InTurn(count) => {
                let count = count.to_string();
                running.turn(&material.script, seconds, &[&tokens, &count])
            }
            Sent::Once => {
                let count = TOKENS.to_string();
                running.turn(&material.script, seconds, &[&tokens, &count, "once"])
            }
        }
    }
}

/// The token with another signature of the same length.
fn forged(token: &str) -> Result<String> {
    let (signed, signature) = token.rsplit_once('.').ok_or("a token without parts")?;
    let (first, rest) = signature.split_at(1);
    let other = if first == "B" { "C" } else { "B" };
    let (second, rest) = rest.split_at(1);
    let another = if second == "B" { "C" } else { "B" };
    Ok(format!("{signed}.{other}{another}{rest}"))
}

fn publish_costs(subjects: &[Subject<'_>]) -> Result {
    let mut table = Table::new(&[
        "proxy",
        "CPU / bare Pingora",
        "CPU µs per request",
        "p99 ms",
    ]);
    for subject in subjects {
        let own = &subject.turns;
        let p99 = own.iter().map(|turn| turn.load.p99.as_secs_f64() * 1e3);
        table.row(vec![
            subject.title.to_owned(),
            format!("{:.2}", ratio(own, &subjects[0].turns)),
            format!("{:.1}", median(own.iter().map(|turn| turn.cpu))),
            format!("{:.2}", median(p99)),
        ]);
    }
    let notes = format!(
        "Tokens of {TOKENS} each were minted before; where each is new, the proxy is started anew for each turn, warmed \
         with one token, and gets every other once. HAProxy remembers none.\nOne worker thread each; medians of \
         {ROUNDS} interleaved turns of {SECONDS} s; ratios are taken turn by turn."
    );
    super::publish(&table, "tokens", &notes)
}

/// What a new token costs more than one of 1,000 remembered ones, against the bare check of its signature.
fn publish_new(subjects: &[Subject<'_>], checks: &[Vec<f64>; 2]) -> Result {
    let mut table = Table::new(&[
        "new token",
        "bare check µs",
        "CPU more µs",
        "CPU more / check",
    ]);
    for (algorithm, checks) in ALGORITHMS.iter().zip(checks) {
        let of = |sent: Sent| {
            let mut own = subjects.iter().filter(|subject| {
                subject.title.starts_with("gateway, ") && subject.algorithm == *algorithm
            });
            own.find(|subject| subject.sent == sent)
                .ok_or("a subject is missing")
        };
        let (new, known) = (of(Sent::Once)?, of(Sent::InTurn(1000))?);
        let turns = new.turns.iter().zip(&known.turns);
        let more: Vec<f64> = turns.map(|(new, known)| new.cpu - known.cpu).collect();
        let ratios = more.iter().zip(checks).map(|(more, check)| more / check);
        table.row(vec![
            (*algorithm).to_owned(),
            format!("{:.1}", median(checks.iter().copied())),
            format!("{:.1}", median(more.iter().copied())),
            format!("{:.2}", median(ratios)),
        ]);
    }
    super::publish(
        &table,
        "tokens-new",
        "More than with 1,000 tokens that are remembered; taken turn by turn.",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_forged_token_differs_in_its_signature_alone() {
        assert_eq!(forged("h.c.AAxyz").unwrap(), "h.c.BBxyz");
        assert_eq!(forged("h.c.BBxyz").unwrap(), "h.c.CCxyz");
        assert!(forged("none").is_err());
    }
}
