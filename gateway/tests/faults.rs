//! The suite itself: each known fault, put around this very build by proxies, is told by the requirements that it
//! breaks. Beside them stand as many core scenarios of the same capabilities as the time allows, which must not fail;
//! `gatecheck faults` tries each fault on all that it could change.

use std::sync::Arc;

use gatecheck::RunOptions;
use gatecheck::adapters::gateway::Gateway;
use gatecheck::faults::all;
use gatecheck::faults::trial::{Bench, Finding};
use gatecheck::suite::Suite;
use tokio::sync::Mutex;

/// Each test keeps the machine busy by itself.
static TURN: Mutex<()> = Mutex::const_new(());

/// How many scenarios that should not fail each fault meets.
const BYSTANDERS: usize = 4;

/// Where most of what proxies could spoil is checked: framing, streams, slow clients, upgrades, failing upstreams.
const DELICATE: [&str; 5] = ["cors", "errors", "limits", "routing", "upstreams"];

#[tokio::test(flavor = "multi_thread")]
async fn proxies_that_do_nothing_wrong_change_no_verdict() {
    let _turn = TURN.lock().await;
    let mut bench = bench();
    let delicate = |capability: &str| DELICATE.contains(&capability);
    bench.suite.cases.retain(|case| delicate(&case.capability));
    let (plan, failed) = bench.watch().await.expect("the run ends");
    assert!(failed.is_empty(), "{failed:?}");
    assert!(plan.len() > 40, "faults found little to do: {plan:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_told_by_what_it_breaks_and_by_nothing_else() {
    let _turn = TURN.lock().await;
    let bench = bench();
    let faults: Vec<_> = all().collect();
    let plan = bench.essential(&faults, BYSTANDERS);
    let findings = bench.rounds(&faults, &plan).await.expect("the runs end");
    let wrong: Vec<String> = findings
        .iter()
        .filter(|finding| !finding.exact())
        .map(told)
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn bench() -> Bench {
    Bench {
        suite: Suite::embedded().expect("the features can be read"),
        adapter: Arc::new(Gateway::new(Some(env!("CARGO_BIN_EXE_gateway").into()))),
        concurrency: RunOptions::CONCURRENCY,
        progress: |what, scenarios| println!("{what}: {scenarios} scenarios"),
    }
}

fn told(finding: &Finding) -> String {
    format!(
        "{}: should fail, and did not: {:?}; should not fail: {:?}",
        finding.fault.name, finding.missed, finding.others
    )
}
