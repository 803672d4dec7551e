#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use super::*;
use crate::suite::Suite;

#[test]
fn every_fault_has_a_name_of_its_own_and_is_told_by_requirements_that_exist() {
    let suite = Suite::embedded().unwrap();
    let ids: BTreeSet<&str> = suite.cases.iter().map(|case| &*case.id).collect();
    let mut names = BTreeSet::new();
    for fault in all() {
        assert!(names.insert(fault.name), "{} is there twice", fault.name);
        assert!(!fault.told_by.is_empty(), "nothing tells {}", fault.name);
        for id in fault.told_by {
            assert!(ids.contains(id), "{}: there is no {id}", fault.name);
        }
        assert!(fault.told_by.is_sorted(), "{}: sort its ids", fault.name);
    }
    assert!(names.len() >= 40, "{} faults are few", names.len());
}

#[test]
fn the_page_about_faults_is_up_to_date() {
    let page = include_str!("../../../docs/faults.md");
    let table = document::table();
    assert!(
        page.contains(&table),
        "docs/faults.md is out of date; print its table with `gatecheck faults --list --markdown`"
    );
}
