#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::report::sample;

fn reports() -> Vec<RunReport> {
    let mut good = sample::good();
    good.target.name = "gateway".to_owned();
    vec![good, sample::run()]
}

fn source_url(_: &str) -> Option<String> {
    Some("https://www.rfc-editor.org/rfc/rfc9110".to_owned())
}

#[test]
fn the_summary_has_a_line_for_each_target() {
    insta::assert_snapshot!(markdown(&reports()));
}

#[test]
fn the_data_tells_who_was_tested_and_how_to_do_it_again() {
    insta::assert_snapshot!(json(&reports()).unwrap());
}

#[test]
fn every_cell_has_something_to_show() {
    let page = page(&reports(), &source_url);
    let names = |attribute: &str| {
        let beginning = format!("{attribute}=\"");
        let names = page
            .split(&beginning)
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned());
        names.filter(|name| name.contains('/')).collect::<Vec<_>>()
    };
    let mut cells = names("data-cell");
    let mut templates = names("data-for");
    assert!(!cells.is_empty());
    cells.sort_unstable();
    templates.sort_unstable();
    assert_eq!(cells, templates);
}

#[test]
fn a_cell_that_is_not_as_declared_is_told_from_one_that_is() {
    let page = page(&reports(), &source_url);
    assert!(page.contains("Not as declared: nginx"));
    assert!(page.contains("cell failing"));
    let good = super::page(&reports()[..1], &source_url);
    assert!(good.contains("Every target is as it is declared to be"));
    assert!(!good.contains("cell failing"));
}
