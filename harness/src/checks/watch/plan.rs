//! A suite with the settings applied: which checks run, how often, for how long at most.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use jiff::Timestamp;
use reqwest::Url;

use super::{About, LoadError, Planned, Settings, SuiteFacts};
use crate::checks::suite::{Check, Suite};
use crate::checks::{Outcome, Runner};

/// What there is to run.
pub(super) struct Plan {
    pub facts: SuiteFacts,
    /// All checks that are shown, in the order of the suite.
    pub checks: Vec<About>,
    /// Those of them that run.
    pub runs: Vec<Planned<Outcome>>,
}

impl Plan {
    /// Reads the suite; without an interval its checks run once.
    pub fn load(settings: &Settings, every: Option<Duration>) -> Result<Self, LoadError> {
        let mut suite = Suite::read(&settings.suite)?;
        for check in &mut suite.checks {
            let timeout = check.timeout.unwrap_or(suite.timeout);
            check.timeout = Some(match interval(check, every) {
                // So that a run ends, and says where it was, before the next begins.
                Some(every) => timeout.min(every - every / 10),
                None => timeout,
            });
        }
        let runner = Arc::new(Runner::new(Arc::new(suite), settings.target.clone())?);
        let chosen = chosen(&runner, settings)?;
        let allowed = |check: &&Check| settings.intrusive || check.intrusive.is_none();
        let running: Vec<&Check> = chosen.iter().copied().filter(allowed).collect();
        if running.is_empty() {
            return Err(LoadError::Nothing(match chosen.is_empty() {
                true => "the suite has no checks",
                false => "every check is intrusive; allow them with --intrusive",
            }));
        }
        runner.check_credentials(running.iter().copied())?;
        Ok(Self {
            facts: facts(&runner, &running),
            checks: chosen
                .iter()
                .map(|check| about(check, every, settings.intrusive))
                .collect(),
            runs: running
                .iter()
                .map(|check| planned(check, every, &runner))
                .collect(),
        })
    }
}

fn chosen<'a>(runner: &'a Runner, settings: &Settings) -> Result<Vec<&'a Check>, LoadError> {
    for id in &settings.only {
        let check = runner.check(id)?;
        if let (Some(why), false) = (&check.intrusive, settings.intrusive) {
            return Err(LoadError::Intrusive {
                id: id.clone(),
                why: why.clone(),
            });
        }
    }
    let wanted = |check: &&Check| settings.only.is_empty() || settings.only.contains(&check.id);
    Ok(runner.suite().checks.iter().filter(wanted).collect())
}

/// The longer of what the settings and the check ask for.
fn interval(check: &Check, every: Option<Duration>) -> Option<Duration> {
    every.map(|every| check.every.map_or(every, |least| least.max(every)))
}

fn about(check: &Check, every: Option<Duration>, intrusive: bool) -> About {
    let why = check.intrusive.as_ref().filter(|_| !intrusive);
    About {
        id: check.id.as_str().into(),
        title: check.name.clone(),
        source: check.from.clone(),
        every: interval(check, every),
        intrusive: check.intrusive.is_some(),
        skipped: why.map(|why| format!("intrusive: {why}")),
    }
}

fn planned(check: &Check, every: Option<Duration>, runner: &Arc<Runner>) -> Planned<Outcome> {
    // The runner keeps to the check's time by itself; this is for the case that it doesn't.
    let deadline = check.timeout.unwrap_or(Suite::TIMEOUT) * 2;
    let (runner, run) = (runner.clone(), Arc::new(check.clone()));
    Planned {
        id: check.id.as_str().into(),
        every: interval(check, every).unwrap_or(deadline),
        deadline,
        probe: Arc::new(move || {
            let (runner, run) = (runner.clone(), run.clone());
            async move { runner.run(&run).await }.boxed()
        }),
    }
}

fn facts(runner: &Runner, running: &[&Check]) -> SuiteFacts {
    SuiteFacts {
        name: runner.suite().name.clone(),
        url: shown(runner.base()),
        insecure: runner.suite().tls.insecure,
        notes: shared(running),
        loaded_at: Timestamp::now(),
        error: None,
    }
}

/// Intrusive checks that show what others show too: what they spend, the others lack.
fn shared(running: &[&Check]) -> Vec<String> {
    let others = running.iter().filter(|check| check.intrusive.is_none());
    let others: Vec<(&str, BTreeSet<&str>)> = others
        .map(|check| (check.id.as_str(), credentials(check)))
        .collect();
    let intrusive = running.iter().filter(|check| check.intrusive.is_some());
    let note = |check: &&Check| {
        let own = credentials(check);
        let (other, shown) = others.iter().find_map(|(other, shown)| {
            let both = own.intersection(shown).next()?;
            Some((*other, *both))
        })?;
        Some(format!(
            "the intrusive check {:?} shows the credential {shown:?}, as {other:?} does: give it one of its own",
            check.id
        ))
    };
    intrusive.filter_map(note).collect()
}

/// The credentials that a check shows.
fn credentials(check: &Check) -> BTreeSet<&str> {
    let requests = check.steps.iter().map(|step| &step.request);
    requests
        .filter_map(|request| check.shown(request))
        .collect()
}

/// Origin and path: what else an address has may be secret.
fn shown(url: &Url) -> String {
    let path = url.path().trim_end_matches('/');
    format!("{}{path}", url.origin().ascii_serialization())
}
