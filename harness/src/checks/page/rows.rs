//! The page's parts about single checks: those in trouble with their reasons, all of them in a table, those not run.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Look, State, View, age, look};
use crate::checks::board::{HISTORY, Kind, Latest, Row};
use crate::checks::units;
use crate::report::html::text;
use crate::report::plain;

/// What is wrong, the worst first.
pub(super) fn trouble(view: &View, now: Timestamp) -> String {
    let mut troubled: Vec<_> = view
        .running()
        .filter(|row| row.state().is_some_and(|state| state != State::Good))
        .filter_map(|row| Some((row, row.latest.as_ref()?)))
        .collect();
    troubled.sort_by_key(|(_, latest)| std::cmp::Reverse(latest.outcome.state));
    if troubled.is_empty() {
        return String::new();
    }
    let items: String = troubled
        .iter()
        .map(|(row, latest)| trouble_item(row, latest, now))
        .collect();
    format!(
        "<section aria-labelledby=\"trouble\">\n<h2 id=\"trouble\">What is wrong</h2>\n<ul class=\"troubles\">\n{items}</ul>\n\
         </section>\n"
    )
}

fn trouble_item(row: &Row, latest: &Latest, now: Timestamp) -> String {
    let outcome = &latest.outcome;
    let kind = Kind::of(outcome);
    let step = kind
        .step
        .map(|step| format!(" at step {step}"))
        .unwrap_or_default();
    let source = row
        .about
        .source
        .as_ref()
        .map(|source| format!(" · from <code>{}</code>", text(source)))
        .unwrap_or_default();
    let flaps = match row.track.flapping() {
        true => " · keeps changing",
        false => "",
    };
    format!(
        "<li class=\"trouble {class}\">\n<h3>{pill} {title}</h3>\n<p class=\"why\">{message}</p>\n\
         <p class=\"rest\"><code>{id}</code> · <strong>{reason}</strong>{step} · for {age}, {runs}{flaps}{source}</p>\n</li>\n",
        class = look(Some(outcome.state)).class,
        pill = pill(look(Some(outcome.state))),
        title = text(&row.about.title),
        message = text(&outcome.message),
        id = text(&row.about.id),
        reason = text(kind.reason),
        age = age(latest.since, now),
        runs = plain::counted(usize::try_from(latest.runs).unwrap_or(usize::MAX), "run"),
    )
}

/// Every check that runs.
pub(super) fn checks(view: &View, now: Timestamp) -> String {
    let rows: String = view.running().map(|row| check(row, now)).collect();
    format!(
        "<section aria-labelledby=\"checks\">\n<h2 id=\"checks\" tabindex=\"-1\">Checks</h2>\n\
         <table role=\"table\" class=\"checks\">\n<thead role=\"rowgroup\">\n<tr role=\"row\">{}</tr>\n</thead>\n\
         <tbody role=\"rowgroup\">\n{rows}</tbody>\n</table>\n</section>\n",
        ["check", "state", "for", "last run", "took", "last runs"]
            .map(|head| format!("<th scope=\"col\" role=\"columnheader\">{head}</th>"))
            .concat(),
    )
}

fn check(row: &Row, now: Timestamp) -> String {
    let cells = match &row.latest {
        Some(latest) => {
            let took = u64::try_from(latest.outcome.took.as_millis()).unwrap_or(u64::MAX);
            [
                ("for", age(latest.since, now)),
                ("last run", format!("{} ago", age(latest.at, now))),
                ("took", plain::duration(took)),
            ]
        }
        None => ["for", "last run", "took"].map(|name| (name, "–".to_owned())),
    };
    let cells = cells.map(|(name, value)| {
        format!("<td role=\"cell\"><span class=\"narrow\" aria-hidden=\"true\">{name} </span>{value}</td>")
    });
    let every = row.about.every.map(units::duration_text);
    let every = every.map_or_else(String::new, |every| format!(" · every {every}"));
    let intrusive = match row.about.intrusive {
        true => " · intrusive",
        false => "",
    };
    format!(
        "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{title}<small><code>{id}</code>{every}{intrusive}\
         </small></th><td role=\"cell\">{pill}</td>{cells}<td role=\"cell\">{history}</td></tr>\n",
        title = text(&row.about.title),
        id = text(&row.about.id),
        pill = pill(look(row.state())),
        cells = cells.concat(),
        history = history(row),
    )
}

/// The last runs, a bar each; said in words to those who can't see it.
fn history(row: &Row) -> String {
    let mut bars = String::new();
    let first = HISTORY - row.history.len();
    for (index, state) in row.history.iter().enumerate() {
        write!(
            bars,
            "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"2\" height=\"{}\"/>",
            look(Some(*state)).class,
            (first + index) * 3,
            if *state == State::Good { 6 } else { 0 },
            if *state == State::Good { 10 } else { 16 },
        )
        .expect("writing to a string can't fail");
    }
    let count = |state: State| row.history.iter().filter(|past| **past == state).count();
    let counts = [State::Bad, State::Degraded, State::Good]
        .map(|state| (count(state), state))
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {state}"))
        .collect::<Vec<_>>();
    let words = match counts.is_empty() {
        true => "no run yet".to_owned(),
        false => format!(
            "last {}: {}",
            plain::counted(row.history.len(), "run"),
            counts.join(", ")
        ),
    };
    format!(
        "<svg class=\"history\" viewBox=\"0 0 {width} 16\" role=\"img\" aria-label=\"{words}\"><title>{words}</title>\
         <rect class=\"ground\" x=\"0\" y=\"15\" width=\"{width}\" height=\"1\"/>{bars}</svg>",
        width = HISTORY * 3 - 1,
    )
}

/// What doesn't run, and why.
pub(super) fn skipped(view: &View) -> String {
    let items: String = view
        .rows
        .iter()
        .filter_map(|row| Some((row, row.about.skipped.as_ref()?)))
        .map(|(row, why)| {
            format!(
                "<li><code>{}</code> {} <span class=\"meaning\">{}</span></li>\n",
                text(&row.about.id),
                text(&row.about.title),
                text(why)
            )
        })
        .collect();
    if items.is_empty() {
        return String::new();
    }
    format!(
        "<section aria-labelledby=\"skipped\">\n<h2 id=\"skipped\">Not run</h2>\n<ul class=\"skips\">\n{items}</ul>\n</section>\n"
    )
}

fn pill(look: Look) -> String {
    format!(
        "<span class=\"pill {}\"><span class=\"sign\" aria-hidden=\"true\">{}</span>{}</span>",
        look.class, look.sign, look.label
    )
}
