//! The suite itself: each known fault, put around this very build by proxies, is told by the requirements that it
//! breaks. Beside them stand as many core scenarios of the same capabilities as the time allows, which must not fail;
//! `gatecheck faults` tries each fault on all that it could change.

use std::sync::Arc;

use gatecheck::RunOptions;
use gatecheck::adapters::gateway::Gateway;
use gatecheck::faults::all;
use gatecheck::faults::trial::{Bench, Finding};
use gatecheck::suite::Suite;

/// How many scenarios that should not fail each fault meets.
const BYSTANDERS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_told_by_what_it_breaks_and_by_nothing_else() {
    let bench = Bench {
        suite: Suite::embedded().expect("the features can be read"),
        adapter: Arc::new(Gateway::new(Some(env!("CARGO_BIN_EXE_gateway").into()))),
        concurrency: RunOptions::CONCURRENCY,
        progress: |what, scenarios| println!("{what}: {scenarios} scenarios"),
    };
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

fn told(finding: &Finding) -> String {
    format!(
        "{}: should fail, and did not: {:?}; should not fail: {:?}",
        finding.fault.name, finding.missed, finding.others
    )
}
