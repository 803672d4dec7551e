//! One run: what every scenario needs is planned before anything starts, then cucumber's runner runs them side by side.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;
use mock_upstreams::Behaviour;
use parking_lot::Mutex;

use crate::adapters::{Adapter, KnownFailing, LeftOut, Meaning, SetupError, Shows, Unsupported};
use crate::fixtures::certificates::Certificates;
use crate::fixtures::{Fixture, Key};
use crate::lab::{Blueprint, Instance, Lab, placeholder_bindings};
use crate::plan::{InstanceKey, Plan};
use crate::report::model::{Exchange, StaleDeclaration, Verdict};
use crate::steps::StepFailure;
use crate::suite::{Case, Suite};

/// What the scenarios of a run share.
pub struct Session {
    /// The running gateways.
    pub lab: Lab,
    /// Sets the exchanges of this run apart from those of any other.
    pub nonce: String,
    plans: HashMap<usize, Plan>,
    evidence: Mutex<HashMap<usize, Evidence>>,
    shows: &'static [Shows],
    used: Mutex<BTreeSet<usize>>,
    /// How many scenarios are still to run on each gateway.
    ahead: Mutex<HashMap<InstanceKey, usize>>,
}

/// What a scenario did.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Its last exchanges.
    pub exchanges: Vec<Exchange>,
    /// How many there were in all.
    pub total: usize,
    /// What the target showed otherwise than most, and why.
    pub shown: Vec<String>,
}

/// What becomes of each selected scenario.
pub struct Agenda {
    /// Those to run.
    pub session: Session,
    /// Those whose verdict is known without running, by number.
    pub decided: HashMap<usize, Verdict>,
    /// The known failure that each scenario is declared with, by number.
    pub known_failing: HashMap<usize, KnownFailing>,
}

impl Agenda {
    /// Plans the selected cases for a target.
    ///
    /// # Errors
    /// When the run's certificate authorities can't be made.
    pub fn new(cases: &[Arc<Case>], adapter: Arc<dyn Adapter>) -> anyhow::Result<Self> {
        let certificates = Arc::new(Certificates::new()?);
        let mut decided = HashMap::new();
        let mut plans = HashMap::new();
        for case in cases {
            let declared = adapter
                .unsupported()
                .iter()
                .find(|declaration| selects(declaration.selector, case));
            let mut plan = settled(case, &certificates, adapter.as_ref());
            let admitted = plan.as_mut().map(|plan| adapter.admit(case, plan));
            if let (None, Ok(Err(Unsupported { reason }))) = (declared, admitted) {
                decided.insert(case.number, Verdict::Unsupported { reason });
                continue;
            }
            match (declared, plan) {
                (Some(declaration), _) => {
                    decided.insert(
                        case.number,
                        Verdict::Unsupported {
                            reason: declaration.reason.to_owned(),
                        },
                    );
                }
                (None, Ok(plan)) => {
                    plans.insert(case.number, plan);
                }
                (None, Err(failure)) => {
                    decided.insert(case.number, setup_failed(failure.0));
                }
            }
        }
        let blueprints = blueprints(cases, &plans, adapter.as_ref(), &mut decided);
        let mut ahead = HashMap::new();
        let open = plans
            .iter()
            .filter(|(number, _)| !decided.contains_key(number));
        for key in open.filter_map(|(_, plan)| plan.instance()) {
            *ahead.entry(key).or_insert(0) += 1;
        }
        Ok(Self {
            known_failing: known_failing(cases, adapter.as_ref()),
            session: Session {
                shows: adapter.shows(),
                used: Mutex::default(),
                ahead: Mutex::new(ahead),
                lab: Lab::new(adapter, certificates, blueprints),
                nonce: Key::random()[..8].to_lowercase(),
                plans,
                evidence: Mutex::default(),
            },
            decided,
        })
    }
}

impl Session {
    /// The plan of a case and its gateway, running.
    ///
    /// # Errors
    /// When the gateway doesn't come up.
    pub async fn prepare(&self, number: usize) -> Result<(Plan, Arc<Instance>), SetupError> {
        let unplanned = || SetupError::new("the scenario was not planned");
        let plan = self.plans.get(&number).ok_or_else(unplanned)?;
        let key = plan.instance().ok_or_else(unplanned)?;
        Ok((plan.clone(), self.lab.instance(&key).await?))
    }

    /// The cases by the gateway that they run on, in the order of the first of each.
    pub fn groups(&self, cases: &[Arc<Case>]) -> Vec<Vec<Arc<Case>>> {
        let mut groups: IndexMap<Option<InstanceKey>, Vec<Arc<Case>>> = IndexMap::new();
        for case in cases {
            let key = self.plans.get(&case.number).and_then(Plan::instance);
            groups.entry(key).or_default().push(case.clone());
        }
        groups.into_values().collect()
    }

    /// The configuration that a case runs on.
    pub fn configuration(&self, number: usize) -> Option<String> {
        Some(self.plans.get(&number)?.instance()?.configuration)
    }

    /// Keeps what a case did, and has its gateway stop if it was the last one there.
    pub fn finish(&self, number: usize, evidence: Evidence) {
        self.evidence.lock().insert(number, evidence);
        let Some(key) = self.plans.get(&number).and_then(Plan::instance) else {
            return;
        };
        let last = self.ahead.lock().get_mut(&key).is_some_and(|ahead| {
            *ahead = ahead.saturating_sub(1);
            *ahead == 0
        });
        if last {
            self.lab.release(&key);
        }
    }

    /// What the target shows in this scenario where most show `meaning`, if it is something else.
    pub fn shown(&self, meaning: Meaning, plan: &Plan) -> Option<&'static Shows> {
        let fits = |shows: &Shows| shows.meaning == meaning && plan.selected_by(shows.selectors);
        let index = self.shows.iter().position(fits)?;
        self.used.lock().insert(index);
        self.shows.get(index)
    }

    /// What the adapter says of showing something otherwise, and no scenario so far has met.
    pub fn unmet(&self) -> Vec<StaleDeclaration> {
        let used = self.used.lock();
        let unmet = self.shows.iter().enumerate();
        let unmet = unmet.filter(|(index, _)| !used.contains(index));
        unmet
            .map(|(_, shows)| StaleDeclaration {
                list: "shows".to_owned(),
                selector: format!("{} as {}", shows.meaning, shows.status),
                reason: shows.reason.to_owned(),
            })
            .collect()
    }

    /// What a case did; nothing the second time.
    pub fn take_evidence(&self, number: usize) -> Evidence {
        self.evidence.lock().remove(&number).unwrap_or_default()
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("nonce", &self.nonce)
            .finish_non_exhaustive()
    }
}

/// The declarations of an adapter that select nothing in the whole suite.
pub fn stale_declarations(suite: &Suite, adapter: &dyn Adapter) -> Vec<StaleDeclaration> {
    let stale = |selector: &str| !suite.cases.iter().any(|case| selects(selector, case));
    let told = |list: &str, selector: &str, reason: &str| StaleDeclaration {
        list: list.to_owned(),
        selector: selector.to_owned(),
        reason: reason.to_owned(),
    };
    let unsupported = adapter
        .unsupported()
        .iter()
        .map(|entry| ("unsupported", entry.selector, entry.reason));
    let known = adapter
        .known_failing()
        .iter()
        .map(|entry| ("known-failing", entry.selector, entry.reason));
    unsupported
        .chain(known)
        .filter(|(_, selector, _)| stale(selector))
        .map(|(list, selector, reason)| told(list, selector, reason))
        .collect()
}

fn selects(selector: &str, case: &Case) -> bool {
    case.tags.iter().any(|tag| tag == selector)
}

/// What a case declares, with its keys in the target's form and its certificates made.
fn settled(
    case: &Case,
    certificates: &Certificates,
    adapter: &dyn Adapter,
) -> Result<Plan, StepFailure> {
    let mut plan = Plan::of(case)?;
    let consumers = plan.consumers.iter_mut();
    for key in consumers.flat_map(|consumer| &mut consumer.keys) {
        key.secret = adapter.key(std::mem::take(&mut key.secret));
    }
    plan.settle(certificates)?;
    Ok(plan)
}

fn setup_failed(message: String) -> Verdict {
    Verdict::SetupFailed {
        message,
        help: None,
    }
}

fn known_failing(cases: &[Arc<Case>], adapter: &dyn Adapter) -> HashMap<usize, KnownFailing> {
    let find = |case: &Case| {
        adapter
            .known_failing()
            .iter()
            .find(|entry| selects(entry.selector, case))
            .copied()
    };
    cases
        .iter()
        .filter_map(|case| Some((case.number, find(case)?)))
        .collect()
}

/// The instances that the plans ask for. A case whose instance can't be rendered is decided.
fn blueprints(
    cases: &[Arc<Case>],
    plans: &HashMap<usize, Plan>,
    adapter: &dyn Adapter,
    decided: &mut HashMap<usize, Verdict>,
) -> HashMap<InstanceKey, Blueprint> {
    let mut members: BTreeMap<InstanceKey, Vec<&Plan>> = BTreeMap::new();
    for case in cases {
        let Some(plan) = plans.get(&case.number) else {
            continue;
        };
        match plan.instance() {
            Some(key) => members.entry(key).or_default().push(plan),
            None => {
                let missing = "the scenario names no configuration; begin it with: Given the configuration \"…\"";
                decided.insert(case.number, setup_failed(missing.to_owned()));
            }
        }
    }
    let mut blueprints = HashMap::new();
    for (key, plans) in members {
        match blueprint(&plans, adapter) {
            Ok((blueprint, left_out)) => {
                for plan in plans {
                    if let Some(route) = left_out.iter().find(|route| concerns(route, plan)) {
                        let reason = route.reason.clone();
                        decided.insert(plan.number(), Verdict::Unsupported { reason });
                    }
                }
                blueprints.insert(key, blueprint);
            }
            Err(verdict) => {
                decided.extend(plans.iter().map(|plan| (plan.number(), verdict.clone())))
            }
        }
    }
    blueprints
}

/// Whether a scenario asks for a route that the target doesn't serve.
fn concerns(route: &LeftOut, plan: &Plan) -> bool {
    let mut paths = plan.paths.iter();
    paths.any(|path| route.paths.is_empty() || route.paths.iter().any(|one| one.matches(path)))
}

/// What to build, and the routes of it that the target won't serve.
fn blueprint(plans: &[&Plan], adapter: &dyn Adapter) -> Result<(Blueprint, Vec<LeftOut>), Verdict> {
    let first = plans
        .first()
        .expect("an instance has a scenario that asks for it");
    let fixture = first
        .fixture()
        .map_err(|error| setup_failed(error.to_string()))?;
    let mut fixture = fixture.expect("a scenario with an instance names a configuration");
    fixture.form_keys(|key| adapter.key(key));
    fixture.consumers = plans
        .iter()
        .flat_map(|plan| plan.consumers.iter().cloned())
        .collect();
    let passwords = fixture.consumers.iter();
    let passwords = passwords.filter_map(|consumer| consumer.password.clone());
    let passwords: Vec<_> = passwords.map(|one| (one.variable, one.secret)).collect();
    fixture.environment.extend(passwords);
    let behaviours = behaviours(first, &fixture).map_err(setup_failed)?;
    known_servers(first, &fixture).map_err(setup_failed)?;
    let rendered = adapter
        .render(&fixture, &placeholder_bindings(&fixture))
        .map_err(|unsupported| Verdict::Unsupported {
            reason: unsupported.reason,
        })?;
    let blueprint = Blueprint {
        fixture,
        behaviours,
        servers: first.servers.clone(),
        answers: first.answers.clone(),
    };
    Ok((blueprint, rendered.left_out))
}

/// Whether every server that a plan has settings for is there and speaks TLS.
fn known_servers(plan: &Plan, fixture: &Fixture) -> Result<(), String> {
    let (secure, issuers) = (fixture.secure_upstreams(), fixture.issuers());
    let known = |name: &str| {
        let upstream = fixture.authority_of(name);
        upstream.is_some_and(|authority| secure.contains_key(&authority))
            || issuers.iter().any(|issuer| issuer.is_called(name))
    };
    let unknown = plan.servers.keys().find(|name| !known(name));
    unknown.map_or(Ok(()), |name| {
        Err(format!(
            "the configuration has neither an upstream of https nor an issuer {name:?}"
        ))
    })
}

fn behaviours(plan: &Plan, fixture: &Fixture) -> Result<BTreeMap<String, Behaviour>, String> {
    let mut behaviours = BTreeMap::new();
    for (name, behaviour) in &plan.behaviours {
        let authority = fixture.authority_of(name);
        let authority =
            authority.ok_or_else(|| format!("the configuration has no upstream {name:?}"))?;
        let behaviour = behaviour
            .parse()
            .map_err(|error: mock_upstreams::BehaviourError| error.to_string())?;
        behaviours.insert(authority, behaviour);
    }
    Ok(behaviours)
}
