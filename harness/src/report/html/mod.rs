//! The report as one HTML page: no framework, nothing loaded from elsewhere (its own Content-Security-Policy forbids
//! it), and legible without its script, which only adds filters, copying and opening.

pub(super) mod escape;
pub(super) mod overview;
pub(super) mod scenario;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::model::{RunReport, Totals, Verdict};
use super::plain;
pub(crate) use escape::text;

/// The style that every page of this program shares.
pub(crate) const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Finds where to read what a scenario's source names; none if nowhere.
pub type SourceUrl<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Writes a run.
pub fn page(report: &RunReport, source_url: SourceUrl<'_>) -> String {
    let title = format!("{} – Gatecheck conformance report", plain::target(report));
    let body = format!(
        "<a class=\"skip\" href=\"#scenarios\">Skip to the scenarios</a>\n{}{}",
        overview::overview(report),
        scenario::scenarios(report, source_url),
    );
    document(&title, STYLE, SCRIPT, &body)
}

/// A whole page around `body`, which may use this style and this script, and nothing else.
pub(super) fn document(title: &str, style: &str, script: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n\
         <style>{style}</style>\n\
         </head>\n\
         <body>\n\
         {body}\
         <script>{script}</script>\n\
         </body>\n\
         </html>\n",
        policy = policy(style, script),
        title = text(title),
    )
}

fn policy(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; style-src {}; script-src {}",
        inline_source(style),
        inline_source(script)
    )
}

/// How a Content-Security-Policy names an inline style or script.
pub(crate) fn inline_source(source: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(source)))
}

/// How a verdict is shown.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub label: &'static str,
    pub sign: &'static str,
    pub count: fn(&Totals) -> usize,
    pub meaning: &'static str,
}

/// All verdicts, those that fail a run after the pass.
pub(super) const LOOKS: [Look; 6] = [
    Look {
        label: "pass",
        sign: "✓",
        count: |totals| totals.pass,
        meaning: "every step held",
    },
    Look {
        label: "fail",
        sign: "✗",
        count: |totals| totals.fail,
        meaning: "a step did not hold",
    },
    Look {
        label: "setup-failed",
        sign: "!",
        count: |totals| totals.setup_failed,
        meaning: "the target could not be brought to the point where the scenario says anything about it",
    },
    Look {
        label: "unexpected-pass",
        sign: "?",
        count: |totals| totals.unexpected_pass,
        meaning: "it passed, although it is declared as known to fail",
    },
    Look {
        label: "known-failing",
        sign: "~",
        count: |totals| totals.known_failing,
        meaning: "it failed, as the adapter declares with a reason",
    },
    Look {
        label: "unsupported",
        sign: "–",
        count: |totals| totals.unsupported,
        meaning: "the adapter declares with a reason that the target can't do it; not run",
    },
];

fn pill(verdict: &Verdict) -> String {
    let label = verdict.label();
    let sign = LOOKS
        .iter()
        .find(|look| look.label == label)
        .map_or("", |look| look.sign);
    format!(
        "<span class=\"pill {label}\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span>{label}</span>"
    )
}

pub(super) fn command(command: &str) -> String {
    format!(
        "<div class=\"command\"><code>{}</code><button type=\"button\" class=\"copy\">Copy</button></div>\n",
        text(command)
    )
}

#[cfg(test)]
mod tests;
