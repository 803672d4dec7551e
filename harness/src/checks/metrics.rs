//! The board for Prometheus: its text format 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>).
//!
//! Labels are bounded: checks and steps come from the suite, reasons from a closed list. Series of checks that are no
//! longer in the suite end.

use std::fmt::{Display, Write as _};

use super::State;
use super::board::{BUCKETS, Durations, Kind, Row, View};

/// The media type of what [`text`] writes.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes every metric.
pub fn text(view: &View) -> String {
    let mut out = Exposition::default();
    let running: Vec<&Row> = view.running().collect();
    states(&mut out, &running);
    runs(&mut out, &running);
    durations(&mut out, &running);
    suite(&mut out, view);
    out.0
}

fn states(out: &mut Exposition, rows: &[&Row]) {
    let ran = || {
        rows.iter()
            .filter_map(|row| Some((*row, row.latest.as_ref()?)))
    };
    out.family(
        "gatecheck_check_state",
        "gauge",
        "How the last run ended: 0 good, 1 degraded, 2 bad.",
    );
    for (row, latest) in ran() {
        out.sample("", &[("check", &row.about.id)], rank(latest.outcome.state));
    }
    out.family(
        "gatecheck_check_fault",
        "gauge",
        "What is wrong where a check is not good: 1 degraded, 2 bad. Absent while it is good.",
    );
    for (row, latest) in ran() {
        if latest.outcome.state != State::Good {
            let kind = Kind::of(&latest.outcome);
            out.sample(
                "",
                &[
                    ("check", &row.about.id),
                    ("reason", kind.reason),
                    ("step", &step(kind.step)),
                ],
                rank(kind.state),
            );
        }
    }
    out.family(
        "gatecheck_check_alerting",
        "gauge",
        "Whether alerts have told of trouble and not of its end.",
    );
    for row in rows {
        out.sample("", &[("check", &row.about.id)], u8::from(row.track.open()));
    }
    out.family(
        "gatecheck_check_flapping",
        "gauge",
        "Whether the state keeps changing.",
    );
    for row in rows {
        let flapping = u8::from(row.track.flapping());
        out.sample("", &[("check", &row.about.id)], flapping);
    }
    out.family(
        "gatecheck_check_last_run_timestamp_seconds",
        "gauge",
        "When the last run ended.",
    );
    for (row, latest) in ran() {
        out.sample("", &[("check", &row.about.id)], latest.at.as_second());
    }
    out.family(
        "gatecheck_check_interval_seconds",
        "gauge",
        "From the beginning of one run to the beginning of the next.",
    );
    for (row, every) in rows.iter().filter_map(|row| Some((row, row.about.every?))) {
        out.sample("", &[("check", &row.about.id)], every.as_secs_f64());
    }
}

fn runs(out: &mut Exposition, rows: &[&Row]) {
    out.family(
        "gatecheck_check_runs_total",
        "counter",
        "Runs by result, by the reason of those that were not good, and by the step that was to blame.",
    );
    for row in rows {
        for (kind, count) in &row.tally {
            out.sample(
                "",
                &[
                    ("check", &row.about.id),
                    ("result", kind.state.word()),
                    ("reason", kind.reason),
                    ("step", &step(kind.step)),
                ],
                count,
            );
        }
    }
}

fn durations(out: &mut Exposition, rows: &[&Row]) {
    out.family(
        "gatecheck_check_duration_seconds",
        "histogram",
        "How long runs took.",
    );
    for row in rows {
        histogram(out, &row.about.id, &row.durations);
    }
}

fn histogram(out: &mut Exposition, check: &str, durations: &Durations) {
    let mut below = 0;
    for (bound, count) in BUCKETS.iter().zip(durations.buckets) {
        below += count;
        let bound = bound.to_string();
        out.sample("_bucket", &[("check", check), ("le", &bound)], below);
    }
    let all = durations.count;
    out.sample("_bucket", &[("check", check), ("le", "+Inf")], all);
    out.sample("_sum", &[("check", check)], durations.sum);
    out.sample("_count", &[("check", check)], all);
}

fn suite(out: &mut Exposition, view: &View) {
    out.family(
        "gatecheck_checks",
        "gauge",
        "Checks of the suite, by whether they run.",
    );
    let running = view.running().count();
    for (state, count) in [("running", running), ("skipped", view.rows.len() - running)] {
        out.sample("", &[("state", state)], count);
    }
    out.family(
        "gatecheck_suite_loaded_timestamp_seconds",
        "gauge",
        "When the suite in force was read.",
    );
    out.sample("", &[], view.suite.loaded_at.as_second());
    out.family(
        "gatecheck_suite_reloads_total",
        "counter",
        "Attempts to read the suite again, by result.",
    );
    for (result, count) in &view.reloads {
        out.sample("", &[("result", result)], count);
    }
    out.family(
        "gatecheck_alerts_total",
        "counter",
        "Alerts by what became of them: sent, failed after every try, dropped for want of room.",
    );
    for (result, count) in &view.alerts {
        out.sample("", &[("result", result)], count);
    }
    out.family("gatecheck_build_info", "gauge", "This program.");
    out.sample("", &[("version", env!("CARGO_PKG_VERSION"))], 1);
}

fn rank(state: State) -> u8 {
    match state {
        State::Good => 0,
        State::Degraded => 1,
        State::Bad => 2,
    }
}

fn step(step: Option<usize>) -> String {
    step.map(|step| step.to_string()).unwrap_or_default()
}

/// The text, with the name of the family that samples are written for as its last `# TYPE` line says.
#[derive(Default)]
struct Exposition(String, &'static str);

impl Exposition {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        self.1 = name;
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn sample(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let name = self.1;
        self.write(format_args!("{name}{suffix}"));
        for (index, (label, text)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            self.write(format_args!("{before}{label}=\"{}\"", escaped(text)));
        }
        let after = if labels.is_empty() { "" } else { "}" };
        self.write(format_args!("{after} {value}\n"));
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.0
            .write_fmt(text)
            .expect("writing to a string can't fail");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n")
}

#[cfg(test)]
mod tests;
