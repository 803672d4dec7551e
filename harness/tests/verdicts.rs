//! The suite itself: that what should fail does, with the evidence, and that nothing is left behind. The target is
//! nginx, which anyone has.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use gatecheck::adapters::nginx::Nginx;
use gatecheck::adapters::{
    Adapter, Bindings, Declaration, KnownFailing, Meaning, Rendered, Running, SetupError, Shows,
    Site, Unsupported,
};
use gatecheck::fixtures::Fixture;
use gatecheck::report::model::{RunReport, StepStatus, Verdict};
use gatecheck::suite::Suite;
use gatecheck::{RunOptions, run_suite};

const HOLDS: &str = r#"
  @A-001 @core @docs-configuration
  Scenario: holds
    Given the configuration "search-canary"
    When the client sends "GET /api/v1/search"
    Then the response status is 200
"#;

const FAILS: &str = r#"
  @A-002 @core @docs-configuration
  Scenario: fails
    Given the configuration "search-canary"
    When the client sends "GET /api/v1/search" with the header "X-Canary: true"
    Then the upstream "search-v1" received the request
    And the response status is 200
"#;

/// nginx with declarations of a test's own.
#[derive(Default)]
struct Declared {
    shows: &'static [Shows],
    unsupported: &'static [Declaration],
    known_failing: &'static [KnownFailing],
    broken: bool,
    dirs: Mutex<Vec<PathBuf>>,
}

#[async_trait]
impl Adapter for Declared {
    fn name(&self) -> &'static str {
        "declared"
    }

    async fn version(&self) -> Result<String, SetupError> {
        Nginx.version().await
    }

    fn render(&self, fixture: &Fixture, bindings: &Bindings) -> Result<Rendered, Unsupported> {
        let mut rendered = Nginx.render(fixture, bindings)?;
        if self.broken {
            rendered.files[0].1.push_str("no such directive;\n");
        }
        Ok(rendered)
    }

    async fn start(&self, rendered: &Rendered, site: Site) -> Result<Running, SetupError> {
        self.dirs.lock().unwrap().push(site.dir.path().to_owned());
        Nginx.start(rendered, site).await
    }

    async fn check(&self, rendered: &Rendered, dir: &Path) -> Result<(), SetupError> {
        Nginx.check(rendered, dir).await
    }

    fn shows(&self) -> &'static [Shows] {
        self.shows
    }

    fn unsupported(&self) -> &'static [Declaration] {
        self.unsupported
    }

    fn known_failing(&self) -> &'static [KnownFailing] {
        self.known_failing
    }
}

async fn run(scenarios: &str, adapter: Declared) -> (RunReport, Vec<PathBuf>) {
    let text = format!("Feature: A\n{scenarios}");
    let suite = Suite::read(&[("a/a.feature".to_owned(), &text)]).unwrap();
    let adapter = Arc::new(adapter);
    let report = run_suite(suite, adapter.clone(), RunOptions::new("declared"))
        .await
        .unwrap();
    let dirs = adapter.dirs.lock().unwrap().clone();
    (report, dirs)
}

#[tokio::test]
async fn what_holds_passes_and_what_fails_fails_with_the_evidence() {
    let (report, dirs) = run(&format!("{HOLDS}{FAILS}"), Declared::default()).await;
    let [holds, fails] = report.scenarios.as_slice() else {
        panic!("{report:?}")
    };
    assert_eq!(holds.verdict, Verdict::Pass);
    let Verdict::Fail { message } = &fails.verdict else {
        panic!("{:?}", fails.verdict)
    };
    assert!(
        message.contains("search-v1 should be called 1 times, but was 0 times"),
        "{message}"
    );
    assert!(message.contains("search-v2 was"), "{message}");
    let statuses: Vec<StepStatus> = fails.steps.iter().map(|step| step.status).collect();
    assert_eq!(
        statuses,
        [
            StepStatus::Passed,
            StepStatus::Passed,
            StepStatus::Failed,
            StepStatus::Skipped
        ]
    );
    let exchange = &fails.exchanges[0];
    assert_eq!(exchange.request.start_line, "GET /api/v1/search HTTP/1.1");
    assert_eq!(
        exchange.response.as_ref().unwrap().start_line,
        "HTTP/1.1 200 OK"
    );
    let seen: Vec<(&str, usize)> = exchange
        .upstreams
        .iter()
        .map(|view| (view.name.as_str(), view.requests.len()))
        .collect();
    assert_eq!(seen, [("search-v1", 0), ("search-v2", 1)]);
    assert_eq!(fails.rerun, "gatecheck run --target declared --tags @A-002");
    assert!(!report.succeeded());
    assert_eq!(
        dirs.len(),
        1,
        "scenarios of one configuration share a gateway"
    );
    assert!(!dirs[0].exists(), "{} is left behind", dirs[0].display());
}

#[tokio::test]
async fn declarations_hold_or_fail_the_run() {
    let known = &[KnownFailing {
        selector: "A-002",
        reason: "why",
        link: "where",
    }];
    let (report, _) = run(
        &format!("{HOLDS}{FAILS}"),
        Declared {
            known_failing: known,
            ..Declared::default()
        },
    )
    .await;
    assert!(
        matches!(&report.scenarios[1].verdict, Verdict::KnownFailing { reason, .. } if reason == "why")
    );
    assert!(report.succeeded());

    let (report, _) = run(
        HOLDS,
        Declared {
            known_failing: known,
            ..Declared::default()
        },
    )
    .await;
    assert_eq!(report.stale_declarations[0].selector, "A-002");
    assert!(!report.succeeded());

    let known = &[KnownFailing {
        selector: "A-001",
        reason: "why",
        link: "where",
    }];
    let (report, _) = run(
        HOLDS,
        Declared {
            known_failing: known,
            ..Declared::default()
        },
    )
    .await;
    assert!(matches!(
        report.scenarios[0].verdict,
        Verdict::UnexpectedPass { .. }
    ));
    assert!(!report.succeeded());

    let unsupported = &[Declaration {
        selector: "core",
        reason: "nothing works",
    }];
    let (report, dirs) = run(
        FAILS,
        Declared {
            unsupported,
            ..Declared::default()
        },
    )
    .await;
    assert!(
        matches!(&report.scenarios[0].verdict, Verdict::Unsupported { reason } if reason == "nothing works")
    );
    assert!(report.succeeded() && dirs.is_empty());
}

#[tokio::test]
async fn a_target_that_does_not_start_says_why() {
    let (report, dirs) = run(
        HOLDS,
        Declared {
            broken: true,
            ..Declared::default()
        },
    )
    .await;
    let Verdict::SetupFailed { message, .. } = &report.scenarios[0].verdict else {
        panic!("{report:?}")
    };
    assert!(message.contains("unknown directive \"no\""), "{message}");
    assert!(!dirs[0].exists());
}

#[tokio::test]
async fn a_gateway_of_its_own_is_not_shared() {
    let own = HOLDS.replace(
        "Given the configuration",
        "Given a gateway of its own with the configuration",
    );
    let (report, dirs) = run(
        &format!("{HOLDS}{}", own.replace("A-001", "A-003")),
        Declared::default(),
    )
    .await;
    assert!(report.succeeded(), "{report:?}");
    assert_eq!(dirs.len(), 2);
    assert!(dirs.iter().all(|dir| !dir.exists()));
}

/// What an adapter says of its target's nature is what is expected, no less and no more.
#[tokio::test]
async fn what_the_target_shows_otherwise_is_expected_and_told() {
    const METHOD: &str = r#"
  @A-001 @core @docs-configuration
  Scenario: another method
    Given the configuration "search-canary"
    When the client sends "DELETE /api/v1/search"
    Then the response status is 418
"#;
    let shows = |selectors| {
        vec![Shows {
            meaning: Meaning::Status(418),
            status: 405,
            selectors,
            reason: "it is no teapot",
        }]
    };
    let everywhere: &'static [Shows] = shows(&[]).leak();
    let declared = Declared {
        shows: everywhere,
        ..Declared::default()
    };
    let (report, _) = run(METHOD, declared).await;
    assert_eq!(report.scenarios[0].verdict, Verdict::Pass);
    assert_eq!(
        report.scenarios[0].shown,
        ["418 is shown as 405: it is no teapot"]
    );
    assert!(report.succeeded());

    let elsewhere: &'static [Shows] = shows(&["A-999"]).leak();
    let declared = Declared {
        shows: elsewhere,
        ..Declared::default()
    };
    let (report, _) = run(METHOD, declared).await;
    assert!(matches!(report.scenarios[0].verdict, Verdict::Fail { .. }));
    assert_eq!(report.stale_declarations[0].list, "shows");
}

/// A route that can't be said is not served, and its scenarios are not run.
#[tokio::test]
async fn scenarios_on_a_route_that_is_left_out_are_unsupported() {
    const ROUTES: &str = r#"
  @A-001 @core @docs-configuration
  Scenario: left out
    Given the configuration "token-consumers"
    When the client sends "GET /notes"
    Then the response status is 401

  @A-002 @core @docs-configuration
  Scenario: served
    Given the configuration "token-consumers"
    When the client sends "GET /open"
    Then the response status is 200
"#;
    let (report, _) = run(ROUTES, Declared::default()).await;
    let Verdict::Unsupported { reason } = &report.scenarios[0].verdict else {
        panic!("{:?}", report.scenarios[0].verdict)
    };
    assert!(reason.contains("jwt-validate"), "{reason}");
    assert_eq!(report.scenarios[1].verdict, Verdict::Pass);
}
