#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use super::*;
use crate::fixtures::Fixture;
use crate::fixtures::certificates::Certificates;
use crate::fixtures::tokens::kinds;
use crate::plan::Plan;

const WHOLE: &str = r#"
Feature: Tea
  @TEA-001 @core @rfc9110-15.5.2
  Scenario: hot
    Given the configuration "orders"
    When the client sends "GET /"
    Then the response status is 200
"#;

fn read(text: &str) -> anyhow::Result<Suite> {
    Suite::read(&[("tea/hot.feature".to_owned(), text)])
}

fn problem(text: &str) -> String {
    format!("{:#}", read(text).unwrap_err())
}

#[test]
fn the_embedded_suite_is_sound() {
    let suite = Suite::embedded().unwrap();
    assert!(suite.cases.len() > 50);
    let certificates = Certificates::new().unwrap();
    for case in &suite.cases {
        let mut plan = Plan::of(case)
            .unwrap_or_else(|failure| panic!("{}:{}: {failure}", case.file, case.line));
        plan.settle(&certificates)
            .unwrap_or_else(|failure| panic!("{}:{}: {failure}", case.file, case.line));
        let fixture = plan
            .fixture()
            .unwrap_or_else(|error| panic!("{}:{}: {error}", case.file, case.line));
        assert!(
            fixture.is_some(),
            "{}:{} names no configuration",
            case.file,
            case.line
        );
    }
}

#[test]
fn every_fixture_is_used_and_of_the_public_format() {
    let suite = Suite::embedded().unwrap();
    let used: Vec<Option<String>> = suite
        .cases
        .iter()
        .map(|case| Plan::of(case).unwrap().configuration)
        .collect();
    for name in Fixture::names() {
        let fixture = Fixture::embedded(&name).unwrap();
        fixture
            .typed()
            .unwrap_or_else(|error| panic!("scenarios/{name}: {error}"));
        assert!(
            used.contains(&Some(name.clone())),
            "no scenario uses scenarios/{name}"
        );
    }
}

#[test]
fn every_kind_of_token_is_sent() {
    let suite = Suite::embedded().unwrap();
    let plans = suite.cases.iter().map(|case| Plan::of(case).unwrap());
    let sent: BTreeSet<String> = plans
        .flat_map(|plan| plan.tokens)
        .map(|token| token.kind)
        .collect();
    let missing: Vec<_> = kinds()
        .map(|kind| kind.name)
        .filter(|name| !sent.contains(*name))
        .collect();
    assert!(
        missing.is_empty(),
        "no scenario has tokens of the kinds {missing:?}"
    );
}

#[test]
fn a_scenario_is_read_with_its_labels() {
    let suite = read(WHOLE).unwrap();
    let case = &suite.cases[0];
    assert_eq!(
        (case.id.as_str(), case.level, case.capability.as_str()),
        ("TEA-001", Level::Core, "tea")
    );
    assert_eq!(case.sources, ["rfc9110-15.5.2"]);
    assert_eq!((case.line, case.steps.len()), (4, 3));
    assert_eq!(case_number(&suite.features[0].scenarios[0].tags), Some(0));
}

#[test]
fn a_missing_label_is_told() {
    for (label, what) in [
        ("@TEA-001 ", "no id"),
        ("@core ", "no level"),
        ("@rfc9110-15.5.2", "no source"),
    ] {
        let told = problem(&WHOLE.replace(label, ""));
        assert!(
            told.contains(what) && told.contains("features/tea/hot.feature:4"),
            "{told}"
        );
    }
    assert!(problem(&WHOLE.replace("@core", "@core @strict")).contains("more than one level"));
}

#[test]
fn an_unknown_step_is_told_with_the_nearest() {
    let told = problem(&WHOLE.replace("the response status is 200", "the response code is 200"));
    assert!(
        told.contains("the nearest is \"the response status is {int}\""),
        "{told}"
    );
    assert!(told.contains("hot.feature:7"), "{told}");
}

#[test]
fn an_id_is_taken_once_but_for_the_rows_of_an_outline() {
    let outline = r#"
Feature: Tea
  @TEA-001 @core @rfc9110-15.5.2
  Scenario Outline: <heat>
    Given the configuration "orders"
    When the client sends "GET /<heat>"

    Examples:
      | heat |
      | hot  |
      | cold |
"#;
    let suite = read(outline).unwrap();
    assert_eq!(
        suite
            .cases
            .iter()
            .map(|case| case.name.as_str())
            .collect::<Vec<_>>(),
        ["hot", "cold"]
    );
    let again = outline.replace("Feature: Tea", "") + &outline.replace("Feature: Tea", "");
    assert!(problem(&format!("Feature: Tea\n{again}")).contains("the id TEA-001 is taken by"));
}

#[test]
fn cases_are_selected_by_tags_and_name() {
    let suite = read(WHOLE).unwrap();
    let count = |tags: Option<&str>, name: Option<&str>| {
        let filter = Filter {
            tags: tags.map(str::to_owned),
            name: name.map(str::to_owned),
        };
        suite.select(&filter).map(|cases| cases.len())
    };
    assert_eq!(count(Some("@TEA-001"), None).unwrap(), 1);
    assert_eq!(
        count(Some("@core and not @rfc9110-15.5.2"), None).unwrap(),
        0
    );
    assert_eq!(count(None, Some("HOT")).unwrap(), 1);
    assert_eq!(count(None, Some("cold")).unwrap(), 0);
    assert!(count(Some("@core @strict"), None).is_err());
}

#[test]
fn sources_lead_to_what_they_name() {
    assert_eq!(
        source_url("rfc9110-15.5.2").unwrap(),
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2"
    );
    assert_eq!(
        source_url("docs-configuration").unwrap(),
        "docs/configuration.md"
    );
    assert_eq!(source_url("slow"), None);
}
