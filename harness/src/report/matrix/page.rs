//! The page: capabilities down, targets across. A cell says how many scenarios of each level pass; opened, it shows every
//! scenario of the capability on the target, with the last exchange, the rendered configuration and the source of the
//! requirement. What cells show lies in templates, so that the page is quick however much there is.

use super::super::html::escape::text;
use super::super::html::overview::{bar, legend, total};
use super::super::html::scenario::{configuration, scenario};
use super::super::html::{LOOKS, STYLE, SourceUrl, command, document};
use super::super::model::{RunReport, ScenarioReport, Totals, Verdict};
use super::super::plain;
use super::{LEVELS, of_level, passed};

const OWN_STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// How much of a body is shown, in characters.
const BODY: usize = 600;

/// Writes the page. Each target's whole report is expected beside it, as `TARGET.html`.
pub fn page(reports: &[RunReport], source_url: SourceUrl<'_>) -> String {
    let body = format!(
        "<a class=\"skip\" href=\"#matrix\">Skip to the matrix</a>\n<header>\n{}</header>\n<main>\n\
         <section aria-labelledby=\"matrix\">\n<h2 id=\"matrix\">Capabilities by target</h2>\n{}</section>\n\
         <section id=\"detail\" tabindex=\"-1\" aria-live=\"polite\"></section>\n\
         <section id=\"configuration\" tabindex=\"-1\"></section>\n</main>\n{}",
        head(reports),
        table(reports),
        templates(reports, source_url),
    );
    let style = format!("{STYLE}{OWN_STYLE}");
    document("Gatecheck conformance matrix", &style, SCRIPT, &body)
}

fn head(reports: &[RunReport]) -> String {
    let date = reports
        .first()
        .map_or("", |report| report.started_at.as_str());
    let date = date
        .split(['.', 'Z'])
        .next()
        .unwrap_or_default()
        .replace('T', " ");
    let all = Totals::of(reports.iter().flat_map(|report| &report.scenarios));
    let failing: Vec<_> = reports
        .iter()
        .filter(|report| !report.succeeded())
        .collect();
    let (class, sign, outcome) = match failing.as_slice() {
        [] => (
            "good",
            "✓",
            "Every target is as it is declared to be".to_owned(),
        ),
        failing => {
            let names: Vec<_> = failing
                .iter()
                .map(|report| report.target.name.as_str())
                .collect();
            ("bad", "✗", format!("Not as declared: {}", names.join(", ")))
        }
    };
    format!(
        "<p class=\"eyebrow\">Gatecheck conformance matrix</p>\n\
         <h1>{}, {}</h1>\n\
         <p class=\"outcome {class}\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span>{}</p>\n\
         <dl class=\"facts\">\n<div><dt>Date</dt><dd>{} UTC</dd></div>\n\
         <div><dt>Suite</dt><dd>gatecheck {}</dd></div>\n<div><dt>Took</dt><dd>{}</dd></div>\n</dl>\n{}{}",
        plain::counted(reports.len(), "target"),
        plain::counted(
            reports.first().map_or(0, |report| report.scenarios.len()),
            "scenario"
        ),
        text(&outcome),
        text(&date),
        env!("CARGO_PKG_VERSION"),
        plain::duration(reports.iter().map(|report| report.duration_ms).sum()),
        command(&super::command(reports)),
        legend(&all),
    )
}

fn table(reports: &[RunReport]) -> String {
    let heads = reports.iter().map(|report| {
        let (class, sign, word) = if report.succeeded() {
            ("good", "✓", "as declared")
        } else {
            ("bad", "✗", "not as declared")
        };
        format!(
            "<th scope=\"col\"><a href=\"{0}.html\">{0}</a><span class=\"version\">{1}</span>\
             <span class=\"as {class}\">{sign} {word}</span></th>",
            text(&report.target.name),
            text(report.target.version.as_deref().unwrap_or("not started")),
        )
    });
    let heads: String = heads.collect();
    let rows = capabilities(reports).into_iter().map(|capability| {
        let cells = reports.iter().map(|report| cell(report, capability));
        format!(
            "<tr><th scope=\"row\">{}</th>{}</tr>\n",
            text(capability),
            cells.collect::<String>()
        )
    });
    let rows: String = rows.collect();
    let totals = reports.iter().map(|report| {
        let levels = LEVELS.map(|level| (level.to_string(), of_level(report, level)));
        format!("<td>{}{}</td>", bar(&report.totals()), counts(&levels))
    });
    format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"matrix\"><table class=\"matrix\">\n<thead>\n<tr><th scope=\"col\">capability</th>{heads}</tr>\n</thead>\n\
         <tbody>\n{rows}</tbody>\n<tfoot>\n<tr><th scope=\"row\">all</th>{}</tr>\n</tfoot>\n</table></div>\n",
        totals.collect::<String>()
    )
}

/// The capabilities of all runs, in the order of the first that has them.
fn capabilities(reports: &[RunReport]) -> Vec<&str> {
    let mut names = Vec::new();
    for (name, _) in reports.iter().flat_map(RunReport::by_capability) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn cell(report: &RunReport, capability: &str) -> String {
    let scenarios = of_capability(report, capability);
    if scenarios.is_empty() {
        return "<td class=\"none\">·</td>".to_owned();
    }
    let totals = Totals::of(scenarios.iter().copied());
    let levels = LEVELS.map(|level| {
        let of_level = scenarios
            .iter()
            .copied()
            .filter(|scenario| scenario.level == level);
        (level.to_string(), Totals::of(of_level))
    });
    format!(
        "<td><a class=\"cell {}\" href=\"{}.html\" data-cell=\"{}\" aria-label=\"{} on {}: {} pass\">{}{}</a></td>",
        state(&totals),
        text(&report.target.name),
        text(&cell_name(report, capability)),
        text(capability),
        text(&report.target.name),
        passed(&totals),
        bar(&totals),
        counts(&levels),
    )
}

/// Whether all of it holds, a part, or nothing is claimed; or something is not as declared.
fn state(totals: &Totals) -> &'static str {
    let failing = totals.fail + totals.setup_failed + totals.unexpected_pass;
    match (failing, totals.pass) {
        (0, 0) => "unclaimed",
        (0, pass) if pass == total(totals) => "whole",
        (0, _) => "part",
        _ => "failing",
    }
}

fn counts(levels: &[(String, Totals)]) -> String {
    let told = levels.iter().filter(|(_, totals)| total(totals) > 0);
    let told = told.map(|(level, totals)| {
        let class = if totals.pass == total(totals) {
            "full"
        } else {
            "short"
        };
        format!(
            "<span class=\"{class}\"><span>{level}</span> {}/{}</span>",
            totals.pass,
            total(totals)
        )
    });
    format!("<span class=\"counts\">{}</span>", told.collect::<String>())
}

fn templates(reports: &[RunReport], source_url: SourceUrl<'_>) -> String {
    let mut all = String::new();
    for report in reports {
        for (capability, scenarios) in report.by_capability() {
            all += &template(report, capability, &scenarios, source_url);
        }
        for one in &report.configurations {
            let prefix = prefix(report);
            let anchor = super::super::html::scenario::anchor(&prefix, &one.name);
            all += &format!(
                "<template data-configuration=\"{}\"><h2>{}: configuration</h2>\n{}</template>\n",
                text(&anchor),
                text(&report.target.name),
                configuration(one, &prefix),
            );
        }
    }
    all
}

fn template(
    report: &RunReport,
    capability: &str,
    scenarios: &[&ScenarioReport],
    source_url: SourceUrl<'_>,
) -> String {
    let totals = Totals::of(scenarios.iter().copied());
    let verdicts = LOOKS.iter().filter(|look| (look.count)(&totals) > 0);
    let verdicts: Vec<_> = verdicts
        .map(|look| format!("{} {}", (look.count)(&totals), look.label))
        .collect();
    let prefix = prefix(report);
    let shown = scenarios
        .iter()
        .map(|one| scenario(&brief(one), source_url, &prefix));
    format!(
        "<template data-for=\"{}\"><h2>{} on {}</h2>\n<p class=\"rest\">{}</p>\n{}</template>\n",
        text(&cell_name(report, capability)),
        text(capability),
        text(&plain::target(report)),
        text(&verdicts.join(", ")),
        shown.collect::<String>(),
    )
}

/// A scenario with its last exchange alone, no more than the beginning of bodies, and no steps where none was run; the
/// target's own report has all.
fn brief(scenario: &ScenarioReport) -> ScenarioReport {
    let mut brief = scenario.clone();
    if matches!(brief.verdict, Verdict::Unsupported { .. }) {
        brief.steps.clear();
    }
    let before = brief.exchanges.len().saturating_sub(1);
    brief.exchanges.drain(..before);
    for exchange in &mut brief.exchanges {
        let received = exchange
            .upstreams
            .iter_mut()
            .flat_map(|one| &mut one.requests);
        let messages = received
            .chain([&mut exchange.request])
            .chain(&mut exchange.response);
        for message in messages {
            message.body = message.body.chars().take(BODY).collect();
        }
    }
    brief
}

fn of_capability<'a>(report: &'a RunReport, capability: &str) -> Vec<&'a ScenarioReport> {
    let scenarios = report.scenarios.iter();
    scenarios
        .filter(|scenario| scenario.capability == capability)
        .collect()
}

fn cell_name(report: &RunReport, capability: &str) -> String {
    format!("{}/{capability}", report.target.name)
}

fn prefix(report: &RunReport) -> String {
    format!("{}-", report.target.name)
}
