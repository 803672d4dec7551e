//! Holds the suite against the faults. A fault is at work in one scenario at a time: proxies tell scenarios apart by the
//! tags of their requests, so that side by side, on shared gateways, each scenario may meet another fault. What a fault
//! would have nothing to do in can't fail because of it; which scenarios those are, a run without faults tells.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::ensure;

use super::ledger::{Ledger, Scheme};
use super::{Fault, Faulty};
use crate::adapters::Adapter;
use crate::report::model::{Level, RunReport, Verdict};
use crate::suite::Suite;
use crate::{RunOptions, run_suite};

/// The suite and the gateway that faults are tried on.
#[derive(Clone)]
pub struct Bench {
    /// The suite.
    pub suite: Suite,
    /// The gateway, which has to pass the suite without faults.
    pub adapter: Arc<dyn Adapter>,
    /// How many scenarios run side by side.
    pub concurrency: usize,
    /// Called after each run with what it was and how many scenarios it had.
    pub progress: fn(&str, usize),
}

/// The cases that each fault is to be tried on.
pub type Plan = BTreeMap<&'static str, BTreeSet<usize>>;

/// The ids that failed, each with what the first of its scenarios says.
pub type Failures = BTreeMap<String, String>;

/// What became of a fault.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The fault.
    pub fault: &'static Fault,
    /// The ids named by the fault that failed.
    pub told: BTreeSet<String>,
    /// The ids named by the fault that did not fail.
    pub missed: BTreeSet<String>,
    /// The ids that failed besides, with what the first of their scenarios says.
    pub others: Failures,
    /// How many scenarios met the fault.
    pub scenarios: usize,
}

impl Finding {
    /// Whether the suite told the fault by what has to tell it, and by nothing else.
    pub fn exact(&self) -> bool {
        self.missed.is_empty() && self.others.is_empty() && !self.told.is_empty()
    }
}

impl Bench {
    /// Runs the suite with proxies that do nothing wrong, and gives the cases that each fault would have had something to
    /// do in, and the ids that failed: either the gateway has a fault of its own, or the proxies do.
    ///
    /// # Errors
    /// When the run can't be made, or was ended.
    pub async fn watch(&self) -> anyhow::Result<(Plan, Failures)> {
        let ledger = Arc::new(Ledger::new(Scheme::Watch));
        let report = self.run(self.suite.clone(), &ledger).await?;
        (self.progress)("without faults", report.scenarios.len());
        let mut plan = Plan::new();
        for (case, fault) in ledger.touched() {
            plan.entry(fault).or_default().insert(case);
        }
        Ok((plan, failures(&report)))
    }

    /// The cases with the ids that each fault names, and some core ones of the same capabilities: so many, from all over
    /// them.
    pub fn essential(&self, faults: &[&'static Fault], bystanders: usize) -> Plan {
        let cases = &self.suite.cases;
        let of = |fault: &Fault| {
            let named = |id: &str| fault.told_by.contains(&id);
            let mut chosen: BTreeSet<usize> = BTreeSet::new();
            let mut capabilities: BTreeSet<&str> = BTreeSet::new();
            for case in cases.iter().filter(|case| named(&case.id)) {
                chosen.insert(case.number);
                capabilities.insert(&case.capability);
            }
            let others = cases.iter().filter(|case| {
                let fits = capabilities.contains(&*case.capability);
                fits && case.level == Level::Core && !named(&case.id)
            });
            let others: Vec<usize> = others.map(|case| case.number).collect();
            let step = (others.len() / bystanders.max(1)).max(1);
            chosen.extend(others.into_iter().step_by(step).take(bystanders));
            chosen
        };
        faults.iter().map(|fault| (fault.name, of(fault))).collect()
    }

    /// Tries each fault on its cases.
    ///
    /// # Errors
    /// When a run can't be made, or was ended.
    pub async fn rounds(
        &self,
        faults: &[&'static Fault],
        plan: &Plan,
    ) -> anyhow::Result<Vec<Finding>> {
        let mut pending: BTreeMap<usize, Vec<&'static Fault>> = BTreeMap::new();
        for fault in faults {
            for case in plan.get(fault.name).into_iter().flatten() {
                pending.entry(*case).or_default().push(fault);
            }
        }
        let mut failed: HashMap<&str, Failures> = HashMap::new();
        for round in 0..pending.values().map(Vec::len).max().unwrap_or_default() {
            let turn = pending.iter();
            let turn: HashMap<usize, &'static Fault> = turn
                .filter_map(|(case, faults)| Some((*case, *faults.get(round)?)))
                .collect();
            let suite = self.only(|case| turn.contains_key(&case));
            let numbers: HashMap<_, _> = suite
                .cases
                .iter()
                .map(|case| ((case.file.clone(), case.line), case.number))
                .collect();
            let ledger = Arc::new(Ledger::new(Scheme::Cases(turn.clone())));
            let report = self.run(suite, &ledger).await?;
            (self.progress)(&format!("round {}", round + 1), report.scenarios.len());
            for scenario in &report.scenarios {
                let number = numbers.get(&(scenario.file.clone(), scenario.line));
                let fault = number.and_then(|number| turn.get(number));
                if let (Some(fault), Some(message)) = (fault, message(&scenario.verdict)) {
                    let of_fault = failed.entry(fault.name).or_default();
                    of_fault.entry(scenario.id.clone()).or_insert(message);
                }
            }
        }
        let finding = |fault: &&'static Fault| {
            let scenarios = plan.get(fault.name).map_or(0, BTreeSet::len);
            let failed = failed.remove(fault.name).unwrap_or_default();
            finding(fault, failed, scenarios)
        };
        Ok(faults.iter().map(finding).collect())
    }

    /// Tries a fault on the whole suite.
    ///
    /// # Errors
    /// When the run can't be made, or was ended.
    pub async fn whole(&self, fault: &'static Fault) -> anyhow::Result<Finding> {
        let ledger = Arc::new(Ledger::new(Scheme::Everywhere(fault)));
        let report = self.run(self.suite.clone(), &ledger).await?;
        (self.progress)(fault.name, report.scenarios.len());
        Ok(finding(fault, failures(&report), report.scenarios.len()))
    }

    async fn run(&self, suite: Suite, ledger: &Arc<Ledger>) -> anyhow::Result<RunReport> {
        let adapter = Arc::new(Faulty::new(self.adapter.clone(), ledger.clone()));
        let options = RunOptions {
            concurrency: self.concurrency,
            ..RunOptions::new(self.adapter.name())
        };
        let report = run_suite(suite, adapter, options).await?;
        let ended = report.interrupted.clone().unwrap_or_default();
        ensure!(report.interrupted.is_none(), "{ended}");
        Ok(report)
    }

    fn only(&self, wanted: impl Fn(usize) -> bool) -> Suite {
        let mut suite = self.suite.clone();
        suite.cases.retain(|case| wanted(case.number));
        suite
    }
}

fn finding(fault: &'static Fault, failed: Failures, scenarios: usize) -> Finding {
    let named: BTreeSet<String> = fault.told_by.iter().map(|id| (*id).to_owned()).collect();
    let (told, missed) = named.into_iter().partition(|id| failed.contains_key(id));
    let others = failed.into_iter();
    let others = others.filter(|(id, _)| !fault.told_by.contains(&&**id));
    Finding {
        fault,
        told,
        missed,
        others: others.collect(),
        scenarios,
    }
}

fn failures(report: &RunReport) -> Failures {
    let mut failed = Failures::new();
    for scenario in &report.scenarios {
        if let Some(message) = message(&scenario.verdict) {
            failed.entry(scenario.id.clone()).or_insert(message);
        }
    }
    failed
}

fn message(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Fail { message } | Verdict::SetupFailed { message, .. } => Some(message.clone()),
        _ => None,
    }
}
