#![allow(clippy::unwrap_used, reason = "a test may panic")]

use jiff::SignedDuration;

use super::*;
use crate::checks::sample::{Sample, good};

#[test]
fn what_checks_say_is_text_and_nothing_else() {
    let sample = Sample::mixed();
    let page = page(&sample.board.view(), sample.now, true);
    assert!(
        !page.contains("<script>") && !page.contains("orders <suite>"),
        "{page}"
    );
    assert!(
        page.contains("came 500 &lt;script&gt;&quot;&amp;\\\nand more"),
        "{page}"
    );
}

#[test]
fn the_worst_is_said_first() {
    let sample = Sample::mixed();
    let page = page(&sample.board.view(), sample.now, true);
    let title = "<title>✗ 1 of 3 checks is bad, 1 degraded – orders &lt;suite&gt;</title>";
    assert!(page.contains(title), "{page}");
    let (bad, degraded) = (page.find("trouble bad"), page.find("trouble degraded"));
    assert!(bad.unwrap() < degraded.unwrap());
    assert!(
        page.contains("<strong>status</strong> at step 2 · for 5 s, 2 runs"),
        "{page}"
    );
    assert!(
        page.contains("aria-label=\"last 3 runs: 2 bad, 1 good\""),
        "{page}"
    );
    assert!(page.contains("intrusive: it spends the limit"));
    assert!(
        page.contains("share the credential &lt;alice&gt;"),
        "{page}"
    );
}

#[test]
fn where_all_is_good_no_trouble_is_shown() {
    let mut sample = Sample::new();
    let waiting = page(&sample.board.view(), sample.now, true);
    assert!(waiting.contains("Waiting for the first of 3 checks"));
    for id in ["orders-key", "orders-slow"] {
        sample.run(id, good(1));
    }
    let some = page(&sample.board.view(), sample.now, true);
    assert!(some.contains("2 of 3 checks good so far"), "{some}");
    sample.run("orders-preflight", good(1));
    let all = page(&sample.board.view(), sample.now, true);
    assert!(all.contains("All 3 checks are good") && !all.contains("What is wrong"));
}

#[test]
fn its_reader_decides_whether_it_is_read_again() {
    let sample = Sample::new();
    let view = sample.board.view();
    assert!(page(&view, sample.now, true).contains("http-equiv=\"refresh\""));
    assert!(!page(&view, sample.now, false).contains("http-equiv=\"refresh\""));
}

#[test]
fn a_suite_that_can_not_be_read_again_is_told() {
    let sample = Sample::new();
    sample
        .board
        .refuse("orders.yaml:3:1: unknown key <b>".to_owned());
    let page = page(&sample.board.view(), sample.now, true);
    assert!(
        page.contains("orders.yaml:3:1: unknown key &lt;b&gt;"),
        "{page}"
    );
}

/// Nothing in the page needs what its policy forbids.
#[test]
fn the_policy_fits_the_page() {
    let sample = Sample::mixed();
    let page = page(&sample.board.view(), sample.now, true);
    for forbidden in ["<script", "style=\"", "src=", "url("] {
        let inside = page.split("</style>").last().unwrap();
        let found = inside.find(forbidden);
        assert_eq!(found, None, "{forbidden}");
    }
    assert!(policy().contains("default-src 'none'; style-src 'sha256-"));
}

#[test]
fn ages_are_told_in_the_unit_that_suits_them() {
    let now = Sample::new().now;
    let ages = [0, 59, 60, 3599, 3600, 90_000]
        .map(|seconds| age(now - SignedDuration::from_secs(seconds), now));
    assert_eq!(
        ages,
        ["0 s", "59 s", "1 min", "59 min", "1 h 0 min", "1 d 1 h"]
    );
    assert_eq!(age(now + SignedDuration::from_secs(5), now), "0 s");
}
