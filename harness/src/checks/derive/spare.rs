//! Checks count against the limit of a route as other requests do. Where it is so low that they would meet it by
//! themselves, they run less often, and the suite says that all of them can't run at once.

use std::collections::BTreeMap;
use std::time::Duration;

use super::draft::Sheet;
use super::rate_limit::Limit;
use crate::checks::suite::{Answer, Check, Expect, Shown, Status, Step};

/// How often a check runs where nothing else is said, by `gatecheck watch`.
const USUAL: Duration = Duration::from_secs(30);
/// Intervals are told in whole steps of this.
const STEP: Duration = Duration::from_secs(10);

/// Looks at the checks of the route, which begin at `first`.
pub(super) fn derive(sheet: &mut Sheet<'_, '_>, limit: &Limit, first: usize) {
    let mut spent: BTreeMap<Option<String>, u64> = BTreeMap::new();
    for check in counted(&sheet.draft.suite.checks[first..]) {
        for (shown, times) in requests(check) {
            let who = shown.filter(|_| !limit.shared());
            *spent.entry(who).or_default() += times * limit.cost;
        }
    }
    let most = spent.values().copied().max().unwrap_or(0);
    if most > limit.allowed() * limit.cost {
        let why = format!(
            "rate-limit: all checks at once (--once); they send {most} requests, of which {} pass",
            limit.allowed()
        );
        sheet.left_out(&limit.place, &why);
    }
    // Half of the limit is left to whoever else it is for.
    let every = limit
        .window
        .mul_f64(2.0 * most as f64 / limit.quota.max(1) as f64);
    if every <= USUAL {
        return;
    }
    let steps = every.as_secs_f64() / STEP.as_secs_f64();
    let every = STEP.mul_f64(steps.ceil());
    for check in &mut sheet.draft.suite.checks[first..] {
        if counted(std::slice::from_ref(check)).next().is_some() {
            check.every = Some(check.every.unwrap_or_default().max(every));
        }
    }
}

/// The checks that the limit has to let through; those that spend it have a caller of their own, or are told apart.
fn counted(checks: &[Check]) -> impl Iterator<Item = &Check> {
    let plain = checks.iter().filter(|check| check.intrusive.is_none());
    plain.filter(|check| requests(check).next().is_some())
}

/// The requests of a check that reach the limit, as the service gets them: what they show, and how often they are sent.
fn requests(check: &Check) -> impl Iterator<Item = (Option<String>, u64)> {
    let passing = check.steps.iter().filter(|step| passes(step));
    passing.map(|step| {
        let shown = match &step.request.credential {
            Some(Shown::Nothing) => None,
            Some(Shown::Credential(name)) => Some(name.clone()),
            None => check.credential.clone(),
        };
        (shown, u64::from(step.times))
    })
}

fn passes(step: &Step) -> bool {
    let Expect::Answers(answers) = &step.expect else {
        return false;
    };
    let each = answers.each.iter().chain(&answers.last);
    each.flat_map(|answer: &Answer| &answer.status)
        .any(|status| *status == Status::Class(2))
}
