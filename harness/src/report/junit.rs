//! The report as JUnit XML, as CI systems read it: a suite for each capability, a case for each scenario.
//!
//! Unsupported and known-failing scenarios are skipped cases with the reason; an unexpected pass is a failure; a
//! failed setup is an error. What fails a run beside its scenarios is in a suite of its own, so that no CI system can
//! take the run for a good one.

use std::fmt::Write;

use super::model::{RunReport, ScenarioReport, Totals, Verdict};
use super::plain;

/// Writes a run.
pub fn document(report: &RunReport) -> String {
    let mut xml = Xml::default();
    let totals = report.totals();
    let faults = plain::other_faults(report);
    xml.text
        .push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let mut all = counts(&totals, faults.len(), report.duration_ms);
    all.insert(0, ("name", format!("gatecheck {}", plain::target(report))));
    xml.open("testsuites", &all);
    for (capability, scenarios) in report.by_capability() {
        let took = scenarios.iter().map(|scenario| scenario.duration_ms).sum();
        let mut attributes = counts(&Totals::of(scenarios.iter().copied()), 0, took);
        attributes.insert(0, ("name", capability.to_owned()));
        attributes.push(("timestamp", report.started_at.clone()));
        xml.open("testsuite", &attributes);
        scenarios
            .into_iter()
            .for_each(|scenario| testcase(&mut xml, scenario));
        xml.close("testsuite");
    }
    if !faults.is_empty() {
        run_faults(&mut xml, &faults);
    }
    xml.close("testsuites");
    xml.text
}

fn counts(totals: &Totals, more_failures: usize, ms: u64) -> Vec<(&'static str, String)> {
    let failures = totals.fail + totals.unexpected_pass + more_failures;
    let skipped = totals.unsupported + totals.known_failing;
    vec![
        (
            "tests",
            (totals.pass + failures + skipped + totals.setup_failed).to_string(),
        ),
        ("failures", failures.to_string()),
        ("errors", totals.setup_failed.to_string()),
        ("skipped", skipped.to_string()),
        ("time", seconds(ms)),
    ]
}

fn testcase(xml: &mut Xml, scenario: &ScenarioReport) {
    let attributes = [
        ("name", format!("{} {}", scenario.id, scenario.name)),
        (
            "classname",
            format!("{}.{}", scenario.capability, scenario.feature),
        ),
        ("file", format!("features/{}", scenario.file)),
        ("line", scenario.line.to_string()),
        ("time", seconds(scenario.duration_ms)),
    ];
    let label = scenario.verdict.label();
    let explanation = plain::explanation(&scenario.verdict);
    let first = explanation.lines().next().unwrap_or_default().to_owned();
    let kind = [("message", first.clone()), ("type", label.to_owned())];
    xml.open("testcase", &attributes);
    match scenario.verdict {
        Verdict::Pass => {}
        Verdict::Unsupported { .. } | Verdict::KnownFailing { .. } => {
            xml.element(
                "skipped",
                &[("message", format!("{label}: {first}"))],
                &explanation,
            );
        }
        Verdict::Fail { .. } | Verdict::UnexpectedPass { .. } => {
            xml.element("failure", &kind, &detail(scenario))
        }
        Verdict::SetupFailed { .. } => xml.element("error", &kind, &detail(scenario)),
    }
    xml.close("testcase");
}

fn detail(scenario: &ScenarioReport) -> String {
    format!(
        "{}{}run it alone: {}\n",
        plain::steps(scenario),
        plain::exchanges(scenario),
        scenario.rerun
    )
}

fn run_faults(xml: &mut Xml, faults: &[String]) {
    let count = faults.len().to_string();
    let attributes = [
        ("name", "the run".to_owned()),
        ("tests", count.clone()),
        ("failures", count),
    ];
    xml.open("testsuite", &attributes);
    for fault in faults {
        xml.open(
            "testcase",
            &[("name", fault.clone()), ("classname", "the run".to_owned())],
        );
        xml.element("failure", &[("message", fault.clone())], fault);
        xml.close("testcase");
    }
    xml.close("testsuite");
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// XML in the making, indented.
#[derive(Default)]
struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    fn open(&mut self, name: &str, attributes: &[(&str, String)]) {
        self.start(name, attributes);
        self.text.push_str(">\n");
        self.depth += 1;
    }

    fn close(&mut self, name: &str) {
        self.depth -= 1;
        self.indent();
        writeln!(self.text, "</{name}>").expect("writing to a string can't fail");
    }

    fn element(&mut self, name: &str, attributes: &[(&str, String)], content: &str) {
        self.start(name, attributes);
        writeln!(self.text, ">{}</{name}>", escaped(content))
            .expect("writing to a string can't fail");
    }

    fn start(&mut self, name: &str, attributes: &[(&str, String)]) {
        self.indent();
        write!(self.text, "<{name}").expect("writing to a string can't fail");
        for (key, value) in attributes {
            let value = escaped(value).replace('\n', "&#10;");
            write!(self.text, " {key}=\"{value}\"").expect("writing to a string can't fail");
        }
    }

    fn indent(&mut self) {
        self.text.extend(std::iter::repeat_n("  ", self.depth));
    }
}

/// Escapes markup, and replaces the characters that XML 1.0 (§2.2) can't hold in any form.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => {
                escaped.push(c)
            }
            _ => escaped.push('\u{fffd}'),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn writes_every_verdict() {
        insta::assert_snapshot!(document(&sample::run()));
    }

    #[test]
    fn an_empty_run_is_a_failure() {
        let mut report = sample::good();
        report.scenarios.clear();
        let xml = document(&report);
        assert!(xml.contains("tests=\"1\" failures=\"1\""), "{xml}");
        assert!(xml.contains("no scenario was selected"), "{xml}");
    }

    #[test]
    fn holds_no_character_that_xml_forbids() {
        assert_eq!(
            escaped("a\0\u{1b}\u{fffe}\r\n<&\">"),
            "a\u{fffd}\u{fffd}\u{fffd}&#13;\n&lt;&amp;&quot;&gt;"
        );
    }
}
