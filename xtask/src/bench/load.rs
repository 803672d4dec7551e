//! Load from wrk, and what wrk tells of it.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::contender::Core;
use crate::{Result, workspace};

/// How many connections stay busy.
const CONNECTIONS: u32 = 32;

/// What one run of wrk reports.
#[derive(Debug, PartialEq)]
pub struct Report {
    /// Answers received.
    pub requests: u64,
    /// Answers per second.
    pub rate: f64,
    /// The median of the time to an answer.
    pub p50: Duration,
    /// The 99th percentile of the time to an answer.
    pub p99: Duration,
}

/// Sends requests for `seconds`, as the Lua script says; any answer but 2xx or 3xx, and any broken connection, is an
/// error, because a proxy that refuses is fast for the wrong reason.
pub fn run(url: &str, script: &Path, seconds: u32, arguments: &[&str]) -> Result<Report> {
    let mut wrk = Core::Load.command("wrk")?;
    wrk.args(["--threads", "1", "--latency"])
        .args(["--connections", &CONNECTIONS.to_string()])
        .args(["--duration", &format!("{seconds}s")])
        .args([Path::new("--script"), script])
        .arg(url)
        .arg("--")
        .args(arguments);
    let output = wrk.output()?;
    let text = String::from_utf8(output.stdout)?;
    if !output.status.success() {
        return Err(format!(
            "{}: {text}{}",
            workspace::line(&wrk),
            String::from_utf8_lossy(&output.stderr)
        )
        .into());
    }
    Report::parse(&text)
}

/// A Lua script for wrk that takes turns through requests, each a path with headers.
pub fn script(requests: impl Iterator<Item = (String, Vec<(&'static str, String)>)>) -> String {
    let mut text = String::from("local requests, turn = {}, 0\nfunction init()\n");
    for (path, headers) in requests {
        let headers: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("[{name:?}] = {value:?}"))
            .collect();
        writeln!(text, "  add({path:?}, {{{}}})", headers.join(", "))
            .expect("a String takes all text");
    }
    text.push_str("end\n");
    text.push_str("function add(path, headers) requests[#requests + 1] = wrk.format('GET', path, headers) end\n");
    text.push_str("function request() turn = turn % #requests + 1; return requests[turn] end\n");
    text
}

impl Report {
    fn parse(text: &str) -> Result<Self> {
        for trouble in ["Non-2xx or 3xx responses:", "Socket errors:"] {
            if let Some(line) = text
                .lines()
                .find(|line| line.trim_start().starts_with(trouble))
            {
                return Err(format!("the load met trouble: {}", line.trim()).into());
            }
        }
        let word_after = |start: &str| {
            let line = text
                .lines()
                .find_map(|line| line.trim_start().strip_prefix(start));
            line.and_then(|rest| rest.split_whitespace().next())
        };
        let incomplete = || format!("wrk's report is not understood:\n{text}");
        let requests = text.lines().find(|line| line.contains(" requests in "));
        Ok(Self {
            requests: requests
                .and_then(|line| line.split_whitespace().next())
                .ok_or_else(incomplete)?
                .parse()?,
            rate: word_after("Requests/sec:")
                .ok_or_else(incomplete)?
                .parse()?,
            p50: word_after("50%")
                .and_then(duration)
                .ok_or_else(incomplete)?,
            p99: word_after("99%")
                .and_then(duration)
                .ok_or_else(incomplete)?,
        })
    }
}

/// A time as wrk writes it: `812.00us`, `1.20ms`, `2.01s`.
fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let factor = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    Some(Duration::from_secs_f64(
        number.parse::<f64>().ok()? * factor,
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    const REPORT: &str = "Running 1s test @ http://127.0.0.1:1/\n  Latency Distribution\n     50%  230.00us\n     \
                          99%    1.50ms\n  51234 requests in 1.10s, 8.01MB read\nRequests/sec:  46576.36\n";

    #[test]
    fn reads_a_report() {
        let report = Report::parse(REPORT).unwrap();
        assert_eq!(
            report,
            Report {
                requests: 51234,
                rate: 46576.36,
                p50: Duration::from_micros(230),
                p99: Duration::from_micros(1500)
            }
        );
    }

    #[test]
    fn refusals_are_errors() {
        let refused = format!("{REPORT}  Non-2xx or 3xx responses: 3\n");
        assert!(
            Report::parse(&refused)
                .unwrap_err()
                .to_string()
                .contains("responses: 3")
        );
        assert!(Report::parse("").is_err());
    }

    #[test]
    fn a_script_holds_each_request() {
        let text = script([("/a".to_owned(), vec![("X-API-Key", "k".to_owned())])].into_iter());
        assert!(
            text.contains(r#"add("/a", {["X-API-Key"] = "k"})"#),
            "{text}"
        );
    }
}
