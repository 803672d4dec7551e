#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::report::sample;

fn source_url(source: &str) -> Option<String> {
    source
        .strip_prefix("rfc9110-")
        .map(|section| format!("https://www.rfc-editor.org/rfc/rfc9110#section-{section}"))
}

fn body(report: &RunReport) -> String {
    let page = page(report, &source_url);
    let (_, body) = page.split_once("<body>").unwrap();
    body.replace(SCRIPT, "…")
}

#[test]
fn tells_a_run_that_fails() {
    insta::assert_snapshot!(body(&sample::run()));
}

#[test]
fn tells_how_other_runs_ended() {
    let outcome = |report: &RunReport| {
        let body = body(report);
        let outcome = body
            .split("class=\"outcome ")
            .nth(1)
            .unwrap()
            .split("</p>")
            .next()
            .unwrap();
        outcome.rsplit("</span>").next().unwrap().to_owned()
    };
    let mut report = sample::good();
    assert_eq!(
        outcome(&report),
        "Conforms: 1 of 3 passed, the other 2 are declared with a reason"
    );
    report.scenarios.truncate(1);
    assert_eq!(outcome(&report), "Conforms: all 1 scenario passed");
    report.interrupted = Some("SIGINT".to_owned());
    assert_eq!(outcome(&report), "Fails, although no scenario did");
    assert!(body(&report).contains("<li>interrupted: SIGINT</li>"));
}

#[test]
fn loads_nothing_from_elsewhere() {
    let page = page(&sample::run(), &source_url);
    for forbidden in [
        " src=",
        "<link",
        "@import",
        "url(",
        "<iframe",
        "<img",
        "<object",
        "fetch(",
        "XMLHttpRequest",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("content=\"default-src 'none'; style-src 'sha256-"));
}

/// Puts markup into every string of the run: nothing of it may arrive as markup.
#[test]
fn escapes_everything() {
    const HOSTILE: &str = "\"'><script>evil()</script>&amp;";
    fn poison(value: &mut serde_json::Value, key: &str) {
        match value {
            // Not the words of an enum, which is no free text.
            serde_json::Value::String(text) if !["kind", "level", "status"].contains(&key) => {
                text.push_str(HOSTILE)
            }
            serde_json::Value::Array(values) => {
                values.iter_mut().for_each(|value| poison(value, ""))
            }
            serde_json::Value::Object(values) => values
                .iter_mut()
                .for_each(|(key, value)| poison(value, key)),
            _ => {}
        }
    }
    let mut run = serde_json::to_value(sample::run()).unwrap();
    poison(&mut run, "");
    let report: RunReport = serde_json::from_value(run).unwrap();
    let page = page(&report, &|source| {
        Some(format!("https://example.org/{source}"))
    });
    assert!(page.matches("evil()").count() > 100);
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(
        !page.contains("'>&lt;script") && !page.contains("\"'"),
        "a quote ends an attribute"
    );
}

#[test]
fn links_only_to_the_web() {
    let mut report = sample::run();
    let body = self::body(&report);
    assert!(body.contains(
        "<a href=\"https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2\" rel=\"noreferrer\">"
    ));
    assert!(
        body.contains("<dt>Requirement</dt><dd>fetch-3.2.2</dd>"),
        "a source without an address"
    );
    report
        .scenarios
        .retain(|scenario| scenario.id == "CORS-004");
    let page = page(&report, &|_| Some("javascript:evil()".to_owned()));
    assert!(!page.contains("href=\"javascript:"));
}

#[test]
fn every_scenario_has_an_address_of_its_own() {
    let report = sample::run();
    let body = body(&report);
    for scenario in &report.scenarios {
        assert_eq!(
            body.matches(&format!(" id=\"{}-{}\"", scenario.id, scenario.line))
                .count(),
            1
        );
    }
}

#[test]
fn every_verdict_has_a_look() {
    for scenario in sample::run().scenarios {
        let label = scenario.verdict.label();
        assert!(LOOKS.iter().any(|look| look.label == label), "{label}");
        assert!(STYLE.contains(&format!("\n.{label} {{")), "{label}");
    }
}
