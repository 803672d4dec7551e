//! What is derived from the scenarios, as people would review it, and what is wrong with configurations.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::*;
use crate::suite;

fn scenario(name: &str) -> PathBuf {
    let scenarios = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios"));
    let found = ["yaml", "json"].map(|kind| scenarios.join(format!("{name}.{kind}")));
    found.into_iter().find(|path| path.is_file()).unwrap()
}

fn derived(name: &str) -> Derived {
    let options = Options {
        url: Some("https://api.example.com".to_owned()),
        service_header: Some("X-Served-By".to_owned()),
    };
    derive(&scenario(name), &options).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn suites_of_the_exercises() {
    for name in [
        "orders",
        "search-canary",
        "partners",
        "users",
        "public-feed",
        "payments-canary",
        "token-guard",
    ] {
        let text = derived(name).text;
        // The first line has the path of this machine's files.
        let (_, text) = text.split_once('\n').unwrap();
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn every_scenario_makes_a_suite_that_reads_back_and_is_always_the_same() {
    let known: BTreeSet<String> = suite::Suite::embedded()
        .unwrap()
        .cases
        .iter()
        .map(|case| case.id.clone())
        .collect();
    for name in crate::fixtures::Fixture::names() {
        let Derived { suite, text, .. } = derived(&name);
        let mut read = Suite::parse("suite.yaml", &text)
            .unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        read.directory.clone_from(&suite.directory);
        assert_eq!(read, suite, "{name}");
        assert_eq!(derived(&name).text, text, "{name}");
        for check in &suite.checks {
            let place = check.from.as_deref().unwrap();
            assert!(place.starts_with(&name), "{name}: {place}");
            if let Some(requirement) = &check.requirement {
                assert!(
                    known.contains(requirement),
                    "{name}: {requirement} is no requirement"
                );
            }
        }
    }
}

#[test]
fn without_a_header_that_tells_the_service_canaries_are_left_out_and_that_is_said() {
    let without = derive(&scenario("search-canary"), &Options::default()).unwrap();
    assert!(
        !without.text.contains("id: search-v1-canary"),
        "{}",
        without.text
    );
    assert!(
        without
            .left_out
            .iter()
            .any(|why| why.contains("--service-header NAME"))
    );
    assert!(
        without
            .text
            .contains("# - search-canary.yaml:9:5: route-by-header"),
        "{}",
        without.text
    );
    assert!(
        derived("search-canary")
            .text
            .contains("X-Served-By: search-v2")
    );
}

/// What is said of these files, of which the first is derived from.
fn said(files: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let first = dir
        .path()
        .join(files.first().map_or("missing.yaml", |(name, _)| name));
    match derive(&first, &Options::default()) {
        Ok(derived) => derived.text,
        Err(error) => error
            .to_string()
            .replace(&*dir.path().to_string_lossy(), "…"),
    }
}

const API: &str = "service: {name: a, url: \"http://a:80\"}\nroute: {paths: [\"/a\"]}\n";

#[test]
fn what_is_wrong_with_a_configuration_is_told_with_its_place() {
    let with = |more: &str| said(&[("a.yaml", &format!("{API}{more}"))]);
    insta::assert_snapshot!(
        [
            said(&[]),
            said(&[("a.yaml", "")]),
            said(&[("a.yaml", "a: [")]),
            said(&[("a.yaml", "plugins: []")]),
            with("pluggins: []"),
            with("plugins: [{name: key-auht}]"),
            with("plugins: [{name: key-auth, config: {headers: X-Key}}]"),
            with("plugins: [{name: rate-limit, config: {limitPerMinute: many}}]"),
            with("plugins: [{name: authorize, config: {allow: [{role: admin}]}}]"),
            with("consumers: [{keys: []}]"),
            with("include: other.yaml"),
            with("include: [\"none/*.yaml\"]"),
            with("include: [\"a.yaml\"]"),
            with("include: [\"b.yaml\"]"),
            said(&[
                ("a.yaml", "include: [\"b.yaml\"]"),
                ("b.yaml", "sevice: {}")
            ]),
        ]
        .join("\n--\n")
    );
}

#[test]
fn what_is_included_counts_with_its_own_places_and_the_plugins_of_the_whole() {
    let whole = "include: [\"apis/*.yaml\"]\nplugins: [{name: key-auth}]\n";
    let text = said(&[
        ("gateway.yaml", whole),
        ("apis/b.yaml", API),
        (
            "apis/c.yaml",
            &API.replace("name: a", "name: c").replace("/a", "/c"),
        ),
    ]);
    assert!(text.contains("# a (apis/b.yaml:2:8)"), "{text}");
    assert!(text.contains("from: gateway.yaml:2:11"), "{text}");
    assert_eq!(
        text.matches("a request without a key is refused").count(),
        2,
        "{text}"
    );
}

#[test]
fn anchors_and_merge_keys_mean_what_they_mean_to_the_gateway() {
    let text = said(&[(
        "a.yaml",
        "service: {name: a, url: \"http://a:80\"}\nroutes:\n\
         - &first {paths: [\"/a\"], methods: [GET]}\n- {<<: *first, paths: [\"/b\"]}\n",
    )]);
    assert!(text.contains("a-2-method"), "{text}");
    assert!(text.contains("path: /b}"), "{text}");
}

#[test]
fn checks_leave_most_of_a_low_limit_to_others() {
    let derived = |limit: &str| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("shop.yaml");
        let text = format!(
            "service: {{name: shop, url: 'http://shop:80'}}\nroute: {{paths: [/shop], methods: [GET]}}\n\
             consumers: [{{name: me, keys: ['${{env:KEY}}']}}]\n\
             plugins: [{{name: key-auth}}, {{name: rate-limit, config: {{key: consumer, {limit}}}}}]\n"
        );
        fs::write(&file, text).unwrap();
        derive(&file, &Options::default()).unwrap()
    };
    let every = |derived: &Derived| -> Vec<_> {
        let checks = derived.suite.checks.iter();
        checks
            .filter(|check| check.intrusive.is_none())
            .filter_map(|check| Some((check.id.clone(), check.every?.as_secs())))
            .collect()
    };
    let usual = derived("limitPerMinute: 100");
    assert_eq!(every(&usual), []);
    assert_eq!(usual.left_out, [] as [&str; 0]);
    // Two requests reach it: in two minutes they are half of what four let through.
    let low = derived("limitPerMinute: 2");
    let sparing = [("shop-key-right", 120), ("shop-limit-told", 120)];
    assert_eq!(every(&low), sparing.map(|(id, s)| (id.to_owned(), s)));
    assert_eq!(low.left_out, [] as [&str; 0]);
    let lowest = derived("limitPerMinute: 1");
    let told = "they send 2 requests, of which 1 pass";
    assert!(lowest.left_out[0].contains(told), "{:?}", lowest.left_out);
}
