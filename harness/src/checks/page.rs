//! The status page: the board as HTML. It loads nothing, runs no script (its own Content-Security-Policy forbids both)
//! and asks to be read again from time to time, unless its reader has asked it not to.

mod rows;

use jiff::Timestamp;

use super::State;
use super::board::View;
use crate::report::html::{STYLE, inline_source, text};
use crate::report::plain::counted;

/// What the page has beside the style that it shares with the reports.
const OWN_STYLE: &str = include_str!("page/page.css");

/// How often the page is read again, in seconds.
const REFRESH: u32 = 10;

/// How a state is shown.
#[derive(Clone, Copy)]
struct Look {
    class: &'static str,
    sign: &'static str,
    label: &'static str,
}

/// Writes the page as of `now`; `refresh`: it reads itself again.
pub fn page(view: &View, now: Timestamp, refresh: bool) -> String {
    let outcome = outcome(view);
    let look = look(view.state());
    let again = match refresh {
        true => format!("<meta http-equiv=\"refresh\" content=\"{REFRESH}\">\n"),
        false => String::new(),
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n{again}\
         <title>{sign} {outcome} – {name}</title>\n<style>{STYLE}</style>\n<style>{OWN_STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#checks\">Skip to the checks</a>\n<header>\n\
         <p class=\"eyebrow\">Gatecheck status</p>\n<h1>{name}</h1>\n\
         <p class=\"outcome {class}\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span>{outcome}</p>\n\
         {notes}{facts}</header>\n<main>\n{trouble}{checks}{skipped}</main>\n\
         <footer><p><a href=\"status.json\">JSON</a> · <a href=\"metrics\">Prometheus metrics</a> · {refreshed}</p>\
         </footer>\n</body>\n</html>\n",
        name = text(&view.suite.name),
        sign = look.sign,
        class = look.class,
        notes = notes(view),
        facts = facts(view, now),
        trouble = rows::trouble(view, now),
        checks = rows::checks(view, now),
        skipped = rows::skipped(view),
        refreshed = refreshed(refresh),
    )
}

/// The page's Content-Security-Policy: its styles and nothing else.
pub fn policy() -> String {
    format!(
        "default-src 'none'; style-src {} {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        inline_source(STYLE),
        inline_source(OWN_STYLE),
    )
}

fn look(state: Option<State>) -> Look {
    let (class, sign, label) = match state {
        Some(State::Good) => ("good", "✓", "good"),
        Some(State::Degraded) => ("degraded", "~", "degraded"),
        Some(State::Bad) => ("bad", "✗", "bad"),
        None => ("waiting", "…", "waiting"),
    };
    Look { class, sign, label }
}

fn outcome(view: &View) -> String {
    let all = view.running().count();
    let (bad, degraded, good) = (
        view.count(State::Bad),
        view.count(State::Degraded),
        view.count(State::Good),
    );
    let are = |count: usize| if count == 1 { "is" } else { "are" };
    match (bad, degraded) {
        (0, 0) if good == 0 => format!("Waiting for the first of {}", counted(all, "check")),
        (0, 0) if good < all => format!("{good} of {} good so far", counted(all, "check")),
        (0, 0) if all == 1 => "The only check is good".to_owned(),
        (0, 0) => format!("All {all} checks are good"),
        (0, degraded) => format!(
            "{degraded} of {} {} degraded",
            counted(all, "check"),
            are(degraded)
        ),
        (bad, 0) => format!("{bad} of {} {} bad", counted(all, "check"), are(bad)),
        (bad, degraded) => {
            format!(
                "{bad} of {} {} bad, {degraded} degraded",
                counted(all, "check"),
                are(bad)
            )
        }
    }
}

/// What has to be known beside the checks.
fn notes(view: &View) -> String {
    let error = view.suite.error.as_ref().map(|error| {
        format!(
            "<li>The suite could not be read again, the one before is in force: \
             <span class=\"verbatim\">{}</span></li>\n",
            text(error)
        )
    });
    let insecure = view.suite.insecure.then(|| {
        "<li>The suite says <code>insecure</code>: certificates are not verified.</li>\n".to_owned()
    });
    let notes = view.suite.notes.iter();
    let notes = notes.map(|note| format!("<li>Note: {}</li>\n", text(note)));
    let notes: String = error.into_iter().chain(insecure).chain(notes).collect();
    match notes.is_empty() {
        true => notes,
        false => format!("<ul class=\"faults\">\n{notes}</ul>\n"),
    }
}

fn facts(view: &View, now: Timestamp) -> String {
    let facts = [
        ("Gateway", text(&view.suite.url).to_string()),
        ("Page as of", moment(now)),
        ("Watched since", moment(view.started_at)),
        ("Suite read", moment(view.suite.loaded_at)),
    ];
    let facts = facts.map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n"));
    format!("<dl class=\"facts\">\n{}</dl>\n", facts.concat())
}

fn refreshed(refresh: bool) -> String {
    match refresh {
        true => format!("read again every {REFRESH} s (<a href=\"?refresh=off\">stop that</a>)"),
        false => "<a href=\"?\">read again by itself</a>".to_owned(),
    }
}

/// `2026-11-24 04:06:50 UTC`.
fn moment(at: Timestamp) -> String {
    let machine = format!("{at:.0}");
    let people = machine.trim_end_matches('Z').replace('T', " ");
    format!("<time datetime=\"{machine}\">{people} UTC</time>")
}

/// How long ago that is: `12 s`, `5 min`, `3 h`, `2 d`.
fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests;
