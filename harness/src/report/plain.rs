//! What the reports in plain text have in common.

use std::fmt::Write;

use super::model::{Exchange, Message, RunReport, ScenarioReport, StepStatus, Verdict};

/// The command that does the whole run again.
pub(super) fn command(report: &RunReport) -> String {
    let mut command = format!("gatecheck run --target {}", quoted(&report.target.name));
    for (option, value) in [
        ("--profile", &report.selection.profile),
        ("--tags", &report.selection.tags),
        ("--name", &report.selection.name),
    ] {
        if let Some(value) = value {
            command += &format!(" {option} {}", quoted(value));
        }
    }
    command
}

/// `nginx 1.29.3`.
pub(super) fn target(report: &RunReport) -> String {
    match &report.target.version {
        Some(version) => format!("{} {version}", report.target.name),
        None => report.target.name.clone(),
    }
}

/// A duration in the unit that suits it.
pub(crate) fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// `1 scenario`, `2 scenarios`.
pub(crate) fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// Why a run failed, beside the verdicts; nothing when it didn't.
pub(super) fn other_faults(report: &RunReport) -> Vec<String> {
    let stale = report.stale_declarations.iter().map(|stale| {
        format!(
            "stale declaration: {} in the list {:?} matches no scenario (its reason: {})",
            stale.selector, stale.list, stale.reason
        )
    });
    let interrupted = report
        .interrupted
        .iter()
        .map(|why| format!("interrupted: {why}"));
    let empty = report
        .scenarios
        .is_empty()
        .then(|| "no scenario was selected".to_owned());
    stale.chain(interrupted).chain(empty).collect()
}

/// What a verdict says beyond its name, in lines.
pub(super) fn explanation(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Pass => String::new(),
        Verdict::Fail { message } => message.clone(),
        Verdict::Unsupported { reason } => reason.clone(),
        Verdict::KnownFailing {
            reason,
            link,
            message,
        } => format!("{reason}\nsee {link}\n{message}"),
        Verdict::UnexpectedPass { reason, link } => {
            format!(
                "it passes, but is declared as known to fail: {reason}\nsee {link}\nmend: remove the declaration"
            )
        }
        Verdict::SetupFailed { message, help } => match help {
            Some(help) => format!("{message}\nhelp: {help}"),
            None => message.clone(),
        },
    }
}

/// The steps with what came of each, and the explanation below the one that failed, or at the end.
pub(super) fn steps(scenario: &ScenarioReport) -> String {
    let mut text = String::new();
    let mut explained = explanation(&scenario.verdict);
    for step in &scenario.steps {
        let sign = match step.status {
            StepStatus::Passed => '✓',
            StepStatus::Failed => '✗',
            StepStatus::Skipped => '-',
        };
        line(&mut text, &format!("{sign} {} {}", step.keyword, step.text));
        if step.status == StepStatus::Failed {
            line(
                &mut text,
                &indented(&std::mem::take(&mut explained), "    "),
            );
        }
    }
    if !explained.is_empty() {
        line(&mut text, &indented(&explained, ""));
    }
    text
}

/// The exchanges: `>` is what was sent, `<` what came back, `|` what an upstream saw.
pub(super) fn exchanges(scenario: &ScenarioReport) -> String {
    let mut text = String::new();
    let before = scenario
        .exchanges_total
        .saturating_sub(scenario.exchanges.len());
    for (n, exchange) in scenario.exchanges.iter().enumerate() {
        let number = before + n + 1;
        let after = format!(
            "at +{}, took {}",
            duration(exchange.at_ms),
            duration(exchange.duration_ms)
        );
        line(
            &mut text,
            &format!("exchange {number} of {}, {after}", scenario.exchanges_total),
        );
        text += &self::exchange(exchange);
    }
    text
}

fn exchange(exchange: &Exchange) -> String {
    let mut text = message(&exchange.request, "> ");
    match &exchange.response {
        Some(response) => text += &message(response, "< "),
        None if exchange.error.is_none() => line(&mut text, "< nothing"),
        None => {}
    }
    if let Some(error) = &exchange.error {
        line(&mut text, &format!("< ({error})"));
    }
    for upstream in &exchange.upstreams {
        if upstream.requests.is_empty() {
            line(&mut text, &format!("| {} was not called", upstream.name));
        }
        for request in &upstream.requests {
            line(&mut text, &format!("| {} saw", upstream.name));
            text += &message(request, "| ");
        }
    }
    text
}

fn message(message: &Message, prefix: &str) -> String {
    let mut lines = message.start_line.clone();
    for (name, value) in &message.headers {
        write!(lines, "\n{name}: {value}").expect("writing to a string can't fail");
    }
    if !message.body.is_empty() {
        write!(lines, "\n\n{}", message.body.trim_end()).expect("writing to a string can't fail");
    }
    if let Some(cut) = cut(message) {
        write!(lines, "\n({cut})").expect("writing to a string can't fail");
    }
    let mut text = String::new();
    line(&mut text, &indented(&lines, prefix));
    text
}

/// Says what of a body is not shown.
pub(super) fn cut(message: &Message) -> Option<String> {
    let shown = message.body.len() as u64;
    (message.body_bytes > shown)
        .then(|| format!("the first {shown} of {} bytes", message.body_bytes))
}

/// Puts `prefix` before each line; an empty line stays without blanks at its end.
pub(super) fn indented(text: &str, prefix: &str) -> String {
    let lines: Vec<_> = text
        .lines()
        .map(|line| format!("{prefix}{line}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// A value as a POSIX shell reads it as one word.
fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./@:,+=%".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_command_survives_a_shell() {
        let mut report = sample::run();
        report.selection.tags = Some("@core and not @slow".to_owned());
        report.selection.name = Some("it's".to_owned());
        let expected =
            r"gatecheck run --target nginx --tags '@core and not @slow' --name 'it'\''s'";
        assert_eq!(command(&report), expected);
    }

    #[test]
    fn durations_have_units() {
        let all = [0, 999, 1_000, 59_999, 60_000, 3_725_000].map(duration);
        assert_eq!(
            all,
            [
                "0 ms",
                "999 ms",
                "1.0 s",
                "59.9 s",
                "1 min 0 s",
                "62 min 5 s"
            ]
        );
    }

    #[test]
    fn a_cut_body_is_told() {
        let mut message = sample::message("HTTP/1.1 200 OK", &[], "abc");
        assert_eq!(cut(&message), None);
        message.body_bytes = 4096;
        assert_eq!(cut(&message).as_deref(), Some("the first 3 of 4096 bytes"));
    }
}
