#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use super::*;
use crate::checks::sample::Sample;

#[test]
fn everything_is_said_in_the_format_of_prometheus() {
    insta::assert_snapshot!(text(&Sample::mixed().board.view()));
}

#[test]
fn label_values_are_escaped() {
    let mut out = Exposition::default();
    out.family("m", "gauge", "M.");
    out.sample("", &[("a", "x\"y\\z\nw"), ("b", "")], 1);
    assert!(
        out.0.ends_with("m{a=\"x\\\"y\\\\z\\nw\",b=\"\"} 1\n"),
        "{}",
        out.0
    );
}

/// The documentation names the metrics that there are, and no other.
#[test]
fn documentation_and_metrics_agree() {
    let text = text(&Sample::mixed().board.view());
    let families = text.lines().filter_map(|line| {
        let name = line.strip_prefix("# TYPE ")?;
        name.split(' ').next()
    });
    let families: BTreeSet<&str> = families.collect();
    let documented = include_str!("../../../../docs/synthetic-checks.md");
    let documented: BTreeSet<&str> = documented
        .split(|sign: char| !(sign.is_ascii_lowercase() || sign == '_'))
        .filter(|word| word.starts_with("gatecheck_"))
        .collect();
    assert_eq!(families, documented);
}

/// Every sample belongs to the family above it, which nothing else declares, and no series is there twice.
#[test]
fn families_are_whole() {
    let text = text(&Sample::mixed().board.view());
    let (mut families, mut series, mut current) = (Vec::new(), Vec::new(), "");
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            current = rest.split(' ').next().unwrap();
            assert!(!families.contains(&current), "{current}");
            families.push(current);
        } else if !line.starts_with('#') {
            let (one, value) = line.rsplit_once(' ').unwrap();
            assert!(one.starts_with(current), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            assert!(!series.contains(&one), "{line}");
            series.push(one);
        }
    }
    assert!(families.len() > 10 && series.len() > 50);
}
