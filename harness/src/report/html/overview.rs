//! The upper part of the page: who was tested and how it ended, the levels, the capabilities.

use std::fmt::Write;

use super::escape::text;
use super::{LOOKS, command, plain};
use crate::report::model::{Level, RunReport, Totals};

pub(super) fn overview(report: &RunReport) -> String {
    format!(
        "<header>\n{}</header>\n<main>\n<section aria-labelledby=\"levels\">\n\
         <h2 id=\"levels\">Levels</h2>\n<div class=\"cards\">\n{}</div>\n{}</section>\n\
         <section aria-labelledby=\"capabilities\">\n<h2 id=\"capabilities\">Capabilities</h2>\n{}</section>\n",
        head(report),
        [Level::Core, Level::Extended, Level::Strict]
            .map(|level| card(report, level))
            .concat(),
        legend(&report.totals()),
        table(report),
    )
}

fn head(report: &RunReport) -> String {
    let version = report.target.version.as_deref().unwrap_or_default();
    let (class, sign) = if report.succeeded() {
        ("good", "✓")
    } else {
        ("bad", "✗")
    };
    let faults: String = plain::other_faults(report)
        .iter()
        .map(|fault| format!("<li>{}</li>\n", text(fault)))
        .collect();
    let faults = if faults.is_empty() {
        faults
    } else {
        format!("<ul class=\"faults\">\n{faults}</ul>\n")
    };
    format!(
        "<p class=\"eyebrow\">Gatecheck conformance report</p>\n\
         <h1>{} <span class=\"version\">{}</span></h1>\n\
         <p class=\"outcome {class}\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span>{}</p>\n\
         {faults}{}{}",
        text(&report.target.name),
        text(version),
        text(&outcome(report)),
        facts(report),
        command(&plain::command(report)),
    )
}

fn outcome(report: &RunReport) -> String {
    let all = report.scenarios.len();
    let totals = report.totals();
    let failing = totals.fail + totals.setup_failed + totals.unexpected_pass;
    if failing > 0 {
        return format!(
            "Fails: {failing} of {} fail the run",
            plain::counted(all, "scenario")
        );
    }
    if !report.succeeded() {
        return "Fails, although no scenario did".to_owned();
    }
    match all - totals.pass {
        0 => format!("Conforms: all {} passed", plain::counted(all, "scenario")),
        rest => format!(
            "Conforms: {} of {} passed, the other {rest} are declared with a reason",
            totals.pass, all
        ),
    }
}

fn facts(report: &RunReport) -> String {
    let date = report
        .started_at
        .split(['.', 'Z'])
        .next()
        .unwrap_or_default();
    let date = format!("{} UTC", date.replace('T', " "));
    let mut facts = vec![
        (
            "Date",
            format!(
                "<time datetime=\"{}\">{}</time>",
                text(&report.started_at),
                text(&date)
            ),
        ),
        (
            "Took",
            text(&plain::duration(report.duration_ms)).to_string(),
        ),
        (
            "Suite",
            format!("gatecheck {}", text(&report.suite_version)),
        ),
    ];
    for (name, value) in [
        ("Tags", &report.selection.tags),
        ("Name", &report.selection.name),
    ] {
        facts.extend(
            value
                .as_deref()
                .map(|value| (name, text(value).to_string())),
        );
    }
    let facts: String = facts
        .iter()
        .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n"))
        .collect();
    format!("<dl class=\"facts\">\n{facts}</dl>\n")
}

fn card(report: &RunReport, level: Level) -> String {
    let totals = Totals::of(
        report
            .scenarios
            .iter()
            .filter(|scenario| scenario.level == level),
    );
    let all = total(&totals);
    let meaning = match level {
        Level::Core => "what a user of any API gateway takes for granted",
        Level::Extended => "what standards back and good gateways do",
        Level::Strict => "what Gatecheck's own gateway promises beyond that",
    };
    let rest = LOOKS[1..].iter().filter(|look| (look.count)(&totals) > 0);
    let rest: Vec<_> = rest
        .map(|look| format!("{} {}", (look.count)(&totals), look.label))
        .collect();
    let rest = match (all, rest.is_empty()) {
        (0, _) => "none was selected".to_owned(),
        (_, true) => "without exception".to_owned(),
        (_, false) => rest.join(", "),
    };
    format!(
        "<article class=\"card\">\n<h3>{level}</h3>\n<p class=\"meaning\">{meaning}</p>\n\
         <p class=\"figure\"><strong>{}</strong> of {all} pass</p>\n{}<p class=\"rest\">{rest}</p>\n</article>\n",
        totals.pass,
        bar(&totals),
    )
}

/// The shares of the verdicts; the figures beside it say the same in words.
pub(in crate::report) fn bar(totals: &Totals) -> String {
    let mut rectangles = String::new();
    let mut x = 0;
    for look in LOOKS {
        let width = (look.count)(totals);
        if width > 0 {
            write!(
                rectangles,
                "<rect class=\"{}\" x=\"{x}\" width=\"{width}\" height=\"1\"/>",
                look.label
            )
            .expect("writing to a string can't fail");
        }
        x += width;
    }
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 {} 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\">{rectangles}</svg>\n",
        x.max(1)
    )
}

pub(in crate::report) fn legend(totals: &Totals) -> String {
    let items = LOOKS.iter().map(|look| {
        format!(
            "<li><span class=\"pill {label}\"><span class=\"sign\" aria-hidden=\"true\">{}</span>{label}</span> \
             <strong>{}</strong> <span class=\"meaning\">{}</span></li>\n",
            look.sign,
            (look.count)(totals),
            look.meaning,
            label = look.label,
        )
    });
    format!(
        "<details class=\"legend\">\n<summary>What the verdicts mean</summary>\n<ul>\n{}</ul>\n</details>\n",
        items.collect::<String>()
    )
}

/// Capabilities down, verdicts across. The roles keep it a table where narrow screens lay it out as a list.
fn table(report: &RunReport) -> String {
    let heads: String = LOOKS
        .iter()
        .map(|look| {
            format!(
                "<th scope=\"col\" role=\"columnheader\"><span class=\"dot {0}\"></span>{0}</th>",
                look.label
            )
        })
        .collect();
    let groups = report.by_capability();
    let rows: String = groups
        .iter()
        .map(|(name, scenarios)| row(name, &Totals::of(scenarios.iter().copied()), name))
        .collect();
    format!(
        "<table role=\"table\">\n<thead role=\"rowgroup\">\n<tr role=\"row\"><th scope=\"col\" role=\"columnheader\">\
         capability</th>{heads}</tr>\n</thead>\n<tbody role=\"rowgroup\">\n{rows}</tbody>\n\
         <tfoot role=\"rowgroup\">\n{}</tfoot>\n</table>\n",
        row("all", &report.totals(), ""),
    )
}

/// A row; its numbers choose what is shown below. No `capability` is all of them.
fn row(name: &str, totals: &Totals, capability: &str) -> String {
    let mut row = format!(
        "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{}</th>",
        text(name)
    );
    for look in LOOKS {
        let label = look.label;
        row += &match (look.count)(totals) {
            0 => "<td role=\"cell\" class=\"none\"><span aria-hidden=\"true\">·</span><span class=\"unseen\">0</span></td>"
                .to_owned(),
            count => format!(
                "<td role=\"cell\"><button type=\"button\" class=\"count {label}\" data-verdict=\"{label}\" \
                 data-capability=\"{}\"><span>{count}</span> <span class=\"narrow\">{label}</span></button></td>",
                text(capability)
            ),
        };
    }
    row + "</tr>\n"
}

pub(in crate::report) fn total(totals: &Totals) -> usize {
    LOOKS.iter().map(|look| (look.count)(totals)).sum()
}
