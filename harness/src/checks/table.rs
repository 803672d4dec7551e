//! The board as a table for a terminal or a log of continuous integration: `gatecheck watch --once`.

use std::fmt::Write as _;

use super::State;
use super::board::{Kind, Row, View};
use crate::report::plain::{counted, duration};

/// Writes the board; with colours where they are wanted.
pub fn text(view: &View, colours: bool) -> String {
    let width = view.rows.iter().map(|row| row.about.id.len()).max();
    let width = width.unwrap_or_default().max("check".len());
    let mut out = format!(
        "{:width$}  {:8}  {:10}  {:>8}\n",
        "check", "state", "reason", "took"
    );
    for row in &view.rows {
        line(&mut out, row, width, colours);
    }
    write!(out, "\n{}", summary(view)).expect("writing to a string can't fail");
    for note in &view.suite.notes {
        writeln!(out, "note: {note}").expect("writing to a string can't fail");
    }
    out
}

fn line(out: &mut String, row: &Row, width: usize, colours: bool) {
    let id = &row.about.id;
    let text = match (&row.latest, &row.about.skipped) {
        (_, Some(why)) => format!("{id:width$}  not run   {why}\n"),
        (None, None) => format!("{id:width$}  waiting\n"),
        (Some(latest), None) => {
            let kind = Kind::of(&latest.outcome);
            let millis = u64::try_from(latest.outcome.took.as_millis()).unwrap_or(u64::MAX);
            let state = format!("{:8}", kind.state.word());
            format!(
                "{id:width$}  {}  {:10}  {:>8}{}\n",
                painted(&state, kind.state, colours),
                kind.reason,
                duration(millis),
                told(row, &kind, &latest.outcome.message),
            )
        }
    };
    out.push_str(&text);
}

/// What is wrong and where it comes from, each on a line of its own.
fn told(row: &Row, kind: &Kind, message: &str) -> String {
    if kind.state == State::Good {
        return String::new();
    }
    let step = kind
        .step
        .map_or_else(String::new, |step| format!("step {step}: "));
    let message = message.replace('\n', "\n    ");
    let source = row.about.source.as_ref();
    let source = source.map_or_else(String::new, |source| format!("\n    from {source}"));
    format!("\n    {step}{message}{source}")
}

/// `12 checks: 10 good, 1 degraded, 1 bad; 2 not run`.
fn summary(view: &View) -> String {
    let all = view.running().count();
    let counts = State::ALL.map(|state| format!("{} {state}", view.count(state)));
    let skipped = match view.rows.len() - all {
        0 => String::new(),
        count => format!("; {count} not run"),
    };
    let insecure = match view.suite.insecure {
        true => "; certificates are not verified",
        false => "",
    };
    format!(
        "{} of {} at {}: {}{skipped}{insecure}\n",
        counted(all, "check"),
        view.suite.name,
        view.suite.url,
        counts.join(", ")
    )
}

fn painted(text: &str, state: State, colours: bool) -> String {
    let colour = match state {
        State::Good => 32,
        State::Degraded => 33,
        State::Bad => 31,
    };
    match colours {
        true => format!("\u{1b}[{colour}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
